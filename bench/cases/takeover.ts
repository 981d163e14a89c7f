/**
 * Seen by a client that asks every 5 ms: for how long is nothing answered when the proxy of a balancer is killed, when its link is
 * cut, when its node vanishes? Each time on a new balancer, alone (SINGLE) and as a pair (ACTIVE_STANDBY); of a pair it happens to
 * the node that holds the VIP.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { labHost, labNamespace } from '../../src/lab/names.ts';
import { run } from '../../src/nodes/local/command.ts';
import { deleteNamespace, end, processesIn } from '../../src/nodes/local/namespace.ts';
import { hostLinkName, nodeNamespace, switchNamespace } from '../../src/nodes/local/names.ts';
import { until } from '../../src/nodes/local/pause.ts';
import { type Effort, WHOLE } from '../effort.ts';
import type { Balancer } from '../octavia.ts';
import { LBAAS, findSubnet, remove, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';
import { inside, start, stop } from '../dataplane/processes.ts';
import { amphorae, flavor, make } from '../dataplane/site.ts';

const PROBER = join(import.meta.dirname, '../../test/prober-program.fixture.ts');
const GOAL_MS = 400;
const WHOLE_MS = 60_000;
const BACK_MS = 120_000;
/** Of a whole node: master and worker; in a pair also keepalived, twice, and its two keepers. */
const PROGRAMS = { SINGLE: 2, ACTIVE_STANDBY: 6 } as const;
type TopologyName = keyof typeof PROGRAMS;

interface Scene {
  readonly server: ServerUnderTest;
  readonly balancer: Balancer;
  /** Id of the node that it happens to. */
  readonly node: string;
}

const DISASTERS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'proxy killed': ({ server, node }) => killed(server, node, 'haproxy'),
  'link cut': async ({ server, node }) => {
    await run('ip', ['-n', switchNamespace(server.instance), 'link', 'set', 'dev', hostLinkName(node, 'eth0'), 'down']);
  },
  'node gone': async ({ server, node }) => {
    await killed(server, node, null);
    await deleteNamespace(nodeNamespace(server.instance, node));
  },
};

export async function takeover({ rounds }: Effort = WHOLE): Promise<Row[]> {
  return withServer({ provider: 'octavia', lab: true }, async (server) => {
    const pair = await flavor(server.api, { loadbalancer_topology: 'ACTIVE_STANDBY' });
    const rows: Row[] = [];
    for (const topology of ['ACTIVE_STANDBY', 'SINGLE'] as const) {
      for (const [what, happens] of Object.entries(DISASTERS)) {
        const values = await repeat(rounds, () => outage(server, topology, topology === 'SINGLE' ? null : pair, happens));
        rows.push({
          what: `${topology}: ${what}, nothing answered for`,
          unit: 'ms',
          values,
          better: 'less',
          ...(topology === 'SINGLE' ? {} : { goal: GOAL_MS }),
        });
      }
    }
    return rows;
  });
}

async function outage(server: ServerUnderTest, topology: TopologyName, flavorId: string | null, happens: (scene: Scene) => Promise<void>): Promise<number> {
  const balancer = await makeBalancer(server, flavorId);
  const node = await whenWhole(server, balancer, topology);
  const noticed = await probe(server, balancer, () => happens({ server, balancer, node }));
  await remove(server.api, balancer);
  return noticed;
}

async function makeBalancer({ api }: ServerUnderTest, flavorId: string | null): Promise<Balancer> {
  const flavored = flavorId === null ? {} : { flavor_id: flavorId };
  const { loadbalancer: balancer } = await api.call<{ loadbalancer: Balancer }>('POST', `${LBAAS}/loadbalancers`, {
    loadbalancer: { vip_subnet_id: await findSubnet(api, 'private-subnet'), ...flavored },
  });
  const listener_id = await make(api, 'listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  const pool = await make(api, 'pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id });
  for (const address of ['192.168.1.10', '192.168.1.11']) await make(api, `pools/${pool}/members`, 'member', { address, protocol_port: 80 });
  await untilActive(api, balancer.id);
  return balancer;
}

/** The node with the VIP, once every node has all its programs and one has had the VIP for three looks. */
async function whenWhole(server: ServerUnderTest, balancer: Balancer, topology: TopologyName): Promise<string> {
  let times = 0;
  const look = async (): Promise<string | null> => {
    const nodes = await amphorae(server.api, balancer.id);
    const counts = await Promise.all(nodes.map(async (node) => (await processesIn(nodeNamespace(server.instance, node))).length));
    const [owner, ...others] = await owners(server, nodes, balancer.vip_address);
    times = counts.every((count) => count === PROGRAMS[topology]) && owner !== undefined && others.length === 0 ? times + 1 : 0;
    return times >= 3 && owner !== undefined ? owner : null;
  };
  const owner = await until(look, 100, WHOLE_MS);
  if (owner === null) throw new Error(`The balancer ${balancer.id} did not become whole`);
  return owner;
}

async function owners({ instance }: ServerUnderTest, nodes: readonly string[], address: string): Promise<string[]> {
  const said = await Promise.all(nodes.map((node) => run('ip', ['-n', nodeNamespace(instance, node), '-o', 'address', 'show', 'to', `${address}/32`])));
  return nodes.filter((_, index) => said[index] !== '');
}

async function killed({ instance }: ServerUnderTest, node: string, program: string | null): Promise<void> {
  const all = await processesIn(nodeNamespace(instance, node));
  await end(
    all.filter((process_) => program === null || process_.program === program),
    0,
  );
}

/** The longest time without an answer, ms: probes go on until the balancer has answered for a while after it happened. */
export async function probe(server: ServerUnderTest, { vip_address: address }: Balancer, happens: () => Promise<void>): Promise<number> {
  const client = labNamespace(server.instance, labHost('client'));
  const prober = start(inside(client, null, [process.execPath, '--disable-warning=ExperimentalWarning', PROBER, address]));
  try {
    if (!prober.stdout) throw new Error('The prober has no output');
    const lines = createInterface({ input: prober.stdout })[Symbol.asyncIterator]();
    await lines.next();
    await happens();
    await answersSteadily(client, address);
    prober.stdin?.end();
    const { outage: longest } = JSON.parse(String((await lines.next()).value)) as { outage: number };
    if (prober.exitCode === null) await once(prober, 'exit');
    return longest;
  } finally {
    await stop(prober);
  }
}

/** Ten times in a row; a node may still serve what it got before it was cut off. */
async function answersSteadily(client: string, address: string): Promise<void> {
  const [program = '', ...words] = inside(client, null, ['curl', '--silent', '--max-time', '0.5', `http://${address}/`]);
  let times = 0;
  const ask = async (): Promise<true | null> => {
    times = (await run(program, words, { tolerant: true })) === '' ? 0 : times + 1;
    return times >= 10 ? true : null;
  };
  if ((await until(ask, 50, BACK_MS)) === null) throw new Error(`${address} does not answer any more`);
}
