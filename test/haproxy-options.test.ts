/** Options that HAProxy carries, from the API to the traffic: metrics, reasons, pings, several addresses and both families. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseExposition } from '../src/render/haproxy/exposition.fixture.ts';
import { METRICS } from '../src/render/haproxy/octavia-metrics.ts';
import { Balancers, LBAAS, type Row } from './balancers.fixture.ts';
import { Playground, command, until } from './playground.fixture.ts';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const V6 = '2001:db8:5';

let cloud: Playground;
let lbaas: Balancers;
let subnet4: string;
let subnet6: string;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  subnet4 = await lbaas.subnet('private-subnet');
  subnet6 = await addSixth();
});
after(() => cloud.destroy());
afterEach(() => lbaas.clear());

/** The lab's private network gets a second subnet, and its hosts addresses in it. */
async function addSixth(): Promise<string> {
  const { subnet } = await lbaas.api.request<{ subnet: { network_id: string } }>('GET', `/network/v2.0/subnets/${subnet4}`);
  const wanted = { network_id: subnet.network_id, name: 'private-six', ip_version: 6, cidr: `${V6}::/64` };
  const made = await lbaas.api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet: wanted });
  for (const [host, last] of [
    ['client', 'c'],
    ['web1', 'a1'],
    ['web2', 'a2'],
  ] as const) {
    await cloud.inLab(host, 'ip', 'address', 'add', `${V6}::${last}/64`, 'dev', 'eth0', 'nodad');
  }
  return made.subnet.id;
}

async function balancerOf(
  attributes: Record<string, unknown>,
  members: readonly { address: string; subnet_id: string }[],
): Promise<{ balancer: Row; pool: Row }> {
  const balancer = await lbaas.make('loadbalancers', 'loadbalancer', attributes);
  const listener = await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id, connection_limit: 0 });
  const pool = await lbaas.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  for (const member of members) await lbaas.make(`pools/${pool.id}/members`, 'member', { ...member, protocol_port: 80 });
  await lbaas.settled();
  return { balancer, pool };
}

const fourth = (): { address: string; subnet_id: string }[] => ['192.168.1.10', '192.168.1.11'].map((address) => ({ address, subnet_id: subnet4 }));
const sixth = (): { address: string; subnet_id: string }[] => ['a1', 'a2'].map((last) => ({ address: `${V6}::${last}`, subnet_id: subnet6 }));
const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

async function bothAnswer(address: string): Promise<void> {
  await lbaas.answers(inUrl(address));
  const seen = new Set(await Promise.all(Array.from({ length: 6 }, () => cloud.ask(inUrl(address)))));
  assert.deepEqual([...seen].toSorted(), ['web1', 'web2'], address);
}

async function memberAt(pool: Row, address: string): Promise<Row> {
  return (await lbaas.list(`pools/${pool.id}/members`)).find((member) => member['address'] === address) ?? assert.fail(address);
}

test("a PROMETHEUS listener tells Octavia's metrics, also while the server is away", async () => {
  const { balancer } = await lbaas.whole();
  await lbaas.make('listeners', 'listener', { protocol: 'PROMETHEUS', protocol_port: 9100, loadbalancer_id: balancer.id });
  await lbaas.settled();
  await lbaas.answers(balancer.vip_address);
  const scrape = async (): Promise<ReturnType<typeof parseExposition>> =>
    parseExposition(await cloud.inLab('client', 'curl', '-sSf', '--max-time', '5', `http://${balancer.vip_address}:9100/metrics`));
  assert.deepEqual([...(await scrape()).keys()].toSorted(), METRICS.map(({ name }) => name).toSorted());
  const status = ['-s', '-o', '/dev/null', '-w', '%{http_code}', `http://${balancer.vip_address}:9100/`];
  assert.equal(await cloud.inLab('client', 'curl', ...status), '404');
  const listeners = await lbaas.list('listeners');
  await until('both listeners are ONLINE', async () => (await lbaas.list('listeners')).every(({ operating_status }) => operating_status === 'ONLINE'));
  assert.equal(listeners.length, 2);
  await cloud.end('SIGKILL');
  try {
    assert.equal((await scrape()).size, METRICS.length);
  } finally {
    await cloud.serve();
  }
});

