/** Balancers of two nodes as the API shows them; the nodes only pretend. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { NoopNodes } from '../../nodes/noop/noop-nodes.ts';
import { type Body, type FixtureOptions, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';
import { ask, makeBalancer, refused } from './operator.fixture.ts';

interface Set {
  readonly api: Octavia;
  readonly admin: string;
  readonly balancer: Shown;
  readonly driver: NoopNodes;
}

async function pair(t: TestContext, options: FixtureOptions = {}): Promise<Set> {
  const driver = new NoopNodes();
  const api = await octavia(t, { driver, ...options });
  const data = { name: 'pair', provider_name: 'noop', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
  const profile = await api.make('/flavorprofiles', 'flavorprofile', data);
  const flavor = await api.make('/flavors', 'flavor', { name: 'pair', flavor_profile_id: profile.id });
  const balancer = await makeBalancer(api, { flavor_id: flavor.id });
  await api.settle();
  return { api, driver, balancer, admin: await api.user('admin', 'admin', 'load-balancer_admin') };
}

async function amphorae({ api, admin, balancer }: Set, query = ''): Promise<Shown[]> {
  return expect(await ask(api, admin, 'GET', `/octavia/amphorae?loadbalancer_id=${balancer.id}${query}`), 200)['amphorae'] as Shown[];
}

const byRole = (rows: readonly Shown[]): Record<string, Shown> => Object.fromEntries(rows.map((row) => [String(row['role']), row]));

test('two amphorae: a role, an address, a port and a priority for each, the same group and the same VIP', async (t) => {
  const set = await pair(t);
  const rows = await amphorae(set);
  const { MASTER: master, BACKUP: backup } = byRole(rows);
  assert.ok(master && backup && rows.length === 2);
  const shared = { ha_ip: set.balancer['vip_address'], ha_port_id: set.balancer['vip_port_id'], vrrp_interface: 'eth0', vrrp_id: 1, status: 'ALLOCATED' };
  for (const row of rows) assert.deepEqual(Object.fromEntries(Object.keys(shared).map((name) => [name, row[name]])), shared);
  assert.deepEqual([master['vrrp_priority'], backup['vrrp_priority']], [100, 90]);
  for (const row of rows) {
    const port = expect(await set.api.send('GET', `/network/v2.0/ports/${String(row['vrrp_port_id'])}`), 200)['port'] as Body;
    assert.deepEqual(
      [(port['fixed_ips'] as Body[])[0]?.['ip_address'], port['device_id'], port['name']],
      [row['vrrp_ip'], row.id, `octavia-lb-vrrp-${row.id}`],
    );
  }
  assert.notEqual(master['vrrp_ip'], backup['vrrp_ip']);
  assert.deepEqual(new Set(await set.driver.list()), new Set(rows.map(({ id }) => id)));
  assert.deepEqual(
    (await amphorae(set, '&vrrp_priority=90')).map(({ id }) => id),
    [backup.id],
  );
  assert.deepEqual(
    (await amphorae(set, `&vrrp_port_id=${String(master['vrrp_port_id'])}`)).map(({ id }) => id),
    [master.id],
  );
});

test('a failover of the balancer replaces both, with their addresses', async (t) => {
  const set = await pair(t);
  const before = await amphorae(set);
  expect(await set.api.send('PUT', `/loadbalancers/${set.balancer.id}/failover`), 202);
  await set.api.settle();
  const after = await amphorae(set);
  assert.deepEqual(Object.keys(byRole(after)).toSorted(), ['BACKUP', 'MASTER']);
  assert.ok(after.every(({ id }) => !before.some((row) => row.id === id)));
  assert.deepEqual(new Set(await set.driver.list()), new Set(after.map(({ id }) => id)));
  for (const { vrrp_port_id } of before) refused404(await set.api.send('GET', `/network/v2.0/ports/${String(vrrp_port_id)}`));
});

function refused404({ statusCode }: { statusCode: number }): void {
  assert.equal(statusCode, 404);
}

test('a failover of one amphora replaces it, in its role; the other stays as it is', async (t) => {
  const set = await pair(t);
  const { MASTER: master, BACKUP: backup } = byRole(await amphorae(set));
  assert.ok(master && backup);
  expect(await ask(set.api, set.admin, 'PUT', `/octavia/amphorae/${master.id}/failover`), 202);
  await set.api.settle();
  const after = byRole(await amphorae(set));
  assert.deepEqual(after['BACKUP'], backup);
  assert.notEqual(after['MASTER']?.id, master.id);
  assert.equal(after['MASTER']?.['vrrp_priority'], 100);
});

test('many failovers at once end with one amphora of each role', async (t) => {
  const set = await pair(t);
  const rows = await amphorae(set);
  const paths = [`/lbaas/loadbalancers/${set.balancer.id}/failover`, ...rows.map(({ id }) => `/octavia/amphorae/${id}/failover`)];
  await Promise.all([...paths, ...paths].map((path) => ask(set.api, set.admin, 'PUT', path)));
  await set.api.settle();
  const after = await amphorae(set);
  assert.deepEqual(after.map((row) => String(row['role'])).toSorted(), ['BACKUP', 'MASTER']);
  assert.equal((await set.api.show(`/loadbalancers/${set.balancer.id}`, 'loadbalancer')).provisioning_status, 'ACTIVE');
});

test('an amphora that carries is not deleted but failed over, as in Octavia; one in ERROR may be', async (t) => {
  const set = await pair(t);
  const [first, other] = await amphorae(set);
  assert.ok(first && other);
  refused(await ask(set.api, set.admin, 'DELETE', `/octavia/amphorae/${first.id}`), 409, `amphora ${first.id} is immutable and cannot be updated.`);
  await set.api.store.transaction(async (tx) => {
    await tx.db.updateTable('amphora').set({ status: 'ERROR' }).where('id', '=', first.id).execute();
  });
  expect(await ask(set.api, set.admin, 'DELETE', `/octavia/amphorae/${first.id}`), 204);
  await set.api.settle();
  const after = await amphorae(set);
  assert.ok(after.some(({ id }) => id === other.id) && !after.some(({ id }) => id === first.id) && after.length === 2);
});

test('a dry run of a failover says that both go and two come, and nothing happens', async (t) => {
  const set = await pair(t);
  const before = await amphorae(set);
  const path = `/lbaas/loadbalancers/${set.balancer.id}/failover`;
  const { plan } = expect(await ask(set.api, set.admin, 'PUT', path, undefined, { 'x-weir-dry-run': 'true' }), 200);
  const { nodes } = plan as { nodes: { node: string; steps: { kind: string }[] }[] };
  const gone = nodes.filter(({ steps }) => steps.some(({ kind }) => kind === 'delete-node')).map(({ node }) => node);
  assert.deepEqual([new Set(gone), nodes.length], [new Set(before.map(({ id }) => id)), 4]);
  await set.api.settle();
  assert.deepEqual(await amphorae(set), before);
});

test('addresses of both are given back with the balancer', async (t) => {
  const set = await pair(t);
  const rows = await amphorae(set);
  expect(await set.api.send('DELETE', `/loadbalancers/${set.balancer.id}`), 204);
  await set.api.settle();
  for (const { vrrp_port_id } of rows) refused404(await set.api.send('GET', `/network/v2.0/ports/${String(vrrp_port_id)}`));
});

test('a network of somebody else has no further addresses: a pair has none there', async (t) => {
  const set = await pair(t, { network: 'unchecked' });
  const vip = { vip_subnet_id: randomUUID(), vip_network_id: randomUUID(), vip_address: '198.51.100.77', flavor_id: set.balancer['flavor_id'] };
  const balancer = await set.api.make('/loadbalancers', 'loadbalancer', vip);
  await set.api.settle();
  const rows = await amphorae({ ...set, balancer });
  assert.deepEqual(
    rows.map((row) => [row['vrrp_ip'], row['status']]),
    [
      [null, 'ALLOCATED'],
      [null, 'ALLOCATED'],
    ],
  );
});
