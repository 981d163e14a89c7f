import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { type Body, COMPUTE, computeFixture, serverInfo, source } from './compute.fixture.ts';

function assertError(response: LightMyRequestResponse, code: number, kind: string, message: string | RegExp): void {
  assert.equal(response.statusCode, code, response.body);
  const body = response.json<Record<string, { code: number; message: string }>>();
  assert.deepEqual(Object.keys(body), [kind]);
  assert.equal(body[kind]?.code, code);
  if (message instanceof RegExp) assert.match(body[kind].message, message);
  else assert.equal(body[kind].message, message);
}

const three = [serverInfo(1), serverInfo(2, { status: 'SHUTOFF', tags: ['a', 'b'] }), serverInfo(3, { name: 'web1', tags: ['a'] })];

describe('versions', () => {
  test('are told without a token', async (t) => {
    const { get } = await computeFixture(t);
    const common = {
      id: 'v2.1',
      status: 'CURRENT',
      version: '2.73',
      min_version: '2.1',
      updated: '2013-07-23T11:33:21Z',
      links: [{ rel: 'self', href: `${COMPUTE}/v2.1/` }],
    };
    assert.deepEqual((await get('/', 'nobody')).json(), { versions: [common] });
    for (const path of ['/v2.1', '/v2.1/']) {
      const type = 'application/vnd.openstack.compute+json;version=2.1';
      assert.deepEqual((await get(path, 'nobody')).json(), { version: { ...common, 'media-types': [{ base: 'application/json', type }] } });
    }
  });

  test('are negotiated by either header, the common one first', async (t) => {
    const { app } = await computeFixture(t, source(...three));
    const ask = (headers: Record<string, string>) => app.inject({ url: '/compute/v2.1/servers', headers: { 'x-auth-token': 'blue', ...headers } });
    const cases: [Record<string, string>, string][] = [
      [{}, '2.1'],
      [{ 'openstack-api-version': 'compute 2.73' }, '2.73'],
      [{ 'x-openstack-nova-api-version': '2.47' }, '2.47'],
      [{ 'openstack-api-version': 'compute 2.9', 'x-openstack-nova-api-version': '2.47' }, '2.9'],
      [{ 'openstack-api-version': 'volume 3.0, compute latest' }, '2.73'],
      [{ 'openstack-api-version': 'volume 3.0' }, '2.1'],
    ];
    for (const [headers, version] of cases) {
      const response = await ask(headers);
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers['openstack-api-version'], `compute ${version}`);
      assert.equal(response.headers['x-openstack-nova-api-version'], version);
      assert.match(String(response.headers.vary), /X-OpenStack-Nova-API-Version/);
    }
    for (const wrong of ['2', 'two', '2.01', '2.1.1', '-2.1', '']) {
      const response = await ask({ 'x-openstack-nova-api-version': wrong });
      assertError(response, 400, 'badRequest', `API Version String ${wrong} is of invalid format. Must be of format MajorNum.MinorNum.`);
    }
    for (const outside of ['2.0', '2.74', '3.1', '2.999999999']) {
      const message = `Version ${outside} is not supported by the API. Minimum is 2.1 and maximum is 2.73.`;
      assertError(await ask({ 'openstack-api-version': `compute ${outside}` }), 406, 'computeFault', message);
    }
  });
});

