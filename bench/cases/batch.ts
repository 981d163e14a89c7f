/** The whole list of members in one request, as controllers of clusters send it: a hundred at a time. */
import { now } from '../client-messages.ts';
import { LBAAS, findSubnet, makeSubnet, makeTree, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import { OCTAVIA, type Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const RUNS = 7;
const MEMBERS = 100;
const FIRST_PORT = 8000;

interface Times {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export async function batch(): Promise<Row[]> {
  const noop = await withServer({ provider: 'noop' }, async ({ api }) => runs(api, await makeSubnet(api)));
  const real = await withServer({ provider: 'octavia', lab: true }, async ({ api }) => runs(api, await findSubnet(api, 'private-subnet')));
  return [...rowsOf('noop', noop), ...rowsOf('HAProxy', real)];
}

async function runs(api: ServerUnderTest['api'], subnet: string): Promise<Times[]> {
  const tree = await makeTree(api, subnet);
  await untilActive(api, tree.balancer.id);
  const replace = async (number: number, weight: number): Promise<number> => {
    const members = Array.from({ length: number }, (_, index) => ({ address: '192.168.1.10', protocol_port: FIRST_PORT + index, weight }));
    const started = now();
    await api.call('PUT', `${LBAAS}/pools/${tree.poolId}/members`, { members });
    await untilActive(api, tree.balancer.id);
    return now() - started;
  };
  return repeat(RUNS, async () => ({ added: await replace(MEMBERS, 1), changed: await replace(MEMBERS, 2), removed: await replace(0, 1) }));
}

function rowsOf(provider: string, times: readonly Times[]): Row[] {
  const row = (what: string, values: number[]): Row => ({
    what: `${MEMBERS} members ${what} → ACTIVE, ${provider}`,
    unit: 'ms',
    values,
    better: 'less',
    octavia: OCTAVIA.batchToActiveMs,
  });
  return [
    row(
      'added',
      times.map(({ added }) => added),
    ),
    row(
      're-weighted',
      times.map(({ changed }) => changed),
    ),
    row(
      'removed',
      times.map(({ removed }) => removed),
    ),
  ];
}