test('why a member is down, since when, and who saw it: in the API, in weir, and unnoticed by the openstack client', async () => {
  const { pool, members } = await lbaas.whole();
  await lbaas.make('healthmonitors', 'healthmonitor', {
    pool_id: pool.id,
    type: 'HTTP',
    delay: 1,
    timeout: 1,
    max_retries: 1,
    max_retries_down: 1,
    url_path: '/health',
  });
  await lbaas.settled();
  await until('members are ONLINE', async () => (await lbaas.list(`pools/${pool.id}/members`)).every(({ operating_status }) => operating_status === 'ONLINE'));
  assert.equal((await memberAt(pool, '192.168.1.10'))['status_reason'], 'HTTP 200');
  assert.equal((await cloud.weir('lab', 'stop', 'web1')).code, 0);
  try {
    await until('web1 is in ERROR', async () => (await memberAt(pool, '192.168.1.10')).operating_status === 'ERROR');
    const { status_reason, status_changed_at, status_seen_by } = await memberAt(pool, '192.168.1.10');
    assert.deepEqual([status_reason, status_seen_by], ['connection refused', 'check']);
    assert.match(String(status_changed_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    assert.match(
      await readFile(join(cloud.directory, 'server.log'), 'utf8'),
      /operating status of a member[^\n]*connection refused|connection refused[^\n]*operating status of a member/,
    );
    const member = members.find(({ address }) => address === '192.168.1.10') ?? assert.fail('no member');
    const env = { PATH: process.env['PATH'], OS_CLIENT_CONFIG_FILE: join(cloud.statePath, 'clouds.yaml'), OS_CLOUD: 'edgeweir' };
    const weir = await command(process.execPath, [MAIN, 'loadbalancer', 'member', 'show', pool.id, member.id], env);
    assert.match(weir.stdout, /status_reason +\W* *connection refused/, weir.stderr);
    const theirs = await cloud.json<Record<string, unknown>>('loadbalancer', 'member', 'show', pool.id, member.id);
    assert.equal(theirs['operating_status'], 'ERROR');
  } finally {
    await cloud.weir('lab', 'start', 'web1');
  }
  await until('web1 is back', async () => (await memberAt(pool, '192.168.1.10')).operating_status === 'ONLINE');
});

test("clients' failed connections take a member down, and are told as what saw it", async () => {
  const { balancer, pool } = await lbaas.whole();
  // The check alone would need a minute.
  await lbaas.make('healthmonitors', 'healthmonitor', {
    pool_id: pool.id,
    type: 'HTTP',
    delay: 20,
    timeout: 1,
    max_retries: 1,
    max_retries_down: 3,
    url_path: '/health',
  });
  await lbaas.settled();
  await until('members are ONLINE', async () => (await lbaas.list(`pools/${pool.id}/members`)).every(({ operating_status }) => operating_status === 'ONLINE'));
  await cloud.weir('lab', 'stop', 'web1');
  try {
    for (let request = 0; request < 10; request += 1) assert.equal(await cloud.ask(balancer.vip_address), 'web2');
    await until('web1 is in ERROR', async () => (await memberAt(pool, '192.168.1.10')).operating_status === 'ERROR', 8);
    assert.equal((await memberAt(pool, '192.168.1.10'))['status_seen_by'], 'traffic');
  } finally {
    await cloud.weir('lab', 'start', 'web1');
  }
});

test('a PING monitor sees a host that is gone and comes back', async () => {
  const { pool } = await lbaas.whole();
  await lbaas.make('healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'PING', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1 });
  await lbaas.settled();
  const statusOf = async (): Promise<string> => (await memberAt(pool, '192.168.1.11')).operating_status;
  await until('web2 is ONLINE', async () => (await statusOf()) === 'ONLINE');
  await cloud.inLab('web2', 'sysctl', '--quiet', '--write', 'net.ipv4.icmp_echo_ignore_all=1');
  try {
    await until('web2 is in ERROR', async () => (await statusOf()) === 'ERROR');
    assert.match(String((await memberAt(pool, '192.168.1.11'))['status_reason']), /^no answer/);
    assert.equal((await memberAt(pool, '192.168.1.10')).operating_status, 'ONLINE');
  } finally {
    await cloud.inLab('web2', 'sysctl', '--quiet', '--write', 'net.ipv4.icmp_echo_ignore_all=0');
  }
  await until('web2 is ONLINE again', async () => (await statusOf()) === 'ONLINE');
  // Another member is a reload here; nobody waits for anything else.
  await lbaas.make(`pools/${pool.id}/members`, 'member', { address: '192.168.1.100', protocol_port: 9, subnet_id: subnet4 });
  await lbaas.settled();
  await until('the third is ONLINE', async () => (await memberAt(pool, '192.168.1.100')).operating_status === 'ONLINE');
});

test('additional VIPs of both families answer like the first', async () => {
  const { subnet } = await lbaas.api.request<{ subnet: { network_id: string } }>('GET', `/network/v2.0/subnets/${subnet4}`);
  const wanted = { network_id: subnet.network_id, name: 'private-more', ip_version: 4, cidr: '192.168.7.0/24' };
  const more = await lbaas.api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet: wanted });
  await cloud.inLab('client', 'ip', 'address', 'add', '192.168.7.100/24', 'dev', 'eth0');
  const additional_vips = [{ subnet_id: subnet6 }, { subnet_id: more.subnet.id, ip_address: '192.168.7.77' }];
  const { balancer } = await balancerOf({ vip_subnet_id: subnet4, additional_vips }, fourth());
  const addresses = (balancer['additional_vips'] as { ip_address: string }[]).map(({ ip_address }) => ip_address);
  assert.equal(addresses[1], '192.168.7.77');
  for (const address of [balancer.vip_address, ...addresses]) await bothAnswer(address);
});

test('an IPv6 VIP with IPv4 members, an IPv4 VIP with IPv6 members', async () => {
  const first = await balancerOf({ vip_subnet_id: subnet6 }, fourth());
  const second = await balancerOf({ vip_subnet_id: subnet4 }, sixth());
  await bothAnswer(first.balancer.vip_address);
  await bothAnswer(second.balancer.vip_address);
});

test('datagrams on addresses of both families are refused', async () => {
  const balancer = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: subnet4, additional_vips: [{ subnet_id: subnet6 }] });
  const wanted = { listener: { protocol: 'UDP', protocol_port: 53, loadbalancer_id: balancer.id } };
  await assert.rejects(lbaas.api.request('POST', `${LBAAS}/listeners`, wanted), /501|additional_vips/);
});
