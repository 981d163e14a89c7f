import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LightMyRequestResponse } from 'fastify';
import { ADMIN_PASSWORD, BASE, type Faces, addUser, faces, shapeOf } from './faces.fixture.ts';

const V3 = '/identity/v3';
type Body = Record<string, unknown>;

function passwordLogin(user: Body, scope?: unknown): Body {
  return { auth: { identity: { methods: ['password'], password: { user } }, ...(scope === undefined ? {} : { scope }) } };
}

const ADMIN = { name: 'admin', domain: { id: 'default' }, password: ADMIN_PASSWORD };

function login(set: Faces, body: unknown, address = '127.0.0.1'): Promise<LightMyRequestResponse> {
  return set.app.inject({ method: 'POST', url: `${V3}/auth/tokens`, payload: body as object, remoteAddress: address });
}

function assertError(response: LightMyRequestResponse, code: number, title: string, message?: RegExp): void {
  const body: { error: { code: number; title: string; message: string } } = response.json();
  assert.equal(response.statusCode, code, response.body);
  assert.deepEqual(Object.keys(body), ['error']);
  assert.deepEqual({ ...body.error, message: '' }, { code, message: '', title });
  assert.match(body.error.message, message ?? /./);
}

test('versions: without a token, with and without a slash', async (t) => {
  const set = await faces(t);
  const version = {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${BASE}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
  for (const url of [V3, `${V3}/`]) {
    const response = await set.send('GET', url, null);
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), { version });
    assert.equal(response.headers['vary'], 'X-Auth-Token');
  }
  for (const url of ['/identity', '/identity/']) {
    const response = await set.send('GET', url, null);
    assert.equal(response.statusCode, 300);
    assert.deepEqual(response.json(), { versions: { values: [version] } });
  }
});

