import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';

const NOBODY = '00000000-0000-0000-0000-000000000009';

async function made(api: Octavia, path: string, root: string, object: object): Promise<Shown> {
  return expect(await api.send('POST', `/network/v2.0/${path}`, { [root]: object }), 201)[root] as Shown;
}

test("security groups of the VIP are on its port, and must be there and the project's", async (t) => {
  const api = await octavia(t);
  const group = await made(api, 'security-groups', 'security_group', { name: 'g' });
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId, vip_sg_ids: [group.id] });
  const onPort = async (): Promise<unknown> =>
    (expect(await api.send('GET', `/network/v2.0/ports/${String(balancer['vip_port_id'])}`), 200)['port'] as Shown)['security_groups'];
  assert.deepEqual(await onPort(), [group.id]);
  const put = (ids: string[]) => api.send('PUT', `/loadbalancers/${balancer.id}`, { loadbalancer: { vip_sg_ids: ids } });
  expect(await put([]), 200);
  assert.deepEqual(await onPort(), []);
  assert.equal((await put([NOBODY])).statusCode, 400);
  const member = await api.user('blue', 'member');
  const foreign = { provider: 'noop', vip_subnet_id: api.subnetId, vip_sg_ids: [group.id] };
  assert.equal((await api.send('POST', '/loadbalancers', { loadbalancer: foreign }, member)).statusCode, 400);
  const onHaproxy = await api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, vip_sg_ids: [group.id] } });
  assert.equal(onHaproxy.statusCode, 501);
});

test('further VIPs are addresses of the same port, one on each subnet of the network', async (t) => {
  const api = await octavia(t);
  const second = await made(api, 'subnets', 'subnet', { network_id: api.networkId, ip_version: 6, cidr: '2001:db8::/64' });
  const create = (additional_vips: object[]) =>
    api.send('POST', '/loadbalancers', { loadbalancer: { provider: 'noop', vip_subnet_id: api.subnetId, additional_vips } });
  const { additional_vips: further, vip_port_id } = expect(await create([{ subnet_id: second.id }]), 201)['loadbalancer'] as Shown;
  assert.deepEqual(
    (further as { subnet_id: string; port_id: string }[]).map(({ subnet_id, port_id }) => [subnet_id, port_id]),
    [[second.id, vip_port_id]],
  );
  const twice = await create([{ subnet_id: api.subnetId }]);
  assert.match(twice.body, /Duplicate VIP subnet/);
  const other = await made(api, 'networks', 'network', { name: 'other' });
  const elsewhere = await made(api, 'subnets', 'subnet', { network_id: other.id, ip_version: 4, cidr: '198.51.100.0/24' });
  assert.match((await create([{ subnet_id: elsewhere.id }])).body, /do not belong to the same network/);
});

test('the port of a VIP is on record, made or claimed, and is part of the plan', async (t) => {
  const api = await octavia(t);
  const create = (vip: object, headers = {}) => api.send('POST', '/loadbalancers', { loadbalancer: { provider: 'noop', ...vip } }, undefined, headers);
  const trail = async (id: unknown): Promise<unknown[]> =>
    api.store.db
      .selectFrom('audit')
      .select(['action', 'before', 'after'])
      .where('resource', '=', 'port')
      .where('resource_id', '=', String(id))
      .orderBy('seq')
      .execute();
  const first = expect(await create({ vip_subnet_id: api.subnetId }), 201)['loadbalancer'] as Shown;
  const [creation, ...rest] = (await trail(first['vip_port_id'])) as { action: string; before: null; after: Shown }[];
  assert.deepEqual([creation?.action, creation?.before, creation?.after['device_id'], rest], ['create', null, `lb-${first.id}`, []]);

  const own = await made(api, 'ports', 'port', { network_id: api.networkId });
  const balancer = expect(await create({ vip_port_id: own.id }), 201)['loadbalancer'] as Shown;
  const changes = (await trail(own.id)) as { action: string; before: Shown | null; after: Shown }[];
  assert.deepEqual(
    changes.map(({ action, before, after }) => [action, before?.['device_id'] ?? null, after['device_id']]),
    [
      ['create', null, ''],
      ['update', '', `lb-${balancer.id}`],
    ],
  );

  const { plan } = expect(await create({ vip_subnet_id: api.subnetId }, { 'x-weir-dry-run': 'true' }), 200) as { plan: { changes: Record<string, unknown>[] } };
  assert.deepEqual(
    plan.changes.map(({ action, resource }) => [action, resource]),
    [
      ['create', 'port'],
      ['create', 'loadbalancer'],
    ],
  );
});

