import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Body, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';

interface Web {
  api: Octavia;
  balancer: Shown;
  listener: Shown;
  pool: Shown;
}

const POLICY = '/l7policies';

/** A balancer of the provider that carries anything, with a listener and a pool that is nobody's default. */
async function web(t: TestContext, options: Parameters<typeof octavia>[1] = {}): Promise<Web> {
  const api = await octavia(t, options);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, provider: 'noop' });
  const listener = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  const pool = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer.id });
  await api.settle();
  return { api, balancer, listener, pool };
}

function policy({ api, listener }: Web, more: Body = {}): Promise<Shown> {
  return api.make(POLICY, 'l7policy', { action: 'REJECT', listener_id: listener.id, ...more });
}

const POLICY_KEYS =
  'action admin_state_up created_at description id listener_id name operating_status position project_id provisioning_status redirect_http_code redirect_pool_id redirect_prefix redirect_url rules tags tenant_id updated_at';
const RULE_KEYS = 'admin_state_up compare_type created_at id invert key operating_status project_id provisioning_status tags tenant_id type updated_at value';

const RULE = { type: 'PATH', compare_type: 'STARTS_WITH', value: '/api' };

function rules(parent: Shown): string {
  return `${POLICY}/${parent.id}/rules`;
}

async function refused(response: ReturnType<Octavia['send']>, status: number): Promise<unknown> {
  return expect(await response, status)['faultstring'];
}

test('a policy and its rule are made, delivered and shown with the keys that Octavia answers with', async (t) => {
  const all = await web(t);
  const { api, listener, balancer } = all;
  const made = await policy(all, { name: 'p' });
  assert.deepEqual(Object.keys(made).toSorted().join(' '), POLICY_KEYS);
  const rule = await api.make(rules(made), 'rule', RULE);
  assert.deepEqual(Object.keys(rule).toSorted().join(' '), RULE_KEYS);
  for (const { provisioning_status, operating_status, project_id } of [made, rule] as Body[]) {
    assert.deepEqual([provisioning_status, operating_status, project_id], ['PENDING_CREATE', 'OFFLINE', balancer['project_id']]);
  }
  await api.settle();
  const shown = await api.show(`${POLICY}/${made.id}`, 'l7policy');
  assert.deepEqual([shown.provisioning_status, shown['operating_status'], shown['rules'], shown['position']], ['ACTIVE', 'ONLINE', [{ id: rule.id }], 1]);
  const shownRule = await api.show(`${rules(made)}/${rule.id}`, 'rule');
  assert.deepEqual([shownRule.provisioning_status, shownRule['operating_status']], ['ACTIVE', 'ONLINE']);
  assert.deepEqual((await api.show(`/listeners/${listener.id}`, 'listener'))['l7policies'], [{ id: made.id }]);
  assert.equal((await api.show(`/loadbalancers/${balancer.id}`, 'loadbalancer')).provisioning_status, 'ACTIVE');
});

test('a switched-off policy stays OFFLINE; switched on it goes ONLINE', async (t) => {
  const all = await web(t);
  const made = await policy(all, { admin_state_up: false });
  await all.api.settle();
  assert.equal((await all.api.show(`${POLICY}/${made.id}`, 'l7policy'))['operating_status'], 'OFFLINE');
  expect(await all.api.send('PUT', `${POLICY}/${made.id}`, { l7policy: { admin_state_up: true } }), 200);
  await all.api.settle();
  assert.equal((await all.api.show(`${POLICY}/${made.id}`, 'l7policy'))['operating_status'], 'ONLINE');
});

async function positions({ api }: Web, query = ''): Promise<string> {
  const { l7policies } = expect(await api.send('GET', `${POLICY}?sort=position${query}`), 200) as { l7policies: Body[] };
  return l7policies.map(({ name, position }) => `${String(name)}${String(position)}`).join(' ');
}