test('the login of the recorded command line is answered in the recorded shape', async (t) => {
  const set = await faces(t);
  const response = await login(set, passwordLogin(ADMIN, { project: { name: 'admin', domain: { id: 'default' } } }));
  assert.equal(response.statusCode, 201);
  assert.ok(response.headers['x-subject-token']);
  const { token }: { token: Body } = response.json();
  assert.deepEqual(
    shapeOf(token),
    [
      '.audit_ids[]',
      '.catalog[].endpoints[].id',
      '.catalog[].endpoints[].interface',
      '.catalog[].endpoints[].region',
      '.catalog[].endpoints[].region_id',
      '.catalog[].endpoints[].url',
      '.catalog[].id',
      '.catalog[].name',
      '.catalog[].type',
      '.expires_at',
      '.is_domain',
      '.issued_at',
      '.methods[]',
      '.project.domain.id',
      '.project.domain.name',
      '.project.id',
      '.project.name',
      '.roles[].id',
      '.roles[].name',
      '.user.domain.id',
      '.user.domain.name',
      '.user.id',
      '.user.name',
      '.user.password_expires_at',
    ].toSorted(),
  );
  assert.match(String(token['expires_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/);
  assert.match(String(token['issued_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/);
  assert.doesNotMatch(response.body, /argon2|password_hash/);
});

test('the catalogue leads to the faces and has stable ids', async (t) => {
  const [here, there] = [await faces(t), await faces(t)];
  const response = await here.send('GET', `${V3}/auth/catalog`, await here.admin());
  const { catalog }: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] } = response.json();
  const urls = catalog.map(({ type, endpoints }) => [type, ...new Set(endpoints.map(({ url }) => url))]);
  assert.deepEqual(urls, [
    ['load-balancer', `${BASE}/load-balancer`],
    ['network', `${BASE}/network`],
    ['compute', `${BASE}/compute/v2.1`],
    ['image', `${BASE}/image`],
    ['key-manager', `${BASE}/key-manager`],
    ['edge', `${BASE}/edge`],
    ['identity', `${BASE}/identity/v3/`],
  ]);
  assert.deepEqual(
    catalog[0]?.endpoints.map((endpoint) => endpoint.interface),
    ['public', 'internal', 'admin'],
  );
  assert.deepEqual((await there.send('GET', `${V3}/auth/catalog`, await there.admin())).json<Body>()['catalog'], catalog);
});

test('users and projects by id or by name, domains by id or by name', async (t) => {
  const set = await faces(t);
  const project = set.projects.get('blue');
  const users = [{ id: set.adminUserId, password: ADMIN_PASSWORD }, ADMIN, { ...ADMIN, domain: { name: 'Default' } }];
  const scopes = [
    { project: { id: project } },
    { project: { name: 'blue', domain: { id: 'default' } } },
    { project: { name: 'blue', domain: { name: 'Default' } } },
  ];
  for (const user of users) {
    for (const scope of scopes) {
      const response = await login(set, passwordLogin(user, scope));
      assert.equal(response.statusCode, 201, response.body);
      assert.equal(response.json<{ token: { project: { id: string } } }>().token.project.id, project);
    }
  }
});

test("a project without its domain is one of the user's domain", async (t) => {
  const set = await faces(t);
  const response = await login(set, passwordLogin(ADMIN, { project: { name: 'blue' } }));
  assert.equal(response.json<{ token: { project: { name: string } } }>().token.project.name, 'blue');
});

test('without a scope: the default project; unscoped on demand, without roles and catalogue', async (t) => {
  const set = await faces(t);
  assert.equal((await login(set, passwordLogin(ADMIN))).json<{ token: { project: { name: string } } }>().token.project.name, 'admin');
  for (const scope of ['unscoped', { unscoped: {} }]) {
    const { token }: { token: Body } = (await login(set, passwordLogin(ADMIN, scope))).json();
    assert.deepEqual(Object.keys(token).toSorted(), ['audit_ids', 'expires_at', 'issued_at', 'methods', 'user']);
  }
});

test('nocatalog leaves the catalogue out', async (t) => {
  const set = await faces(t);
  const response = await set.app.inject({ method: 'POST', url: `${V3}/auth/tokens?nocatalog`, payload: passwordLogin(ADMIN) });
  assert.deepEqual(Object.hasOwn(response.json<{ token: Body }>().token, 'catalog'), false);
});

test('a token gets a token: same expiry, both methods, the chain in the audit ids', async (t) => {
  const set = await faces(t);
  const unscoped = await login(set, passwordLogin(ADMIN, 'unscoped'));
  const first: { token: Body } = unscoped.json();
  const id = unscoped.headers['x-subject-token'];
  const response = await login(set, { auth: { identity: { methods: ['token'], token: { id } }, scope: { project: { name: 'red' } } } });
  const { token }: { token: Body } = response.json();
  assert.deepEqual(token['methods'], ['token', 'password']);
  assert.equal(token['expires_at'], first.token['expires_at']);
  assert.deepEqual((token['audit_ids'] as string[]).slice(1), first.token['audit_ids']);
});

test('system scope is refused in words, domain scope without a role as any other', async (t) => {
  const set = await faces(t);
  assertError(await login(set, passwordLogin(ADMIN, { system: { all: true } })), 401, 'Unauthorized', /system-scoped/);
  assertError(await login(set, passwordLogin(ADMIN, { domain: { id: 'default' } })), 401, 'Unauthorized', /requires authentication/);
  assertError(await login(set, passwordLogin(ADMIN, { domain: {} })), 400, 'Bad Request', /find name in domain/);
});

test('domain scope: with a role in the domain, roles and catalogue, no project', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  const [{ id: reader }] = (await set.send('GET', `${V3}/roles?name=reader`, admin)).json<{ roles: [{ id: string }] }>().roles;
  const grant = `${V3}/domains/default/users/${set.adminUserId}/roles/${reader}`;
  assert.equal((await set.send('PUT', grant, admin)).statusCode, 204);
  for (const domain of [{ id: 'default' }, { name: 'Default' }]) {
    const response = await login(set, passwordLogin(ADMIN, { domain }));
    const { token }: { token: Body } = response.json();
    assert.deepEqual(token['domain'], { id: 'default', name: 'Default' });
    assert.deepEqual(token['roles'], [{ id: reader, name: 'reader' }]);
    assert.deepEqual([Object.hasOwn(token, 'project'), Array.isArray(token['catalog'])], [false, true]);
    const bearer = String(response.headers['x-subject-token']);
    assert.equal((await set.send('GET', `${V3}/auth/catalog`, bearer)).statusCode, 200);
    assertError(await set.send('GET', `${V3}/users`, bearer), 403, 'Forbidden');
  }
  const { domains } = (await set.send('GET', `${V3}/auth/domains`, admin)).json<{ domains: { id: string }[] }>();
  assert.deepEqual(
    domains.map(({ id }) => id),
    ['default'],
  );
  assert.deepEqual((await set.send('GET', `${V3}/auth/system`, admin)).json<Body>()['system'], []);
});

test('whatever does not fit is 401 and says no more', async (t) => {
  const set = await faces(t, { limits: { failures: 1000 } });
  await addUser(set.store, 'loner', 'pw', 'blue', ['member']);
  const wrong = [
    passwordLogin({ ...ADMIN, password: 'wrong' }),
    passwordLogin({ ...ADMIN, name: 'nobody' }),
    passwordLogin({ ...ADMIN, domain: { id: 'nowhere' } }),
    passwordLogin({ ...ADMIN, password: '' }),
    passwordLogin({ id: 'x', password: ADMIN_PASSWORD }),
    passwordLogin(ADMIN, { project: { name: 'nothing' } }),
    passwordLogin(ADMIN, { project: { id: 'x'.repeat(255) } }),
    passwordLogin({ name: 'loner', domain: { id: 'default' }, password: 'pw' }, { project: { name: 'red' } }),
    { auth: { identity: { methods: ['token'], token: { id: 'gAAAAABk' } } } },
  ];
  const bodies = new Set<string>();
  for (const body of wrong) {
    const response = await login(set, body);
    assertError(response, 401, 'Unauthorized');
    bodies.add(response.body);
  }
  assert.equal(bodies.size, 1);
  assertError(await login(set, { auth: { identity: { methods: ['totp'] } } }), 401, 'Unauthorized', /unsupported method/);
});

test('bodies that are none are 400 and name what is missing', async (t) => {
  const set = await faces(t);
  const cases: [unknown, RegExp][] = [
    [{}, /find auth in request body/],
    [[], /auth/],
    [{ auth: 'x' }, /auth/],
    [{ auth: {} }, /find identity in auth/],
    [{ auth: { identity: {} } }, /find methods in identity/],
    [{ auth: { identity: { methods: [] } } }, /methods/],
    [{ auth: { identity: { methods: ['password'] } } }, /find password in identity/],
    [passwordLogin({ name: 'admin', domain: { id: 'default' } }), /find password in user/],
    [passwordLogin({ name: 'admin', password: 'x' }), /find domain in user/],
    [passwordLogin({ ...ADMIN, name: 5 }), /user\/name/],
    [passwordLogin({ ...ADMIN, name: 'n'.repeat(256) }), /maximum character/],
    [passwordLogin({ ...ADMIN, name: 'a\0b' }), /NUL/],
    [passwordLogin(ADMIN, { project: {} }), /find name in project/],
    [passwordLogin(ADMIN, { project: { name: 'x', domain: 'default' } }), /find domain in project/],
    [passwordLogin(ADMIN, 'everything'), /find project in scope/],
  ];
  for (const [body, message] of cases) assertError(await login(set, body), 400, 'Bad Request', message);
  const secret = await login(set, passwordLogin({ ...ADMIN, password: 'p'.repeat(5000) }));
  assertError(secret, 400, 'Bad Request');
  assert.doesNotMatch(secret.body, /ppp/);
});

test('broken JSON, an empty body and one that is too large', async (t) => {
  const set = await faces(t);
  const post = (payload: string): Promise<LightMyRequestResponse> =>
    set.app.inject({ method: 'POST', url: `${V3}/auth/tokens`, headers: { 'content-type': 'application/json' }, payload });
  assertError(await post('{"auth":'), 400, 'Bad Request');
  assertError(await post(''), 400, 'Bad Request');
  assertError(await post(`"${'x'.repeat(100_000)}"`), 413, 'Payload Too Large');
});

test('no body whatever makes the login fail in another way than 4xx', async (t) => {
  const set = await faces(t, { limits: { failures: 1_000_000 } });
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue(),
      fc.record(
        {
          auth: tie('node'),
          identity: tie('node'),
          methods: fc.constantFrom(['password'], ['token'], ['password', 'token']),
          password: tie('node'),
          user: tie('node'),
          token: tie('node'),
          scope: tie('node'),
          project: tie('node'),
          domain: tie('node'),
          id: fc.string(),
          name: fc.string(),
        },
        { requiredKeys: [] },
      ),
    ),
  })).node;
  await fc.assert(
    fc.asyncProperty(value, async (body) => {
      const response = await login(set, JSON.stringify(body));
      assert.ok(response.statusCode >= 400 && response.statusCode < 500, `${response.statusCode} ${response.body}`);
      assert.ok(response.json<Body>()['error']);
    }),
    { numRuns: 200 },
  );
});

