/**
 * Load balancers on OpenWrt gateways: the provider `openwrt`, a real server, and virtual gateways whose HAProxy really runs, with
 * packets through it. Needs root for namespaces.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { rows } from './attack.fixture.ts';
import { type Balancer, LB, api, asked, becomes, cloud, create, list, register, show, useSite, withoutWeb } from './gateway-site.fixture.ts';
import { type Running, runGateway } from './live-gateways.fixture.ts';
import { until } from './playground.fixture.ts';

useSite();

/** Who answered, until it is over. */
async function askUntil(over: AbortSignal, vip: string): Promise<Record<string, number>> {
  const said: Record<string, number> = {};
  while (!over.aborted) for (const [name, count] of Object.entries(await asked(vip, 5))) said[name] = (said[name] ?? 0) + count;
  return said;
}

/** All files but those that change by themselves. */
function snapshot({ live: { device } }: Running): Record<string, string | null> {
  return Object.fromEntries(
    device.files
      .paths()
      .filter((path) => path.startsWith('/etc/'))
      .map((path) => [path, device.files.text(path)]),
  );
}

test('a load balancer of the provider openwrt is on a gateway of its zone, balances, and follows the health of its members', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  const gatewayId = await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.deepEqual(gateway.live.errors, []);
  assert.deepEqual(await asked('192.168.1.50', 6), { web1: 3, web2: 3 });
  const { amphorae } = await api.request<{ amphorae: { compute_id: string; status: string; role: string }[] }>('GET', '/load-balancer/v2/octavia/amphorae');
  assert.deepEqual(
    amphorae.map(({ compute_id, status, role }) => [compute_id, status, role]),
    [[gatewayId, 'ALLOCATED', 'STANDALONE']],
  );
  await until('it has counted', async () => {
    const { stats } = await api.request<{ stats: { total_connections: number; bytes_out: number } }>('GET', `${LB}/loadbalancers/${id}/stats`);
    return stats.total_connections === 6 && stats.bytes_out > 0;
  });
  const [pool] = await list<{ id: string }>('pools');
  await withoutWeb('web2', async () => {
    await becomes(id, 'ACTIVE', 'DEGRADED');
    assert.deepEqual(await asked('192.168.1.50', 4), { web1: 4 });
    const { members } = await api.request<{ members: { address: string; operating_status: string; status_reason: string }[] }>(
      'GET',
      `${LB}/pools/${pool?.id}/members`,
    );
    const dead = members.find(({ address }) => address === '192.168.1.11');
    assert.equal(dead?.operating_status, 'ERROR');
    assert.match(dead?.status_reason ?? '', /refused|no route|timeout/i);
  });
  await becomes(id, 'ACTIVE', 'ONLINE');
});

test('two load balancers share a gateway: changing or deleting one leaves the other, and no request is lost meanwhile', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const [first, second] = [await create('one', '192.168.1.50'), await create('two', '192.168.1.51')];
  await becomes(first.id, 'ACTIVE', 'ONLINE');
  await becomes(second.id, 'ACTIVE', 'ONLINE');
  const over = new AbortController();
  const load = askUntil(over.signal, '192.168.1.50');
  const pools = await list<{ id: string; name: string }>('pools');
  const pool = pools.find(({ name }) => name === 'two-pool');
  for (const weight of [2, 3, 4]) {
    const { members } = await api.request<{ members: { id: string }[] }>('GET', `${LB}/pools/${pool?.id}/members`);
    await api.request('PUT', `${LB}/pools/${pool?.id}/members/${members[0]?.id}`, { member: { weight } });
    await becomes(second.id, 'ACTIVE', 'ONLINE');
  }
  await api.request('DELETE', `${LB}/loadbalancers/${second.id}?cascade=true`);
  await until('the second is gone', async () => (await list('loadbalancers')).length === 1);
  over.abort();
  const said = await load;
  assert.deepEqual(Object.keys(said).toSorted(), ['web1', 'web2']);
  assert.ok(!(gateway.live.device.files.text('/etc/haproxy.cfg') ?? '').includes(second.id));
  assert.deepEqual(await asked('192.168.1.51', 1).then((answer) => Object.keys(answer)[0]?.startsWith('web')), false);
});

test('with the last load balancer all that is ours goes, and nothing else', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  const before = snapshot(gateway);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.notDeepEqual(snapshot(gateway), before);
  await api.request('DELETE', `${LB}/loadbalancers/${id}?cascade=true`);
  await until('it is gone', async () => (await list('loadbalancers')).length === 0);
  const left = snapshot(gateway);
  // What the package brought as an example.
  delete before['/etc/haproxy.cfg'];
  assert.deepEqual(left, before);
  assert.equal(gateway.live.device.services.get('haproxy')?.running, false);
});

