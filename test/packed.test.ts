/** Balancers that share one proxy: each carries its own traffic, and what happens to one is nothing to the others. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { markOf } from '../src/render/haproxy/pack.ts';
import { packFiles } from '../src/nodes/local/names.ts';
import { readPackState } from '../src/nodes/local/pack-state.ts';
import { readProcesses } from '../src/nodes/local/proxy-state.ts';
import { askWorker } from '../src/nodes/local/proxy-socket.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import { rows } from './attack.fixture.ts';
import { connection } from './connection.fixture.ts';
import { underLoad } from './load.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);
const WEB1 = '192.168.1.10';
const WEB2 = '192.168.1.11';

let cloud: Playground;
let lbaas: Balancers;
let flavor: string;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  flavor = await flavorOf('packed', { packed: true });
});
after(() => cloud.destroy());
afterEach(() => lbaas.clear());

async function flavorOf(name: string, data: Record<string, unknown>): Promise<string> {
  const profile = await lbaas.make('flavorprofiles', 'flavorprofile', { name, provider_name: 'octavia', flavor_data: JSON.stringify(data) });
  return (await lbaas.make('flavors', 'flavor', { name, flavor_profile_id: profile.id })).id;
}

/** With one listener of HTTP, and one member. */
async function make(address: string, pool: Record<string, unknown> = {}): Promise<Row> {
  const members = [{ address, protocol_port: 80 }];
  return lbaas.make('loadbalancers', 'loadbalancer', {
    vip_subnet_id: await lbaas.subnet('private-subnet'),
    flavor_id: flavor,
    listeners: [{ protocol: 'HTTP', protocol_port: 80, default_pool: { name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members, ...pool } }],
  });
}

const childOf = async (path: string, balancer: Row): Promise<Row> =>
  (await lbaas.list(`${path}?loadbalancer_id=${balancer.id}`))[0] ?? assert.fail(`no ${path}`);

const files = () => packFiles(join(cloud.directory, 'run', cloud.instance));
const place = () => ({ namespace: `weir-${cloud.instance}-pack`, files: files(), haproxy: 'haproxy' });
const state = async () => (await readPackState(place())) ?? assert.fail('no proxy runs');
const worker = async (): Promise<number> => (await state()).pid;

async function namespaces(): Promise<string[]> {
  return (await run('ip', ['netns', 'list'])).stdout
    .split('\n')
    .flatMap((line) => (line.startsWith(`weir-${cloud.instance}-`) ? (line.split(' ')[0] ?? []) : []));
}

/** Namespaces of balancers, by their nodes' ids. */
async function nodesOf({ id }: Row): Promise<string[]> {
  return rows(cloud, 'select id from amphora where loadbalancer_id = ?', id).map((row) => String(row['id']));
}

test('many at once: one process serves them all, each with its own members at its own address', async () => {
  const balancers = await Promise.all(Array.from({ length: 12 }, (_, index) => make(index % 2 === 0 ? WEB1 : WEB2)));
  await lbaas.settled();
  for (const [index, { vip_address: vip }] of balancers.entries()) assert.equal(await cloud.ask(vip), index % 2 === 0 ? 'web1' : 'web2');
  assert.equal((await state()).marks.size, 12);
  for (const balancer of balancers) {
    const [node = ''] = await nodesOf(balancer);
    const { stdout } = await run('ip', ['netns', 'pids', `weir-${cloud.instance}-${node.replaceAll('-', '')}`]);
    assert.equal(stdout.trim(), '', 'nothing runs in a balancer’s own namespace');
  }
  const plain = await lbaas.whole();
  await lbaas.answers(plain.balancer.vip_address);
  assert.equal((await state()).marks.size, 12, 'who did not ask is not in it');
});