test('too many failures are 429, for that source and for that user, and a right password does not help', async (t) => {
  const set = await faces(t, { limits: { failures: 3, userFailures: 3 } });
  await addUser(set.store, 'other', 'pw', 'blue', ['member']);
  for (let turn = 0; turn < 3; turn++) assertError(await login(set, passwordLogin({ ...ADMIN, password: 'wrong' }), '192.0.2.1'), 401, 'Unauthorized');
  const refused = await login(set, passwordLogin(ADMIN), '192.0.2.2');
  assertError(refused, 429, 'Too Many Requests');
  assert.equal(refused.headers['retry-after'], '60');
  assertError(await login(set, passwordLogin({ name: 'other', domain: { id: 'default' }, password: 'pw' }), '192.0.2.1'), 429, 'Too Many Requests');
  assert.equal((await login(set, passwordLogin({ name: 'other', domain: { id: 'default' }, password: 'pw' }), '192.0.2.2')).statusCode, 201);
});

function withSubject(set: Faces, method: 'GET' | 'HEAD' | 'DELETE', token: string, subject: string): Promise<LightMyRequestResponse> {
  return set.app.inject({ method, url: `${V3}/auth/tokens`, headers: { 'x-auth-token': token, 'x-subject-token': subject } });
}

test("validation: the bearer's own and, for an administrator, anybody's", async (t) => {
  const set = await faces(t);
  const [admin, alice, bob] = [await set.admin(), await set.user('blue', ['member']), await set.user('blue', ['member'])];
  for (const [token, subject] of [
    [admin, alice],
    [alice, alice],
    [admin, admin],
  ] as const) {
    const response = await withSubject(set, 'GET', token, subject);
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['x-subject-token'], subject);
    assert.ok(response.json<{ token: Body }>().token['catalog']);
    assert.deepEqual([(await withSubject(set, 'HEAD', token, subject)).statusCode, (await withSubject(set, 'HEAD', token, subject)).body], [200, '']);
  }
  assertError(await withSubject(set, 'GET', alice, bob), 403, 'Forbidden', /identity:validate_token/);
  assertError(await withSubject(set, 'GET', admin, 'garbage'), 404, 'Not Found');
  assertError(await withSubject(set, 'GET', 'garbage', admin), 401, 'Unauthorized');
  assertError(await set.send('GET', `${V3}/auth/tokens`, admin), 400, 'Bad Request', /X-Subject-Token/);
});

