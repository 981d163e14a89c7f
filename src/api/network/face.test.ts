import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LightMyRequestResponse } from 'fastify';
import { network, port, subnet } from '../../model/network.ts';
import { amphora } from '../../model/amphora.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import { member } from '../../model/member.ts';
import { pool } from '../../model/pool.ts';
import { insert, update } from '../../store/rows.ts';
import { amphoraRow, balancerRow, memberRow, poolRow } from '../../store/store.fixture.ts';
import { BASE, type Faces, faces } from '../identity/faces.fixture.ts';

const V2 = '/network/v2.0';
type Body = Record<string, unknown>;

function assertError(response: LightMyRequestResponse, code: number, type: string, message?: string | RegExp): void {
  assert.equal(response.statusCode, code, response.body);
  const { NeutronError }: { NeutronError: Body } = response.json();
  assert.deepEqual({ ...NeutronError, message: '' }, { type, message: '', detail: '' }, response.body);
  if (message instanceof RegExp) assert.match(String(NeutronError['message']), message);
  else if (message !== undefined) assert.equal(NeutronError['message'], message);
}

async function make(set: Faces, token: string, kind: 'network' | 'subnet' | 'port', attributes: Body): Promise<Body & { id: string }> {
  const response = await set.send('POST', `${V2}/${kind}s`, token, { [kind]: attributes });
  assert.equal(response.statusCode, 201, response.body);
  return response.json<Record<string, Body & { id: string }>>()[kind] ?? assert.fail();
}

async function ids(set: Faces, token: string, path: string): Promise<string[]> {
  const response = await set.send('GET', `${V2}/${path}`, token);
  assert.equal(response.statusCode, 200, response.body);
  const [rows] = Object.values(response.json<Record<string, { id: string }[]>>());
  return (rows ?? []).map(({ id }) => id);
}

interface Site extends Faces {
  readonly token: string;
  readonly net: Body & { id: string };
  readonly sub: Body & { id: string };
}

async function site(set: Faces, attributes: Body = {}): Promise<Site> {
  const token = await set.admin('blue');
  const net = await make(set, token, 'network', { name: 'private', ...attributes });
  const sub = await make(set, token, 'subnet', { name: 'private-subnet', network_id: net.id, cidr: '192.168.1.0/24', ip_version: 4 });
  return { ...set, token, net, sub };
}

