import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { admit, recognise, recordAllOffline, recordOffline, recordOnline, renew } from '../../store/hosts.ts';
import { type Body, type FixtureOptions, type Octavia, type Shown, expect, octavia } from '../octavia/octavia.fixture.ts';
import { makeBalancer, refused, trail, NOT_ALLOWED } from '../octavia/operator.fixture.ts';
import type { HostDoor } from './hosts.ts';

const HOSTS = '/edge/v1/hosts';

/** Remembers whom it let in and whom it showed out. */
class Door implements HostDoor {
  readonly dismissed: string[] = [];
  #made = 0;

  invite(hostId: string): ReturnType<HostDoor['invite']> {
    const secret = `${hostId}-${++this.#made}`;
    return { token: `token-${secret}`, digest: `digest-${secret}`, expiresAt: new Date(Date.now() + 3_600_000) };
  }

  dismiss(hostId: string): void {
    this.dismissed.push(hostId);
  }
}

async function site(t: TestContext, options: FixtureOptions = {}): Promise<{ api: Octavia; door: Door }> {
  const door = new Door();
  return { api: await octavia(t, { door, ...options }), door };
}

type HostView = Shown & { join_token?: string; name: string; status: string; nodes: number };

async function makeHost(api: Octavia, object: Body): Promise<HostView> {
  return expect(await api.send('POST', HOSTS, { host: object }), 201)['host'] as HostView;
}

async function show(api: Octavia, id: string): Promise<HostView> {
  return expect(await api.send('GET', `${HOSTS}/${id}`), 200)['host'] as HostView;
}

test('a host is made, and its token is shown once', async (t) => {
  const { api } = await site(t);
  const made = await makeHost(api, { name: 'rack-1.example', description: 'the first', zone: 'plant-7' });
  assert.equal(made.join_token, `token-${made.id}-1`);
  assert.equal(made.status, 'INVITED');
  const { join_token: _, ...rest } = made;
  const shown = await show(api, made.id);
  assert.deepEqual(shown, rest);
  assert.ok(!Object.hasOwn(shown, 'join_token'));
  assert.deepEqual([shown.nodes, shown['enabled'], shown['zone'], shown['facts'], shown['physical_networks']], [0, true, 'plant-7', null, []]);
  const whole = JSON.stringify(await api.store.db.selectFrom('audit').selectAll().execute());
  assert.ok(!whole.includes(`digest-${made.id}`) && !whole.includes(`token-${made.id}`));
});

test('hosts are listed, filtered, paged and changed', async (t) => {
  const { api } = await site(t);
  const [first, second] = [await makeHost(api, { name: 'a' }), await makeHost(api, { name: 'b', enabled: false })];
  const ids = async (query: string): Promise<string[]> => (expect(await api.send('GET', `${HOSTS}?${query}`), 200)['hosts'] as Shown[]).map(({ id }) => id);
  assert.deepEqual(await ids('sort=name:asc'), [first.id, second.id]);
  assert.deepEqual(await ids('enabled=false'), [second.id]);
  const page = expect(await api.send('GET', `${HOSTS}?limit=1&sort=name`), 200);
  const links = page['hosts_links'] as { rel: string; href: string }[];
  assert.match(links[0]?.href ?? '', /\/edge\/v1\/hosts\?.*marker=/);
  expect(await api.send('PUT', `${HOSTS}/${second.id}`, { host: { enabled: true, zone: 'z' } }), 200);
  assert.deepEqual((({ enabled, zone }) => [enabled, zone])((await show(api, second.id)) as Body), [true, 'z']);
  assert.deepEqual(await trail(api, second.id), ['create host', 'update host']);
});

test('what is wrong is refused', async (t) => {
  const { api } = await site(t);
  await makeHost(api, { name: 'a' });
  refused(await api.send('POST', HOSTS, { host: { name: 'a' } }), 409, 'A host of a already exists.');
  for (const name of ['', '-a', 'a b', 'a/b', 'é', 'x'.repeat(64), 'a\n', '$(id)'])
    assert.equal((await api.send('POST', HOSTS, { host: { name } })).statusCode, 400, name);
  for (const body of [{ host: {} }, { host: { name: 'b', status: 'ONLINE' } }, { host: { name: 'b', join_token: 'x' } }, {}, { host: { name: 'b' }, more: 1 }])
    assert.equal((await api.send('POST', HOSTS, body)).statusCode, 400, JSON.stringify(body));
  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const [method, path] of [
    ['GET', nobody],
    ['PUT', nobody],
    ['DELETE', nobody],
    ['PUT', `${nobody}/invite`],
  ] as const)
    assert.equal((await api.send(method, `${HOSTS}/${path}`, method === 'PUT' ? { host: {} } : undefined)).statusCode, 404, `${method} ${path}`);
});

test('hosts are the administrator’s', async (t) => {
  const { api } = await site(t);
  const { id } = await makeHost(api, { name: 'a' });
  const token = await api.user('blue', 'member');
  for (const [method, path] of [
    ['GET', HOSTS],
    ['POST', HOSTS],
    ['GET', `${HOSTS}/${id}`],
    ['PUT', `${HOSTS}/${id}`],
    ['DELETE', `${HOSTS}/${id}`],
  ] as const)
    refused(await api.send(method, path, method === 'POST' || method === 'PUT' ? { host: { name: 'x' } } : undefined, token), 403, NOT_ALLOWED);
  assert.equal((await api.send('PUT', `${HOSTS}/${id}/invite`, undefined, token)).statusCode, 403);
  assert.equal((await api.app.inject({ method: 'GET', url: HOSTS })).statusCode, 401);
});

