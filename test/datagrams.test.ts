/** UDP from the API to the traffic, and TCP in the kernel by a flavor: what clients get, what operators see. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FlowClient } from '../src/nodes/local/flow-bed.fixture.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const FIXTURES = fileURLToPath(new URL('../src/nodes/local/', import.meta.url));
const PORT = 5300;

let cloud: Playground;
let lbaas: Balancers;
let client: FlowClient;
const children: ChildProcess[] = [];
const servers: ChildProcess[] = [];

function inLab(host: string, program: string, ...args: string[]): ChildProcess {
  const words = [`--net=/run/netns/weir-${cloud.instance}-lab-${host}`, process.execPath, `${FIXTURES}${program}`, ...args];
  const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function serve(name: 'web1' | 'web2'): Promise<ChildProcess> {
  const child = inLab(name, 'flow-member.fixture.ts', name === 'web1' ? '192.168.1.10' : '192.168.1.11', String(PORT), name);
  servers.push(child);
  assert.ok(child.stdout);
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail(`${name} ended`))]);
  return child;
}

before(async () => {
  cloud = await Playground.create('[health_manager]\nread_interval = 0.2\n[api_settings]\nudp_connect_min_interval_health_monitor = 1');
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  client = new FlowClient(inLab('client', 'flow-client.fixture.ts'));
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cloud.destroy();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(endServer));
  await lbaas.clear();
});

async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

interface Site {
  readonly balancer: Row;
  readonly listener: Row;
  readonly pool: Row;
}

async function site(protocol: string, more: Record<string, unknown> = {}): Promise<Site> {
  const subnet_id = await lbaas.subnet('private-subnet');
  const balancer = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: subnet_id, ...more });
  const listener = await lbaas.make('listeners', 'listener', { protocol, protocol_port: PORT, loadbalancer_id: balancer.id });
  const pool = await lbaas.make('pools', 'pool', { protocol, lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  for (const address of ['192.168.1.10', '192.168.1.11']) await lbaas.make(`pools/${pool.id}/members`, 'member', { address, protocol_port: PORT, subnet_id });
  await lbaas.settled();
  return { balancer, listener, pool };
}

let firstPort = 20_000;

/** Each time from ports of its own, so that every flow is a new one. */
function tally({ balancer }: Site, count: number, protocol = 'udp'): Promise<Record<string, number>> {
  firstPort += count;
  return client.many(count, { to: balancer.vip_address, port: PORT, protocol, ...(protocol === 'udp' ? { firstPort } : {}) });
}

async function memberStatus({ pool }: Site, address: string): Promise<string | undefined> {
  return (await lbaas.list(`pools/${pool.id}/members`)).find((row) => row['address'] === address)?.operating_status;
}

test("OpenStack's own commands make a UDP listener that carries traffic", async () => {
  await Promise.all([serve('web1'), serve('web2')]);
  const openstack = async (...words: string[]): Promise<Row> => cloud.json<Row>('loadbalancer', ...words);
  const balancer = await openstack('create', '--name', 'dns', '--vip-subnet-id', 'private-subnet', '--wait');
  await openstack('listener', 'create', '--name', 'dns-udp', '--protocol', 'UDP', '--protocol-port', String(PORT), 'dns', '--wait');
  await openstack('pool', 'create', '--name', 'dns-pool', '--protocol', 'UDP', '--lb-algorithm', 'SOURCE_IP_PORT', '--listener', 'dns-udp', '--wait');
  for (const address of ['192.168.1.10', '192.168.1.11'])
    await openstack('member', 'create', '--address', address, '--protocol-port', String(PORT), '--subnet-id', 'private-subnet', 'dns-pool', '--wait');
  await openstack('healthmonitor', 'create', '--type', 'UDP-CONNECT', '--delay', '3', '--timeout', '2', '--max-retries', '2', 'dns-pool', '--wait');
  const said = await client.many(40, { to: balancer.vip_address, port: PORT, firstPort: 19_000 });
  assert.deepEqual(Object.keys(said).toSorted(), ['web1', 'web2']);
  await until('the statistics', async () => Number((await openstack('stats', 'show', 'dns'))['total_connections']) === 40);
  const stats = await openstack('stats', 'show', 'dns');
  assert.equal(Number(stats['bytes_in']), 40 * 29);
  await until('ONLINE', async () => (await openstack('show', 'dns')).operating_status === 'ONLINE');
});

test('a member that dies is noticed, shown and left out; it comes back by itself; the checks go on without the server', async () => {
  const web1 = await serve('web1');
  const web2 = await serve('web2');
  const dns = await site('UDP');
  await lbaas.make('healthmonitors', 'healthmonitor', { type: 'UDP-CONNECT', pool_id: dns.pool.id, delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1 });
  await lbaas.settled();
  await until('both are up', async () => (await memberStatus(dns, '192.168.1.10')) === 'ONLINE' && (await memberStatus(dns, '192.168.1.11')) === 'ONLINE');
  await endServer(web2);
  await until('the death is shown', async () => (await memberStatus(dns, '192.168.1.11')) === 'ERROR');
  await until('only web1 answers', async () => (await tally(dns, 16))['web1'] === 16);
  // With the server away the table stays, and a new server starts from what the checks found meanwhile.
  await cloud.end('SIGKILL');
  assert.deepEqual(await tally(dns, 16), { web1: 16 });
  const again = await serve('web2');
  await cloud.serve();
  await until('both answer', async () => Object.keys(await tally(dns, 32)).length === 2);
  await until('ONLINE', async () => (await memberStatus(dns, '192.168.1.11')) === 'ONLINE');
  await Promise.all([web1, again].map(endServer));
  await until('all are dead', async () => (await tally(dns, 1))['error ECONNREFUSED'] === 1);
});

