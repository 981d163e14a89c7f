/**
 * What carries traffic on a gateway besides HAProxy: its kernel, with checks of its own, and keepalived between two of them. Virtual
 * gateways whose programs really run, with packets through them. Needs root for namespaces.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LB, WEBS, api, asked, becomes, cloud, create, inLab, list, register, show, useSite, withoutWeb } from './gateway-site.fixture.ts';
import { type Running, runGateway } from './live-gateways.fixture.ts';
import { until } from './playground.fixture.ts';
import { papers } from './tls.fixture.ts';

useSite();

async function refusesL7(id: string): Promise<void> {
  const listener = { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 8080 };
  await api.request('POST', `${LB}/listeners`, { listener });
  await until('the reason is told', async () => /has no haproxy/.test(JSON.stringify(await show(id))));
}

/** Which of them have the address. */
async function holders(gateways: readonly Running[], vip = '192.168.1.50'): Promise<number[]> {
  const found = await Promise.all(gateways.map(({ namespace }) => cloud.inNamespace(namespace, 'ip', '-o', 'address', 'show', 'to', `${vip}/32`)));
  return found.flatMap(({ stdout }, index) => (stdout.trim() === '' ? [] : [index]));
}

async function flavor(data: Record<string, unknown>): Promise<string> {
  const profile = { name: 'gateways', provider_name: 'openwrt', flavor_data: JSON.stringify(data) };
  const { flavorprofile } = await api.request<{ flavorprofile: { id: string } }>('POST', `${LB}/flavorprofiles`, { flavorprofile: profile });
  const named = { name: `gateways-${JSON.stringify(data)}`, flavor_profile_id: flavorprofile.id, enabled: true };
  return (await api.request<{ flavor: { id: string } }>('POST', `${LB}/flavors`, { flavor: named })).flavor.id;
}
test('a gateway without HAProxy balances packets in its kernel, by weight, and its own script keeps clients from the dead', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2, { packages: [] });
  await register('gw-2', gateway);
  const members = WEBS.map((address, index) => ({ address, protocol_port: 80, weight: index === 0 ? 1 : 3 }));
  const healthmonitor = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1, url_path: '/health?a=$(id)' };
  const pool = { name: 'packets-pool', protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN', members, healthmonitor };
  const { id } = await create('packets', '192.168.1.50', { listeners: [{ protocol: 'TCP', protocol_port: 80, default_pool: pool }] });
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.deepEqual(await asked('192.168.1.50', 8), { web1: 2, web2: 6 });
  await until('it has counted', async () => {
    const { stats } = await api.request<{ stats: { total_connections: number; bytes_in: number; bytes_out: number } }>(
      'GET',
      `${LB}/loadbalancers/${id}/stats`,
    );
    return stats.total_connections === 8 && stats.bytes_in > 500 && stats.bytes_out > 500;
  });
  const began = Date.now();
  await withoutWeb('web2', async () => {
    await until('nobody is sent to the dead any more', async () => (await asked('192.168.1.50', 2))['web1'] === 2);
    assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
    await becomes(id, 'ACTIVE', 'DEGRADED');
    const [{ id: poolId } = { id: '' }] = await list<{ id: string }>('pools');
    const { members: rows } = await api.request<{ members: { address: string; status_reason: string }[] }>('GET', `${LB}/pools/${poolId}/members`);
    assert.match(rows.find(({ address }) => address === '192.168.1.11')?.status_reason ?? '', /refused/i);
  });
  await becomes(id, 'ACTIVE', 'ONLINE');
  // A firewall that is flushed takes all tables along.
  await cloud.inNamespace(gateway.namespace, 'nft', 'flush', 'ruleset');
  await until('it balances again', async () => Object.keys(await asked('192.168.1.50', 4)).every((name) => name.startsWith('web')));
  assert.deepEqual(gateway.live.errors, []);
  await refusesL7(id);
});

