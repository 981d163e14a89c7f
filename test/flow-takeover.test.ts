/** Connections that the kernel carries outlive the node that carried them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hostLinkName } from '../src/nodes/local/names.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import { type Node, OCTAVIA, Pairs } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('flows-program.fixture.ts', import.meta.url));
const PORT = 5400;
const COUNT = 30;

let cloud: Playground;
let lbaas: Balancers;
let pairs: Pairs;
let flavor: string;
const children: ChildProcess[] = [];

function inLab(host: string, ...words: string[]): ChildProcess & { lines: AsyncIterator<string> } {
  const child = spawn('nsenter', [`--net=/run/netns/weir-${cloud.instance}-lab-${host}`, process.execPath, PROGRAM, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return Object.assign(child, { lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() });
}

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  pairs = new Pairs(cloud, lbaas);
  for (const name of ['web1', 'web2']) await inLab(name, 'serve', String(PORT), name).lines.next();
  const profile = { name: 'kernel pair', provider_name: 'octavia', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY", "engine": "nftables"}' };
  const { id } = await lbaas.make('flavorprofiles', 'flavorprofile', profile);
  flavor = (await lbaas.make('flavors', 'flavor', { name: 'kernel pair', flavor_profile_id: id })).id;
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cloud.destroy();
});
afterEach(() => lbaas.clear());

async function site(): Promise<Row> {
  const subnet_id = await lbaas.subnet('private-subnet');
  const balancer = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: subnet_id, flavor_id: flavor });
  const listener = await lbaas.make('listeners', 'listener', { protocol: 'TCP', protocol_port: PORT, loadbalancer_id: balancer.id });
  const pool = await lbaas.make('pools', 'pool', { protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  for (const address of ['192.168.1.10', '192.168.1.11']) await lbaas.make(`pools/${pool.id}/members`, 'member', { address, protocol_port: PORT, subnet_id });
  await lbaas.settled();
  return balancer;
}

/** Many connections through a balancer, and how many of them still reach the member they began with. */
class Held {
  readonly #child: ReturnType<typeof inLab>;

  private constructor(child: ReturnType<typeof inLab>) {
    this.#child = child;
  }

  static async open(address: string): Promise<Held> {
    const held = new Held(inLab('client', 'hold', address, String(PORT), String(COUNT)));
    assert.deepEqual(await held.#next(), { opened: COUNT, members: 2 });
    return held;
  }

  async #next(): Promise<unknown> {
    return JSON.parse(String((await this.#child.lines.next()).value));
  }

  async stillThere(): Promise<void> {
    this.#child.stdin?.write('\n');
    assert.deepEqual(await this.#next(), { same: COUNT });
  }
}

/** The other node has the flows in its kernel. */
async function told(node: Node): Promise<void> {
  await until('the standby has been told', async () => {
    const { stdout } = await run('nsenter', [`--net=/run/netns/${node.namespace}`, 'conntrack', '-L', '-p', 'tcp', '--orig-port-dst', String(PORT)]);
    return stdout.split('\n').filter((line) => line.includes('ESTABLISHED')).length === COUNT;
  });
}

async function moved(balancer: Row, from: Node): Promise<Node> {
  await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== from.id));
  return (await pairs.nodes(balancer)).find(({ id }) => id !== from.id) ?? assert.fail();
}

test('the link of the active node is cut, and comes back', async () => {
  const balancer = await site();
  const held = await Held.open(balancer.vip_address);
  const owner = await pairs.owner(balancer);
  await told(await pairs.standby(balancer));
  const link = ['-n', `weir-${cloud.instance}-sw`, 'link', 'set', 'dev', hostLinkName(owner.id, 'eth0')];
  await run('ip', [...link, 'down']);
  await moved(balancer, owner);
  await held.stillThere();
  await run('ip', [...link, 'up']);
  await until('one owner is left', async () => (await pairs.owners(balancer)).length === 1);
  await held.stillThere();
});

test('everything in the active node is killed', async () => {
  const balancer = await site();
  const held = await Held.open(balancer.vip_address);
  const owner = await pairs.owner(balancer);
  await told(await pairs.standby(balancer));
  for (const pid of await cloud.pids(owner.namespace)) process.kill(pid, 'SIGKILL');
  await moved(balancer, owner);
  await held.stillThere();
});

test('a failover replaces both nodes, and the new ones have been told', async () => {
  const balancer = await site();
  const held = await Held.open(balancer.vip_address);
  const before = (await pairs.nodes(balancer)).map(({ id }) => id);
  await lbaas.api.request('PUT', `${OCTAVIA.replace('/octavia', '/lbaas')}/loadbalancers/${balancer.id}/failover`);
  await lbaas.settled();
  await until('both are new', async () => (await pairs.nodes(balancer)).every(({ id }) => !before.includes(id)));
  await held.stillThere();
});

test('one that was killed or whose file was edited is started again', async () => {
  const balancer = await site();
  const node = await pairs.owner(balancer);
  for (const harm of [async () => pairs.kill(node, 'conntrackd'), async () => appendFile(`${node.directory}/conntrackd.conf`, '# edited by hand\n')]) {
    const [pid] = await pairs.pidsOf(node, 'conntrackd');
    await harm();
    await until('another runs', async () => {
      const [now] = await pairs.pidsOf(node, 'conntrackd');
      return now !== undefined && now !== pid;
    });
  }
});
