import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { type Faces, addUser, faces } from './faces.fixture.ts';
import { type Body, type Requests, V3, loginAs, requestsWith, tokenOf } from './requests.fixture.ts';

type Credential = Body & { id: string; secret: string };

interface SetUp {
  readonly set: Faces;
  readonly ann: string;
  readonly path: string;
  /** As Ann, with a password, in the project blue. */
  readonly api: Requests;
  readonly admin: Requests;
  make(object: Body): Promise<Credential>;
}

async function setUp(t: Parameters<typeof faces>[0], options: Parameters<typeof faces>[1] = {}): Promise<SetUp> {
  const set = await faces(t, options);
  const ann = await addUser(set.store, 'ann', 'pw', 'blue', ['member', 'reader']);
  const api = requestsWith(set, await tokenOf(loginAs(set, 'ann', 'pw', { project: { name: 'blue' } })));
  const path = `users/${ann}/application_credentials`;
  const make: SetUp['make'] = async (object) =>
    (await api.expect(201, 'POST', path, { application_credential: object }))['application_credential'] as Credential;
  return { set, ann, path, api, admin: requestsWith(set, await set.admin()), make };
}

function login(set: Faces, proof: Body, scope?: unknown): Promise<LightMyRequestResponse> {
  const identity = { methods: ['application_credential'], application_credential: proof };
  return set.send('POST', `${V3}/auth/tokens`, null, { auth: { identity, ...(scope === undefined ? {} : { scope }) } });
}

test('made, shown without its secret, used by id and by name, deleted', async (t) => {
  const { set, ann, path, api, make } = await setUp(t);
  const { secret, ...made } = await make({ name: 'robot', description: 'd', access_rules: [] });
  assert.match(secret, /^[\w-]{86}$/);
  assert.deepEqual([made['project_id'], made['unrestricted'], made['expires_at'], made['description']], [set.projects.get('blue'), false, null, 'd']);
  assert.deepEqual(
    (made['roles'] as { name: string }[]).map(({ name }) => name),
    ['member', 'reader'],
  );
  assert.deepEqual((await api.expect(200, 'GET', `${path}/${made.id}`))['application_credential'], made);
  assert.deepEqual(await api.names(`${path}?name=robot`), ['robot']);
  assert.deepEqual(await api.names(`${path}?name=other`), []);
  for (const proof of [{ id: made.id }, { name: 'robot', user: { id: ann } }, { name: 'robot', user: { name: 'ann', domain: { name: 'Default' } } }]) {
    const response = await login(set, { ...proof, secret });
    assert.equal(response.statusCode, 201, response.body);
    const { token } = response.json<{ token: Body }>();
    assert.deepEqual(token['methods'], ['application_credential']);
    assert.deepEqual(token['application_credential'], { id: made.id, name: 'robot', restricted: true });
    assert.equal((token['project'] as Body)['name'], 'blue');
    assert.doesNotMatch(response.body, /argon2/);
  }
  const token = await tokenOf(login(set, { id: made.id, secret }));
  assert.match(
    await api.refused(409, 'POST', path, { application_credential: { name: 'robot' } }),
    /application_credential - Duplicate entry found with name robot/,
  );
  await api.expect(204, 'DELETE', `${path}/${made.id}`);
  assert.equal((await set.send('GET', `${V3}/auth/projects`, token)).statusCode, 401);
  assert.equal((await login(set, { id: made.id, secret })).statusCode, 401);
  assert.equal(await api.refused(404, 'DELETE', `${path}/${made.id}`), `Could not find Application Credential: ${made.id}.`);
  const trail = JSON.stringify(await set.store.db.selectFrom('audit').selectAll().where('resource', '=', 'application_credential').execute());
  assert.doesNotMatch(trail, /argon2|secret/);
});