test('without a port for agents no host can be made', async (t) => {
  const api = await octavia(t);
  refused(await api.send('POST', HOSTS, { host: { name: 'a' } }), 501, /no port for agents/);
  assert.deepEqual(expect(await api.send('GET', HOSTS), 200)['hosts'], []);
});

test('a rehearsal makes nothing and shows no token', async (t) => {
  const { api } = await site(t);
  const response = await api.send('POST', HOSTS, { host: { name: 'a' } }, undefined, { 'x-weir-dry-run': 'true' });
  assert.ok(expect(response, 200)['plan']);
  assert.ok(!response.body.includes('token-'));
  assert.deepEqual(expect(await api.send('GET', HOSTS), 200)['hosts'], []);
});

const FIRST = { serial: '01', expiresAt: new Date('2027-01-01T00:00:00Z') };
const SECOND = { ...FIRST, serial: '02' };

test('a token lets in until its host has come; a new invitation shuts out', async (t) => {
  const { api, door } = await site(t);
  const { id } = await makeHost(api, { name: 'a' });
  const now = new Date();
  const admitted = (digest: string, certificate = FIRST, at = now): Promise<boolean> => api.store.transaction((tx) => admit(tx, id, digest, certificate, at));
  const knows = (serial: string): Promise<boolean> => api.store.transaction(async (tx) => (await recognise(tx, id, serial)) !== undefined);
  assert.equal(await admitted(`digest-${id}-2`), false);
  assert.equal(await admitted(`digest-${id}-1`, FIRST, new Date(now.getTime() + 7_200_000)), false);
  assert.equal(await admitted(`digest-${id}-1`), true);
  assert.equal(await admitted(`digest-${id}-1`, SECOND), true);
  assert.equal((await show(api, id)).status, 'INVITED');
  assert.deepEqual([await knows('01'), await knows('02'), await knows('02')], [false, true, true]);
  assert.equal((await show(api, id)).status, 'OFFLINE');
  assert.equal(await admitted(`digest-${id}-1`), false);
  const presence = { last_address: '127.0.0.1', facts: { haproxy: '2.6.12' }, physical_networks: ['physnet1'] };
  await api.store.transaction((tx) => recordOnline(tx, id, presence, now));
  assert.deepEqual((({ status, facts, physical_networks: networks }) => [status, facts, networks])((await show(api, id)) as Body), [
    'ONLINE',
    presence.facts,
    presence.physical_networks,
  ]);

  const again = expect(await api.send('PUT', `${HOSTS}/${id}/invite`), 200)['host'] as HostView;
  assert.equal(again.join_token, `token-${id}-2`);
  assert.deepEqual(door.dismissed, [id]);
  assert.equal(await knows('02'), false);
  await api.store.transaction((tx) => recordOnline(tx, id, presence, now));
  assert.equal((await show(api, id)).status, 'INVITED');
  assert.equal(await admitted(`digest-${id}-1`), false);
  assert.equal(await admitted(`digest-${id}-2`), true);
});

test('a certificate is renewed by who has it, and the old one counts until the new one has come', async (t) => {
  const { api } = await site(t);
  const { id } = await makeHost(api, { name: 'a' });
  const knows = (serial: string): Promise<boolean> => api.store.transaction(async (tx) => (await recognise(tx, id, serial)) !== undefined);
  const renewed = (serial: string, certificate = SECOND): Promise<boolean> => api.store.transaction((tx) => renew(tx, id, serial, certificate));
  await api.store.transaction((tx) => admit(tx, id, `digest-${id}-1`, FIRST, new Date()));
  assert.equal(await renewed('01'), false);
  assert.equal(await knows('01'), true);
  assert.equal(await renewed('02'), false);
  assert.equal(await renewed('01'), true);
  assert.deepEqual([await knows('01'), await knows('02'), await knows('01')], [true, true, false]);
});

test('connections end with the server', async (t) => {
  const { api } = await site(t);
  const [one, other] = [await makeHost(api, { name: 'a' }), await makeHost(api, { name: 'b' })];
  await api.store.transaction(async (tx) => {
    await admit(tx, one.id, `digest-${one.id}-1`, FIRST, new Date());
    await recognise(tx, one.id, FIRST.serial);
    await recordOnline(tx, one.id, { last_address: '::1', facts: {}, physical_networks: [] }, new Date());
  });
  await api.store.transaction((tx) => recordAllOffline(tx));
  assert.deepEqual([(await show(api, one.id)).status, (await show(api, other.id)).status], ['OFFLINE', 'INVITED']);
  await api.store.transaction((tx) => recordOffline(tx, other.id, new Date()));
  assert.equal((await show(api, other.id)).status, 'INVITED');
});

test('a host that carries nodes cannot be removed; one that carries none is shown out', async (t) => {
  const { api, door } = await site(t);
  const { id } = await makeHost(api, { name: 'a' });
  const balancer = await makeBalancer(api);
  await api.settle();
  const moved = (to: string | null): Promise<unknown> =>
    api.store.transaction((tx) => tx.db.updateTable('amphora').set({ compute_id: to }).where('loadbalancer_id', '=', balancer.id).execute());
  await moved(id);
  assert.equal((await show(api, id)).nodes, 1);
  refused(await api.send('DELETE', `${HOSTS}/${id}`), 409, `Host ${id} is in use and cannot be modified.`);
  await moved(null);
  expect(await api.send('DELETE', `${HOSTS}/${id}`), 204);
  assert.deepEqual(door.dismissed, [id]);
});