describe('a server', () => {
  test('is shown as Nova shows one at 2.73', async (t) => {
    const { get } = await computeFixture(t, source(serverInfo(1)));
    const { id } = serverInfo(1);
    const { server } = (await get(`/v2.1/servers/${id}`, 'admin', '2.73')).json<{ server: Body }>();
    assert.deepEqual(server, {
      id,
      name: 'iot-gw-1',
      status: 'ACTIVE',
      tenant_id: 'blue',
      user_id: '',
      metadata: {},
      hostId: server['hostId'],
      image: '',
      flavor: { vcpus: 1, ram: 128, disk: 0, ephemeral: 0, swap: 0, original_name: 'edge', extra_specs: {} },
      created: '2026-01-02T00:00:00Z',
      updated: '2026-02-02T00:00:00Z',
      addresses: { private: [{ version: 4, addr: '192.168.1.1', 'OS-EXT-IPS:type': 'fixed', 'OS-EXT-IPS-MAC:mac_addr': '02:00:c0:a8:01:01' }] },
      accessIPv4: '',
      accessIPv6: '',
      links: [
        { rel: 'self', href: `${COMPUTE}/v2.1/servers/${id}` },
        { rel: 'bookmark', href: `${COMPUTE}/servers/${id}` },
      ],
      'OS-DCF:diskConfig': 'MANUAL',
      progress: 0,
      'OS-EXT-AZ:availability_zone': 'north',
      config_drive: '',
      key_name: null,
      'OS-SRV-USG:launched_at': '2026-01-02T00:00:00.000000',
      'OS-SRV-USG:terminated_at': null,
      'OS-EXT-SRV-ATTR:host': 'host1',
      'OS-EXT-SRV-ATTR:instance_name': 'gw-1',
      'OS-EXT-SRV-ATTR:hypervisor_hostname': 'host1',
      'OS-EXT-SRV-ATTR:reservation_id': null,
      'OS-EXT-SRV-ATTR:launch_index': 0,
      'OS-EXT-SRV-ATTR:hostname': 'iot-gw-1',
      'OS-EXT-SRV-ATTR:kernel_id': null,
      'OS-EXT-SRV-ATTR:ramdisk_id': null,
      'OS-EXT-SRV-ATTR:root_device_name': null,
      'OS-EXT-SRV-ATTR:user_data': null,
      'OS-EXT-STS:task_state': null,
      'OS-EXT-STS:vm_state': 'active',
      'OS-EXT-STS:power_state': 1,
      'os-extended-volumes:volumes_attached': [],
      host_status: 'UP',
      locked: false,
      description: null,
      tags: [],
      trusted_image_certificates: null,
      server_groups: [],
      locked_reason: null,
    });
    assert.match(String(server['hostId']), /^[0-9a-f]{56}$/);
  });

  test('has fewer attributes at older versions, for members, and when it is off', async (t) => {
    const { get } = await computeFixture(t, source(...three));
    const keys = async (path: string, who: 'admin' | 'blue', version: string): Promise<Set<string>> => {
      const body = (await get(`/v2.1/${path}`, who, version)).json<{ server?: Body; servers?: Body[] }>();
      return new Set(Object.keys(body.server ?? body.servers?.[0] ?? {}));
    };
    const [first, second] = [`servers/${serverInfo(1).id}`, `servers/${serverInfo(2).id}`];
    const added: [string, string][] = [
      ['OS-EXT-SRV-ATTR:hostname', '2.3'],
      ['locked', '2.9'],
      ['host_status', '2.16'],
      ['description', '2.19'],
      ['tags', '2.26'],
      ['trusted_image_certificates', '2.63'],
      ['server_groups', '2.71'],
      ['locked_reason', '2.73'],
    ];
    for (const [name, since] of added) {
      const before = `2.${Number(since.slice(2)) - 1}`;
      assert.deepEqual([(await keys(first, 'admin', before)).has(name), (await keys(first, 'admin', since)).has(name)], [false, true], name);
    }
    const [members, list, off] = [await keys(first, 'blue', '2.73'), await keys('servers/detail', 'admin', '2.73'), await keys(second, 'blue', '2.73')];
    assert.ok(![...members].some((name) => name.startsWith('OS-EXT-SRV-ATTR') || name === 'host_status'));
    assert.ok(!list.has('server_groups') && !off.has('progress'));
  });

  test('has its flavor as a link before 2.47; the link leads there', async (t) => {
    const { get } = await computeFixture(t, source(...three));
    const { server } = (await get(`/v2.1/servers/${serverInfo(1).id}`, 'blue', '2.46')).json<{ server: Body }>();
    assert.deepEqual(server['flavor'], { id: 'edge', links: [{ rel: 'bookmark', href: `${COMPUTE}/flavors/edge` }] });
    const { flavor } = (await get('/v2.1/flavors/edge', 'blue', '2.61')).json<{ flavor: Body }>();
    assert.deepEqual([flavor['vcpus'], flavor['ram'], flavor['extra_specs'], flavor['description']], [1, 128, {}, null]);
    assert.equal((await get('/v2.1/flavors')).json<{ flavors: Body[] }>().flavors.length, 1);
    assert.deepEqual((await get('/v2.1/flavors', 'red')).json(), { flavors: [] });
    assertError(await get('/v2.1/flavors/none'), 404, 'itemNotFound', 'Flavor none could not be found.');
  });

  test('of another project is not there, unless it is shared or an administrator asks', async (t) => {
    const { get, names } = await computeFixture(t, source(serverInfo(1), serverInfo(2, { shared: true })));
    assert.deepEqual(await names('sort_key=uuid&sort_dir=asc'), ['iot-gw-1', 'iot-gw-2']);
    assert.deepEqual(await names('', 'red'), ['iot-gw-2']);
    assert.deepEqual(await names('', 'admin'), ['iot-gw-2']);
    for (const query of ['all_tenants=1', 'all_tenants=', 'all_projects=True', 'project_id=blue', 'tenant_id=blue']) {
      assert.deepEqual((await names(query, 'admin')).toSorted(), ['iot-gw-1', 'iot-gw-2'], query);
    }
    assert.deepEqual(await names('project_id=blue', 'red'), ['iot-gw-2']);
    const { id } = serverInfo(1);
    assert.equal((await get(`/v2.1/servers/${id}`, 'admin')).statusCode, 200);
    assertError(await get(`/v2.1/servers/${id}`, 'red'), 404, 'itemNotFound', `Instance ${id} could not be found.`);
    const message = "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.";
    assertError(await get('/v2.1/servers/detail?all_tenants=True', 'red'), 403, 'forbidden', message);
  });
});

