/** Pairs on real nodes: whatever happens to one, the other one answers, and there is one owner of the address afterwards. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { macOf } from '../src/model/mac.ts';
import { Balancers, LBAAS, type Row } from './balancers.fixture.ts';
import { underLoad } from './load.fixture.ts';
import { type Node, OCTAVIA, Pairs, send } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);

let cloud: Playground;
let lbaas: Balancers;
let pairs: Pairs;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  pairs = new Pairs(cloud, lbaas);
});
after(() => cloud.destroy());
afterEach(async () => {
  if (cloud.serverPid === 0) await cloud.serve();
  await lbaas.clear();
});

const outerLink = ({ id }: Node): string => `a${id.replaceAll('-', '').slice(0, 12)}.0`;
const inSwitch = (...words: string[]): Promise<unknown> => run('ip', ['-n', `weir-${cloud.instance}-sw`, ...words]);

async function endAll({ namespace }: Node): Promise<void> {
  for (const pid of await cloud.pids(namespace)) send(pid, 'SIGKILL');
}

const DISASTERS: Readonly<Record<string, (active: Node) => Promise<unknown>>> = {
  'the proxy is killed': (active) => pairs.kill(active, 'haproxy'),
  'the proxy is stopped': (active) => pairs.kill(active, 'haproxy', 'SIGTERM'),
  'keepalived is killed, both of its processes': (active) => pairs.kill(active, 'keepalived'),
  'keepalived is told to end': (active) => pairs.kill(active, 'keepalived', 'SIGTERM'),
  'the link is cut': (active) => inSwitch('link', 'set', 'dev', outerLink(active), 'down'),
  'everything in the node is killed': endAll,
  'the node is deleted': async (active) => {
    await endAll(active);
    await run('ip', ['netns', 'delete', active.namespace]);
  },
};

for (const [what, happens] of Object.entries(DISASTERS)) {
  test(`${what}: the other node takes over, and keeps the address when the first is back`, async () => {
    const { balancer } = await pairs.whole();
    const active = await pairs.healthy(balancer);
    const { answered } = await pairs.noticed(balancer.vip_address, async () => {
      await happens(active);
      await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
      await until('it is answered again', async () => (await cloud.ask(balancer.vip_address, '/', 0.5).catch(() => '')) !== '');
    });
    assert.ok(answered > 0);
    await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${active.id}/config`);
    assert.notEqual((await pairs.healthy(balancer)).id, active.id);
    await lbaas.answers(balancer.vip_address);
  });
}

test('while the server is gone a dead proxy and a dead keepalived hand over all the same; it heals them when it is back', async () => {
  const { balancer } = await pairs.whole();
  const first = await pairs.healthy(balancer);
  await cloud.end('SIGKILL');
  const second = await standbyOf(first, balancer);
  await pairs.kill(first, 'haproxy');
  await until('the other node has the address', async () => await pairs.holds(second, balancer.vip_address));
  await lbaas.answers(balancer.vip_address);
  await cloud.serve();
  assert.equal((await pairs.healthy(balancer)).id, second.id);
  await cloud.end('SIGKILL');
  await pairs.kill(second, 'keepalived');
  await until('the first has it back', async () => (await pairs.holds(first, balancer.vip_address)) && !(await pairs.holds(second, balancer.vip_address)));
  await until('keepalived is kept', async () => (await pairs.pidsOf(second, 'keepalived')).length === 2);
  await cloud.serve();
  assert.equal((await pairs.healthy(balancer)).id, first.id);
});

test('the watcher of a proxy is killed: it gets another, and without a server a dead proxy hands over as ever', async () => {
  const { balancer } = await pairs.whole();
  const first = await pairs.healthy(balancer);
  const second = await pairs.standby(balancer);
  const watcher = (): Promise<string> => readFile(`${first.directory}/watcher.pid`, 'utf8');
  const [killed, proxies] = [await watcher(), await pairs.pidsOf(first, 'haproxy')];
  send(Number(killed), 'SIGKILL');
  await until('there is another', async () => (await watcher()) !== killed);
  assert.deepEqual([await pairs.pidsOf(first, 'haproxy'), (await pairs.owner(balancer)).id], [proxies, first.id]);
  await cloud.end('SIGKILL');
  await pairs.kill(first, 'haproxy');
  await until('the other has it', async () => (await pairs.holds(second, balancer.vip_address)) && !(await pairs.holds(first, balancer.vip_address)));
  await cloud.serve();
  assert.equal((await pairs.healthy(balancer)).id, second.id);
});

/** Without a server that could be asked. */
async function standbyOf(active: Node, balancer: Row): Promise<Node> {
  await cloud.serve();
  const standby = await pairs.standby(balancer);
  assert.notEqual(standby.id, active.id);
  await cloud.end('SIGKILL');
  return standby;
}