test('positions close up, make room and move; a deleted policy leaves no gap', async (t) => {
  const all = await web(t);
  const { api } = all;
  const a = await policy(all, { name: 'a' });
  const b = await policy(all, { name: 'b', position: 100 });
  await policy(all, { name: 'c', position: 1 });
  await policy(all, { name: 'd', position: 2 });
  await api.settle();
  assert.equal(await positions(all), 'c1 d2 a3 b4');
  expect(await api.send('PUT', `${POLICY}/${b.id}`, { l7policy: { position: 1 } }), 200);
  assert.equal(await positions(all), 'b1 c2 d3 a4');
  assert.equal((expect(await api.send('PUT', `${POLICY}/${b.id}`, { l7policy: { position: 3 } }), 200)['l7policy'] as Shown)['position'], 3);
  assert.equal(await positions(all), 'c1 d2 b3 a4');
  expect(await api.send('DELETE', `${POLICY}/${b.id}`), 204);
  await policy(all, { name: 'e', position: 3 });
  await api.settle();
  assert.equal(await positions(all), 'c1 d2 e3 a4');
  const listener = await api.show(`/listeners/${all.listener.id}`, 'listener');
  assert.equal((listener['l7policies'] as Body[]).at(-1)?.['id'], a.id, 'in their order');
  assert.equal(await positions(all, '&name=e'), 'e3');
});

test('an action, its target and its code agree', async (t) => {
  const all = await web(t);
  const { api, pool, listener } = all;
  const post = (object: Body): ReturnType<Octavia['send']> => api.send('POST', POLICY, { l7policy: { listener_id: listener.id, ...object } });
  const made = await policy(all, { action: 'REDIRECT_TO_URL', redirect_url: 'http://example.com/' });
  assert.equal(made['redirect_http_code'], 302);
  const put = async (object: Body): Promise<Body> => expect(await api.send('PUT', `${POLICY}/${made.id}`, { l7policy: object }), 200)['l7policy'] as Body;
  const pooled = await put({ redirect_pool_id: pool.id });
  assert.deepEqual(
    [pooled['action'], pooled['redirect_url'], pooled['redirect_pool_id'], pooled['redirect_http_code']],
    ['REDIRECT_TO_POOL', null, pool.id, null],
  );
  const prefixed = await put({ redirect_prefix: 'https://example.com', redirect_http_code: 308 });
  assert.deepEqual([prefixed['action'], prefixed['redirect_pool_id'], prefixed['redirect_http_code']], ['REDIRECT_PREFIX', null, 308]);
  assert.deepEqual([(await put({ action: 'REJECT' }))['redirect_prefix'], (await put({ name: 'x' }))['action']], [null, 'REJECT']);
  const cases: [Body, string][] = [
    [{ action: 'REDIRECT_TO_URL' }, 'Invalid L7 Policy arguments: redirect_url must not be None'],
    [{ action: 'REDIRECT_TO_POOL' }, 'Invalid L7 Policy arguments: redirect_pool_id or redirect_pool must not be None'],
    [{ action: 'REDIRECT_PREFIX' }, 'Invalid L7 Policy arguments: redirect_prefix must not be None'],
    [
      { action: 'REDIRECT_PREFIX', redirect_prefix: 'http://a.example', redirect_pool_id: pool.id },
      'Invalid L7 Policy arguments: Cannot specify redirect_pool_id and redirect_url or redirect_prefix at the same time',
    ],
    [{ action: 'REJECT', redirect_pool: { name: 'x' } }, 'Unknown attribute(s) for argument l7policy: redirect_pool'],
  ];
  for (const [object, words] of cases) assert.equal(await refused(post(object), 400), words);
  assert.equal(await refused(api.send('PUT', `${POLICY}/${made.id}`, { l7policy: {} }), 400), 'Invalid L7 Policy arguments: Invalid update options');
  assert.match(String(await refused(post({ action: 'REDIRECT_TO_URL', redirect_url: 'bad url' }), 400)), /Value must be a valid URL string$/);
  const missing = '4f2d5b1e-8f3c-4f0a-9d0e-6a3f1c2b7d90';
  assert.equal(await refused(post({ action: 'REDIRECT_TO_POOL', redirect_pool_id: missing }), 404), `Pool ${missing} not found.`);
});

test('a pool serves only listeners of its balancer that may use its protocol', async (t) => {
  const all = await web(t);
  const { api, balancer } = all;
  const other = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, provider: 'noop' });
  const strange = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: other.id });
  const tcp = await api.make('/pools', 'pool', { protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer.id });
  const post = (id: string): ReturnType<Octavia['send']> =>
    api.send('POST', POLICY, { l7policy: { listener_id: all.listener.id, action: 'REDIRECT_TO_POOL', redirect_pool_id: id } });
  assert.equal(await refused(post(strange.id), 404), `Pool ${strange.id} not found.`);
  assert.equal(await refused(post(tcp.id), 400), "Validation failure: The pool protocol 'TCP' is invalid while the listener protocol is 'HTTP'.");
});