describe('lists', () => {
  test('are filtered as by Nova', async (t) => {
    const v6 = { network: 'private', address: '2001:db8::7', mac: '' };
    const { names } = await computeFixture(
      t,
      source(...three),
      source(serverInfo(4, { name: 'six', addresses: [v6], availabilityZone: 'south' }), serverInfo(1)),
    );
    const cases: [string, string[], ('blue' | 'admin')?, string?][] = [
      ['name=iot-gw-*', ['iot-gw-2', 'iot-gw-1']],
      ['name=%5Eweb', ['web1']],
      ['status=ACTIVE', ['six', 'web1', 'iot-gw-1']],
      ['status=active&status=shutoff', ['six', 'web1', 'iot-gw-2', 'iot-gw-1']],
      ['status=gone', []],
      ['ip=192.168.1.[12]', ['iot-gw-2', 'iot-gw-1']],
      ['ip=168', []],
      ['ip6=2001', ['six']],
      ['flavor=edge&name=six', ['six']],
      ['flavor=other', []],
      ['changes-since=2026-02-04T00:00:00Z', ['six', 'web1']],
      ['changes-before=2026-02-03T00:00:00', ['iot-gw-2', 'iot-gw-1'], 'blue', '2.66'],
      ['changes-before=2026-02-03T00:00:00', ['six', 'web1', 'iot-gw-2', 'iot-gw-1'], 'blue', '2.65'],
      ['tags=a,b', ['iot-gw-2'], 'blue', '2.26'],
      ['tags-any=b,c', ['iot-gw-2'], 'blue', '2.26'],
      ['not-tags=a,b', ['six', 'web1', 'iot-gw-1'], 'blue', '2.26'],
      ['not-tags-any=a,b', ['six', 'iot-gw-1'], 'blue', '2.26'],
      ['locked=true', [], 'blue', '2.73'],
      ['availability_zone=south', ['six', 'web1', 'iot-gw-2', 'iot-gw-1']],
      ['all_tenants=1&availability_zone=south', ['six'], 'admin'],
      ['all_tenants=1&vm_state=stopped', ['iot-gw-2'], 'admin'],
      ['all_tenants=1&deleted=true', [], 'admin'],
      ['all_tenants=1&host=host1&power_state=4', ['iot-gw-2'], 'admin'],
      ['what=ever&__proto__=x&constructor=y', ['six', 'web1', 'iot-gw-2', 'iot-gw-1']],
    ];
    for (const [query, expected, who, version] of cases) assert.deepEqual(await names(query, who, version), expected, query);
  });

  test('are sorted by any of the keys, and cut into pages that lead to each other', async (t) => {
    const { names, get } = await computeFixture(t, source(...three));
    assert.deepEqual(await names('sort_key=display_name&sort_dir=asc'), ['iot-gw-1', 'iot-gw-2', 'web1']);
    assert.deepEqual(await names('sort_key=vm_state&sort_dir=asc&sort_key=uuid&sort_dir=desc'), ['web1', 'iot-gw-1', 'iot-gw-2']);
    const seen: string[] = [];
    for (let path: string | undefined = '/v2.1/servers/detail?limit=2&name=.&sort_key=uuid&sort_dir=asc'; path !== undefined;) {
      const page: { servers: { name: string }[]; servers_links?: { rel: string; href: string }[] } = (await get(path)).json();
      seen.push(...page.servers.map(({ name }) => name));
      path = page.servers_links?.[0]?.href.slice(COMPUTE.length);
    }
    assert.deepEqual(seen, ['iot-gw-1', 'iot-gw-2', 'web1']);
    assert.deepEqual(await names('limit=0'), []);
    assert.deepEqual(await names(`status=ACTIVE&sort_key=uuid&sort_dir=asc&marker=${serverInfo(2).id}`), ['web1']);
    const { servers } = (await get('/v2.1/servers')).json<{ servers: Body[] }>();
    assert.deepEqual(Object.keys(servers[0] ?? {}), ['id', 'name', 'links']);
  });

  test('refuse what makes no sense, in words', async (t) => {
    const { get } = await computeFixture(t);
    const cases: [string, RegExp][] = [
      ['name=*', /^Invalid input for query parameters name\. Value: \*\. '\*' is not a 'regex'/],
      ['name=(a', /regex/],
      ['ip=[', /query parameters ip\./],
      ['limit=-1', /'-1' does not match/],
      ['limit=x', /limit/],
      ['marker=none', /^marker \[none\] not found$/],
      ['sort_key=password', /sort_key/],
      ['sort_key=uuid&sort_dir=up', /sort_dir/],
      ['changes-since=yesterday', /'yesterday' is not a 'date-time'/],
      ['all_tenants=maybe', /all_tenants/],
    ];
    for (const [query, message] of cases) assertError(await get(`/v2.1/servers?${query}`), 400, 'badRequest', message);
    assertError(await get('/v2.1/servers?status=gone', 'blue', '2.38'), 400, 'badRequest', 'Invalid status value');
  });

  test('those of the operators are every administrator’s own, and nobody else’s', async (t) => {
    const { get, names } = await computeFixture(t, source(serverInfo(1), serverInfo(9, { name: 'gateway', projectId: '', isOperators: true })));
    assert.deepEqual([await names('', 'admin'), await names('', 'blue'), await names('', 'red')], [['gateway'], ['iot-gw-1'], []]);
    const { id } = serverInfo(9);
    assert.deepEqual([(await get(`/v2.1/servers/${id}`, 'admin')).statusCode, (await get(`/v2.1/servers/${id}`, 'blue')).statusCode], [200, 404]);
  });

  test('with a hostile pattern over many servers leave room for other requests', async (t) => {
    const many = Array.from({ length: 1000 }, (_, index) => serverInfo(index, { name: 'a'.repeat(255) }));
    const { get, names } = await computeFixture(t, source(...many));
    const order: string[] = [];
    const pattern = encodeURIComponent(`${'(a?){28}'.repeat(3)}b`);
    await Promise.all([
      names(`name=${pattern}`).then((found) => order.push(`list ${found.length}`)),
      get('/')
        .then(() => order.push('first'))
        .then(() => get('/v2.1'))
        .then(() => order.push('second')),
    ]);
    assert.deepEqual(order, ['first', 'second', 'list 0']);
  });
});

