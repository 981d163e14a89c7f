/** From the first request to ACTIVE, on both providers, and to the first byte through a real VIP. */
import { type Client, withClients } from '../client.ts';
import { now } from '../client-messages.ts';
import { addMember, findSubnet, makeBalancer, makeSubnet, makeTree, makeWhole, remove, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import { OCTAVIA, type Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const NOOP_RUNS = 50;
const REAL_RUNS = 11;

export async function create(): Promise<Row[]> {
  const noop = await withServer({ provider: 'noop' }, async ({ api }) => toActive(api, await makeSubnet(api), NOOP_RUNS));
  const real = await withServer({ provider: 'octavia', lab: true }, async (server) => {
    const active = await toActive(server.api, await findSubnet(server.api, 'private-subnet'), REAL_RUNS);
    return withClients(1, server.statePath, async (client) => ({
      active,
      atOnce: await wholeToFirstByte(server, client),
      ...(await toFirstByte(server, client)),
    }));
  });
  return [
    { what: 'create → ACTIVE, noop', unit: 'ms', values: noop, better: 'less', octavia: OCTAVIA.createToActiveMs },
    { what: 'create → ACTIVE, HAProxy', unit: 'ms', values: real.active, better: 'less' },
    { what: 'one request → first byte through the VIP', unit: 'ms', values: real.atOnce, better: 'less', goal: 50 },
    { what: 'four requests answered', unit: 'ms', values: real.answered, better: 'less' },
    { what: 'four requests → first byte through the VIP', unit: 'ms', values: real.firstByte, better: 'less' },
  ];
}

async function toActive(api: ServerUnderTest['api'], subnet: string, runs: number): Promise<number[]> {
  return repeat(runs, async () => {
    const started = now();
    const balancer = await makeBalancer(api, subnet);
    await untilActive(api, balancer.id);
    const took = now() - started;
    await remove(api, balancer);
    return took;
  });
}

/** The whole tree in one request; the client asks the VIP, which is known beforehand, from the moment of the request. */
async function wholeToFirstByte({ api }: ServerUnderTest, client: Client): Promise<number[]> {
  const subnet = await findSubnet(api, 'private-subnet');
  let last = 199;
  return repeat(REAL_RUNS, async () => {
    const vip_address = `192.168.1.${++last}`;
    const started = now();
    const probed = client.probe([{ host: vip_address, port: 80 }]);
    const balancer = await makeWhole(api, subnet, ['192.168.1.10'], { vip_address });
    const firstByte = (await probed) - started;
    await untilActive(api, balancer.id);
    await remove(api, balancer);
    return firstByte;
  });
}

/** Load balancer, listener, pool and member back to back; the client asks the VIP from the moment it is known. */
async function toFirstByte({ api }: ServerUnderTest, client: Client): Promise<{ answered: number[]; firstByte: number[] }> {
  const subnet = await findSubnet(api, 'private-subnet');
  const runs = await repeat(REAL_RUNS, async () => {
    const started = now();
    const tree = await makeTree(api, subnet);
    const probed = client.probe([{ host: tree.balancer.vip_address, port: 80 }]);
    await addMember(api, tree, '192.168.1.10');
    const answered = now() - started;
    const firstByte = (await probed) - started;
    await untilActive(api, tree.balancer.id);
    await remove(api, tree.balancer);
    return { answered, firstByte };
  });
  return { answered: runs.map(({ answered }) => answered), firstByte: runs.map(({ firstByte }) => firstByte) };
}
