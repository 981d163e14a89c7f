/** Twenty updates in a row while clients send requests: how many requests fail? */
import { type Client, withClients } from '../client.ts';
import { type LoadReport, now } from '../client-messages.ts';
import { LBAAS, type Tree, addMember, findSubnet, makeTree, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const RUNS = 5;
const UPDATES = 20;
const KINDS = ['member added', 'member weighted', 'listener timeout (reload)', 'monitor changed (reload)', 'member removed'] as const;

interface Run {
  readonly failed: number;
  readonly answered: number;
  /** Milliseconds of each update. */
  readonly updates: readonly number[];
}

export async function updates(): Promise<Row[]> {
  const runs = await withServer({ provider: 'octavia', lab: true }, (server) =>
    withClients(2, server.statePath, (kept, fresh) => measure(server, kept, fresh)),
  );
  return [
    { what: `failed requests during ${UPDATES} updates`, unit: 'requests', values: runs.map(({ failed }) => failed), better: 'less' },
    { what: 'requests answered meanwhile', unit: 'requests', values: runs.map(({ answered }) => answered), better: 'more' },
    ...KINDS.map((kind, index): Row => ({
      what: `${kind} → ACTIVE`,
      unit: 'ms',
      values: runs.flatMap((run) => run.updates.filter((_, number) => number % KINDS.length === index)),
      better: 'less',
    })),
  ];
}

async function measure({ api }: ServerUnderTest, kept: Client, fresh: Client): Promise<Run[]> {
  const tree = await makeTree(api, await findSubnet(api, 'private-subnet'));
  await addMember(api, tree, '192.168.1.10');
  const target = { host: tree.balancer.vip_address, port: 80 };
  await kept.probe([target]);
  await untilActive(api, tree.balancer.id);
  const steps = await kindsOfUpdate(api, tree);
  return repeat(RUNS, async () => {
    const order = { target, paths: ['/'], timeout: 5000 };
    // Kept connections meet reloads and dying servers; new ones meet the moment between two listeners.
    const loads = [kept.load({ ...order, clients: 16 }), fresh.load({ ...order, clients: 4, keepAlive: false, pace: 5 })];
    const times = await repeat(UPDATES, (number) => timed(api, tree, steps[number % steps.length]));
    kept.stop();
    fresh.stop();
    return runOf(await Promise.all(loads), times);
  });
}

/** Told to clients when they end: a load that fails its requests must not go unseen. */
function runOf(reports: readonly LoadReport[], times: readonly number[]): Run {
  const failures = reports.flatMap((report) => Object.entries(report.failures));
  for (const [reason, number] of failures) process.stderr.write(`  ${number} requests failed: ${reason}\n`);
  return { failed: failures.reduce((sum, [, number]) => sum + number, 0), answered: reports.reduce((sum, report) => sum + report.answered, 0), updates: times };
}

type Step = () => Promise<unknown>;

async function timed(api: ServerUnderTest['api'], { balancer }: Tree, step: Step = async () => {}): Promise<number> {
  const started = now();
  await step();
  await untilActive(api, balancer.id);
  return now() - started;
}

/** Of every kind: a member comes, weighs more, a reload by a listener's timeout, a monitor's change, the member goes. */
async function kindsOfUpdate(api: ServerUnderTest['api'], tree: Tree): Promise<Step[]> {
  const members = `${LBAAS}/pools/${tree.poolId}/members`;
  const monitor = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, url_path: '/health', pool_id: tree.poolId };
  const { healthmonitor } = await api.call<{ healthmonitor: { id: string } }>('POST', `${LBAAS}/healthmonitors`, { healthmonitor: monitor });
  await untilActive(api, tree.balancer.id);
  let added = '';
  let number = 0;
  return [
    async () => {
      added = await addMember(api, tree, '192.168.1.11');
    },
    () => api.call('PUT', `${members}/${added}`, { member: { weight: 3 } }),
    () => api.call('PUT', `${LBAAS}/listeners/${tree.listenerId}`, { listener: { timeout_client_data: 50_000 + ++number } }),
    () => api.call('PUT', `${LBAAS}/healthmonitors/${healthmonitor.id}`, { healthmonitor: { max_retries_down: (++number % 9) + 1 } }),
    () => api.call('DELETE', `${members}/${added}`),
  ];
}