describe('around servers', () => {
  test('zones and limits follow from what the caller sees', async (t) => {
    const { get } = await computeFixture(t, source(...three));
    const zones = [{ zoneName: 'north', zoneState: { available: true }, hosts: null }];
    assert.deepEqual((await get('/v2.1/os-availability-zone')).json(), { availabilityZoneInfo: zones });
    assert.deepEqual((await get('/v2.1/os-availability-zone', 'red')).json(), { availabilityZoneInfo: [] });
    const { limits } = (await get('/v2.1/limits')).json<{ limits: { absolute: Body } }>();
    assert.deepEqual([limits.absolute['totalInstancesUsed'], limits.absolute['totalRAMUsed']], [3, 384]);
    const { projectId } = serverInfo(1);
    const { quota_set: quota } = (await get(`/v2.1/os-quota-sets/${projectId}`)).json<{ quota_set: Body }>();
    assert.deepEqual([quota['id'], quota['key_pairs']], [projectId, 0]);
    assert.equal((await get(`/v2.1/os-quota-sets/${projectId}x`, 'red')).statusCode, 403);
    assert.equal((await get(`/v2.1/os-quota-sets/${projectId}x/detail`, 'red')).statusCode, 403);
    const { quota_set: detail } = (await get(`/v2.1/os-quota-sets/${projectId}/detail`)).json<{ quota_set: Body }>();
    assert.deepEqual(detail['instances'], { limit: quota['instances'], in_use: quota['instances'], reserved: 0 });
    const { quota_set: blank } = (await get(`/v2.1/os-quota-sets/${projectId}/defaults`, 'red')).json<{ quota_set: Body }>();
    assert.deepEqual([blank['id'], blank['instances'], Object.keys(blank)], [projectId, 0, Object.keys(quota)]);
    assert.deepEqual((await get(`/v2.1/servers/${serverInfo(1).id}/metadata`)).json(), { metadata: {} });
  });

  test('writes are refused, by policy where Nova has the path, as a method elsewhere', async (t) => {
    const { app } = await computeFixture(t, source(...three));
    const { id } = serverInfo(1);
    const send = (method: 'POST' | 'PUT' | 'DELETE' | 'PATCH', path: string, token = 'admin') =>
      app.inject({ method, url: `/compute/v2.1${path}`, headers: { 'x-auth-token': token }, ...(method === 'DELETE' ? {} : { payload: {} }) });
    const policy = (rule: string): RegExp => new RegExp(`^Policy doesn't allow os_compute_api:${rule} to be performed\\. .*weir lab stop`);
    assertError(await send('POST', '/servers'), 403, 'forbidden', policy('servers:create'));
    assertError(await send('PUT', `/servers/${id}`), 403, 'forbidden', policy('servers:update'));
    assertError(await send('DELETE', `/servers/${id}`), 403, 'forbidden', policy('servers:delete'));
    assertError(await send('POST', `/servers/${id}/action`), 403, 'forbidden', policy('os-admin-actions'));
    assertError(await send('PATCH', '/servers'), 405, 'badMethod', /PATCH is not allowed/);
    assertError(await send('POST', '/limits'), 405, 'badMethod', /POST is not allowed/);
    assertError(await send('POST', '/servers', 'nobody'), 401, 'error', /requires authentication/);
  });

  test('what is not there is 404 in the same shape; without a token 401 comes first', async (t) => {
    const { get } = await computeFixture(t, source(...three));
    assertError(await get('/v2.1/keypairs'), 404, 'itemNotFound', /could not be found\. There is no \/compute\/v2\.1\/keypairs here/);
    assertError(await get('/v3/servers'), 404, 'itemNotFound', /could not be found/);
    assertError(await get('/v2.1/servers/none'), 404, 'itemNotFound', 'Instance none could not be found.');
    const { error } = (await get('/v2.1/servers', 'nobody')).json<{ error: Body }>();
    assert.deepEqual([error['code'], error['title']], [401, 'Unauthorized']);
  });
});