test('what a hand changes on a gateway is found, told and put right', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  const { files } = gateway.live.device;
  const good = snapshot(gateway);
  const meddling: readonly (() => void)[] = [
    () => files.write('/etc/haproxy.cfg', (good['/etc/haproxy.cfg'] ?? '').replace('balance roundrobin', 'balance source')),
    () => files.write('/etc/config/network', (good['/etc/config/network'] ?? '').replace('192.168.1.50/32', '192.168.1.77/32')),
    () => files.write('/etc/haproxy.cfg', (good['/etc/haproxy.cfg'] ?? '').replace('hard-stop-after', '# hard-stop-after')),
    () => void files.remove('/etc/haproxy.cfg'),
    () => files.write('/etc/config/edgeweir', ''),
  ];
  for (const meddle of meddling) {
    meddle();
    await until('it is as it was', async () => JSON.stringify(snapshot(gateway)) === JSON.stringify(good));
  }
  const told = rows(cloud, "select payload from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift' order by seq", id);
  assert.ok(JSON.stringify(told).includes('-    balance source'), JSON.stringify(told).slice(0, 2000));
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.deepEqual(await asked('192.168.1.50', 2), { web1: 1, web2: 1 });
});

test('a plan shows the sections, files and lines before anything is sent', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  const before = snapshot(gateway);
  const planned = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cloud.weir(...words, '--dry-run');
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const change = await planned('pool', 'set', 'web-pool', '--lb-algorithm', 'SOURCE_IP');
  assert.match(change, /set-share.*haproxy\.cfg/);
  assert.match(change, /- *balance roundrobin/);
  assert.match(change, /\+ *balance source/);
  assert.match(await planned('loadbalancer', 'delete', 'web', '--cascade'), /- *network\.weir_[0-9a-f]{12}_v0\.ipaddr='192\.168\.1\.50\/32'/);
  assert.deepEqual(snapshot(gateway), before);
});

test('where drift is only to be reported, what a hand changed stays until somebody writes', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  const gatewayId = await register('gw-2', gateway);
  await api.request('PUT', `/edge/v1/gateways/${gatewayId}`, { gateway: { drift: 'report' } });
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  const { files } = gateway.live.device;
  const good = files.text('/etc/haproxy.cfg') ?? '';
  files.write('/etc/haproxy.cfg', good.replace('balance roundrobin', 'balance leastconn'));
  const said = async (): Promise<string> => JSON.stringify(await show(id));
  await until('it is told', async () => (await said()).includes('is left as it is'));
  const drifts = (): number => rows(cloud, "select payload from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift'", id).length;
  assert.equal(drifts(), 1);
  await setTimeout(6000);
  assert.match(files.text('/etc/haproxy.cfg') ?? '', /balance leastconn/);
  assert.deepEqual([drifts(), (await show(id)).provisioning_status], [1, 'ACTIVE']);
  const [pool] = await list<{ id: string }>('pools');
  await api.request('PUT', `${LB}/pools/${pool?.id}`, { pool: { lb_algorithm: 'SOURCE_IP' } });
  await until('what was written is there', async () => Promise.resolve(/balance source/.test(files.text('/etc/haproxy.cfg') ?? '')));
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.ok(!(await said()).includes('is left as it is'));
});

test('a gateway that is silent: its load balancers are ERROR with the reason, changes wait for nothing, and all is made good when it is back', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  const doomed = await create('doomed', '192.168.1.51');
  await becomes(id, 'ACTIVE', 'ONLINE');
  await becomes(doomed.id, 'ACTIVE', 'ONLINE');
  gateway.live.device.knobs.trouble = 'refuses';
  await api.request('PUT', `${LB}/loadbalancers/${id}`, { loadbalancer: { name: 'renamed' } });
  const [pool] = (await list<{ id: string; name: string }>('pools')).filter(({ name }) => name === 'web-pool');
  await api.request('PUT', `${LB}/pools/${pool?.id}`, { pool: { lb_algorithm: 'SOURCE_IP' } });
  const { status_reason: reason } = (await becomes(id, 'ERROR')) as Balancer & { status_reason: string };
  assert.match(reason, /^gateway gw-2 gives no answer since 20\d\d-.*Z: /);
  await until('nothing of it counts as working', async () => (await show(id)).operating_status === 'ERROR');
  // It serves all the same.
  assert.deepEqual(await asked('192.168.1.50', 2), { web1: 1, web2: 1 });
  await api.request('DELETE', `${LB}/loadbalancers/${doomed.id}?cascade=true`);
  await until('who is deleted is gone', async () => (await list('loadbalancers')).length === 1);
  gateway.live.device.knobs.trouble = 'none';
  await becomes(id, 'ACTIVE', 'ONLINE');
  const config = gateway.live.device.files.text('/etc/haproxy.cfg') ?? '';
  assert.match(config, /balance source/);
  await until('what was left of the other is gone, too', async () => !(gateway.live.device.files.text('/etc/config/edgeweir') ?? '').includes(doomed.id));
});