test('wrong proofs are 401 and alike; a scope may not be asked for', async (t) => {
  const { set, ann, make } = await setUp(t, { limits: { failures: 100 } });
  const { id } = await make({ name: 'robot', secret: 'chosen' });
  await tokenOf(login(set, { id, secret: 'chosen' }));
  const bodies = new Set<string>();
  for (const proof of [
    { id, secret: 'wrong' },
    { id: 'none', secret: 'chosen' },
    { name: 'robot', user: { id: 'none' }, secret: 'chosen' },
    { name: 'none', user: { id: ann }, secret: 'chosen' },
  ]) {
    const response = await login(set, proof);
    assert.equal(response.statusCode, 401);
    bodies.add(response.body);
  }
  assert.equal(bodies.size, 1);
  assert.match((await login(set, { id, secret: 'chosen' }, { project: { name: 'blue' } })).body, /cannot request a scope/);
  for (const proof of [{}, { id }, { secret: 'x' }, { name: 'robot', secret: 'x' }]) assert.equal((await login(set, proof)).statusCode, 400);
});

test('some of the roles, by id or name; none that the token has not', async (t) => {
  const { set, path, api, admin, make } = await setUp(t);
  const { id, secret, roles } = await make({ name: 'robot', roles: [{ name: 'reader' }] });
  assert.deepEqual(
    (roles as { name: string }[]).map(({ name }) => name),
    ['reader'],
  );
  const caller = await set.tokens.verify(await tokenOf(login(set, { id, secret })));
  assert.deepEqual([caller.roles, caller.isAdmin], [['reader'], false]);
  const { roles: all } = (await admin.expect(200, 'GET', 'roles?name=admin')) as { roles: { id: string }[] };
  for (const wanted of [[{ name: 'admin' }], [{ id: all[0]?.id }], [{}], ['reader'], 'reader'])
    await api.refused(400, 'POST', path, { application_credential: { name: 'more', roles: wanted } });
  assert.match(
    await api.refused(400, 'POST', path, { application_credential: { name: 'more', access_rules: [{ path: '/', method: 'GET', service: 'x' }] } }),
    /access rules/,
  );
});

test('its tokens do not outlive it, and it is refused afterwards', async (t) => {
  let now = Date.now();
  const { set, path, api, make } = await setUp(t, { clock: () => now });
  const expires = new Date(now + 600_000).toISOString().slice(0, 19);
  const { id, secret, expires_at } = await make({ name: 'robot', expires_at: `${expires}.000000Z` });
  assert.equal(expires_at, `${expires}.000000`);
  const token = await tokenOf(login(set, { id, secret }));
  assert.equal((await set.tokens.verify(token)).expiresAt, Date.parse(`${expires}Z`));
  now += 601_000;
  await assert.rejects(set.tokens.verify(token), { code: 'unauthorized' });
  assert.equal((await login(set, { id, secret })).statusCode, 401);
  now -= 601_000;
  assert.match(await api.refused(400, 'POST', path, { application_credential: { name: 'x', expires_at: '2001-01-01T00:00:00' } }), /before now/);
  for (const wrong of ['tomorrow', 5, '2030-13-01T00:00:00', '2030-01-01'])
    assert.match(await api.refused(400, 'POST', path, { application_credential: { name: 'x', expires_at: wrong } }), /Timestamp/);
});

test('a restricted one manages no credentials, an unrestricted one does; neither leaves its project', async (t) => {
  const { set, path, make } = await setUp(t);
  const bound = await make({ name: 'bound' });
  const free = await make({ name: 'free', unrestricted: true });
  const boundToken = await tokenOf(login(set, { id: bound.id, secret: bound.secret }));
  const freeToken = await tokenOf(login(set, { id: free.id, secret: free.secret }));
  const rescope = (id: string, scope?: unknown): Promise<LightMyRequestResponse> =>
    set.send('POST', `${V3}/auth/tokens`, null, { auth: { identity: { methods: ['token'], token: { id } }, ...(scope === undefined ? {} : { scope }) } });
  for (const token of [boundToken, await tokenOf(rescope(boundToken)), await tokenOf(rescope(boundToken, { project: { name: 'blue' } }))]) {
    const api = requestsWith(set, token);
    assert.match(await api.refused(403, 'POST', path, { application_credential: { name: 'child' } }), /managing additional application credentials/);
    await api.refused(403, 'DELETE', `${path}/${free.id}`);
    assert.deepEqual(await api.names(path), ['bound', 'free']);
  }
  await addUserTo(set, 'red');
  for (const scope of [{ project: { name: 'red' } }, 'unscoped', { domain: { id: 'default' } }])
    assert.equal((await rescope(boundToken, scope)).statusCode, 401);
  const api = requestsWith(set, freeToken);
  await api.expect(201, 'POST', path, { application_credential: { name: 'child' } });
  await api.expect(204, 'DELETE', `${path}/${bound.id}`);
});

