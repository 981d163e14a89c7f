import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { faces } from './faces.fixture.ts';
import { type Body, V3, loginAs, requestsWith, tokenOf } from './requests.fixture.ts';

test('a user with everything Keystone keeps, shown, listed, changed and deleted', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const user = await api.make('user', {
    name: 'ann',
    password: 'first',
    email: 'ann@example.org',
    shoe: { size: [38] },
    description: 'd',
    default_project_id: 'x',
    options: {},
  });
  const { id, links, ...rest } = user;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    name: 'ann',
    email: 'ann@example.org',
    shoe: { size: [38] },
    description: 'd',
    enabled: true,
    domain_id: 'default',
    default_project_id: 'x',
    password_expires_at: null,
    options: {},
  });
  assert.match((links as { self: string }).self, new RegExp(`/v3/users/${id}$`));
  assert.deepEqual((await api.expect(200, 'GET', `users/${id}`))['user'], user);
  assert.deepEqual(await api.names('users?name=ann&enabled=true&domain_id=default'), ['ann']);
  assert.equal((await loginAs(set, 'ann', 'first')).statusCode, 201);
  const changed = (await api.expect(200, 'PATCH', `users/${id}`, { user: { id, email: 'b@example.org', description: null, domain_id: 'default' } }))[
    'user'
  ] as Body;
  assert.deepEqual([changed['email'], changed['description'], changed['shoe']], ['b@example.org', '', { size: [38] }]);
  await api.expect(204, 'DELETE', `users/${id}`);
  assert.equal(await api.refused(404, 'GET', `users/${id}`), `Could not find user: ${id}.`);
  assert.equal(await api.refused(404, 'DELETE', `users/${id}`), `Could not find user: ${id}.`);
  assert.equal((await loginAs(set, 'ann', 'first')).statusCode, 401);
});

test('what must not be twice is 409 in the words of Keystone; the same name in another domain is no double', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const domain = await api.make('domain', { name: 'd2' });
  await api.make('user', { name: 'ann' });
  await api.make('user', { name: 'ann', domain_id: domain.id });
  await api.make('user', { name: 'Ann' });
  const again: [string, Body, string][] = [
    ['user', { name: 'ann' }, 'Conflict occurred attempting to store user - Duplicate entry found with name ann at domain ID default.'],
    ['domain', { name: 'd2' }, 'Conflict occurred attempting to store domain - Duplicate entry found with name d2.'],
    ['role', { name: 'member' }, 'Conflict occurred attempting to store role - Duplicate entry found with name member.'],
    [
      'project',
      { name: 'blue' },
      'Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in the same domain : blue.',
    ],
  ];
  for (const [kind, object, message] of again) assert.equal(await api.refused(409, 'POST', `${kind}s`, { [kind]: object }), message);
  const other = await api.make('user', { name: 'bob' });
  assert.match(await api.refused(409, 'PATCH', `users/${other.id}`, { user: { name: 'ann' } }), /Duplicate entry/);
});