test('a gateway that was reset to what it came with gets its load balancers back', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  gateway.live.device.files.write(
    '/etc/config/network',
    (gateway.live.device.files.text('/etc/config/network') ?? '').replace(/\nconfig interface 'weir_[\s\S]*$/, '\n'),
  );
  for (const path of ['/etc/haproxy.cfg', '/etc/config/edgeweir']) gateway.live.device.files.write(path, '');
  gateway.live.device.reboot();
  await until(
    'it balances again',
    async () =>
      (await asked('192.168.1.50', 1).then((said) => Object.keys(said)[0])) !== undefined &&
      (gateway.live.device.files.text('/etc/haproxy.cfg') ?? '').includes('# share'),
  );
  await becomes(id, 'ACTIVE', 'ONLINE');
  assert.deepEqual(await asked('192.168.1.50', 2), { web1: 1, web2: 1 });
});

test('somebody else’s haproxy.cfg is left alone, and the reason says so', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const theirs = 'global\n\tmaxconn 100\n# mine\n';
  gateway.live.device.files.write('/etc/haproxy.cfg', theirs);
  const { id } = await create('web', '192.168.1.50');
  await until('the reason is told', async () => JSON.stringify(await show(id)).includes('is somebody else'));
  assert.equal(gateway.live.device.files.text('/etc/haproxy.cfg'), theirs);
  gateway.live.device.files.remove('/etc/haproxy.cfg');
  await becomes(id, 'ACTIVE', 'ONLINE');
});

test('what no gateway carries is refused before anything is written, and where none fits the reason says why', async (t) => {
  const gateway = await runGateway(t, cloud, api, 2);
  await register('gw-2', gateway);
  const { id } = await create('web', '192.168.1.50');
  await becomes(id, 'ACTIVE', 'ONLINE');
  const refused = async (path: string, body: unknown, what: RegExp): Promise<void> => {
    await assert.rejects(api.request('POST', `${LB}/${path}`, body), (error: Error & { status?: number }) => what.test(error.message) && error.status === 501);
  };
  await refused('listeners', { listener: { loadbalancer_id: id, protocol: 'PROMETHEUS', protocol_port: 9100 } }, /PROMETHEUS on a gateway/);
  const { pool } = await api.request<{ pool: { id: string } }>('POST', `${LB}/pools`, {
    pool: { loadbalancer_id: id, protocol: 'UDP', lb_algorithm: 'ROUND_ROBIN' },
  });
  await becomes(id, 'ACTIVE');
  await refused('healthmonitors', { healthmonitor: { pool_id: pool.id, type: 'SCTP', delay: 1, timeout: 1, max_retries: 1 } }, /SCTP on a gateway/);
  const outside = (await api.request<{ subnets: { id: string }[] }>('GET', '/network/v2.0/subnets?name=public-subnet')).subnets[0]?.id;
  const other = await create('elsewhere', '203.0.113.50', { vip_subnet_id: outside, availability_zone: 'plant-7' });
  await becomes(other.id, 'ACTIVE');
  const { site: empty } = await api.request<{ site: { id: string; name: string } }>('POST', '/edge/v1/sites', { site: { name: 'plant-8' } });
  const nowhere = await create('nowhere', '192.168.1.60', { availability_zone: 'plant-8' });
  await until('the reason is told', async () => JSON.stringify(await show(nowhere.id)).includes('at the site plant-8 is none that takes something new'));
  await assert.rejects(api.request('DELETE', `/edge/v1/sites/${empty.id}`), { status: 409 });
  await api.request('DELETE', `${LB}/loadbalancers/${nowhere.id}?cascade=true`);
  await until('it is gone', async () => (await list('loadbalancers')).length === 2);
  await api.request('DELETE', `/edge/v1/sites/${empty.id}`);
});
