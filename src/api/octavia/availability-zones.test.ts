import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { zoneDataOf } from '../../store/flavors.ts';
import { type Body, type FixtureOptions, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';
import { NOT_ALLOWED, ask, makeBalancer, refused, trail } from './operator.fixture.ts';

const NIL = '00000000-0000-0000-0000-000000000000';

async function zones(t: TestContext, options: FixtureOptions = {}): Promise<{ api: Octavia; profile: Shown; zone: Body }> {
  const api = await octavia(t, options);
  const profile = await api.make('/availabilityzoneprofiles', 'availability_zone_profile', {
    name: 'north',
    provider_name: 'noop',
    availability_zone_data: '{"volume_zone": "nova"}',
  });
  return { api, profile, zone: await api.make('/availabilityzones', 'availability_zone', { name: 'site 1', availability_zone_profile_id: profile.id }) };
}

const PATH = `/availabilityzones/${encodeURIComponent('site 1')}`;

test('a profile and a zone are made, shown by name, listed, changed and removed', async (t) => {
  const { api, profile, zone } = await zones(t);
  assert.deepEqual(zone, { name: 'site 1', description: '', enabled: true, availability_zone_profile_id: profile.id });
  assert.deepEqual(await api.show(PATH, 'availability_zone'), zone);
  assert.deepEqual(expect(await api.send('GET', '/availabilityzones'), 200), { availability_zones: [zone], availability_zones_links: [] });
  assert.deepEqual(expect(await api.send('GET', '/availabilityzoneprofiles'), 200), {
    availability_zone_profiles: [profile],
    availability_zone_profile_links: [],
  });
  assert.deepEqual(await api.show(`/availabilityzoneprofiles/${profile.id}?fields=name`, 'availability_zone_profile'), { name: 'north' });
  const changed = expect(await api.send('PUT', PATH, { availability_zone: { description: 'cold', enabled: false } }), 200);
  assert.deepEqual(changed['availability_zone'], { ...zone, description: 'cold', enabled: false });
  expect(await api.send('DELETE', PATH), 204);
  expect(await api.send('DELETE', `/availabilityzoneprofiles/${profile.id}`), 204);
  refused(await api.send('GET', PATH), 404, 'Availability Zone site 1 not found.');
  assert.deepEqual(await trail(api, 'site 1'), ['create availability_zone', 'update availability_zone', 'delete availability_zone']);
});

test('zones are listed by name, and paged', async (t) => {
  const { api, profile } = await zones(t);
  for (const name of ['b', 'a']) await api.make('/availabilityzones', 'availability_zone', { name, availability_zone_profile_id: profile.id });
  const names = async (query: string): Promise<unknown[]> =>
    (expect(await api.send('GET', `/availabilityzones${query}`), 200)['availability_zones'] as Body[]).map(({ name }) => name);
  assert.deepEqual(await names(''), ['a', 'b', 'site 1']);
  assert.deepEqual(await names('?limit=1&marker=a'), ['b']);
  assert.deepEqual(await names('?name=b'), ['b']);
  assert.deepEqual(await names('?sort=name:desc&fields=name'), ['site 1', 'b', 'a']);
  refused(await api.send('GET', '/availabilityzones?id=a'), 400, 'One or more arguments are either duplicate or invalid');
});

test('a name is taken once, cannot be changed, and one is nobody’s', async (t) => {
  const { api, profile } = await zones(t);
  const post = (body: Body) => api.send('POST', '/availabilityzones', { availability_zone: { availability_zone_profile_id: profile.id, ...body } });
  for (const name of ['.', '..', 'a.json', 'a\n.json']) {
    refused(await post({ name }), 400, `Invalid input for field/attribute name. Value: '${name}'. Value should not be ".", ".." or end in ".json"`);
  }
  refused(await post({ name: '' }), 400, "Invalid input for field/attribute name. Value: ''. Value should have a minimum character requirement of 1");
  refused(await post({ name: 'site 1' }), 409, 'A availability zone of site 1 already exists.');
  refused(await post({ name: NIL }), 409, `A availability zone of ${NIL} already exists.`);
  refused(await api.send('PUT', PATH, { availability_zone: { name: 'x' } }), 400, 'Unknown attribute(s) for argument availability_zone: name');
  for (const [method, body] of [['GET'], ['PUT', { availability_zone: {} }], ['DELETE']] as const)
    refused(await api.send(method, `/availabilityzones/${NIL}`, body), 404, `Availability Zone ${NIL} not found.`);
  for (const [method, body] of [['GET'], ['PUT', { availability_zone_profile: {} }], ['DELETE']] as const)
    refused(await api.send(method, `/availabilityzoneprofiles/${NIL}`, body), 404, `Availability Zone Profile ${NIL} not found.`);
  refused(await post({ name: 'x', availability_zone_profile_id: NIL }), 400, `Availability Zone Profile ${NIL} not found.`);
  refused(await post({}), 400, /name.*Mandatory field missing/);
});

test('data of a profile is judged by what the provider can do, and frozen in use', async (t) => {
  const { api, profile } = await zones(t);
  const post = (body: Body) => api.send('POST', '/availabilityzoneprofiles', { availability_zone_profile: { name: 'x', provider_name: 'octavia', ...body } });
  refused(await post({ availability_zone_data: 'x' }), 400, 'x is not a valid option for availability_zone_data');
  refused(await post({ availability_zone_data: '{"volume_zone": "nova"}' }), 501, /'volume_zone' was unexpected/);
  expect(await post({ availability_zone_data: '{}' }), 201);
  const inUse = `Availability Zone Profile ${profile.id} is in use and cannot be modified.`;
  refused(await api.send('PUT', `/availabilityzoneprofiles/${profile.id}`, { availability_zone_profile: { availability_zone_data: '{}' } }), 409, inUse);
  refused(await api.send('DELETE', `/availabilityzoneprofiles/${profile.id}`), 409, inUse);
  expect(await api.send('PUT', `/availabilityzoneprofiles/${profile.id}`, { availability_zone_profile: { name: 'south' } }), 200);
});

test('a balancer is made in a zone that is there, enabled and fits', async (t) => {
  const { api } = await zones(t);
  const balancer = await makeBalancer(api, { provider: 'noop', availability_zone: 'site 1' });
  assert.equal(balancer['availability_zone'], 'site 1');
  assert.deepEqual(await zoneDataOf(api.store.db, 'site 1'), { volume_zone: 'nova' });
  refused(await api.send('DELETE', PATH), 409, 'Availability Zone site 1 is in use and cannot be modified.');
  const post = (more: Body) => api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId, provider: 'noop', ...more } });
  refused(await post({ availability_zone: 'elsewhere' }), 400, 'Validation failure: Invalid availability zone.');
  refused(await post({ availability_zone: 'site 1', provider: 'octavia' }), 501, /'volume_zone' was unexpected/);
  expect(await api.send('PUT', PATH, { availability_zone: { enabled: false } }), 200);
  refused(await post({ availability_zone: 'site 1' }), 400, 'The selected availability_zone is not allowed in this deployment: site 1');
});

