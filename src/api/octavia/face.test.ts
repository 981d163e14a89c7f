import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { role } from '../../model/identity.ts';
import { insert } from '../../store/rows.ts';
import { type Body, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';

interface Web {
  api: Octavia;
  balancer: Shown;
  listener: Shown;
  pool: Shown;
}

async function web(t: TestContext): Promise<Web> {
  const api = await octavia(t);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { name: 'web-lb', vip_subnet_id: api.subnetId });
  const listener = await api.make('/listeners', 'listener', { name: 'http', protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  const pool = await api.make('/pools', 'pool', { name: 'web-pool', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  return { api, balancer, listener, pool };
}

function memberOf(last: number, more: Body = {}): Body {
  return { address: `192.0.2.${last}`, protocol_port: 80, ...more };
}

/** Keys of Octavia 11's answers (recorded), which every answer of ours must have. */
const RECORDED = {
  loadbalancer:
    'listeners pools id name description provisioning_status operating_status admin_state_up project_id created_at updated_at vip_address vip_port_id vip_subnet_id vip_network_id additional_vips provider flavor_id vip_qos_policy_id tags availability_zone tenant_id',
  listener:
    'id name description provisioning_status operating_status admin_state_up protocol protocol_port connection_limit default_tls_container_ref sni_container_refs project_id default_pool_id l7policies insert_headers created_at updated_at loadbalancers timeout_client_data timeout_member_connect timeout_member_data timeout_tcp_inspect tags client_ca_tls_container_ref client_authentication client_crl_container_ref allowed_cidrs tls_ciphers tls_versions alpn_protocols tenant_id',
  pool: 'id name description provisioning_status operating_status admin_state_up protocol lb_algorithm session_persistence project_id loadbalancers listeners created_at updated_at members tags tls_container_ref ca_tls_container_ref crl_container_ref tls_enabled tls_ciphers tls_versions alpn_protocols tenant_id',
  member:
    'id name operating_status provisioning_status admin_state_up address protocol_port weight backup subnet_id project_id created_at updated_at monitor_address monitor_port tags tenant_id',
  healthmonitor:
    'id name type delay timeout max_retries max_retries_down http_method url_path expected_codes admin_state_up project_id pools provisioning_status operating_status created_at updated_at tags http_version domain_name tenant_id',
};

test('the four commands become ACTIVE, with the keys that Octavia answers with', async (t) => {
  const { api, balancer, listener, pool } = await web(t);
  const member = await api.make(`/pools/${pool.id}/members`, 'member', memberOf(10, { subnet_id: api.subnetId }));
  const monitor = await api.make('/healthmonitors', 'healthmonitor', {
    pool_id: pool.id,
    type: 'HTTP',
    delay: 5,
    timeout: 3,
    max_retries: 3,
    url_path: '/health',
  });
  const made = { loadbalancer: balancer, listener, pool, member, healthmonitor: monitor };
  for (const [root, keys] of Object.entries(RECORDED)) {
    const answer = made[root as keyof typeof made];
    assert.deepEqual(
      keys.split(' ').filter((key) => !(key in answer)),
      [],
      root,
    );
    assert.equal(answer.provisioning_status, 'PENDING_CREATE', root);
    assert.match(String(answer['created_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  }
  await api.settle();
  const shown = await api.show(`/loadbalancers/${balancer.id}`, 'loadbalancer');
  assert.equal(shown.provisioning_status, 'ACTIVE');
  assert.deepEqual(shown['listeners'], [{ id: listener.id }]);
  assert.deepEqual(shown['pools'], [{ id: pool.id }]);
  assert.equal(shown['vip_address'], balancer['vip_address']);
  for (const path of [`/listeners/${listener.id}`, `/pools/${pool.id}`, `/pools/${pool.id}/members/${member.id}`, `/healthmonitors/${monitor.id}`]) {
    const root = path.startsWith('/healthmonitors') ? 'healthmonitor' : path.includes('/members/') ? 'member' : path.startsWith('/pools') ? 'pool' : 'listener';
    assert.equal((await api.show(path, root)).provisioning_status, 'ACTIVE', path);
  }
  assert.equal((await api.show(`/pools/${pool.id}`, 'pool'))['healthmonitor_id'], monitor.id);
});

test('every spelling of a path reaches the same object', async (t) => {
  const { api, balancer } = await web(t);
  const headers = { 'x-auth-token': await api.user('admin', 'admin') };
  for (const prefix of ['/v2/lbaas', '/v2.0/lbaas', '/v2', '/v2.0']) {
    for (const suffix of ['', '/', '.json']) {
      const response = await api.app.inject({ url: `/load-balancer${prefix}/loadbalancers/${balancer.id}${suffix}`, headers });
      assert.equal(response.statusCode, 200, `${prefix}${suffix}: ${response.body}`);
    }
  }
});

test('discovery lists v2.0 to v2.30 in order, the last CURRENT, without a token', async (t) => {
  const api = await octavia(t);
  const response = await api.app.inject({ url: '/load-balancer/', headers: { host: 'controller:9876' } });
  const { versions } = response.json<{ versions: { id: string; status: string; links: { href: string }[] }[] }>();
  assert.deepEqual(
    versions.map(({ id }) => id),
    Array.from({ length: 31 }, (_, minor) => `v2.${minor}`),
  );
  assert.deepEqual(
    versions.filter(({ status }) => status === 'CURRENT').map(({ id }) => id),
    ['v2.30'],
  );
  assert.equal(versions[0]?.links[0]?.href, 'http://controller:9876/load-balancer/v2');
});

test("a wrong body is answered in Octavia's words and changes nothing", async (t) => {
  const { api, balancer, listener, pool } = await web(t);
  const cases: [string, string, unknown, number, RegExp][] = [
    [
      'POST',
      '/loadbalancers',
      { loadbalancer: { vip_subnet_id: 'nonsense' } },
      400,
      /^Invalid input for field\/attribute vip_subnet_id\. Value: 'nonsense'\. Value should be UUID format$/,
    ],
    ['POST', '/loadbalancers', { loadbalancer: {} }, 400, /^Validation failure: VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id\.$/],
    [
      'POST',
      '/loadbalancers',
      { loadbalancer: { vip_subnet_id: api.subnetId, colour: 'red' } },
      400,
      /^Unknown attribute\(s\) for argument load_balancer: colour$/,
    ],
    ['POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: randomUUID() } }, 400, /^Subnet .* not found\.$/],
    ['POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, name: 'x'.repeat(256) } }, 400, /maximum character requirement of 255$/],
    ['POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, provider: 'f5' } }, 400, /^Provider 'f5' is not enabled\.$/],
    ['POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, vip_address: balancer['vip_address'] } }, 409, /in use/],
    ['POST', '/loadbalancers', {}, 400, /^Missing argument: "load_balancer_"$/],
    ['POST', '/listeners', { listener: { protocol: 'HTTP', protocol_port: 70_000, loadbalancer_id: balancer.id } }, 400, /lower or equal to 65535$/],
    [
      'POST',
      '/listeners',
      { listener: { protocol: 'GOPHER', protocol_port: 70, loadbalancer_id: balancer.id } },
      400,
      /^Invalid input for field\/attribute protocol\. Value: 'GOPHER'\. Value should be one of: /,
    ],
    [
      'POST',
      '/listeners',
      { listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id } },
      409,
      /^Another Listener on this Load Balancer is already using protocol HTTP and protocol_port 80$/,
    ],
    ['POST', '/listeners', { listener: { protocol: 'HTTP', protocol_port: 81, loadbalancer_id: randomUUID() } }, 404, /^Load Balancer .* not found\.$/],
    [
      'POST',
      '/pools',
      { pool: { protocol: 'UDP', lb_algorithm: 'LEAST_CONNECTIONS', loadbalancer_id: balancer.id } },
      501,
      /^Provider 'octavia' does not support a requested option: /,
    ],
    [
      'POST',
      '/listeners',
      { listener: { protocol: 'TCP', protocol_port: 81, loadbalancer_id: balancer.id, insert_headers: { 'X-Forwarded-For': 'true' } } },
      400,
      /^insert-headers is not a valid option for a TCP protocol listener\.$/,
    ],
    ['POST', '/pools', { pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' } }, 400, /^Validation failure: /],
    [
      'POST',
      '/pools',
      { pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id } },
      409,
      /^This listener already has a default pool$/,
    ],
    [
      'POST',
      '/pools',
      { pool: { protocol: 'UDP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id } },
      400,
      /^Validation failure: The pool protocol 'UDP' is invalid while the listener protocol is 'HTTP'\.$/,
    ],
    [
      'POST',
      '/pools',
      { pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer.id, session_persistence: { type: 'APP_COOKIE' } } },
      400,
      /^Validation failure: Field "cookie_name" must be specified/,
    ],
    ['POST', `/pools/${pool.id}/members`, { member: { address: 'localhost', protocol_port: 80 } }, 400, /IPv4 or IPv6 format$/],
    ['POST', `/pools/${pool.id}/members`, { member: memberOf(9, { weight: 257 }) }, 400, /lower or equal to 256$/],
    [
      'POST',
      '/healthmonitors',
      { healthmonitor: { pool_id: pool.id, type: 'TCP', delay: 1, timeout: 1, max_retries: 1, url_path: '/x' } },
      400,
      /url_path is not a valid option/,
    ],
    ['PUT', `/listeners/${listener.id}`, { listener: { protocol_port: 81 } }, 400, /^Unknown attribute\(s\) for argument listener: protocol_port$/],
    ['DELETE', `/loadbalancers/${balancer.id}`, undefined, 400, /has? ?children|has children/],
    ['GET', `/loadbalancers/${randomUUID()}`, undefined, 404, /^Load Balancer .* not found\.$/],
    ['GET', '/loadbalancers?colour=red', undefined, 400, /^One or more arguments are either duplicate or invalid$/],
    ['GET', '/loadbalancers?sort=colour', undefined, 400, /sort/i],
  ];
  const before = await snapshot(api);
  for (const [method, path, body, status, text] of cases) {
    const response = await api.send(method as 'POST', path, body);
    assert.equal(response.statusCode, status, `${method} ${path} ${JSON.stringify(body)}: ${response.body}`);
    const fault = response.json<Body>();
    assert.match(String(fault['faultstring']), text);
    assert.equal(fault['faultcode'], status >= 500 ? 'Server' : 'Client');
    assert.equal(fault['debuginfo'], null);
    assert.match(String(response.headers['x-openstack-request-id']), /^req-/);
  }
  assert.deepEqual(await snapshot(api), before);
});

async function snapshot(api: Octavia): Promise<Body[]> {
  await api.settle();
  const lists = ['/loadbalancers', '/listeners', '/pools', '/healthmonitors', '/network/v2.0/ports'];
  const bodies = await Promise.all(lists.map(async (path) => expect(await api.send('GET', path), 200)));
  // What is observed meanwhile is no write.
  return JSON.parse(JSON.stringify(bodies, (key, value: unknown) => (key === 'operating_status' ? undefined : value))) as Body[];
}

test('broken JSON, large bodies, wrong methods, unknown paths and missing parents', async (t) => {
  const { api, pool } = await web(t);
  const headers = { 'x-auth-token': await api.user('admin', 'admin'), 'content-type': 'application/json' };
  const url = '/load-balancer/v2.0/lbaas/loadbalancers';
  const broken = await api.app.inject({ method: 'POST', url, headers, payload: '{"loadbalancer": ' });
  assert.deepEqual([broken.statusCode, broken.json<Body>()['faultstring']], [400, 'Request is not in valid JSON format']);
  const large = await api.app.inject({ method: 'POST', url, headers, payload: JSON.stringify({ loadbalancer: { name: 'x'.repeat(2_000_000) } }) });
  assert.equal(large.statusCode, 413);
  const other = await api.app.inject({ method: 'POST', url, headers: { ...headers, 'content-type': 'text/xml' }, payload: '<x/>' });
  assert.equal(other.statusCode, 415);
  for (const [method, path, status] of [
    ['GET', '/nothing', 404],
    ['PUT', '/loadbalancers', 405],
    ['GET', `/pools/${randomUUID()}/members`, 404],
  ] as const) {
    const response = await api.send(method, path, method === 'PUT' ? {} : undefined);
    assert.equal(response.statusCode, status, path);
    assert.deepEqual(Object.keys(response.json<Body>()), ['code', 'title', 'description']);
  }
  assert.equal((await api.send('GET', `/pools/${pool.id}/members`)).statusCode, 200);
});

test('a token decides what is seen: none 401, foreign 403, readers do not write', async (t) => {
  const { api, balancer } = await web(t);
  const url = `/load-balancer/v2.0/lbaas/loadbalancers/${balancer.id}`;
  for (const token of [undefined, 'nonsense', '']) {
    const response = await api.app.inject({ url, headers: token === undefined ? {} : { 'x-auth-token': token } });
    assert.equal(response.statusCode, 401);
    assert.match(String(response.headers['www-authenticate']), /^Keystone uri="/);
  }
  const [foreign, reader, member] = [await api.user('blue', 'member'), await api.user('blue', 'reader'), await api.user('red', 'member')];
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    const response = await api.send(method, `/loadbalancers/${balancer.id}`, method === 'PUT' ? { loadbalancer: { name: 'mine' } } : undefined, foreign);
    assert.deepEqual([response.statusCode, response.json<Body>()['faultstring']], [403, 'Policy does not allow this request to be performed.']);
  }
  assert.deepEqual(expect(await api.send('GET', '/loadbalancers', undefined, foreign), 200)['loadbalancers'], []);
  assert.equal((await api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId } }, reader)).statusCode, 403);
  const own = expect(await api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId } }, member), 201)['loadbalancer'] as Shown;
  assert.equal(own['project_id'], api.projects.get('red'));
  assert.equal((await api.send('POST', '/listeners', { listener: { protocol: 'HTTP', protocol_port: 1, loadbalancer_id: own.id } }, foreign)).statusCode, 403);
});

test('a service of OpenStack lists the members of any pool, and sees nothing else of it', async (t) => {
  const { api, pool } = await web(t);
  const member = await api.make(`/pools/${pool.id}/members`, 'member', memberOf(10));
  await api.store.transaction((tx) => insert(tx.db, role, { id: randomUUID(), name: 'service', description: '', extra: {} }));
  const aodh = await api.user('blue', 'service');
  const { members } = expect(await api.send('GET', `/pools/${pool.id}/members`, undefined, aodh), 200) as { members: Shown[] };
  assert.deepEqual(
    members.map(({ id, operating_status }) => [id, typeof operating_status]),
    [[member.id, 'string']],
  );
  const elsewhere = `/pools/${pool.id}/members?project_id=${api.projects.get('blue')}`;
  assert.deepEqual(expect(await api.send('GET', elsewhere, undefined, aodh), 200)['members'], []);
  for (const path of [`/pools/${pool.id}`, `/pools/${pool.id}/members/${member.id}`])
    assert.equal((await api.send('GET', path, undefined, aodh)).statusCode, 403, path);
  assert.equal((await api.send('POST', `/pools/${pool.id}/members`, { member: memberOf(11) }, aodh)).statusCode, 403);
  assert.equal((await api.send('GET', `/pools/${pool.id}/members`, undefined, await api.user('blue', 'member'))).statusCode, 403);
});

test('member batch: adds, changes, removes, keeps with additive_only, refuses duplicates', async (t) => {
  const { api, pool } = await web(t);
  const path = `/pools/${pool.id}/members`;
  const put = async (members: Body[], query = ''): Promise<number> => (await api.send('PUT', `${path}${query}`, { members })).statusCode;
  const listed = async (): Promise<unknown[]> => {
    await api.settle();
    const { members } = expect(await api.send('GET', `${path}?sort=address`), 200) as { members: Shown[] };
    return members.map(({ address, weight, provisioning_status }) => [address, weight, provisioning_status]);
  };
  assert.equal(await put([memberOf(10), memberOf(11, { weight: 5 })]), 202);
  assert.deepEqual(await listed(), [
    ['192.0.2.10', 1, 'ACTIVE'],
    ['192.0.2.11', 5, 'ACTIVE'],
  ]);
  assert.equal(await put([memberOf(11, { weight: 7 }), memberOf(12)]), 202);
  assert.deepEqual(await listed(), [
    ['192.0.2.11', 7, 'ACTIVE'],
    ['192.0.2.12', 1, 'ACTIVE'],
  ]);
  assert.equal(await put([memberOf(13)], '?additive_only=true'), 202);
  assert.deepEqual((await listed()).length, 3);
  // Nobody's members go because of how it was spelt.
  for (const additive of ['?additive_only=t', '?additive_only=Y', '?additive_only=%20true']) assert.equal(await put([memberOf(13)], additive), 202, additive);
  for (const unclear of ['?additive_only=', '?additive_only=ture', '?additive_only=True&additive_only=True'])
    assert.equal(await put([memberOf(13)], unclear), 400, unclear);
  assert.deepEqual((await listed()).length, 3);
  assert.equal(await put([memberOf(14), memberOf(14)]), 400);
  assert.equal(await put([memberOf(14), memberOf(15, { weight: 999 })]), 400);
  assert.equal((await listed()).length, 3);
  assert.equal(await put([]), 202);
  assert.deepEqual(await listed(), []);
});

test('deleting: a pool lets go of its listener, cascade leaves nothing behind, twice is refused', async (t) => {
  const { api, balancer, listener, pool } = await web(t);
  await api.make(`/pools/${pool.id}/members`, 'member', memberOf(10));
  await api.make('/healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'TCP', delay: 5, timeout: 3, max_retries: 3 });
  assert.equal((await api.send('DELETE', `/pools/${pool.id}`)).statusCode, 204);
  await api.settle();
  assert.equal((await api.send('GET', `/pools/${pool.id}`)).statusCode, 404);
  assert.equal((await api.show(`/listeners/${listener.id}`, 'listener'))['default_pool_id'], null);
  assert.deepEqual(expect(await api.send('GET', '/healthmonitors'), 200)['healthmonitors'], []);
  for (const unclear of ['?cascade=everything', '?cascade=true&cascade=true'])
    assert.equal((await api.send('DELETE', `/loadbalancers/${balancer.id}${unclear}`)).statusCode, 400, unclear);
  assert.equal((await api.send('DELETE', `/loadbalancers/${balancer.id}?cascade=True`)).statusCode, 204);
  await api.settle();
  for (const path of [`/loadbalancers/${balancer.id}`, `/listeners/${listener.id}`]) assert.equal((await api.send('GET', path)).statusCode, 404);
  assert.deepEqual(expect(await api.send('GET', '/network/v2.0/ports'), 200)['ports'], []);
});

test('an update changes only what is named; null resets; the generation is delivered', async (t) => {
  const { api, listener } = await web(t);
  const path = `/listeners/${listener.id}`;
  const changed = expect(await api.send('PUT', path, { listener: { connection_limit: 10, name: 'other' } }), 200)['listener'] as Shown;
  assert.deepEqual([changed['connection_limit'], changed['name'], changed['protocol_port']], [10, 'other', 80]);
  assert.match(changed.provisioning_status, /^PENDING_/);
  const reset = expect(await api.send('PUT', path, { listener: { connection_limit: null, admin_state_up: null } }), 200)['listener'] as Shown;
  assert.deepEqual([reset['connection_limit'], reset['admin_state_up'], reset['name']], [-1, false, 'other']);
  await api.settle();
  assert.equal((await api.show(path, 'listener')).provisioning_status, 'ACTIVE');
});

test('lists: filters, fields, pages with links', async (t) => {
  const { api, balancer } = await web(t);
  for (let index = 0; index < 5; index++)
    await api.make('/loadbalancers', 'loadbalancer', { name: `lb-${index}`, vip_subnet_id: api.subnetId, tags: index % 2 === 0 ? ['even'] : [] });
  const names = async (query: string): Promise<unknown[]> =>
    (expect(await api.send('GET', `/loadbalancers?${query}`), 200)['loadbalancers'] as Shown[]).map(({ name }) => name);
  assert.deepEqual(await names('name=lb-3'), ['lb-3']);
  assert.deepEqual(await names('name=lb-3&name=lb-1&sort=name:desc'), ['lb-3', 'lb-1']);
  assert.deepEqual(await names('tags=even&sort=name'), ['lb-0', 'lb-2', 'lb-4']);
  assert.deepEqual(await names(`vip_address=${String(balancer['vip_address'])}`), ['web-lb']);
  const fields = expect(await api.send('GET', '/loadbalancers?fields=id&fields=name&limit=1'), 200)['loadbalancers'] as Shown[];
  assert.deepEqual(Object.keys(fields[0] ?? {}), ['id', 'name']);
  const seen: unknown[] = [];
  let next = '/loadbalancers?limit=2&sort=name';
  while (next !== '') {
    const page = expect(await api.send('GET', next), 200) as { loadbalancers: Shown[]; loadbalancers_links: { rel: string; href: string }[] };
    seen.push(...page.loadbalancers.map(({ name }) => name));
    const link = page.loadbalancers_links.find(({ rel }) => rel === 'next')?.href ?? '';
    next = link.slice(link.indexOf('/lbaas') + 6 || link.length);
  }
  assert.deepEqual(seen, ['lb-0', 'lb-1', 'lb-2', 'lb-3', 'lb-4', 'web-lb']);
});

test('status and stats', async (t) => {
  const { api, balancer, listener, pool } = await web(t);
  const member = await api.make(`/pools/${pool.id}/members`, 'member', memberOf(10));
  await api.settle();
  for (const path of ['status', 'statuses']) {
    const { statuses } = expect(await api.send('GET', `/loadbalancers/${balancer.id}/${path}`), 200) as { statuses: { loadbalancer: Body } };
    const tree = statuses.loadbalancer as unknown as {
      provisioning_status: string;
      listeners: { id: string; pools: { id: string; members: { id: string; protocol_port: number }[] }[] }[];
    };
    assert.equal(tree.provisioning_status, 'ACTIVE');
    assert.equal(tree.listeners[0]?.id, listener.id);
    assert.equal(tree.listeners[0]?.pools[0]?.id, pool.id);
    assert.equal(tree.listeners[0]?.pools[0]?.members[0]?.id, member.id);
  }
  for (const path of [`/loadbalancers/${balancer.id}/stats`, `/listeners/${listener.id}/stats`]) {
    assert.deepEqual(expect(await api.send('GET', path), 200)['stats'], {
      active_connections: 0,
      bytes_in: 0,
      bytes_out: 0,
      request_errors: 0,
      total_connections: 0,
    });
  }
});

test('/healthcheck answers without a token', async (t) => {
  const { app } = await octavia(t);
  const text = await app.inject('/load-balancer/healthcheck');
  assert.deepEqual([text.statusCode, text.body], [200, 'OK']);
  assert.equal((await app.inject({ method: 'HEAD', url: '/load-balancer/healthcheck' })).statusCode, 204);
  assert.equal((await app.inject({ method: 'POST', url: '/load-balancer/healthcheck' })).statusCode, 405);
});

test('only JSON is spoken: another Accept is 406, none at all and an empty one are fine', async (t) => {
  const api = await octavia(t);
  const status = async (accept: string): Promise<number> => (await api.send('GET', '/loadbalancers', undefined, undefined, { accept })).statusCode;
  for (const accept of ['', ' ', '*/*', 'application/json', 'application/*;q=0.5, text/html', 'text/html,application/json;q=0.9'])
    assert.equal(await status(accept), 200, accept);
  for (const accept of ['text/html', 'application/xml', 'application/jsonp']) assert.equal(await status(accept), 406, accept);
});