test("revocation: 204, then the token is nobody's", async (t) => {
  const set = await faces(t);
  const [admin, alice, bob] = [await set.admin(), await set.user('blue', ['member']), await set.user('blue', ['member'])];
  assertError(await withSubject(set, 'DELETE', alice, bob), 403, 'Forbidden');
  assert.equal((await withSubject(set, 'DELETE', alice, alice)).statusCode, 204);
  assertError(await withSubject(set, 'GET', alice, alice), 401, 'Unauthorized');
  assertError(await withSubject(set, 'GET', admin, alice), 404, 'Not Found');
  assert.equal((await withSubject(set, 'GET', bob, bob)).statusCode, 200);
});

test('everything but versions and the login wants a token', async (t) => {
  const set = await faces(t);
  for (const path of [
    'auth/tokens',
    'auth/catalog',
    'auth/projects',
    'projects',
    'users',
    'users/x',
    'groups',
    'services',
    'regions',
    'users/x/application_credentials',
    'roles',
    'role_assignments',
    'domains',
  ]) {
    for (const token of [null, '', 'x', 'é'.repeat(300), 'x'.repeat(8000)])
      assertError(await set.send('GET', `${V3}/${path}`, token), 401, 'Unauthorized', /requires authentication/);
  }
});

test('an administrator reads the directory', async (t) => {
  const set = await faces(t);
  const admin = await set.admin();
  const get = async (path: string): Promise<Body> => (await set.send('GET', `${V3}/${path}`, admin)).json();
  const names = (rows: unknown): string[] => (rows as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names((await get('projects'))['projects']), ['admin', 'blue', 'red']);
  assert.deepEqual(names((await get('projects?name=blue'))['projects']), ['blue']);
  assert.deepEqual(names((await get('projects?name=blue&name=red&enabled=true&unknown=1'))['projects']), ['blue', 'red']);
  assert.deepEqual(names((await get('projects?enabled=False'))['projects']), []);
  assert.deepEqual(names((await get('users?name=admin&domain_id=default'))['users']), ['admin']);
  assert.deepEqual(names((await get('roles?name=reader'))['roles']), ['reader']);
  assert.deepEqual(names((await get('domains'))['domains']), ['Default']);
  assert.deepEqual(names((await get('auth/projects'))['projects']), ['admin', 'blue', 'red']);
  assert.equal(
    ((await get(`role_assignments?user.id=${set.adminUserId}&scope.project.id=${set.projects.get('blue')}`))['role_assignments'] as unknown[]).length,
    5,
  );
  const shown = await set.send('GET', `${V3}/users/${set.adminUserId}`, admin);
  assert.equal(shown.json<{ user: { name: string } }>().user.name, 'admin');
  assert.doesNotMatch(shown.body, /argon2|password_hash|tokens_valid_after/);
  for (const kind of ['user', 'project', 'role', 'domain'])
    assertError(await set.send('GET', `${V3}/${kind}s/nothing`, admin), 404, 'Not Found', new RegExp(`Could not find ${kind}: nothing\\.`));
});