test('a table that somebody flushed is mended at once', async () => {
  await Promise.all([serve('web1'), serve('web2')]);
  const dns = await site('UDP');
  assert.deepEqual(await tally(dns, 256), { web1: 128, web2: 128 });
  const [node = ''] = (await cloud.namespaces()).filter((name) => /-[0-9a-f]{32}$/.test(name));
  const { code } = await cloud.inNamespace(node, 'nft', 'flush', 'ruleset');
  assert.equal(code, 0);
  await until('it answers again', async () => Object.keys(await tally(dns, 1))[0]?.startsWith('web') === true, 5);
});

test('one balancer with listeners of both engines, TCP in the kernel by its flavor', async () => {
  await Promise.all([serve('web1'), serve('web2')]);
  const profile = await lbaas.make('flavorprofiles', 'flavorprofile', { name: 'kernel', provider_name: 'octavia', flavor_data: '{"engine": "auto"}' });
  const flavor = await lbaas.make('flavors', 'flavor', { name: 'kernel', flavor_profile_id: profile.id });
  const both = await site('TCP', { flavor_id: flavor.id });
  const http = await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: both.balancer.id });
  const pool = await lbaas.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'LEAST_CONNECTIONS', listener_id: http.id });
  await lbaas.make(`pools/${pool.id}/members`, 'member', { address: '192.168.1.10', protocol_port: 80, subnet_id: await lbaas.subnet('private-subnet') });
  await lbaas.settled();
  assert.deepEqual(await tally(both, 64, 'tcp'), { web1: 32, web2: 32 });
  assert.equal(await cloud.ask(both.balancer.vip_address), 'web1');
  // What the kernel cannot do HAProxy does, and the other way round; connections of the kernel's go on.
  assert.match(await client.open('held', { to: both.balancer.vip_address, port: PORT, protocol: 'tcp' }), /^web/);
  await lbaas.change(`pools/${both.pool.id}`, 'pool', { lb_algorithm: 'LEAST_CONNECTIONS' });
  await lbaas.settled();
  // Whose connection of before is not quite closed yet has one more.
  assert.deepEqual(Object.keys(await tally(both, 8, 'tcp')).toSorted(), ['web1', 'web2']);
  await lbaas.change(`pools/${both.pool.id}`, 'pool', { lb_algorithm: 'SOURCE_IP' });
  await lbaas.settled();
  assert.equal(Object.keys(await tally(both, 8, 'tcp')).length, 1);
  await client.close('held');
  await lbaas.clear();
  await lbaas.remove(`flavors/${flavor.id}`);
  await lbaas.remove(`flavorprofiles/${profile.id}`);
});

test('a monitor of type SCTP: who does not answer SCTP is down', async () => {
  const { balancer } = await site('UDP');
  const listener = await lbaas.make('listeners', 'listener', { protocol: 'SCTP', protocol_port: 2905, loadbalancer_id: balancer.id });
  const pool = await lbaas.make('pools', 'pool', { protocol: 'SCTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  const member = await lbaas.make(`pools/${pool.id}/members`, 'member', { address: '192.168.1.10', protocol_port: 2905 });
  await lbaas.make('healthmonitors', 'healthmonitor', { type: 'SCTP', pool_id: pool.id, delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1 });
  await lbaas.settled();
  await until('it is down', async () => (await lbaas.find(`pools/${pool.id}/members/${member.id}`))?.operating_status === 'ERROR');
});

test('what cannot be carried is refused', async () => {
  const dns = await site('UDP');
  const refused = async (path: string, kind: string, attributes: Record<string, unknown>): Promise<unknown> =>
    assert.rejects(lbaas.make(path, kind, attributes), /501|does not support/);
  await refused('pools', 'pool', { protocol: 'UDP', lb_algorithm: 'LEAST_CONNECTIONS', loadbalancer_id: dns.balancer.id });
  await refused(`pools/${dns.pool.id}/members`, 'member', { address: '2001:db8::1', protocol_port: PORT });
  const profile = await lbaas.make('flavorprofiles', 'flavorprofile', { name: 'kernel', provider_name: 'octavia', flavor_data: '{"engine": "nftables"}' });
  const flavor = await lbaas.make('flavors', 'flavor', { name: 'kernel', flavor_profile_id: profile.id });
  const kernel = await site('TCP', { flavor_id: flavor.id });
  await refused('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: kernel.balancer.id });
  await refused('pools', 'pool', { protocol: 'TCP', lb_algorithm: 'LEAST_CONNECTIONS', loadbalancer_id: kernel.balancer.id });
  await refused(`pools/${kernel.pool.id}/members`, 'member', { address: '2001:db8::1', protocol_port: PORT });
  await assert.rejects(lbaas.change(`pools/${kernel.pool.id}`, 'pool', { lb_algorithm: 'LEAST_CONNECTIONS' }), /501|does not support/);
  await lbaas.clear();
  await lbaas.remove(`flavors/${flavor.id}`);
  await lbaas.remove(`flavorprofiles/${profile.id}`);
});
