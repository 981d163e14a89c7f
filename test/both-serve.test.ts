/** Two nodes that both serve (ACTIVE_ACTIVE), each at its own of two addresses: what the clients of each notice. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';
import { hostLinkName } from '../src/nodes/local/names.ts';
import { Balancers, LBAAS, type Row } from './balancers.fixture.ts';
import { footprint } from './footprint.fixture.ts';
import { type Node, type Noticed, OCTAVIA, Pairs } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);

let cloud: Playground;
let lbaas: Balancers;
let pairs: Pairs;
let flavor: string;
let second: string;

/** One network, two subnets: Octavia takes one VIP of each. The client is in both. */
async function secondSubnet(): Promise<string> {
  const { subnet } = await lbaas.api.request<{ subnet: { network_id: string } }>('GET', `/network/v2.0/subnets/${await lbaas.subnet('private-subnet')}`);
  const body = { subnet: { network_id: subnet.network_id, ip_version: 4, cidr: '198.51.100.0/24', gateway_ip: null } };
  const made = await lbaas.api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', body);
  await run('ip', ['-n', `weir-${cloud.instance}-lab-client`, 'address', 'add', '198.51.100.250/24', 'dev', 'eth0']);
  return made.subnet.id;
}

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  pairs = new Pairs(cloud, lbaas);
  const profile = { name: 'both', provider_name: 'octavia', flavor_data: '{"loadbalancer_topology": "ACTIVE_ACTIVE"}' };
  const { id } = await lbaas.make('flavorprofiles', 'flavorprofile', profile);
  flavor = (await lbaas.make('flavors', 'flavor', { name: 'both', flavor_profile_id: id })).id;
  second = await secondSubnet();
});
after(() => cloud.destroy());
afterEach(() => lbaas.clear());

interface Site {
  readonly balancer: Row;
  /** The MASTER's address and the BACKUP's. */
  readonly vips: readonly [string, string];
}

async function site(pool: Record<string, unknown> = {}): Promise<Site> {
  const more = { flavor_id: flavor, additional_vips: [{ subnet_id: second }] };
  const { balancer } = await pairs.whole(pool, 'private-subnet', more);
  const { loadbalancer } = await lbaas.api.request<{ loadbalancer: { additional_vips: { ip_address: string }[] } }>(
    'GET',
    `${LBAAS}/loadbalancers/${balancer.id}`,
  );
  const made: Site = { balancer, vips: [balancer.vip_address, loadbalancer.additional_vips[0]?.ip_address ?? assert.fail()] };
  await atHome(made);
  return made;
}

async function nodeOf(balancer: Row, role: string): Promise<Node> {
  return (await pairs.nodes(balancer)).find((node) => node.role === role) ?? assert.fail(`no ${role}`);
}

/** Roles of the nodes that hold each of the addresses. */
async function holders({ balancer, vips }: Site): Promise<string[]> {
  const nodes = await pairs.nodes(balancer);
  const held = await Promise.all(vips.map(async (vip) => Promise.all(nodes.map((node) => pairs.holds(node, vip)))));
  return held.map((flags) =>
    nodes
      .filter((_, index) => flags[index])
      .map(({ role }) => role)
      .join(' and '),
  );
}

async function held(made: Site, ...wanted: string[]): Promise<void> {
  let last: string[] = [];
  await until(`${wanted.join(', ')} hold the addresses`, async () => {
    last = await holders(made);
    return JSON.stringify(last) === JSON.stringify(wanted);
  }).catch((error: unknown) => assert.fail(`${String(error)}: ${last.join(', ')}`));
}

function atHome(made: Site): Promise<void> {
  return held(made, 'MASTER', 'BACKUP');
}

/** What clients of both addresses notice while `work` runs. */
async function noticedAt({ vips }: Site, work: () => Promise<void>): Promise<[Noticed, Noticed]> {
  let second: Noticed | null = null;
  const first = await pairs.noticed(vips[0], async () => {
    second = await pairs.noticed(vips[1], work);
  });
  return [first, second ?? assert.fail()];
}

/** Nobody was turned away or cut off, as a move of the address would do to those who talk to its node. */
function undisturbed(noticed: Noticed): void {
  assert.ok(noticed.answered > 0 && noticed.refused === 0, JSON.stringify(noticed));
}

test('each node serves its own address; clients of both are answered', async () => {
  const made = await site();
  const [one, other] = await noticedAt(made, () => new Promise((resolve) => setTimeout(resolve, 500)));
  for (const noticed of [one, other]) {
    undisturbed(noticed);
    assert.ok(noticed.answered > 20);
  }
});