test('others see themselves, their domain and their projects', async (t) => {
  const set = await faces(t);
  const alice = await set.user('blue', ['member']);
  const { userId } = await set.tokens.verify(alice);
  const status = async (path: string): Promise<number> => (await set.send('GET', `${V3}/${path}`, alice)).statusCode;
  for (const path of [`users/${userId}`, `users/${userId}/projects`, `projects/${set.projects.get('blue')}`, 'domains/default'])
    assert.equal(await status(path), 200, path);
  for (const path of ['users', 'roles', 'domains', 'role_assignments', `users/${set.adminUserId}`, `projects/${set.projects.get('red')}`, 'projects/nothing'])
    assert.equal(await status(path), 403, path);
  assert.deepEqual(
    (await set.send('GET', `${V3}/projects`, alice)).json<{ projects: { name: string }[] }>().projects.map(({ name }) => name),
    ['blue'],
  );
});

test("unknown paths are 404, known paths with another method 405, in Keystone's shape", async (t) => {
  const set = await faces(t);
  assertError(await set.send('GET', `${V3}/nothing`, await set.admin()), 404, 'Not Found');
  assertError(await set.send('GET', '/identity/v2.0', null), 404, 'Not Found');
  const refused = await set.send('PUT', `${V3}/projects`, await set.admin(), {});
  assertError(refused, 405, 'Method Not Allowed');
  assert.equal(refused.headers['allow'], 'GET, HEAD, POST');
  assertError(await set.send('PUT', `${V3}/auth/tokens`, null, {}), 405, 'Method Not Allowed');
});