const ROLE_SETS = { keystone_default_roles: 'reader', advanced_rbac: 'load-balancer_observer', admin_or_owner: 'load-balancer_observer' } as const;

for (const [roleSet, role] of Object.entries(ROLE_SETS)) {
  test(`with ${roleSet} everybody reads zones, and only the administrator their profiles`, async (t) => {
    const { api, profile } = await zones(t, { roleSet: roleSet as keyof typeof ROLE_SETS });
    const reader = await api.user('blue', role);
    for (const path of ['/availabilityzones', PATH]) expect(await ask(api, reader, 'GET', `/lbaas${path}`), 200);
    for (const path of ['/availabilityzoneprofiles', `/availabilityzoneprofiles/${profile.id}`, `/availabilityzoneprofiles/${randomUUID()}`])
      refused(await ask(api, reader, 'GET', `/lbaas${path}`), 403, NOT_ALLOWED);
    refused(
      await ask(api, reader, 'POST', '/lbaas/availabilityzones', { availability_zone: { name: 'x', availability_zone_profile_id: profile.id } }),
      403,
      NOT_ALLOWED,
    );
    refused(await ask(api, reader, 'PUT', `/lbaas${PATH}`, { availability_zone: { enabled: false } }), 403, NOT_ALLOWED);
    refused(await ask(api, reader, 'DELETE', `/lbaas${PATH}`), 403, NOT_ALLOWED);
  });
}