test('versions without a token', async (t) => {
  const set = await faces(t);
  for (const url of ['/network', '/network/']) {
    assert.deepEqual((await set.send('GET', url, null)).json(), {
      versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${BASE}/network/v2.0/` }] }],
    });
  }
  for (const url of [V2, `${V2}/`]) {
    const { resources }: { resources: { collection: string }[] } = (await set.send('GET', url, null)).json();
    assert.deepEqual(
      resources.map(({ collection }) => collection),
      ['networks', 'subnets', 'ports'],
    );
  }
});

test('a network has the recorded attributes; how it is wired, administrators see', async (t) => {
  const set = await faces(t);
  const recorded = [
    'id',
    'name',
    'tenant_id',
    'admin_state_up',
    'mtu',
    'status',
    'subnets',
    'shared',
    'project_id',
    'port_security_enabled',
    'qos_policy_id',
    'router:external',
    'is_default',
    'availability_zone_hints',
    'availability_zones',
    'ipv4_address_scope',
    'ipv6_address_scope',
    'description',
    'tags',
    'created_at',
    'updated_at',
    'revision_number',
  ];
  const made = await make(set, await set.user('blue', ['member']), 'network', { name: 'n' });
  assert.deepEqual(Object.keys(made).toSorted(), recorded.toSorted());
  const wired = await make(set, await set.admin(), 'network', { 'provider:physical_network': 'ext', 'provider:network_type': 'flat' });
  assert.deepEqual([wired['provider:physical_network'], wired['provider:network_type']], ['ext', 'flat']);
});

test('the subnet of the recorded command line: same attributes, same values', async (t) => {
  const set = await site(await faces(t));
  const response = await set.send('GET', `${V2}/subnets?name=private-subnet`, set.token);
  const { subnets }: { subnets: Body[] } = response.json();
  const { id, created_at, updated_at, ...rest } = subnets[0] ?? {};
  const project = set.projects.get('blue');
  assert.deepEqual(rest, {
    name: 'private-subnet',
    tenant_id: project,
    network_id: set.net.id,
    ip_version: 4,
    subnetpool_id: null,
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    gateway_ip: '192.168.1.1',
    cidr: '192.168.1.0/24',
    allocation_pools: [{ start: '192.168.1.2', end: '192.168.1.254' }],
    host_routes: [],
    dns_nameservers: [],
    description: '',
    service_types: [],
    tags: [],
    revision_number: 0,
    project_id: project,
  });
  assert.equal(id, set.sub.id);
  for (const time of [created_at, updated_at]) assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(Object.keys(response.json()), ['subnets']);
});

test('what is not there, in the recorded words', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  for (const [path, title] of [
    ['subnets', 'Subnet'],
    ['networks', 'Network'],
    ['ports', 'Port'],
  ] as const) {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      assertError(
        await set.send(method, `${V2}/${path}/private-x`, admin, method === 'PUT' ? {} : undefined),
        404,
        `${title}NotFound`,
        `${title} private-x could not be found.`,
      );
    }
  }
  assertError(await set.send('GET', `${V2}/nothing`, admin), 404, 'HTTPNotFound');
  assertError(await set.send('PATCH', `${V2}/networks`, admin, {}), 405, 'HTTPMethodNotAllowed');
});

test('a .json suffix is tolerated', async (t) => {
  const set = await site(await faces(t));
  assert.deepEqual(await ids(set, set.token, 'networks.json'), [set.net.id]);
  assert.equal((await set.send('GET', `${V2}/networks/${set.net.id}.json`, set.token)).statusCode, 200);
});

test('lists: filters, alternatives, projects under both names, fields, sorting, pages', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  const [a, b, c] = [
    await make(set, admin, 'network', { name: 'a' }),
    await make(set, admin, 'network', { name: 'b', shared: true }),
    await make(set, admin, 'network', { name: 'c', project_id: 'p' }),
  ];
  assert.deepEqual(await ids(set, admin, 'networks?name=a&name=c&sort_key=name&sort_dir=desc'), [c.id, a.id]);
  assert.deepEqual(await ids(set, admin, 'networks?shared=True'), [b.id]);
  assert.deepEqual(await ids(set, admin, 'networks?router:external=false&id=' + a.id), [a.id]);
  for (const name of ['project_id', 'tenant_id']) assert.deepEqual(await ids(set, admin, `networks?${name}=p`), [c.id]);
  assert.deepEqual((await ids(set, admin, `networks?project_id=p&project_id=${String(a['project_id'])}`)).length, 3);
  assert.deepEqual((await set.send('GET', `${V2}/networks?fields=name&fields=id&name=a`, admin)).json(), { networks: [{ name: 'a', id: a.id }] });
  assert.deepEqual((await set.send('GET', `${V2}/networks/${a.id}?fields=name`, admin)).json(), { network: { name: 'a' } });
  const page: { networks: Body[]; networks_links: { rel: string; href: string }[] } = (
    await set.send('GET', `${V2}/networks?limit=2&sort_key=name`, admin)
  ).json();
  assert.deepEqual(
    page.networks.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.deepEqual(page.networks_links, [{ rel: 'next', href: `${BASE}/network/v2.0/networks?limit=2&sort_key=name&marker=${b.id}` }]);
  assert.deepEqual(await ids(set, admin, `networks?limit=2&sort_key=name&marker=${b.id}`), [c.id]);
  for (const query of ['nothing=1', 'limit=x', 'sort_key=nothing', 'sort_dir=up&sort_key=name', 'marker=nothing', 'shared=perhaps', 'tags_=1', 'subnets=x']) {
    assertError(await set.send('GET', `${V2}/networks?${query}`, admin), 400, 'HTTPBadRequest');
  }
});

test('ports by address and subnet', async (t) => {
  const set = await site(await faces(t));
  const [one, two] = [await make(set, set.token, 'port', { network_id: set.net.id }), await make(set, set.token, 'port', { network_id: set.net.id })];
  assert.deepEqual(await ids(set, set.token, 'ports?fixed_ips=ip_address=192.168.1.2'), [one.id]);
  assert.deepEqual((await ids(set, set.token, `ports?fixed_ips=subnet_id%3D${set.sub.id}`)).toSorted(), [one.id, two.id].toSorted());
  assert.deepEqual(await ids(set, set.token, `ports?fixed_ips=ip_address=192.168.1.3&fixed_ips=subnet_id=${set.sub.id}&status=DOWN`), [two.id]);
  assert.deepEqual(await ids(set, set.token, 'ports?fixed_ips=ip_address=10.9.9.9'), []);
  for (const bad of ['x', 'ip_address=', 'mac=1']) assertError(await set.send('GET', `${V2}/ports?fixed_ips=${bad}`, set.token), 400, 'HTTPBadRequest');
});

test('projects see their own and what is shared; the rest is not there', async (t) => {
  const set = await site(await faces(t));
  const shared = await make(set, set.token, 'network', { shared: true });
  const sharedSubnet = await make(set, set.token, 'subnet', { network_id: shared.id, cidr: '203.0.113.0/24', ip_version: 4 });
  const owned = await make(set, set.token, 'port', { network_id: set.net.id });
  const [red, blue] = [await set.user('red', ['member']), await set.user('blue', ['reader'])];
  assert.deepEqual([await ids(set, red, 'networks'), await ids(set, red, 'subnets'), await ids(set, red, 'ports')], [[shared.id], [sharedSubnet.id], []]);
  assert.deepEqual(await ids(set, red, `networks?project_id=${set.projects.get('blue')}`), [shared.id]);
  assert.deepEqual([(await ids(set, blue, 'networks')).length, (await ids(set, blue, 'subnets')).length, (await ids(set, blue, 'ports')).length], [2, 2, 1]);
  for (const [kind, id] of [
    ['Network', set.net.id],
    ['Subnet', set.sub.id],
    ['Port', owned.id],
  ] as const) {
    const url = `${V2}/${kind.toLowerCase()}s/${id}`;
    for (const method of ['GET', 'PUT', 'DELETE'] as const)
      assertError(await set.send(method, url, red, method === 'PUT' ? { [kind.toLowerCase()]: {} } : undefined), 404, `${kind}NotFound`);
  }
  assertError(await set.send('POST', `${V2}/subnets`, red, { subnet: { network_id: set.net.id, cidr: '10.0.0.0/24', ip_version: 4 } }), 404, 'NetworkNotFound');
  assertError(await set.send('POST', `${V2}/ports`, red, { port: { network_id: set.net.id } }), 404, 'NetworkNotFound');
});

test('writes: members in their project, administrators anywhere, readers nowhere', async (t) => {
  const set = await site(await faces(t));
  const shared = await make(set, set.token, 'network', { shared: true });
  const [member, reader, red] = [await set.user('blue', ['member']), await set.user('blue', ['reader']), await set.user('red', ['member'])];
  const refused = (method: 'POST' | 'PUT' | 'DELETE', token: string, path: string, body?: unknown): Promise<void> =>
    set.send(method, `${V2}/${path}`, token, body).then((response) => assertError(response, 403, 'PolicyNotAuthorized'));
  await make(set, member, 'network', {});
  await refused('POST', reader, 'networks', { network: {} });
  await refused('POST', reader, 'ports', { port: { network_id: set.net.id } });
  await refused('PUT', reader, `networks/${set.net.id}`, { network: { name: 'x' } });
  await refused('DELETE', reader, `subnets/${set.sub.id}`);
  await refused('POST', member, 'networks', { network: { project_id: set.projects.get('red') } });
  await refused('POST', member, 'networks', { network: { tenant_id: set.projects.get('red') } });
  for (const attributes of [{ shared: true }, { 'router:external': true }, { 'provider:physical_network': 'ext' }])
    await refused('POST', member, 'networks', { network: attributes });
  await refused('PUT', member, `networks/${set.net.id}`, { network: { shared: true } });
  await refused('DELETE', red, `networks/${shared.id}`);
  await refused('PUT', red, `networks/${shared.id}`, { network: { name: 'x' } });
  await refused('POST', red, 'subnets', { subnet: { network_id: shared.id, cidr: '10.0.0.0/24', ip_version: 4 } });
});

test("on somebody else's network nobody chooses addresses, MACs or owners that mean something", async (t) => {
  const set = await site(await faces(t), { shared: true });
  const [red, blue] = [await set.user('red', ['member']), await set.user('blue', ['member'])];
  const post = (token: string, attributes: Body): Promise<LightMyRequestResponse> =>
    set.send('POST', `${V2}/ports`, token, { port: { network_id: set.net.id, ...attributes } });
  assert.equal((await post(red, {})).statusCode, 201);
  assert.equal((await post(red, { fixed_ips: [{ subnet_id: set.sub.id }] })).statusCode, 201);
  for (const attributes of [
    { fixed_ips: [{ ip_address: '192.168.1.9' }] },
    { mac_address: 'aa:bb:cc:00:00:01' },
    { device_owner: 'network:dhcp' },
    { device_owner: 'Octavia' },
  ]) {
    assertError(await post(red, attributes), 403, 'PolicyNotAuthorized');
  }
  assert.equal((await post(blue, { fixed_ips: [{ ip_address: '192.168.1.9' }], mac_address: 'aa:bb:cc:00:00:01' })).statusCode, 201);
  for (const attributes of [{ mac_address: '02:00:c0:a8:01:63' }, { device_owner: 'Octavia' }])
    assertError(await post(blue, attributes), 403, 'PolicyNotAuthorized');
});

test('a port takes an address of each family, the asked ones, or none', async (t) => {
  const set = await site(await faces(t));
  const six = await make(set, set.token, 'subnet', { network_id: set.net.id, cidr: 'fd00::/64', ip_version: 6 });
  const made = (attributes: Body): Promise<Body> => make(set, set.token, 'port', { network_id: set.net.id, ...attributes });
  assert.deepEqual((await made({}))['fixed_ips'], [
    { subnet_id: set.sub.id, ip_address: '192.168.1.2' },
    { subnet_id: six.id, ip_address: 'fd00::1' },
  ]);
  assert.deepEqual((await made({ fixed_ips: [] }))['fixed_ips'], []);
  assert.deepEqual((await made({ fixed_ips: [{ ip_address: 'fd00::99' }] }))['fixed_ips'], [{ subnet_id: six.id, ip_address: 'fd00::99' }]);
  const named = await made({ fixed_ips: [{ subnet_id: set.sub.id, ip_address: '192.168.1.10' }], device_id: 'vm' });
  assert.deepEqual([named['mac_address'], named['status']], ['02:00:c0:a8:01:0a', 'ACTIVE']);
  const refused = async (code: number, type: string, fixed_ips: unknown): Promise<void> =>
    assertError(await set.send('POST', `${V2}/ports`, set.token, { port: { network_id: set.net.id, fixed_ips } }), code, type);
  await refused(409, 'IpAddressInUse', [{ ip_address: '192.168.1.10' }]);
  await refused(409, 'IpAddressInUse', [{ ip_address: '192.168.1.1' }]);
  await refused(409, 'IpAddressInUse', [{ ip_address: '192.168.1.20' }, { ip_address: '192.168.1.20' }]);
  await refused(400, 'InvalidInput', [{ ip_address: '10.0.0.1' }]);
  await refused(400, 'InvalidInput', [{}]);
  await refused(400, 'HTTPBadRequest', [{ ip_address: '192.168.1.255' }]);
  await refused(400, 'HTTPBadRequest', [{ subnet_id: randomUUID() }]);
  assert.deepEqual(await ids(set, set.token, 'ports?fixed_ips=ip_address=192.168.1.20'), []);
});

test('a full network says so', async (t) => {
  const set = await faces(t);
  const token = await set.admin();
  const net = await make(set, token, 'network', {});
  await make(set, token, 'subnet', { network_id: net.id, cidr: '10.0.0.0/30', ip_version: 4 });
  await make(set, token, 'port', { network_id: net.id });
  assertError(
    await set.send('POST', `${V2}/ports`, token, { port: { network_id: net.id } }),
    409,
    'IpAddressGenerationFailure',
    `No more IP addresses available on network ${net.id}.`,
  );
});

test('what is in use stays: subnets with ports, networks with ports', async (t) => {
  const set = await site(await faces(t));
  const made = await make(set, set.token, 'port', { network_id: set.net.id });
  assertError(
    await set.send('DELETE', `${V2}/subnets/${set.sub.id}`, set.token),
    409,
    'SubnetInUse',
    `Unable to complete operation on subnet ${set.sub.id}: One or more ports have an IP allocation from this subnet.`,
  );
  assertError(
    await set.send('DELETE', `${V2}/networks/${set.net.id}`, set.token),
    409,
    'NetworkInUse',
    `Unable to complete operation on network ${set.net.id}. There are one or more ports still in use on the network.`,
  );
  assert.equal((await set.send('DELETE', `${V2}/ports/${made.id}`, set.token)).statusCode, 204);
  assert.equal((await set.send('DELETE', `${V2}/networks/${set.net.id}`, set.token)).statusCode, 204);
  assertError(await set.send('GET', `${V2}/subnets/${set.sub.id}`, set.token), 404, 'SubnetNotFound');
});

test("what carries a balancer stays: its VIP port, its amphora's ports, subnets of members", async (t) => {
  const set = await site(await faces(t));
  const { db } = set.store;
  const balancer = balancerRow({ vip_network_id: set.net.id });
  const owner = poolRow(balancer.id);
  const node = amphoraRow(balancer.id);
  await set.store.transaction(async (tx) => {
    await insert(tx.db, loadBalancer, balancer);
    await insert(tx.db, pool, owner);
    await insert(tx.db, member, memberRow(owner, { subnet_id: set.sub.id }));
    await insert(tx.db, amphora, node);
  });
  assertError(await set.send('DELETE', `${V2}/subnets/${set.sub.id}`, set.token), 409, 'SubnetInUse', /members/);
  const [vip, leg] = [await make(set, set.token, 'port', { network_id: set.net.id }), await make(set, set.token, 'port', { network_id: set.net.id })];
  await update(db, loadBalancer, balancer.id, { vip_port_id: vip.id });
  await update(db, port, leg.id, { device_id: node.id });
  for (const { id } of [vip, leg]) {
    assertError(await set.send('DELETE', `${V2}/ports/${id}`, set.token), 409, 'ServicePortInUse');
    assertError(await set.send('PUT', `${V2}/ports/${id}`, set.token, { port: { device_id: 'mine' } }), 409, 'ServicePortInUse');
    assert.equal((await set.send('PUT', `${V2}/ports/${id}`, set.token, { port: { name: 'renamed' } })).statusCode, 200);
  }
  assertError(await set.send('POST', `${V2}/ports`, set.token, { port: { network_id: set.net.id, device_id: node.id } }), 400, 'InvalidInput', /is an amphora/);
  const woken: string[] = [];
  set.store.onChange((changed) => woken.push(...changed));
  await set.send('PUT', `${V2}/subnets/${set.sub.id}`, set.token, { subnet: { host_routes: [{ destination: '10.8.0.0/16', nexthop: '192.168.1.254' }] } });
  assert.deepEqual(woken, [balancer.id]);
});

test('updates: what may change changes, and counts', async (t) => {
  const set = await site(await faces(t));
  const net: { network: Body } = (await set.send('PUT', `${V2}/networks/${set.net.id}`, set.token, { network: { name: 'new', shared: true } })).json();
  assert.deepEqual([net.network['name'], net.network['shared'], net.network['revision_number'], net.network['subnets']], ['new', true, 2, [set.sub.id]]);
  const changed: { subnet: Body } = (
    await set.send('PUT', `${V2}/subnets/${set.sub.id}`, set.token, {
      subnet: { gateway_ip: null, allocation_pools: [{ start: '192.168.1.200', end: '192.168.1.210' }] },
    })
  ).json();
  assert.deepEqual(
    [changed.subnet['gateway_ip'], changed.subnet['allocation_pools'], changed.subnet['revision_number']],
    [null, [{ start: '192.168.1.200', end: '192.168.1.210' }], 1],
  );
  assert.deepEqual((await make(set, set.token, 'port', { network_id: set.net.id }))['fixed_ips'], [{ subnet_id: set.sub.id, ip_address: '192.168.1.200' }]);
  const put = (attributes: Body): Promise<LightMyRequestResponse> => set.send('PUT', `${V2}/subnets/${set.sub.id}`, set.token, { subnet: attributes });
  assertError(await put({ gateway_ip: '192.168.1.205' }), 409, 'GatewayConflictWithAllocationPools');
  assertError(await put({ cidr: '10.0.0.0/8' }), 400, 'HTTPBadRequest');
  assert.deepEqual((await put({ allocation_pools: null })).json<{ subnet: Body }>().subnet['allocation_pools'], [
    { start: '192.168.1.1', end: '192.168.1.254' },
  ]);
  const other = await set.user('red', ['member']);
  await make(set, other, 'port', { network_id: set.net.id });
  assertError(await set.send('PUT', `${V2}/networks/${set.net.id}`, set.token, { network: { shared: false } }), 409, 'InvalidSharedSetting');
});

const SUBNETS: readonly [Body, number, string][] = [
  [{ cidr: '192.168.1.128/25' }, 400, 'InvalidInput'],
  [{ cidr: '192.0.0.0/8' }, 400, 'InvalidInput'],
  [{ cidr: '0.0.0.0/0' }, 400, 'InvalidInput'],
  [{ cidr: '127.0.0.0/8' }, 400, 'InvalidInput'],
  [{ cidr: '224.0.0.0/24' }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/24', ip_version: 6 }, 400, 'InvalidInput'],
  [{ cidr: 'fd00::/64' }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/24', ip_version: 5 }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/33' }, 400, 'HTTPBadRequest'],
  [{ cidr: 'x' }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', name: 'n'.repeat(256) }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', name: 'a\0' }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', nothing: 1 }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', id: randomUUID() }, 400, 'HTTPBadRequest'],
  [{}, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', gateway_ip: '10.0.1.1' }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/24', gateway_ip: '10.0.0.255' }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/24', gateway_ip: 'fd00::1' }, 400, 'InvalidInput'],
  [{ cidr: '10.0.0.0/24', gateway_ip: 'x' }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.2' }] }, 400, 'InvalidAllocationPool'],
  [{ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.2', end: 'fd00::9' }] }, 400, 'InvalidAllocationPool'],
  [{ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.2', end: '10.0.1.9' }] }, 400, 'OutOfBoundsAllocationPool'],
  [{ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.9' }] }, 409, 'GatewayConflictWithAllocationPools'],
  [
    {
      cidr: '10.0.0.0/24',
      allocation_pools: [
        { start: '10.0.0.2', end: '10.0.0.9' },
        { start: '10.0.0.9', end: '10.0.0.10' },
      ],
    },
    409,
    'OverlappingAllocationPools',
  ],
  [{ cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.0.2' }] }, 400, 'HTTPBadRequest'],
  [{ cidr: '10.0.0.0/24', host_routes: [{ destination: 'fd00::/64', nexthop: 'fd00::1' }] }, 400, 'InvalidInput'],
];

test('subnets that do not fit are refused, and nothing is left of them', async (t) => {
  const set = await site(await faces(t));
  for (const [attributes, code, type] of SUBNETS) {
    assertError(await set.send('POST', `${V2}/subnets`, set.token, { subnet: { network_id: set.net.id, ip_version: 4, ...attributes } }), code, type);
  }
  assert.deepEqual(await ids(set, set.token, 'subnets'), [set.sub.id]);
});

test('subnets that do fit: host bits, tiny ones, no gateway, link-local gateways, the same range on another network', async (t) => {
  const set = await site(await faces(t));
  const made = async (attributes: Body): Promise<Body> => make(set, set.token, 'subnet', { network_id: set.net.id, ip_version: 4, ...attributes });
  assert.equal((await made({ cidr: '10.1.0.77/24' }))['cidr'], '10.1.0.0/24');
  assert.deepEqual((await made({ cidr: '10.2.0.0/31' }))['allocation_pools'], [{ start: '10.2.0.0', end: '10.2.0.1' }]);
  assert.deepEqual((await made({ cidr: '10.3.0.0/30', gateway_ip: null }))['allocation_pools'], [{ start: '10.3.0.1', end: '10.3.0.2' }]);
  assert.equal((await made({ cidr: 'fd00::/64', ip_version: 6, gateway_ip: 'fe80::1' }))['gateway_ip'], 'fe80::1');
  assert.deepEqual((await made({ cidr: '10.4.0.0/24', allocation_pools: [] }))['allocation_pools'], []);
  const other = await make(set, set.token, 'network', {});
  await make(set, set.token, 'subnet', { network_id: other.id, ip_version: 4, cidr: '192.168.1.0/24' });
});

test('networks that do not fit', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  const cases: [unknown, string][] = [
    [{ network: { 'provider:physical_network': 'nothing' } }, 'InvalidInput'],
    [{ network: { 'provider:network_type': 'vxlan' } }, 'InvalidInput'],
    [{ network: { 'provider:network_type': 'flat' } }, 'InvalidInput'],
    [{ network: { mtu: 100 } }, 'HTTPBadRequest'],
    [{ network: { name: 5 } }, 'HTTPBadRequest'],
    [{ network: { status: 'DOWN' } }, 'HTTPBadRequest'],
    [{ network: [] }, 'HTTPBadRequest'],
    [{ network: null }, 'HTTPBadRequest'],
    [{}, 'HTTPBadRequest'],
    [[], 'HTTPBadRequest'],
    [{ network: {}, other: 1 }, 'HTTPBadRequest'],
    [undefined, 'HTTPBadRequest'],
    [{ network: { 'provider:physical_network': 'a\nb' } }, 'HTTPBadRequest'],
  ];
  for (const [body, type] of cases) assertError(await set.send('POST', `${V2}/networks`, admin, body), 400, type);
  assertError(
    await set.app.inject({ method: 'POST', url: `${V2}/networks`, headers: { 'x-auth-token': admin, 'content-type': 'application/json' }, payload: '{' }),
    400,
    'HTTPBadRequest',
  );
  assertError(
    await set.app.inject({ method: 'POST', url: `${V2}/networks`, headers: { 'x-auth-token': admin, 'content-type': 'text/plain' }, payload: '{}' }),
    415,
    'HTTPBadRequest',
  );
  assert.deepEqual(await ids(set, admin, 'networks'), []);
});

test('no body whatever breaks a write', async (t) => {
  const set = await site(await faces(t));
  const made = await make(set, set.token, 'port', { network_id: set.net.id });
  const targets = [
    ['networks', 'network', network, set.net.id],
    ['subnets', 'subnet', subnet, set.sub.id],
    ['ports', 'port', port, made.id],
  ] as const;
  const request = fc.constantFrom(...targets).chain(([path, name, { fields }, id]) =>
    fc.record({
      path: fc.constant(path),
      id: fc.option(fc.constant(id)),
      body: fc.record({ [name]: fc.dictionary(fc.constantFrom(...Object.keys(fields)), fc.jsonValue()) }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(request, async ({ path, id, body }) => {
      const response = await set.send(id === null ? 'POST' : 'PUT', `${V2}/${path}${id === null ? '' : `/${id}`}`, set.token, body);
      assert.ok(response.statusCode < 500, response.body);
    }),
    { numRuns: 500 },
  );
});

test('names come back as they were given', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 100, unit: 'binary' }).filter((name) => !name.includes('\0') && name.isWellFormed()),
      async (name) => {
        const { id } = await make(set, admin, 'network', { name });
        assert.deepEqual(await ids(set, admin, `networks?${new URLSearchParams({ name, id }).toString()}`), [id]);
        assert.equal((await set.send('GET', `${V2}/networks/${id}`, admin)).json<{ network: Body }>().network['name'], name);
      },
    ),
    { numRuns: 50 },
  );
});

test('lists that are empty here', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  assert.deepEqual((await set.send('GET', `${V2}/extensions`, admin)).json(), { extensions: [] });
  assert.deepEqual((await set.send('GET', `${V2}/security-groups?name=default`, admin)).json(), { security_groups: [] });
  assert.deepEqual((await set.send('GET', `${V2}/subnetpools.json`, admin)).json(), { subnetpools: [] });
});