/** Ann gets a role in another project. */
async function addUserTo(set: Faces, project: string): Promise<void> {
  const admin = requestsWith(set, await set.admin());
  const { users } = (await admin.expect(200, 'GET', 'users?name=ann')) as { users: { id: string }[] };
  const { roles } = (await admin.expect(200, 'GET', 'roles?name=member')) as { roles: { id: string }[] };
  await admin.expect(204, 'PUT', `projects/${set.projects.get(project)}/users/${users[0]?.id}/roles/${roles[0]?.id}`);
}

test('whose it is: the user makes, the administrator sees and deletes, others nothing', async (t) => {
  const { set, path, admin, make } = await setUp(t);
  const { id } = await make({ name: 'robot' });
  const other = requestsWith(set, await set.user('blue', ['member']));
  await other.refused(403, 'GET', path);
  await other.refused(403, 'GET', `${path}/${id}`);
  await other.refused(403, 'DELETE', `${path}/${id}`);
  await other.refused(403, 'POST', path, { application_credential: { name: 'x' } });
  assert.match(await admin.refused(403, 'POST', path, { application_credential: { name: 'x' } }), /for another user/);
  await admin.refused(404, 'GET', `users/${set.adminUserId}/application_credentials/${id}`);
  assert.deepEqual(await admin.names(path), ['robot']);
  await admin.expect(204, 'DELETE', `${path}/${id}`);
});

test('it goes with a role of its user there, with the user disabled, and with the project', async (t) => {
  const { set, ann, path, api, admin, make } = await setUp(t);
  const { roles } = (await admin.expect(200, 'GET', 'roles?name=reader')) as { roles: { id: string }[] };
  await make({ name: 'one', roles: [{ name: 'member' }] });
  await admin.expect(204, 'DELETE', `projects/${set.projects.get('blue')}/users/${ann}/roles/${roles[0]?.id}`);
  assert.deepEqual(await api.names(path), []);
  await make({ name: 'two' });
  await admin.expect(200, 'PATCH', `users/${ann}`, { user: { enabled: false } });
  assert.deepEqual(await admin.names(path), []);
  await admin.expect(200, 'PATCH', `users/${ann}`, { user: { enabled: true } });
  const again = requestsWith(set, await tokenOf(loginAs(set, 'ann', 'pw', { project: { name: 'blue' } })));
  await again.expect(201, 'POST', path, { application_credential: { name: 'three' } });
  await admin.expect(204, 'DELETE', `projects/${set.projects.get('blue')}`);
  assert.deepEqual(await admin.names(path), []);
});

test('an unscoped token makes none', async (t) => {
  const { set, path } = await setUp(t);
  const api = requestsWith(set, await tokenOf(loginAs(set, 'ann', 'pw', 'unscoped')));
  await api.refused(400, 'POST', path, { application_credential: { name: 'x' } });
});

test('no user has more of them than the limit, however many are asked for at once', async (t) => {
  const { path, api, set, make } = await setUp(t, { credentialLimit: 3 });
  const first = await make({ name: 'first' });
  const token = await tokenOf(loginAs(set, 'ann', 'pw', { project: { name: 'blue' } }));
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => set.send('POST', `${V3}/${path}`, token, { application_credential: { name: `robot ${index}` } })),
  );
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b),
    [201, 201, 403, 403, 403, 403, 403, 403],
  );
  assert.match(await api.refused(403, 'POST', path, { application_credential: { name: 'more' } }), /may have 3 application credentials/);
  assert.equal((await api.names(path)).length, 3);
  await api.expect(204, 'DELETE', `${path}/${first.id}`);
  await make({ name: 'again' });
});

test('a limit of none is no limit, one of zero allows none', async (t) => {
  const { make } = await setUp(t, { credentialLimit: -1 });
  await make({ name: 'one' });
  const { path, api } = await setUp(t, { credentialLimit: 0 });
  await api.refused(403, 'POST', path, { application_credential: { name: 'one' } });
});