test('datagrams go through a gateway’s kernel, each client to one member where that is asked for', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const servers = WEBS.map((address, index) => inLab(`web${index + 1}`, '../src/nodes/local/flow-member.fixture.ts', address, '5353', `web${index + 1}`));
  t.after(() => servers.forEach((server) => server.kill()));
  const members = WEBS.map((address) => ({ address, protocol_port: 5353 }));
  const pool = { name: 'udp', protocol: 'UDP', lb_algorithm: 'SOURCE_IP_PORT', members };
  const { id } = await create('udp', '192.168.1.52', { listeners: [{ protocol: 'UDP', protocol_port: 5353, default_pool: pool }] });
  await becomes(id, 'ACTIVE', 'ONLINE');
  const answers = new Set<string>();
  for (let source = 41_000; source < 41_020; source++) {
    const said = await cloud.inLab('client', 'python3', '-c', UDP_CLIENT, '192.168.1.52', '5353', String(source));
    const [first = '', ...others] = said.trim().split('\n');
    assert.ok(
      others.every((one) => one === first),
      said,
    );
    answers.add(first);
  }
  assert.equal(answers.size, 2, [...answers].join(' '));
});

const UDP_CLIENT = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3); s.bind(('', int(sys.argv[3])))
for n in range(3):
    s.sendto(b'hello', (sys.argv[1], int(sys.argv[2]))); print(s.recvfrom(2000)[0].decode())
`;

test('two gateways of a site share an address: one has it, and the other takes over when what serves it, or the gateway, dies', async (t) => {
  const gateways = await Promise.all([2, 3].map((number) => runGateway(t, cloud, api, number, { packages: ['haproxy', 'keepalived'] })));
  for (const [index, gateway] of gateways.entries()) await register(`gw-${index + 2}`, gateway);
  const flavorId = await flavor({ loadbalancer_topology: 'ACTIVE_STANDBY' });
  const { id } = await create('pair', '192.168.1.50', { flavor_id: flavorId });
  await becomes(id, 'ACTIVE', 'ONLINE');
  for (const { live } of gateways) assert.deepEqual(live.errors, []);
  assert.deepEqual(await asked('192.168.1.50', 4), { web1: 2, web2: 2 });
  const [first] = await holders(gateways);
  const { amphorae } = await api.request<{ amphorae: { role: string; vrrp_id: number; compute_id: string }[] }>('GET', '/load-balancer/v2/octavia/amphorae');
  assert.deepEqual(amphorae.map(({ role }) => role).toSorted(), ['BACKUP', 'MASTER']);
  assert.equal(new Set(amphorae.map(({ compute_id }) => compute_id)).size, 2);
  assert.equal(new Set(amphorae.map(({ vrrp_id }) => vrrp_id)).size, 1);
  const active = gateways[first ?? 0];
  assert.ok(active);
  process.kill(active.live.proxyPid ?? 0, 'SIGKILL');
  await until('the other has it', async () => {
    const now = await holders(gateways);
    return now.length === 1 && now[0] !== first;
  });
  await until('it serves', async () => Object.keys(await asked('192.168.1.50', 2)).every((name) => name.startsWith('web')));
});

test('of a pair only the node of a drained gateway moves, and the other one has it for its peer', async (t) => {
  const gateways = [];
  const ids: string[] = [];
  for (const number of [2, 3]) {
    const gateway = await runGateway(t, cloud, api, number, { packages: ['haproxy', 'keepalived'] });
    gateways.push(gateway);
    ids.push(await register(`gw-${number}`, gateway));
  }
  const flavorId = await flavor({ loadbalancer_topology: 'ACTIVE_STANDBY', engine: 'haproxy' });
  const { id } = await create('pair', '192.168.1.50', { flavor_id: flavorId });
  await becomes(id, 'ACTIVE', 'ONLINE');
  const third = await runGateway(t, cloud, api, 4, { packages: ['haproxy', 'keepalived'] });
  const thirdId = await register('gw-4', third);
  const [holder = 0] = await holders(gateways);
  const nodes = async (): Promise<{ compute_id: string; vrrp_id: number }[]> =>
    (await api.request<{ amphorae: { compute_id: string; vrrp_id: number }[] }>('GET', '/load-balancer/v2/octavia/amphorae')).amphorae;
  const groups = new Set((await nodes()).map(({ vrrp_id }) => vrrp_id));
  const { loadbalancers } = await api.request<{ loadbalancers: { moves_to: string }[] }>('PUT', `/edge/v1/gateways/${ids[holder]}/drain`, undefined, [202]);
  assert.deepEqual(
    loadbalancers.map(({ moves_to }) => moves_to),
    ['gw-4'],
  );
  const wanted = new Set([thirdId, ids[1 - holder]]);
  await until('its node has moved', async () => new Set((await nodes()).map(({ compute_id }) => compute_id)).symmetricDifference(wanted).size === 0);
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.deepEqual(new Set((await nodes()).map(({ vrrp_id }) => vrrp_id)), groups);
  assert.equal((await holders([gateways[1 - holder] ?? assert.fail(), third])).length, 1);
  assert.deepEqual(await asked('192.168.1.50', 2), { web1: 1, web2: 1 });
  assert.ok(!(gateways[holder]?.live.device.files.text('/etc/config/keepalived') ?? '').includes('weir_'));
});

test('TLS ends at the gateway: keys are written there for root alone, and go with the load balancer', async (t) => {
  const ssl = await papers(t);
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const store = async (bundle: Buffer): Promise<string> => {
    const body = { payload: bundle.toString('base64'), payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' };
    return (await api.request<{ secret_ref: string }>('POST', '/key-manager/v1/secrets', body)).secret_ref;
  };
  const [a, b] = [await store(ssl.bundle('a')), await store(ssl.bundle('b'))];
  const pool = { name: 'tls-pool', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: WEBS.map((address) => ({ address, protocol_port: 80 })) };
  const listener = { name: 'tls', protocol: 'TERMINATED_HTTPS', protocol_port: 443, default_tls_container_ref: a, default_pool: pool };
  const { id } = await create('tls', '192.168.1.53', { listeners: [listener] });
  await becomes(id, 'ACTIVE', 'ONLINE');
  const root = await ssl.path('root.pem');
  const page = (name: string): Promise<string> =>
    cloud.inLab('client', 'curl', '-sS', '--max-time', '5', '--cacert', root, '--resolve', `${name}:443:192.168.1.53`, `https://${name}/`);
  assert.match(await page('a.example'), /^web[12]$/m);
  const keys = (): string[] => gateway.live.device.files.paths().filter((path) => path.endsWith('.pem'));
  assert.deepEqual(
    keys().map((path) => gateway.live.device.files.read(path)?.mode),
    [0o600],
  );
  const [{ id: listenerId } = { id: '' }] = await list<{ id: string }>('listeners');
  await api.request('PUT', `${LB}/listeners/${listenerId}`, { listener: { default_tls_container_ref: b } });
  await until('the other certificate is shown', async () => (await page('b.example').catch(() => '')).startsWith('web'));
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.equal(keys().length, 1);
  await api.request('DELETE', `${LB}/loadbalancers/${id}?cascade=true`);
  await until('no key is left', async () => Promise.resolve(keys().length === 0));
});