test('listeners that have no policies: metrics with 400, what is not HTTP with 501 where HAProxy carries it', async (t) => {
  const { api, balancer } = await web(t);
  const metrics = await api.make('/listeners', 'listener', { protocol: 'PROMETHEUS', protocol_port: 8088, loadbalancer_id: balancer.id });
  const post = (listener_id: string): ReturnType<Octavia['send']> => api.send('POST', POLICY, { l7policy: { listener_id, action: 'REJECT' } });
  assert.equal(await refused(post(metrics.id), 400), 'Protocol PROMETHEUS listeners cannot have child objects.');
  const real = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const tcp = await api.make('/listeners', 'listener', { protocol: 'TCP', protocol_port: 80, loadbalancer_id: real.id });
  assert.equal(await refused(post(tcp.id), 501), "Provider 'octavia' does not support a requested option: TCP protocol listeners do not support L7 policies");
});

test('what HAProxy does not carry is refused with 501 before it is written, alone and within a policy', async (t) => {
  const { api } = await web(t);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const listener = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  const tab = { type: 'HEADER', compare_type: 'EQUAL_TO', key: 'X-A', value: '"a\tb"' };
  const words = "Provider 'octavia' does not support a requested option: ";
  const post = (more: Body): ReturnType<Octavia['send']> => api.send('POST', POLICY, { l7policy: { action: 'REJECT', listener_id: listener.id, ...more } });
  assert.equal(await refused(post({ rules: [RULE, tab] }), 501), `${words}an L7 rule with characters other than printable ASCII`);
  const made = expect(await post({ rules: [RULE] }), 201)['l7policy'] as Shown;
  assert.equal(await refused(api.send('POST', rules(made), { rule: tab }), 501), `${words}an L7 rule with characters other than printable ASCII`);
  const path = `${rules(made)}/${(made['rules'] as Shown[])[0]?.id}`;
  assert.equal(await refused(api.send('PUT', path, { rule: tab }), 501), `${words}an L7 rule with characters other than printable ASCII`);
  assert.deepEqual((await api.show(`${POLICY}/${made.id}`, 'l7policy'))['rules'], made['rules']);
});

test('rules are checked, changed, counted and deleted; a write makes policy and listener wait', async (t) => {
  const all = await web(t);
  const { api, listener } = all;
  const parent = await policy(all);
  const rule = await api.make(rules(parent), 'rule', { type: 'HEADER', compare_type: 'EQUAL_TO', key: 'X-A', value: 'b' });
  await api.settle();
  const path = `${rules(parent)}/${rule.id}`;
  const changed = expect(await api.send('PUT', path, { rule: { type: 'PATH', value: '/x' } }), 200)['rule'] as Shown;
  assert.deepEqual([changed['type'], changed['key'], changed['value'], changed.provisioning_status], ['PATH', null, '/x', 'PENDING_UPDATE']);
  await api.settle();
  assert.equal(await refused(api.send('PUT', path, { rule: { type: 'HEADER' } }), 400), 'Error parsing L7Rule: Invalid L7 Rule: L7 rule type requires a key');
  assert.equal(
    await refused(api.send('POST', rules(parent), { rule: { ...RULE, compare_type: 'REGEX', value: '(a+)+' } }), 400),
    'Error parsing L7Rule: Unable to parse regular expression: a repetition within which the same text can be matched in several ways',
  );
  for (let count = 1; count < 50; count++) await api.make(rules(parent), 'rule', RULE);
  assert.equal(await refused(api.send('POST', rules(parent), { rule: RULE }), 409), `Too many rules on L7 policy ${parent.id}`);
  expect(await api.send('DELETE', path), 204);
  await api.make(rules(parent), 'rule', RULE);
  await api.settle();
  const { rules: shown } = expect(await api.send('GET', `${rules(parent)}?limit=20`), 200) as { rules: Body[] };
  assert.equal(shown.length, 20);
  assert.equal((await api.send('GET', path)).statusCode, 404);
  assert.equal((await api.show(`/listeners/${listener.id}`, 'listener')).provisioning_status, 'ACTIVE');
});