test('the server is killed while the address moves: one owner, both nodes whole', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  await endAll(active);
  await cloud.end('SIGKILL');
  await cloud.serve();
  await lbaas.answers(balancer.vip_address);
  assert.notEqual((await pairs.healthy(balancer)).id, active.id);
});

test('a restart of the server touches nothing', async () => {
  const { balancer } = await pairs.whole();
  await pairs.healthy(balancer);
  const pids = async (): Promise<number[]> => (await Promise.all((await pairs.nodes(balancer)).map(({ namespace }) => cloud.pids(namespace)))).flat();
  const before = await pids();
  await underLoad(cloud, [balancer.vip_address], async () => {
    await cloud.end('SIGKILL');
    await cloud.serve();
    await lbaas.settled();
    await pause(1500);
  });
  assert.deepEqual(await pids(), before);
});

test('a client keeps its member when the other node takes over, and when the first is back', async () => {
  const { balancer } = await pairs.whole({ session_persistence: { type: 'SOURCE_IP' } });
  const active = await pairs.healthy(balancer);
  const answer = (): Promise<string> => cloud.ask(balancer.vip_address);
  const member = await answer();
  for (let again = 0; again < 4; again++) assert.equal(await answer(), member);
  await pause(200);
  await pairs.kill(active, 'haproxy');
  await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
  await lbaas.answers(balancer.vip_address);
  for (let again = 0; again < 4; again++) assert.equal(await answer(), member);
  const now = await pairs.healthy(balancer);
  await pause(1000);
  await pairs.kill(now, 'haproxy');
  await until('the first one has it again', async () => (await pairs.owners(balancer)).some(({ id }) => id === active.id));
  await lbaas.answers(balancer.vip_address);
  for (let again = 0; again < 4; again++) assert.equal(await answer(), member);
});

test('members and listeners change under load, and no request fails', async () => {
  const { balancer, pool, members } = await pairs.whole();
  await pairs.healthy(balancer);
  const path = `pools/${pool.id}/members`;
  await underLoad(cloud, [balancer.vip_address], async () => {
    for (let turn = 0; turn < 3; turn++) {
      await lbaas.change(`${path}/${members[0]?.id}`, 'member', { weight: turn });
      await lbaas.settled();
    }
    await lbaas.change(`${path}/${members[0]?.id}`, 'member', { weight: 1 });
    await lbaas.remove(`${path}/${members[1]?.id}`);
    await lbaas.settled();
    await lbaas.make(path, 'member', { address: '192.168.1.11', protocol_port: 80, subnet_id: await lbaas.subnet('private-subnet') });
    await lbaas.make('listeners', 'listener', { protocol: 'TCP', protocol_port: 81, loadbalancer_id: balancer.id, default_pool_id: pool.id });
    await lbaas.settled();
  });
  const nodes = await pairs.nodes(balancer);
  const configs = await Promise.all(nodes.map(({ directory }) => run('grep', ['-c', '^    server ', `${directory}/haproxy.cfg`])));
  assert.deepEqual(new Set(configs.map(({ stdout }) => stdout)).size, 1);
});

test('a failover of the balancer replaces both nodes, one after the other', async () => {
  const { balancer } = await pairs.whole();
  await pairs.healthy(balancer);
  const before = new Set((await pairs.nodes(balancer)).map(({ id }) => id));
  let owners = 0;
  await pairs.noticed(balancer.vip_address, async () => {
    await lbaas.api.request('PUT', `${LBAAS}/loadbalancers/${balancer.id}/failover`);
    await until('it is over', async () => {
      owners = Math.max(owners, (await pairs.owners(balancer)).length);
      return (await lbaas.find(`loadbalancers/${balancer.id}`))?.provisioning_status === 'ACTIVE';
    });
  });
  assert.equal(owners, 1);
  await pairs.healthy(balancer);
  const nodes = await pairs.nodes(balancer);
  assert.deepEqual(
    nodes.filter(({ id }) => before.has(id)),
    [],
  );
  assert.deepEqual(nodes.map(({ role }) => role).toSorted(), ['BACKUP', 'MASTER']);
  await lbaas.answers(balancer.vip_address);
});