test('an operator says which networks VIPs may be on, and how they are named', async (t) => {
  const limits = { allowVipNetworkId: false, denyVipNetworks: [] as string[] };
  const api = await octavia(t, { limits });
  const create = (vip: object) => api.send('POST', '/loadbalancers', { loadbalancer: { provider: 'noop', ...vip } });
  assert.match((await create({ vip_network_id: api.networkId })).body, /use of vip_network_id is disallowed/);
  assert.match((await create({})).body, /VIP must contain one of: vip_port_id, vip_subnet_id\./);
  limits.denyVipNetworks.push(api.networkId);
  assert.match((await create({ vip_subnet_id: api.subnetId })).body, /network_id is not allowed/);
  assert.deepEqual(expect(await api.send('GET', '/loadbalancers'), 200)['loadbalancers'], []);
});

test('with networks unchecked any id is taken, by what needs no network', async (t) => {
  const api = await octavia(t, { network: 'unchecked' });
  const balancer = await api.make('/loadbalancers', 'loadbalancer', {
    provider: 'noop',
    vip_subnet_id: NOBODY,
    vip_qos_policy_id: NOBODY,
    vip_sg_ids: [NOBODY],
  });
  assert.equal(balancer['vip_subnet_id'], NOBODY);
  assert.match(String(balancer['vip_address']), /^198\.1[89]\./);
  const pool = await api.make('/pools', 'pool', { loadbalancer_id: balancer.id, protocol: 'SCTP', lb_algorithm: 'SOURCE_IP_PORT' });
  await api.make(`/pools/${pool.id}/members`, 'member', { address: '2001:db8:0:0:0:0:0:7', protocol_port: 80, subnet_id: NOBODY });
  await api.settle();
  assert.equal((await api.show(`/loadbalancers/${balancer.id}`, 'loadbalancer')).provisioning_status, 'ACTIVE');
  const [member] = expect(await api.send('GET', `/pools/${pool.id}/members`), 200)['members'] as Shown[];
  assert.equal(member?.['address'], '2001:db8:0:0:0:0:0:7', 'as it was written');
  const again = await api.send('POST', `/pools/${pool.id}/members`, { member: { address: '2001:db8::7', protocol_port: 80 } });
  assert.equal(again.statusCode, 409, 'the same address in another spelling');
  assert.equal((await api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: NOBODY } })).statusCode, 501);
});

test("a client's own port is free again when the balancer is gone", async (t) => {
  const api = await octavia(t);
  const port = await made(api, 'ports', 'port', { network_id: api.networkId, name: 'mine' });
  for (let round = 0; round < 2; round++) {
    const balancer = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_port_id: port.id });
    await api.settle();
    expect(await api.send('DELETE', `/loadbalancers/${balancer.id}`), 204);
    await api.settle();
    assert.equal((expect(await api.send('GET', `/network/v2.0/ports/${port.id}`), 200)['port'] as Shown)['device_id'], '');
  }
});

test("a marker of somebody else's object is no marker", async (t) => {
  const api = await octavia(t);
  const foreign = await api.make('/loadbalancers', 'loadbalancer', { name: 'm', provider: 'noop', vip_subnet_id: api.subnetId });
  const blue = await api.user('blue', 'member');
  const answers = await Promise.all([foreign.id, NOBODY].map((marker) => api.send('GET', `/loadbalancers?sort=name&marker=${marker}`, undefined, blue)));
  assert.deepEqual(
    answers.map(({ statusCode, body }) => [statusCode, body.replaceAll(/[0-9a-f-]{36}/g, 'id')]),
    [answers[0], answers[0]].map(() => [400, '{"faultcode":"Client","faultstring":"Invalid marker: id","debuginfo":null}']),
  );
});

test('members are neither served nor checked at the metadata address, and names stand for subnets wherever members are made', async (t) => {
  const api = await octavia(t);
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: 'private-subnet' });
  const members = [{ address: '192.0.2.20', protocol_port: 80, subnet_id: 'private-subnet' }];
  const pool = await api.make('/pools', 'pool', { loadbalancer_id: id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members });
  const default_pool = { name: 'nested', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members };
  await api.make('/listeners', 'listener', { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 80, default_pool });
  const path = `/pools/${pool.id}/members`;
  for (const member of [{ address: '169.254.169.254' }, { address: '192.0.2.21', monitor_address: '169.254.169.254' }, { address: '0.0.0.0' }])
    assert.equal((await api.send('POST', path, { member: { protocol_port: 80, ...member } })).statusCode, 400, JSON.stringify(member));
  const batch = { members: [{ address: '192.0.2.22', protocol_port: 80, monitor_address: '::' }] };
  assert.equal((await api.send('PUT', path, batch)).statusCode, 400);
});