test('of root, the process keeps what it takes to enter a namespace and to have a port', async () => {
  await make(WEB1);
  await lbaas.settled();
  const status = await readFile(`/proc/${await worker()}/status`, 'utf8');
  // CAP_SYS_ADMIN (21) and CAP_NET_BIND_SERVICE (10).
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\\t0000000000200400$`, 'm'));
  assert.match(status, /^NoNewPrivs:\t1$/m);
});

test('weights and states change in the running process; members come and go with a reload', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const [before, pool] = [await worker(), await childOf('pools', balancer)];
  const [one] = await lbaas.list(`pools/${pool.id}/members`);
  await lbaas.change(`pools/${pool.id}/members/${one?.id}`, 'member', { weight: 7 });
  await lbaas.settled();
  assert.equal(await worker(), before);
  assert.equal((await state()).servers.find(({ name }) => name === one?.id)?.weight, 7);
  await lbaas.make(`pools/${pool.id}/members`, 'member', { address: WEB2, protocol_port: 80 });
  await lbaas.settled();
  assert.notEqual(await worker(), before);
  assert.equal((await state()).servers.find(({ name }) => name === one?.id)?.weight, 7, 'the new worker has the weight too');
  await lbaas.change(`pools/${pool.id}/members/${one?.id}`, 'member', { admin_state_up: false });
  await lbaas.settled();
  for (let asked = 0; asked < 4; asked++) assert.equal(await cloud.ask(balancer.vip_address), 'web2');
});

test('a neighbour notices nothing of others that come, change and go', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const work = async (): Promise<void> => {
    for (let round = 0; round < 8; round++) {
      const others = await Promise.all([make(WEB1), make(WEB2)]);
      await lbaas.settled();
      const [other] = others;
      await lbaas.make('l7policies', 'l7policy', { action: 'REJECT', listener_id: (await childOf('listeners', other)).id });
      await lbaas.settled();
      for (const { id } of others) await lbaas.remove(`loadbalancers/${id}?cascade=true`);
      await until('they are gone', async () => (await lbaas.list('loadbalancers')).length === 1);
    }
  };
  // Eight clients, with a new connection for each request: those are what a worker that is told to stop could lose.
  const tally = await underLoad(
    cloud,
    Array.from({ length: 8 }, () => balancer.vip_address),
    work,
  );
  assert.deepEqual(Object.keys(tally), ['web1']);
});

test('the process is killed: all are served again, and told of', async () => {
  const balancers = await Promise.all([make(WEB1), make(WEB2), make(WEB1)]);
  await lbaas.settled();
  const { master } = (await readProcesses(files())) ?? assert.fail('no master');
  process.kill(master, 'SIGKILL');
  for (const [index, { vip_address: vip }] of balancers.entries())
    await until(`${vip} is served`, async () => (await cloud.ask(vip, '/', 0.5).catch(() => '')) === (index === 1 ? 'web2' : 'web1'));
  const told = (id: string) => rows(cloud, "select payload from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift'", id);
  for (const { id } of balancers) await until('it is told', async () => told(id).some(({ payload }) => String(payload).includes('"healed":true')));
});

test('one namespace is deleted: it comes back, and the others were never away', async () => {
  const [lost, other] = await Promise.all([make(WEB1), make(WEB2)]);
  await lbaas.settled();
  const [node = ''] = await nodesOf(lost);
  await run('ip', ['netns', 'delete', `weir-${cloud.instance}-${node.replaceAll('-', '')}`]);
  assert.equal(await cloud.ask(other.vip_address), 'web2');
  await until('it is served by the new namespace', async () => {
    const names = await namespaces();
    return names.some((name) => name.endsWith(node.replaceAll('-', ''))) && (await cloud.ask(lost.vip_address, '/', 0.5).catch(() => '')) === 'web1';
  });
  await until('it is told', async () => rows(cloud, "select 1 from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift'", lost.id).length > 0);
  assert.equal(await cloud.ask(other.vip_address), 'web2');
});

test('the namespace of the process is deleted: nobody listens twice after the next change', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const { master } = (await readProcesses(files())) ?? assert.fail('no master');
  await run('ip', ['netns', 'delete', `weir-${cloud.instance}-pack`]);
  assert.equal(await cloud.ask(balancer.vip_address), 'web1');
  const other = await make(WEB2);
  await lbaas.settled();
  assert.equal(await cloud.ask(other.vip_address), 'web2');
  await until(`${balancer.vip_address} is served`, async () => (await cloud.ask(balancer.vip_address, '/', 0.5).catch(() => '')) === 'web1');
  assert.notEqual((await readProcesses(files()))?.master, master);
  assert.throws(() => process.kill(master, 0), 'the old one has ended');
});

test('the shared file is edited: what a hand wrote is gone, and the balancers are told of', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const { config } = files();
  const text = await readFile(config, 'utf8');
  await run('sh', ['-c', `sed -i 's/^    retries 3$/    retries 9/' ${config}`]);
  assert.notEqual(await readFile(config, 'utf8'), text);
  await until('it is as it was', async () => (await readFile(config, 'utf8')) === text);
  assert.equal(await cloud.ask(balancer.vip_address), 'web1');
});

test('one that HAProxy refuses says so, and holds up nobody', async () => {
  const good = await make(WEB1);
  await lbaas.settled();
  const listener = await childOf('listeners', good);
  // Nobody can write this with the API: a row that an older version let through.
  const bad = await make(WEB2);
  await lbaas.settled();
  const badListener = await childOf('listeners', bad);
  const policy = await lbaas.make('l7policies', 'l7policy', { action: 'REJECT', listener_id: badListener.id, admin_state_up: false });
  await lbaas.make(`l7policies/${policy.id}/rules`, 'rule', { type: 'PATH', compare_type: 'REGEX', value: '/a' });
  await lbaas.settled();
  const database = new DatabaseSync(join(cloud.statePath, 'edgeweir.db'), { timeout: 10_000 });
  database.prepare("update l7_rule set value = '(' where l7policy_id = ?").run(policy.id);
  database.close();
  await lbaas.change(`l7policies/${policy.id}`, 'l7policy', { admin_state_up: true });
  const other = await make(WEB1);
  await lbaas.change(`listeners/${listener.id}`, 'listener', { timeout_client_data: 41_000 });
  await until('the broken one says so', async () => /regex '\(' is invalid/.test(String((await lbaas.find(`loadbalancers/${bad.id}`))?.['status_reason'])));
  await until('the others are delivered', async () => {
    const all = await Promise.all([good, other].map(({ id }) => lbaas.find(`loadbalancers/${id}`)));
    return all.every((row) => row?.provisioning_status === 'ACTIVE');
  });
  assert.equal(await cloud.ask(other.vip_address), 'web1');
  assert.equal(await cloud.ask(bad.vip_address), 'web2', 'it goes on as it was');
});

test('health, counters and reasons are each one’s own', async () => {
  const monitor = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1, expected_codes: '200' };
  const [well, ill] = await Promise.all([
    make(WEB1, { healthmonitor: monitor }),
    make(WEB1, { healthmonitor: monitor, members: [{ address: WEB1, protocol_port: 81 }] }),
  ]);
  await lbaas.settled();
  const status = async ({ id }: Row): Promise<string> => (await lbaas.find(`loadbalancers/${id}`))?.operating_status ?? '';
  await until('the health of both is known', async () => (await status(well)) === 'ONLINE' && (await status(ill)) === 'ERROR');
  for (let asked = 0; asked < 5; asked++) await cloud.ask(well.vip_address);
  const counted = async ({ id }: Row): Promise<number> => {
    const { stats } = await lbaas.api.request<{ stats: { total_connections: number } }>('GET', `/load-balancer/v2.0/lbaas/loadbalancers/${id}/stats`);
    return stats.total_connections;
  };
  await until('it is counted', async () => (await counted(well)) >= 5);
  assert.equal(await counted(ill), 0);
});

test('clients keep their members while others come', async () => {
  const members = [WEB1, WEB2].map((address) => ({ address, protocol_port: 80 }));
  const balancer = await make(WEB1, { session_persistence: { type: 'SOURCE_IP' }, members });
  await lbaas.settled();
  const mine = await cloud.ask(balancer.vip_address);
  for (let round = 0; round < 4; round++) {
    await make(WEB1);
    await lbaas.settled();
    for (let asked = 0; asked < 3; asked++) assert.equal(await cloud.ask(balancer.vip_address), mine);
  }
});

test('a request that a stopping worker hands over is as any other: who may connect may, and who has a member keeps it', async () => {
  const members = [WEB1, WEB2].map((address) => ({ address, protocol_port: 80 }));
  const balancer = await make(WEB1, { session_persistence: { type: 'HTTP_COOKIE' }, members });
  await lbaas.settled();
  await lbaas.change(`listeners/${(await childOf('listeners', balancer)).id}`, 'listener', { allowed_cidrs: ['0.0.0.0/0'] });
  await lbaas.settled();
  const first = connection(cloud, balancer.vip_address);
  // The second member in turn: whoever comes without a cookie to a worker that has just begun is given the first.
  await first.ask();
  const answer = await first.ask();
  const [, cookie = assert.fail(`no cookie: ${answer}`)] = /set-cookie: (SRV=[^;]+)/i.exec(answer) ?? [];
  const [mine] = /web[12]/.exec(answer) ?? [];
  await make(WEB1);
  await lbaas.settled();
  const handed = await first.ask(`Cookie: ${cookie}\r\n`);
  first.end();
  assert.equal(/web[12]/.exec(handed)?.[0], mine, handed);
  assert.doesNotMatch(handed, /set-cookie/i);
});

test('no socket is left of a listener that is gone', async () => {
  const [gone] = await Promise.all([make(WEB1), make(WEB2)]);
  await lbaas.settled();
  await lbaas.remove(`loadbalancers/${gone.id}?cascade=true`);
  await until('it is gone', async () => (await lbaas.list('loadbalancers')).length === 1);
  assert.equal((await readdir(join(files().directory, 'next'))).length, 1);
});

test('a namespace is replaced by another of its name: the process listens in the new one', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const [node = ''] = await nodesOf(balancer);
  const namespace = `weir-${cloud.instance}-${node.replaceAll('-', '')}`;
  await run('ip', ['netns', 'delete', namespace]);
  await run('ip', ['netns', 'add', namespace]);
  await until('there is a link in it', async () => (await run('ip', ['-n', namespace, 'link'])).stdout.includes('eth0'));
  await lbaas.answers(balancer.vip_address);
});

test('a process that has been stopped keeps no server from starting, and is replaced', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const { master } = (await readProcesses(files())) ?? assert.fail('no master');
  const pids = [master, await worker()];
  await cloud.end('SIGKILL');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await cloud.serve();
  await lbaas.answers(balancer.vip_address, 20);
});

test('a worker of before a reload has been stopped: the master still takes orders', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const client = connection(cloud, balancer.vip_address);
  await client.ask();
  const old = await worker();
  await make(WEB2);
  await lbaas.settled();
  assert.notEqual(await worker(), old);
  process.kill(old, 'SIGSTOP');
  // By then it would have been asked as often as the master has room for.
  await pause(8000);
  const other = await make(WEB1);
  await lbaas.answers(other.vip_address);
  process.kill(old, 'SIGKILL');
  client.end();
});

test('the server was killed before the first share was on disk: the process is watched all the same', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const [node = ''] = await nodesOf(balancer);
  const share = join(files().shares, `${node.replaceAll('-', '')}.cfg`);
  await cloud.end('SIGKILL');
  await rm(share);
  await cloud.serve();
  await until('it is there again', async () => (await readFile(share, 'utf8').catch(() => '')) !== '');
  await lbaas.settled();
  const log = async (): Promise<number> => (await readFile(join(cloud.directory, 'server.log'), 'utf8')).split('the proxy that nodes share is gone').length;
  const before = await log();
  const { master } = (await readProcesses(files())) ?? assert.fail('no master');
  process.kill(master, 'SIGKILL');
  await until('its end is noticed', async () => (await log()) > before);
  await lbaas.answers(balancer.vip_address);
});

test('what an interrupted end left of the process goes with the next node that goes', async () => {
  const plain = await lbaas.whole();
  const other = await lbaas.whole();
  const packed = await make(WEB1);
  await lbaas.settled();
  const { master } = (await readProcesses(files())) ?? assert.fail('no master');
  const [node = ''] = await nodesOf(packed);
  await cloud.end('SIGKILL');
  await rm(join(files().shares, `${node.replaceAll('-', '')}.cfg`));
  process.kill(master, 'SIGKILL');
  // Its balancer, too, was on its way out.
  const database = new DatabaseSync(join(cloud.statePath, 'edgeweir.db'), { timeout: 10_000 });
  database.prepare('update load_balancer set deleting = 1 where id = ?').run(packed.id);
  database.close();
  await cloud.serve();
  await lbaas.remove(`loadbalancers/${other.balancer.id}?cascade=true`);
  await until(
    'it is gone',
    async () => (await lbaas.find(`loadbalancers/${other.balancer.id}`)) === null && !(await namespaces()).includes(`weir-${cloud.instance}-pack`),
  );
  await lbaas.answers(plain.balancer.vip_address);
});

test('the server is killed while shares change: all end as wanted', async () => {
  const first = await make(WEB1);
  await lbaas.settled();
  const second = await make(WEB2);
  await cloud.end('SIGKILL');
  assert.equal(await cloud.ask(first.vip_address), 'web1');
  await cloud.serve();
  await lbaas.settled();
  assert.equal(await cloud.ask(second.vip_address), 'web2');
  const [answer = ''] = await askWorker(files().statsSocket, ['show backend']);
  assert.equal(answer.split('\n').flatMap((name) => markOf(name) ?? []).length, 2);
});

test('the last one that goes takes the process with it', async () => {
  const balancers = await Promise.all([make(WEB1), make(WEB2)]);
  await lbaas.settled();
  assert.ok((await namespaces()).includes(`weir-${cloud.instance}-pack`));
  await lbaas.clear();
  assert.ok(balancers.length === 2);
  await until('it is gone', async () => !(await namespaces()).includes(`weir-${cloud.instance}-pack`));
});

test('what a shared process cannot do is refused', async () => {
  const balancer = await make(WEB1);
  await lbaas.settled();
  const refused = async (path: string, body: Record<string, unknown>): Promise<string> => {
    const answer = await lbaas.api.request<{ faultstring: string }>('POST', `/load-balancer/v2.0/lbaas/${path}`, body, [501]);
    return answer.faultstring;
  };
  const listener = { protocol: 'PROMETHEUS', protocol_port: 9100, loadbalancer_id: balancer.id };
  assert.match(await refused('listeners', { listener }), /the listener protocol PROMETHEUS of a load balancer that shares its proxy/);
  const pool = await childOf('pools', balancer);
  const healthmonitor = { type: 'PING', delay: 5, timeout: 2, max_retries: 2, pool_id: pool.id };
  assert.match(await refused('healthmonitors', { healthmonitor }), /the health monitor type PING of a load balancer that shares its proxy/);
  const paired = await flavorOf('both', { packed: true, loadbalancer_topology: 'ACTIVE_STANDBY' });
  const loadbalancer = { vip_subnet_id: await lbaas.subnet('private-subnet'), flavor_id: paired };
  assert.match(await refused('loadbalancers', { loadbalancer }), /the topology ACTIVE_STANDBY of a load balancer that shares its proxy/);
  const logged = { ...loadbalancer, flavor_id: await flavorOf('logged', { packed: true, connection_logging: true }) };
  assert.match(await refused('loadbalancers', { loadbalancer: logged }), /connection logging of a load balancer that shares its proxy/);
});