test('two gateways that both serve have an address each, one has both when the other is gone, and addresses go home', async (t) => {
  const gateways = await Promise.all([2, 3].map((number) => runGateway(t, cloud, api, number, { packages: ['haproxy', 'keepalived'] })));
  for (const [index, gateway] of gateways.entries()) await register(`gw-${index + 2}`, gateway);
  const flavorId = await flavor({ loadbalancer_topology: 'ACTIVE_ACTIVE' });
  const [{ network_id }] = (await api.request<{ subnets: [{ network_id: string }] }>('GET', '/network/v2.0/subnets?name=private-subnet')).subnets;
  const second = { network_id, ip_version: 4, cidr: '192.168.2.0/24', gateway_ip: null };
  const { subnet } = await api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet: second });
  await cloud.inLab('client', 'ip', 'route', 'replace', '192.168.2.0/24', 'dev', 'eth0');
  const vips = ['192.168.1.50', '192.168.2.50'];
  const { id } = await create('both', '192.168.1.50', { flavor_id: flavorId, additional_vips: [{ subnet_id: subnet.id, ip_address: '192.168.2.50' }] });
  await becomes(id, 'ACTIVE', 'ONLINE');
  const owners = async (): Promise<number[][]> => Promise.all(vips.map((vip) => holders(gateways, vip)));
  await until('each has one', async () => JSON.stringify((await owners()).toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) === '[[0],[1]]');
  const home = await owners();
  for (const vip of vips) assert.deepEqual(await asked(vip, 2), { web1: 1, web2: 1 });
  const [first] = gateways;
  await first?.live.keepalived('stop');
  await until('the other has both', async () => JSON.stringify(await owners()) === '[[1],[1]]');
  for (const vip of vips) assert.deepEqual(Object.keys(await asked(vip, 2)).toSorted(), ['web1', 'web2']);
  await first?.live.keepalived('start');
  await until('they are home', async () => JSON.stringify(await owners()) === JSON.stringify(home));
});