for (const which of ['active', 'standby'] as const) {
  test(`a failover of the ${which} amphora replaces that one`, async () => {
    const { balancer } = await pairs.whole();
    const active = await pairs.healthy(balancer);
    const standby = await pairs.standby(balancer);
    const [goes, stays] = which === 'active' ? [active, standby] : [standby, active];
    const replace = async (): Promise<void> => {
      await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${goes.id}/failover`);
      await lbaas.settled();
    };
    // Connections through the one that goes are cut; nobody has any through the standby.
    await (which === 'standby' ? underLoad(cloud, [balancer.vip_address], replace) : pairs.noticed(balancer.vip_address, replace));
    assert.equal((await pairs.healthy(balancer)).id, stays.id);
    const replaced = (await pairs.nodes(balancer)).find(({ id }) => id !== stays.id);
    assert.equal(replaced?.role, goes.role);
    assert.notEqual(replaced.id, goes.id);
  });
}

test('a failover of the active amphora puts a broken standby right before it takes the clients', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  const standby = await pairs.standby(balancer);
  const { outage } = await pairs.noticed(balancer.vip_address, async () => {
    await cloud.end('SIGKILL');
    await endAll(standby);
    await cloud.serve();
    await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${active.id}/failover`);
    await lbaas.settled();
  });
  assert.ok(outage > 0);
  assert.equal((await pairs.healthy(balancer)).id, standby.id);
});

test('a failover of a balancer gets through although the active node cannot be changed any more', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  // A directory where the candidate of a new configuration would be written.
  await mkdir(`${active.directory}/keepalived.conf.candidate.new`);
  await lbaas.api.request('PUT', `${LBAAS}/loadbalancers/${balancer.id}/failover`);
  await lbaas.settled();
  const { id } = await pairs.healthy(balancer);
  assert.notEqual(id, active.id);
  await lbaas.answers(balancer.vip_address);
});