test('a missing policy in the path is answered in the shape of the router', async (t) => {
  const { api } = await web(t);
  const missing = '4f2d5b1e-8f3c-4f0a-9d0e-6a3f1c2b7d90';
  const shape = { code: 404, title: 'Not Found', description: `L7Policy ${missing} not found.` };
  for (const [method, path] of [
    ['GET', ''],
    ['POST', ''],
    ['GET', `/${missing}`],
    ['DELETE', `/${missing}`],
  ] as const) {
    const body = method === 'POST' ? { rule: RULE } : undefined;
    assert.deepEqual(expect(await api.send(method, `${POLICY}/${missing}/rules${path}`, body), 404), shape);
  }
  assert.equal(await refused(api.send('GET', `${POLICY}/${missing}`), 404), `L7 Policy ${missing} not found.`);
  assert.equal(await refused(api.send('POST', POLICY, { l7policy: { action: 'REJECT', listener_id: missing } }), 404), `Listener ${missing} not found.`);
});

test("only the owner's members write, readers read, others do neither", async (t) => {
  const all = await web(t);
  const { api } = all;
  const parent = await policy(all);
  const rule = await api.make(rules(parent), 'rule', RULE);
  const [reader, member, stranger] = [await api.user('admin', 'reader'), await api.user('admin', 'member'), await api.user('blue', 'member')];
  for (const [path, root] of [
    [`${POLICY}/${parent.id}`, 'l7policy'],
    [`${rules(parent)}/${rule.id}`, 'rule'],
  ] as const) {
    const put = { [root]: { tags: ['x'] } };
    assert.equal((await api.send('GET', path, undefined, reader)).statusCode, 200);
    assert.equal((await api.send('PUT', path, put, reader)).statusCode, 403);
    assert.equal((await api.send('PUT', path, put, member)).statusCode, 200);
    assert.equal((await api.send('GET', path, undefined, stranger)).statusCode, 403);
    assert.equal((await api.send('DELETE', path, undefined, stranger)).statusCode, 403);
  }
  assert.deepEqual(expect(await api.send('GET', POLICY, undefined, stranger), 200)['l7policies'], []);
  assert.equal((await api.send('POST', rules(parent), { rule: RULE }, stranger)).statusCode, 403);
});

test('quota holds for policies and rules, also for those made together', async (t) => {
  const all = await web(t, { quotas: { l7policy: 2, l7rule: 1 } });
  const { api, listener } = all;
  const post = (object: Body): ReturnType<Octavia['send']> => api.send('POST', POLICY, { l7policy: { listener_id: listener.id, action: 'REJECT', ...object } });
  assert.equal(await refused(post({ rules: [RULE, RULE] }), 403), 'Quota has been met for resources: L7 Rule');
  const made = expect(await post({ rules: [RULE] }), 201)['l7policy'] as Shown;
  assert.equal((made['rules'] as Body[]).length, 1);
  assert.equal(await refused(api.send('POST', rules(made), { rule: RULE }), 403), 'Quota has been met for resources: L7 Rule');
  expect(await post({}), 201);
  assert.equal(await refused(post({}), 403), 'Quota has been met for resources: L7 Policy');
});

test('a pool that a policy sends to cannot be deleted until the policy goes', async (t) => {
  const all = await web(t);
  const { api, pool, listener } = all;
  const made = await policy(all, { action: 'REDIRECT_TO_POOL', redirect_pool_id: pool.id, rules: [RULE] });
  assert.deepEqual((await api.show(`/pools/${pool.id}`, 'pool'))['listeners'], [{ id: listener.id }]);
  assert.equal(await refused(api.send('DELETE', `/pools/${pool.id}`), 409), `Pool ${pool.id} is in use by L7 policy ${made.id}`);
  expect(await api.send('DELETE', `${POLICY}/${made.id}`), 204);
  expect(await api.send('DELETE', `/pools/${pool.id}`), 204);
  await api.settle();
  assert.equal((await api.send('GET', `${POLICY}/${made.id}`)).statusCode, 404);
});