const DEATHS: Readonly<Record<string, (node: Node) => Promise<unknown>>> = {
  'its proxy is killed': (node) => pairs.kill(node, 'haproxy'),
  'its keepalived is killed, both of its processes': (node) => pairs.kill(node, 'keepalived'),
  'it is deleted': async (node) => {
    for (const pid of await cloud.pids(node.namespace)) process.kill(pid, 'SIGKILL');
    await run('ip', ['netns', 'del', node.namespace]);
  },
};

for (const [what, die] of Object.entries(DEATHS)) {
  test(`${what}: the other node has both addresses, its own clients notice nothing, and each is at home again`, async () => {
    const made = await site();
    const [first, second] = await noticedAt(made, async () => {
      await die(await nodeOf(made.balancer, 'MASTER'));
      await until('healed', async () => (await pairs.pidsOf(await nodeOf(made.balancer, 'MASTER'), 'keepalived')).length === 2);
      await atHome(made);
    });
    undisturbed(second);
    assert.ok(first.answered > 0);
  });
}

test('a link is cut and comes back', async () => {
  const made = await site();
  const backup = await nodeOf(made.balancer, 'BACKUP');
  const link = ['-n', `weir-${cloud.instance}-sw`, 'link', 'set', 'dev', hostLinkName(backup.id, 'eth0')];
  const master = await nodeOf(made.balancer, 'MASTER');
  const [first] = await noticedAt(made, async () => {
    await run('ip', [...link, 'down']);
    await until('the other node has both', async () => (await Promise.all(made.vips.map((vip) => pairs.holds(master, vip)))).every(Boolean));
    await run('ip', [...link, 'up']);
    await atHome(made);
  });
  undisturbed(first);
});

test('members and listeners change, and no request fails at either address', async () => {
  const made = await site();
  const noticed = await noticedAt(made, async () => {
    for (let port = 81; port < 85; port++)
      await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: port, loadbalancer_id: made.balancer.id });
    await lbaas.settled();
  });
  noticed.forEach(undisturbed);
  await atHome(made);
});

test('a failover of the balancer replaces both nodes, and of an amphora that one', async () => {
  const made = await site();
  const before = (await pairs.nodes(made.balancer)).map(({ id }) => id);
  await lbaas.api.request('PUT', `${LBAAS}/loadbalancers/${made.balancer.id}/failover`);
  await lbaas.settled();
  const after = (await pairs.nodes(made.balancer)).map(({ id }) => id);
  assert.equal(new Set([...before, ...after]).size, 4);
  await atHome(made);
  const backup = await nodeOf(made.balancer, 'BACKUP');
  await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${backup.id}/failover`);
  await lbaas.settled();
  await atHome(made);
  assert.notEqual((await nodeOf(made.balancer, 'BACKUP')).id, backup.id);
});

test('a client keeps its member at both addresses, whichever node answers', async () => {
  const made = await site({ session_persistence: { type: 'SOURCE_IP' } });
  const who = await cloud.ask(made.vips[0]);
  await until('the other node has been told', async () => (await cloud.ask(made.vips[1])) === who);
  await pairs.kill(await nodeOf(made.balancer, 'MASTER'), 'haproxy');
  for (let count = 0; count < 10; count++) assert.equal(await cloud.ask(made.vips[1]), who);
  await atHome(made);
});

test('a restart of the server touches nothing; a deleted balancer leaves nothing', async () => {
  const made = await site();
  const pids = async (): Promise<number[]> =>
    (await Promise.all((await pairs.nodes(made.balancer)).map(({ namespace }) => cloud.pids(namespace)))).flat().toSorted((a, b) => a - b);
  const before = await pids();
  const noticed = await noticedAt(made, async () => {
    await cloud.end('SIGKILL');
    await cloud.serve();
    await lbaas.settled();
  });
  assert.deepEqual(await pids(), before);
  noticed.forEach(undisturbed);
  await lbaas.clear();
  const { nodes, strays, directories } = await footprint(cloud);
  assert.deepEqual([nodes, strays, directories], [[], [], []]);
});

test('without a second address of the VIP’s family there is nothing for the second node to serve: 501', async () => {
  const vip_subnet_id = await lbaas.subnet('private-subnet');
  await assert.rejects(lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id, flavor_id: flavor }), /ACTIVE_ACTIVE without an additional VIP/);
});