test('a standby that cannot be changed holds up no change, is told of, and can be replaced', async () => {
  const { balancer, pool } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  const standby = await pairs.standby(balancer);
  // A directory where the candidate of a new configuration would be written.
  await mkdir(`${standby.directory}/haproxy.cfg.candidate.new`);
  await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 81, loadbalancer_id: balancer.id, default_pool_id: pool.id });
  await lbaas.answers(`${balancer.vip_address}:81`);
  assert.equal((await lbaas.find(`loadbalancers/${balancer.id}`))?.provisioning_status, 'PENDING_UPDATE');
  await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${standby.id}/failover`);
  await lbaas.settled();
  assert.equal((await pairs.healthy(balancer)).id, active.id);
});

test('the server is killed in the middle of a failover: it is finished, and one owner is left', async () => {
  const { balancer } = await pairs.whole();
  const before = new Set((await pairs.nodes(balancer)).map(({ id }) => id));
  for (const delay of [20, 150, 400]) {
    await lbaas.api.request('PUT', `${LBAAS}/loadbalancers/${balancer.id}/failover`);
    await pause(delay);
    await cloud.end('SIGKILL');
    await cloud.serve();
    await lbaas.settled();
    await pairs.healthy(balancer);
    await lbaas.answers(balancer.vip_address);
  }
  const nodes = await pairs.nodes(balancer);
  assert.ok(nodes.every(({ id }) => !before.has(id)));
});

test('a balancer without listeners, and one that is switched off, has its address on one node', async () => {
  const balancer = await lbaas.make('loadbalancers', 'loadbalancer', {
    vip_subnet_id: await lbaas.subnet('private-subnet'),
    flavor_id: await pairs.flavor(),
  });
  await lbaas.settled();
  assert.equal((await pairs.owners(balancer)).length, 1);
  await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  await lbaas.settled();
  const owner = await pairs.healthy(balancer);
  await lbaas.change(`loadbalancers/${balancer.id}`, 'loadbalancer', { admin_state_up: false });
  await lbaas.settled();
  assert.equal((await pairs.owner(balancer)).id, owner.id);
  await lbaas.change(`loadbalancers/${balancer.id}`, 'loadbalancer', { admin_state_up: true });
  await lbaas.settled();
  await pairs.healthy(balancer);
});

test('the address moves with its MAC: a neighbour that never learns another one is answered all the same', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  const entry = ['neigh', 'replace', balancer.vip_address, 'lladdr', macOf(balancer.vip_address), 'dev', 'eth0', 'nud', 'permanent'];
  await cloud.inLab('client', 'ip', ...entry);
  try {
    await lbaas.answers(balancer.vip_address);
    await pairs.kill(active, 'haproxy');
    await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
    await lbaas.answers(balancer.vip_address);
  } finally {
    await cloud.inLab('client', 'ip', 'neigh', 'delete', balancer.vip_address, 'dev', 'eth0');
  }
});

test('a keepalived that is killed together with what keeps it is started again by the server', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  await pairs.kill(active, 'sh');
  await pairs.kill(active, 'keepalived');
  await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
  await until('it is whole again', async () => (await pairs.pidsOf(active, 'keepalived')).length === 2);
  assert.equal((await pairs.owners(balancer)).length, 1);
  await lbaas.answers(balancer.vip_address);
});

test('nodes that do not hear one another both take the address; when they do again, one has it', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  await inSwitch('link', 'set', 'dev', outerLink(active), 'nomaster');
  await until('both hold it', async () => (await pairs.owners(balancer)).length === 2);
  await lbaas.answers(balancer.vip_address);
  await lbaas.api.request('PUT', `${OCTAVIA}/amphorae/${active.id}/config`);
  await pairs.healthy(balancer);
  await lbaas.answers(balancer.vip_address);
});

/** A further subnet on the lab's private network, which the client is in too. */
async function furtherSubnet(name: string, prefix: string, length: number): Promise<string> {
  const { api } = lbaas;
  const { subnets } = await api.request<{ subnets: { id: string; name: string; network_id: string }[] }>('GET', '/network/v2.0/subnets');
  const known = subnets.find((subnet) => subnet.name === name);
  if (known) return known.id;
  const network_id = subnets.find((subnet) => subnet.name === 'private-subnet')?.network_id;
  const sixth = prefix.includes(':');
  const subnet = { name, network_id, ip_version: sixth ? 6 : 4, cidr: `${prefix}0/${length}`.replace('::0/', '::/') };
  const made = await api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet });
  await cloud.inLab('client', 'ip', 'address', 'replace', `${prefix}200/${length}`, 'dev', 'eth0', ...(sixth ? ['nodad'] : []));
  return made.subnet.id;
}

const sixthSubnet = (): Promise<string> => furtherSubnet('sixth', 'fd00:6::', 64);
const fourthSubnet = (): Promise<string> => furtherSubnet('fourth', '198.51.100.', 24);

const answered = (host: string): Promise<void> =>
  until(`${host} answers`, async () => /^web[12]$/.test(await cloud.ask(host.includes(':') ? `[${host}]` : host, '/', 0.5).catch(() => '')));

test('an IPv6 address moves like any other', async () => {
  await sixthSubnet();
  const { balancer } = await pairs.whole({}, 'sixth');
  const active = await pairs.healthy(balancer);
  await answered(balancer.vip_address);
  const { outage } = await pairs.noticed(balancer.vip_address, async () => {
    await pairs.kill(active, 'haproxy');
    await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
    await answered(balancer.vip_address);
  });
  assert.ok(outage > 0);
  assert.notEqual((await pairs.healthy(balancer)).id, active.id);
});

test('further addresses, of either family, move with the first', async () => {
  const additional_vips = [{ subnet_id: await sixthSubnet() }, { subnet_id: await fourthSubnet() }];
  const { balancer } = await pairs.whole({}, 'private-subnet', { additional_vips });
  const further = (balancer['additional_vips'] as { ip_address: string }[]).map(({ ip_address }) => ip_address);
  const all = [balancer.vip_address, ...further];
  assert.equal(new Set(all).size, 3);
  const active = await pairs.healthy(balancer);
  for (const address of all) await answered(address);
  await pairs.kill(active, 'haproxy');
  await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
  for (const address of all) await answered(address);
  const owner = await pairs.healthy(balancer);
  const others = (await pairs.nodes(balancer)).filter(({ id }) => id !== owner.id);
  for (const address of all) {
    assert.equal(await pairs.holds(owner, address), true);
    for (const other of others) assert.equal(await pairs.holds(other, address), false);
  }
});

test('nothing is left of a pair that is deleted: no namespace, no process, no directory, no port', async () => {
  const { balancer } = await pairs.whole();
  const nodes = await pairs.nodes(balancer);
  await lbaas.clear();
  const left = await cloud.namespaces();
  assert.deepEqual(
    nodes.filter(({ namespace }) => left.includes(namespace)),
    [],
  );
  for (const { id } of nodes) assert.deepEqual((await lbaas.api.request<{ ports: unknown[] }>('GET', `/network/v2.0/ports?device_id=${id}`)).ports, []);
  const { stdout } = await run('pgrep', ['-af', cloud.instance]).catch(() => ({ stdout: '' }));
  for (const { directory } of nodes) assert.deepEqual([stdout.includes(directory), existsSync(directory)], [false, false]);
});