test('a listener takes its policies and rules along, a balancer everything', async (t) => {
  const all = await web(t);
  const { api, listener, balancer, pool } = all;
  const made = await policy(all, { rules: [RULE, RULE] });
  expect(await api.send('DELETE', `/listeners/${listener.id}`), 204);
  await api.settle();
  assert.equal((await api.send('GET', `${POLICY}/${made.id}`)).statusCode, 404);
  const next = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  await policy({ ...all, listener: next }, { action: 'REDIRECT_TO_POOL', redirect_pool_id: pool.id, rules: [RULE] });
  expect(await api.send('DELETE', `/loadbalancers/${balancer.id}?cascade=true`), 204);
  await api.settle();
  assert.deepEqual(expect(await api.send('GET', POLICY), 200)['l7policies'], []);
});

test('a fully populated create makes policies, rules and the pools they name, and shows them whole', async (t) => {
  const { api } = await web(t);
  const listener = {
    protocol: 'HTTP',
    protocol_port: 80,
    default_pool: { name: 'main' },
    l7policies: [
      { name: 'last', action: 'REJECT', rules: [RULE] },
      {
        name: 'first',
        action: 'REDIRECT_TO_POOL',
        position: 1,
        redirect_pool: { name: 'other', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' },
        rules: [RULE, RULE],
      },
      { name: 'main', action: 'REDIRECT_TO_POOL', redirect_pool: { name: 'main' } },
    ],
  };
  const pools = [{ name: 'main', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' }];
  const made = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, provider: 'noop', listeners: [listener], pools });
  const [front] = made['listeners'] as Body[];
  const policies = front?.['l7policies'] as (Shown & { rules: Body[] })[];
  assert.deepEqual(
    policies.map(({ name, position, rules: made_ }) => [name, position, made_.map(({ value }) => value)]),
    [
      ['first', 1, ['/api', '/api']],
      ['last', 2, ['/api']],
      ['main', 3, []],
    ],
  );
  const names = new Map((made['pools'] as Shown[]).map(({ id, name }) => [id, name]));
  assert.deepEqual(
    policies.map((row) => names.get(String(row['redirect_pool_id']))),
    ['other', undefined, 'main'],
  );
  await api.settle();
  assert.equal((await api.show(`${POLICY}/${policies[0]?.id}`, 'l7policy')).provisioning_status, 'ACTIVE');
  const tooMany = { ...listener, l7policies: [{ action: 'REJECT', rules: Array.from({ length: 51 }, () => RULE) }] };
  const body = { loadbalancer: { vip_subnet_id: api.subnetId, provider: 'noop', listeners: [tooMany], pools } };
  assert.match(String(await refused(api.send('POST', '/loadbalancers', body), 409)), /^Too many rules on L7 policy /);
});

test('every object a write touches is on record, also the policies that made room', async (t) => {
  const all = await web(t);
  const { api } = all;
  const a = await policy(all, { name: 'a' });
  await policy(all, { name: 'b', position: 1, rules: [RULE] });
  await api.settle();
  expect(await api.send('DELETE', `${POLICY}/${a.id}`), 204);
  const trail = await api.store.db.selectFrom('audit').select(['action', 'resource', 'before', 'after']).orderBy('seq').execute();
  const l7 = trail.filter(({ resource }) => resource === 'l7policy' || resource === 'rule');
  assert.deepEqual(
    l7.map(({ action, resource, before, after }) => [action, resource, before?.['position'] ?? null, after?.['position'] ?? null]),
    [
      ['create', 'l7policy', null, 1],
      ['update', 'l7policy', 1, 2],
      ['create', 'l7policy', null, 1],
      ['create', 'rule', null, null],
      ['delete', 'l7policy', 2, null],
    ],
  );
});

test('a policy that is on its way out takes no rules', async (t) => {
  const all = await web(t);
  const { api } = all;
  const parent = await policy(all);
  await api.settle();
  await api.controller.stop();
  expect(await api.send('DELETE', `${POLICY}/${parent.id}`), 204);
  assert.equal((await api.show(`${POLICY}/${parent.id}`, 'l7policy')).provisioning_status, 'PENDING_DELETE');
  assert.equal(await refused(api.send('POST', rules(parent), { rule: RULE }), 409), `L7Policy ${parent.id} is immutable and cannot be updated.`);
});
