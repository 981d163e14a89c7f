import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { flavorDataOf } from '../../store/flavors.ts';
import { type Body, type FixtureOptions, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';
import { NOT_ALLOWED, ask, makeBalancer, refused, trail } from './operator.fixture.ts';

const makeProfile = (api: Octavia, more: Body = {}): Promise<Shown> =>
  api.make('/flavorprofiles', 'flavorprofile', { name: 'single', provider_name: 'noop', flavor_data: '{"loadbalancer_topology": "SINGLE"}', ...more });

async function offer(t: TestContext, more: Body = {}, options: FixtureOptions = {}): Promise<{ api: Octavia; profile: Shown; flavor: Shown }> {
  const api = await octavia(t, options);
  const profile = await makeProfile(api);
  return { api, profile, flavor: await api.make('/flavors', 'flavor', { name: 'small', flavor_profile_id: profile.id, ...more }) };
}

const ids = (list: unknown): string[] => (list as Shown[]).map(({ id }) => id);

test('a profile and a flavor are made, shown, listed, changed and removed', async (t) => {
  const { api, profile, flavor } = await offer(t);
  assert.deepEqual(flavor, { id: flavor.id, name: 'small', description: '', enabled: true, flavor_profile_id: profile.id });
  assert.deepEqual(profile, { id: profile.id, name: 'single', provider_name: 'noop', flavor_data: '{"loadbalancer_topology": "SINGLE"}' });
  assert.deepEqual(await api.show(`/flavors/${flavor.id}`, 'flavor'), flavor);
  assert.deepEqual(await api.show(`/flavorprofiles/${profile.id}`, 'flavorprofile'), profile);
  assert.deepEqual(expect(await api.send('GET', '/flavors'), 200), { flavors: [flavor], flavors_links: [] });
  assert.deepEqual(expect(await api.send('GET', '/flavorprofiles'), 200), { flavorprofiles: [profile], flavorprofile_links: [] });
  const changed = expect(await api.send('PUT', `/flavors/${flavor.id}`, { flavor: { name: 'tiny', description: 'very', enabled: false } }), 200);
  assert.deepEqual(changed['flavor'], { ...flavor, name: 'tiny', description: 'very', enabled: false });
  assert.deepEqual(expect(await api.send('PUT', `/flavors/${flavor.id}`, { flavor: { description: null, enabled: null } }), 200)['flavor'], {
    ...flavor,
    name: 'tiny',
    description: '',
  });
  expect(await api.send('DELETE', `/flavors/${flavor.id}`), 204);
  expect(await api.send('DELETE', `/flavorprofiles/${profile.id}`), 204);
  refused(await api.send('GET', `/flavors/${flavor.id}`), 404, `Flavor ${flavor.id} not found.`);
  assert.deepEqual(await trail(api, flavor.id), ['create flavor', 'update flavor', 'update flavor', 'delete flavor']);
  assert.deepEqual(await trail(api, profile.id), ['create flavorprofile', 'delete flavorprofile']);
});

test('lists are filtered, paged and cut to fields', async (t) => {
  const { api, profile, flavor } = await offer(t);
  const other = await api.make('/flavors', 'flavor', { name: 'large', flavor_profile_id: profile.id, enabled: false });
  const list = async (query: string): Promise<Body> => expect(await api.send('GET', `/flavors${query}`), 200);
  assert.deepEqual(ids((await list('?sort=name'))['flavors']), [other.id, flavor.id]);
  assert.deepEqual(ids((await list('?enabled=false'))['flavors']), [other.id]);
  assert.deepEqual((await list('?name=small&fields=name&fields=enabled'))['flavors'], [{ name: 'small', enabled: true }]);
  const { flavors, flavors_links } = await list('?limit=1&sort=name');
  assert.deepEqual(ids(flavors), [other.id]);
  assert.match(JSON.stringify(flavors_links), new RegExp(`/v2\\.0/lbaas/flavors\\?limit=1&sort=name&marker=${other.id}`));
  assert.deepEqual(ids((await list(`?sort=name&marker=${other.id}`))['flavors']), [flavor.id]);
  for (const query of ['?project_id=x', '?tags=x'])
    refused(await api.send('GET', `/flavors${query}`), 400, 'One or more arguments are either duplicate or invalid');
  refused(await api.send('GET', `/flavors?marker=${randomUUID()}`), 400, /marker/);
});

test('names of flavors are taken once', async (t) => {
  const { api, profile, flavor } = await offer(t);
  const again = { flavor: { name: 'small', flavor_profile_id: profile.id } };
  refused(await api.send('POST', '/flavors', again), 409, 'A flavor of small already exists.');
  const other = await api.make('/flavors', 'flavor', { name: 'large', flavor_profile_id: profile.id });
  refused(await api.send('PUT', `/flavors/${other.id}`, { flavor: { name: 'small' } }), 409, 'A flavor of small already exists.');
  expect(await api.send('PUT', `/flavors/${flavor.id}`, { flavor: { name: 'small' } }), 200);
  await makeProfile(api);
});

test('bodies that say too little, too much or nonsense are refused', async (t) => {
  const { api, profile, flavor } = await offer(t);
  const post = (body: Body) => api.send('POST', '/flavors', { flavor: body });
  refused(await post({ name: 'x' }), 400, /flavor_profile_id.*Mandatory field missing/);
  refused(await post({ flavor_profile_id: profile.id }), 400, /name.*Mandatory field missing/);
  refused(await post({ name: 'x'.repeat(256), flavor_profile_id: profile.id }), 400, /maximum character requirement of 255/);
  refused(await post({ name: 'x', flavor_profile_id: 'x' }), 400, /Value should be UUID format/);
  const unknown = randomUUID();
  refused(await post({ name: 'x', flavor_profile_id: unknown }), 400, `Flavor Profile ${unknown} not found.`);
  refused(await post({ name: 'x', flavor_profile_id: profile.id, id: unknown }), 400, 'Unknown attribute(s) for argument flavor: id');
  refused(await api.send('PUT', `/flavors/${flavor.id}`, { flavor: { flavor_profile_id: profile.id } }), 400, /Unknown attribute/);
  refused(await api.send('PUT', `/flavors/${unknown}`, { flavor: { name: 'y' } }), 404, `Flavor ${unknown} not found.`);
  refused(await api.send('DELETE', `/flavors/${unknown}`), 404, `Flavor ${unknown} not found.`);
});

test('data of a profile is judged by what the provider can do', async (t) => {
  const api = await octavia(t);
  const post = (more: Body) => api.send('POST', '/flavorprofiles', { flavorprofile: { name: 'p', provider_name: 'octavia', ...more } });
  refused(await post({ flavor_data: '{' }), 400, '{ is not a valid option for flavor_data');
  refused(
    await post({ flavor_data: '{"x": 1}' }),
    501,
    "Provider 'octavia' does not support a requested option: Additional properties are not allowed ('x' was unexpected)",
  );
  refused(
    await post({ flavor_data: '{"loadbalancer_topology": "BOTH"}' }),
    501,
    /loadbalancer_topology 'BOTH' is not one of \['SINGLE', 'ACTIVE_STANDBY', 'ACTIVE_ACTIVE'\]$/,
  );
  refused(await post({ flavor_data: '{}', provider_name: 'ovn' }), 400, "Provider 'ovn' is not enabled.");
  refused(await post({ flavor_data: `{"x": "${'y'.repeat(4096)}"}` }), 400, /maximum character requirement of 4096/);
  for (const name of ['SINGLE', 'ACTIVE_STANDBY', 'ACTIVE_ACTIVE']) expect(await post({ flavor_data: `{"loadbalancer_topology": "${name}"}` }), 201);
  expect(await post({ flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY", "sriov_vip": true}', provider_name: 'noop' }), 201);
});

test('a profile that a flavor refers to keeps its provider and its data; another may change', async (t) => {
  const { api, profile } = await offer(t);
  const put = (id: string, body: Body) => api.send('PUT', `/flavorprofiles/${id}`, { flavorprofile: body });
  const inUse = `Flavor profile ${profile.id} is in use and cannot be modified.`;
  refused(await put(profile.id, { flavor_data: '{}' }), 409, inUse);
  refused(await put(profile.id, { provider_name: 'octavia' }), 409, inUse);
  refused(await api.send('DELETE', `/flavorprofiles/${profile.id}`), 409, inUse);
  assert.equal((expect(await put(profile.id, { name: 'renamed' }), 200)['flavorprofile'] as Body)['name'], 'renamed');
  const free = await makeProfile(api);
  expect(await put(free.id, { flavor_data: '{"sriov_vip": true}' }), 200);
  refused(await put(free.id, { provider_name: 'octavia' }), 501, /'sriov_vip' was unexpected/);
  expect(await put(free.id, { provider_name: 'octavia', flavor_data: '{}' }), 200);
  refused(await put(free.id, { provider_name: 'ovn' }), 400, "Provider 'ovn' is not enabled.");
  refused(await put(free.id, { flavor_data: 'x' }), 400, 'x is not a valid option for flavor_data');
  for (const name of ['name', 'provider_name', 'flavor_data']) refused(await put(free.id, { [name]: null }), 400, `None is not a valid option for ${name}`);
  refused(await put(randomUUID(), { flavor_data: '{}' }), 404, /^Flavor Profile .* not found\.$/);
});

test('a balancer is made with a flavor: its provider, and its data for the nodes', async (t) => {
  const { api, flavor } = await offer(t);
  const balancer = await makeBalancer(api, { flavor_id: flavor.id });
  assert.deepEqual([balancer['provider'], balancer['flavor_id']], ['noop', flavor.id]);
  assert.deepEqual(await flavorDataOf(api.store.db, flavor.id), { loadbalancer_topology: 'SINGLE' });
  for (const none of [null, randomUUID()]) assert.deepEqual(await flavorDataOf(api.store.db, none), {});
  refused(await api.send('DELETE', `/flavors/${flavor.id}`), 409, `Flavor ${flavor.id} is in use and cannot be modified.`);
  await api.settle();
  expect(await api.send('DELETE', `/loadbalancers/${balancer.id}`), 204);
  await api.settle();
  expect(await api.send('DELETE', `/flavors/${flavor.id}`), 204);
});

test('a flavor that does not fit is refused before anything is made', async (t) => {
  const { api, flavor } = await offer(t);
  const post = (more: Body) => api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, ...more } });
  refused(await post({ flavor_id: randomUUID() }), 400, 'Validation failure: Invalid flavor_id.');
  refused(await post({ flavor_id: flavor.id, provider: 'octavia' }), 400, `Flavor '${flavor.id}' is not compatible with provider 'octavia'`);
  refused(await post({ provider: 'ovn' }), 400, "Provider 'ovn' is not enabled.");
  expect(await api.send('PUT', `/flavors/${flavor.id}`, { flavor: { enabled: false } }), 200);
  refused(await post({ flavor_id: flavor.id }), 400, `The selected flavor is not allowed in this deployment: ${flavor.id}`);
  assert.deepEqual(expect(await api.send('GET', '/loadbalancers'), 200)['loadbalancers'], []);
});

const ROLE_SETS = { keystone_default_roles: 'reader', advanced_rbac: 'load-balancer_observer', admin_or_owner: 'load-balancer_observer' } as const;

for (const [roleSet, role] of Object.entries(ROLE_SETS)) {
  test(`with ${roleSet} everybody reads flavors, and only the administrator their profiles`, async (t) => {
    const { api, flavor, profile } = await offer(t, {}, { roleSet: roleSet as keyof typeof ROLE_SETS });
    const [reader, stranger] = [await api.user('blue', role), await api.user('blue', 'load-balancer_quota_admin')];
    const status = async (token: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: Body) =>
      (await ask(api, token, method, `/lbaas${path}`, body)).statusCode;
    for (const path of ['/flavors', `/flavors/${flavor.id}`]) assert.equal(await status(reader, 'GET', path), 200, path);
    for (const path of ['/flavorprofiles', `/flavorprofiles/${profile.id}`, `/flavorprofiles/${randomUUID()}`])
      assert.equal(await status(reader, 'GET', path), 403, path);
    const writes: ['POST' | 'PUT' | 'DELETE', string, Body?][] = [
      ['POST', '/flavors', { flavor: { name: 'x', flavor_profile_id: profile.id } }],
      ['PUT', `/flavors/${flavor.id}`, { flavor: { name: 'x' } }],
      ['DELETE', `/flavors/${flavor.id}`],
      ['POST', '/flavorprofiles', { flavorprofile: { name: 'x', provider_name: 'noop', flavor_data: '{}' } }],
      ['PUT', `/flavorprofiles/${profile.id}`, { flavorprofile: { name: 'x' } }],
      ['DELETE', `/flavorprofiles/${profile.id}`],
    ];
    for (const [method, path, body] of writes) refused(await ask(api, reader, method, `/lbaas${path}`, body), 403, NOT_ALLOWED);
    if (roleSet !== 'admin_or_owner') assert.equal(await status(stranger, 'GET', '/flavors'), 403);
  });
}