test('bodies that cannot be are 400, and no password is ever said back', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id } = await api.make('user', { name: 'ann', password: 'first' });
  const wrong: [number, unknown, RegExp][] = [
    [400, {}, /find user in request body/],
    [400, { user: [] }, /find user/],
    [400, { user: {} }, /Mandatory field missing|enough properties/],
    [400, { user: { name: '' } }, /minimum/],
    [400, { user: { name: ' \t' } }, /blank/],
    [400, { user: { name: 'x'.repeat(256) } }, /maximum/],
    [400, { user: { name: 'x', enabled: 'maybe' } }, /boolean/],
    [400, { user: { name: 'x', password: 5 } }, /'password'/],
    [400, { user: { name: 'x', password: '' } }, /'password'/],
    [400, { user: { name: 'x', options: [] } }, /options/],
    [400, { user: { name: 'x', email: 'e'.repeat(40_000) } }, /Extra attributes/],
    [400, { user: { name: 'x', deep: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as unknown } }, /nested deeper/],
    [400, { user: { name: 'x', deep: JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`) as unknown } }, /within each other/],
    [403, { user: { name: 'x', password: 'p'.repeat(4097) } }, /4096/],
    [501, { user: { name: 'x', options: { lock_password: true } } }, /options/],
  ];
  for (const [status, body, message] of wrong) {
    for (const [method, path] of [
      ['POST', 'users'],
      ['PATCH', `users/${id}`],
    ] as const) {
      const said = await api.refused(status, method, path, body);
      assert.match(said, message);
      assert.doesNotMatch(said, /ppp/);
    }
  }
  assert.equal(await api.refused(404, 'POST', 'users', { user: { name: 'x', domain_id: 'nowhere' } }), 'Could not find domain: nowhere.');
  assert.equal(await api.refused(400, 'PATCH', `users/${id}`, { user: { domain_id: 'other' } }), 'Cannot change Domain ID');
  assert.equal(await api.refused(400, 'PATCH', `users/${id}`, { user: { id: 'other' } }), 'Cannot change ID');
  assert.deepEqual(await api.names('users'), ['admin', 'ann']);
});

test('names that attributes of a row or an answer have are no extra attributes', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const hostile = JSON.parse(
    '{"name":"x","password_hash":"h","credential_version":7,"links":{"self":"x"},"extra":{"a":1},"__proto__":{"admin":true},"id":"mine"}',
  ) as Body;
  const user = await api.make('user', hostile);
  assert.match(user.id, /^[0-9a-f]{32}$/);
  for (const name of ['password_hash', 'credential_version', 'extra', 'admin']) assert.equal(user[name], undefined, name);
  const [row] = await set.store.db.selectFrom('user_account').selectAll().where('id', '=', user.id).execute();
  assert.deepEqual([row?.password_hash, row?.credential_version], [null, 0]);
});

test('any JSON as an extra attribute comes back as it was sent', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id } = await api.make('project', { name: 'p' });
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async (value) => {
      const sent = JSON.parse(JSON.stringify(value)) as unknown;
      const { project } = (await api.expect(200, 'PATCH', `projects/${id}`, { project: { anything: sent } })) as { project: Body };
      assert.deepEqual(project['anything'], sent);
      assert.deepEqual(((await api.expect(200, 'GET', `projects/${id}`))['project'] as Body)['anything'], sent);
    }),
    { numRuns: 50 },
  );
});

test('projects: domain, parent, tags; nothing within a project, nothing that acts as a domain', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id: domainId } = await api.make('domain', { name: 'd2' });
  const project = await api.make('project', { name: 'p', domain_id: domainId, parent_id: domainId, tags: ['a', 'b'], is_domain: false, enabled: false });
  assert.deepEqual([project['domain_id'], project['parent_id'], project['tags'], project['enabled']], [domainId, domainId, ['a', 'b'], false]);
  assert.equal((await api.make('project', { name: 'q', parent_id: domainId }))['domain_id'], domainId);
  assert.deepEqual(await api.names(`projects?domain_id=${domainId}`), ['p', 'q']);
  assert.deepEqual(await api.names(`projects?parent_id=${domainId}&tags=a,b`), ['p']);
  assert.deepEqual(await api.names(`projects?domain_id=${domainId}&not-tags-any=a`), ['q']);
  assert.match(await api.refused(403, 'POST', 'projects', { project: { name: 'r', parent_id: project.id } }), /Max hierarchy depth/);
  assert.match(await api.refused(400, 'POST', 'projects', { project: { name: 'r', parent_id: domainId, domain_id: 'default' } }), /parent/);
  await api.refused(501, 'POST', 'projects', { project: { name: 'r', is_domain: true } });
  await api.refused(400, 'POST', 'projects', { project: { name: 'r', tags: ['a/b'] } });
  await api.refused(403, 'PATCH', `projects/${project.id}`, { project: { parent_id: 'default' } });
  await api.expect(200, 'PATCH', `domains/${domainId}`, { domain: { enabled: false } });
  assert.match(await api.refused(400, 'POST', 'projects', { project: { name: 'r', domain_id: domainId } }), /disabled/);
});

test('a domain goes only when disabled, and takes users, projects and roles with it', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id } = await api.make('domain', { name: 'd2', explicit_domain_id: 'a'.repeat(32) });
  assert.equal(id, 'a'.repeat(32));
  const [user, project] = [await api.make('user', { name: 'u', domain_id: id, password: 'pw' }), await api.make('project', { name: 'p', domain_id: id })];
  const { id: role } = await api.make('role', { name: 'r' });
  for (const place of [`projects/${project.id}`, `domains/${id}`]) await api.expect(204, 'PUT', `${place}/users/${user.id}/roles/${role}`);
  await api.expect(204, 'PUT', `domains/${id}/users/${set.adminUserId}/roles/${role}`);
  assert.equal(await api.refused(403, 'DELETE', `domains/${id}`), 'Cannot delete a domain that is enabled, please disable it first.');
  await api.expect(200, 'PATCH', `domains/${id}`, { domain: { enabled: false } });
  await api.expect(204, 'DELETE', `domains/${id}`);
  for (const path of [`domains/${id}`, `users/${user.id}`, `projects/${project.id}`]) await api.refused(404, 'GET', path);
  assert.deepEqual(await api.names(`role_assignments?role.id=${role}`), []);
  assert.match(await api.refused(403, 'DELETE', 'domains/default'), /delete the default domain/);
  const trail = await set.store.db.selectFrom('audit').select(['resource', 'resource_id']).where('action', '=', 'delete').orderBy('seq').execute();
  assert.deepEqual(
    trail.map(({ resource }) => resource).toSorted(),
    ['domain', 'project', 'role_assignment', 'role_assignment', 'role_assignment', 'user'].toSorted(),
  );
});

test("a deleted project is nobody's default any more", async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const blue = set.projects.get('blue');
  const { id } = await api.make('user', { name: 'ann', default_project_id: blue });
  await api.expect(204, 'DELETE', `projects/${blue}`);
  assert.equal(((await api.expect(200, 'GET', `users/${id}`))['user'] as Body)['default_project_id'], null);
});

test('only an administrator writes', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.user('blue', ['member', 'reader', 'load-balancer_admin']));
  for (const kind of ['user', 'project', 'domain', 'role', 'service', 'endpoint', 'region']) {
    assert.match(await api.refused(403, 'POST', `${kind}s`, { [kind]: { name: 'x' } }), new RegExp(`identity:create_${kind}`));
    assert.match(await api.refused(403, 'PATCH', `${kind}s/x`, { [kind]: { name: 'x' } }), new RegExp(`identity:update_${kind}`));
    assert.match(await api.refused(403, 'DELETE', `${kind}s/x`), new RegExp(`identity:delete_${kind}`));
  }
  const grant = `projects/${set.projects.get('blue')}/users/${set.adminUserId}/roles/x`;
  for (const method of ['PUT', 'DELETE', 'GET', 'HEAD'] as const) await api.expect(403, method, grant);
  await api.refused(403, 'PUT', 'regions/x', { region: {} });
});

test('every write is in the audit trail, under the name of who did it, and without secrets', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id } = await api.make('user', { name: 'ann', password: 'Secret-One', token: 'Secret-Two' });
  await api.expect(200, 'PATCH', `users/${id}`, { user: { password: 'Secret-Three', name: 'anna' } });
  await api.expect(204, 'POST', `users/${id}/password`, { user: { original_password: 'Secret-Three', password: 'Secret-Four' } });
  await api.expect(204, 'DELETE', `users/${id}`);
  const rows = await set.store.db.selectFrom('audit').selectAll().where('resource_id', '=', id).orderBy('seq').execute();
  assert.deepEqual(
    rows.map(({ action, user_name, address }) => [action, user_name, address]),
    [
      ['create', 'admin', '127.0.0.1'],
      ['update', 'admin', '127.0.0.1'],
      ['update', 'anna', '127.0.0.1'],
      ['delete', 'admin', '127.0.0.1'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(rows), /Secret|argon2/);
});

test('a new password ends every token; so does being disabled, for good', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const { id } = await api.make('user', { name: 'ann', password: 'first' });
  const holds = async (token: string): Promise<boolean> => (await set.send('GET', `${V3}/auth/projects`, token)).statusCode === 200;
  const first = await tokenOf(loginAs(set, 'ann', 'first'));
  assert.equal(await holds(first), true);
  await api.expect(200, 'PATCH', `users/${id}`, { user: { email: 'x' } });
  assert.equal(await holds(first), true);
  await api.expect(200, 'PATCH', `users/${id}`, { user: { password: 'second' } });
  assert.equal(await holds(first), false);
  assert.equal((await loginAs(set, 'ann', 'first')).statusCode, 401);
  const second = await tokenOf(loginAs(set, 'ann', 'second'));
  await api.expect(200, 'PATCH', `users/${id}`, { user: { enabled: false } });
  assert.equal((await loginAs(set, 'ann', 'second')).statusCode, 401);
  await api.expect(200, 'PATCH', `users/${id}`, { user: { enabled: true } });
  assert.equal(await holds(second), false);
  assert.equal((await loginAs(set, 'ann', 'second')).statusCode, 201);
  await api.expect(200, 'PATCH', `users/${id}`, { user: { password: null } });
  assert.equal((await loginAs(set, 'ann', 'second')).statusCode, 401);
});

test('there are no groups, and asking for them is no error', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  assert.deepEqual(await api.names('groups?name=x'), []);
  assert.deepEqual(await api.names(`users/${set.adminUserId}/groups`), []);
  assert.equal(await api.refused(404, 'GET', 'groups/x'), 'Could not find group: x.');
  assert.equal(await api.refused(404, 'GET', 'users/x/groups'), 'Could not find user: x.');
});

test('no body whatever makes a write fail in another way than it should', async (t) => {
  const set = await faces(t);
  const api = requestsWith(set, await set.admin());
  const kinds = ['user', 'project', 'domain', 'role', 'service', 'endpoint', 'region'] as const;
  const names = [
    'id',
    'name',
    'enabled',
    'description',
    'domain_id',
    'parent_id',
    'tags',
    'options',
    'type',
    'url',
    'interface',
    'service_id',
    'region',
    'parent_region_id',
  ];
  const object = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('default', 'RegionOne', 'public', 'http://x', '\0', '\ud800')),
  );
  const { services } = (await api.expect(200, 'GET', 'services')) as { services: { id: string }[] };
  const targets = {
    user: set.adminUserId,
    project: set.projects.get('red'),
    domain: 'none',
    role: 'none',
    service: services[0]?.id,
    endpoint: 'none',
    region: 'none',
  };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), object, fc.boolean(), async (kind, value, update) => {
      // The administrator stays what it is, or nothing more could be asked.
      const body = { [kind]: kind === 'user' && update ? { ...value, enabled: true } : value };
      const response = await set.send(update ? 'PATCH' : 'POST', `${V3}/${kind}s${update ? `/${targets[kind]}` : ''}`, await set.admin(), body);
      assert.ok([200, 201, 400, 403, 404, 409, 501].includes(response.statusCode), `${response.statusCode} ${response.body}`);
    }),
    { numRuns: 300 },
  );
});
