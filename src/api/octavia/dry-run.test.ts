import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanView } from './dry-run.ts';
import { type Octavia, octavia } from './octavia.fixture.ts';

async function rehearse(api: Octavia, method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<PlanView> {
  const answer = await api.send(method, path, body, undefined, { 'x-weir-dry-run': 'true' });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json<{ plan: PlanView }>().plan;
}

async function everything(api: Octavia): Promise<unknown> {
  const tables = ['load_balancer', 'listener', 'pool', 'member', 'port', 'amphora', 'audit', 'event'] as const;
  const rows = await Promise.all(tables.map((table) => api.store.db.selectFrom<(typeof tables)[number]>(table).selectAll().execute()));
  // What the nodes report changes by itself.
  return rows.map((table) => table.map((row) => ({ ...row, operating_status: '' })));
}

test('a dry run tells what a write would do, and does nothing', async (t) => {
  const api = await octavia(t);
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const listener = await api.make('/listeners', 'listener', { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 80 });
  const pool = await api.make('/pools', 'pool', { listener_id: listener.id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' });
  await api.settle();
  const before = await everything(api);

  const added = await rehearse(api, 'POST', `/pools/${pool.id}/members`, { member: { address: '192.0.2.10', protocol_port: 80 } });
  assert.deepEqual(
    added.changes.map(({ action, resource }) => [action, resource]),
    [['create', 'member']],
  );
  assert.deepEqual(added.changes[0]?.attributes['address'], { before: null, after: '192.0.2.10' });
  assert.equal(added.nodes[0]?.cost, 'runtime');
  assert.ok(added.nodes[0]?.steps.some(({ kind, detail }) => kind === 'add-server' && detail.includes('192.0.2.10')));

  const changed = await rehearse(api, 'PUT', `/listeners/${listener.id}`, { listener: { timeout_client_data: 1234 } });
  assert.deepEqual(changed.changes[0]?.attributes, { timeout_client_data: { before: 50_000, after: 1234 } });
  assert.equal(changed.nodes[0]?.cost, 'reload');
  assert.ok(changed.nodes[0]?.config.some((line) => line.startsWith('+') && line.includes('1234')));

  const created = await rehearse(api, 'POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId } });
  assert.equal(created.nodes[0]?.cost, 'restart');

  const removed = await rehearse(api, 'DELETE', `/loadbalancers/${id}?cascade=true`);
  assert.deepEqual(
    removed.nodes.map(({ steps }) => steps.map(({ kind }) => kind)),
    [['delete-node']],
  );
  const useless = await rehearse(api, 'PUT', `/loadbalancers/${id}`, { loadbalancer: { description: 'other words' } });
  assert.equal(useless.nodes[0]?.cost, null);
  await api.settle();
  assert.deepEqual(await everything(api), before);
});

test('a dry run refuses what the write itself would be refused', async (t) => {
  const api = await octavia(t);
  const answer = await api.send('POST', '/listeners', { listener: { protocol: 'HTTP' } }, undefined, { 'x-weir-dry-run': 'true' });
  assert.equal(answer.statusCode, 400);
  const reader = await api.user('blue', 'reader');
  const forbidden = await api.send('POST', '/loadbalancers', { loadbalancer: { vip_subnet_id: api.subnetId } }, reader, { 'x-weir-dry-run': 'true' });
  assert.equal(forbidden.statusCode, 403);
});

test('If-Match refuses a write to what has changed since it was read, and nothing else', async (t) => {
  const api = await octavia(t);
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { name: 'a', vip_subnet_id: api.subnetId });
  const read = await api.send('GET', `/loadbalancers/${id}`);
  const etag = String(read.headers['etag']);
  assert.match(etag, /^W\/".+"$/);
  await api.settle();
  const put = (name: string, match: string) => api.send('PUT', `/loadbalancers/${id}`, { loadbalancer: { name } }, undefined, { 'if-match': match });
  const first = await put('b', etag);
  assert.equal(first.statusCode, 200, 'becoming ACTIVE is no change of what was written');
  assert.equal((await put('c', etag)).statusCode, 412);
  assert.equal((await put('c', '*')).statusCode, 200);
  assert.equal((await put('d', `"nonsense", ${String((await api.send('GET', `/loadbalancers/${id}`)).headers['etag'])}`)).statusCode, 200);
  const gone = await api.send('DELETE', `/loadbalancers/${id}`, undefined, undefined, { 'if-match': etag });
  assert.equal(gone.statusCode, 412);
  assert.equal((await api.show(`/loadbalancers/${id}`, 'loadbalancer'))['name'], 'd');
});

test('a list of members replaces those of the pool that was read', async (t) => {
  const api = await octavia(t);
  const { id: loadbalancer_id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const { id } = await api.make('/pools', 'pool', { loadbalancer_id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' });
  const etag = String((await api.send('GET', `/pools/${id}`)).headers['etag']);
  const members = [{ address: '192.0.2.10', protocol_port: 80 }];
  const put = (match: string) => api.send('PUT', `/pools/${id}/members`, { members }, undefined, { 'if-match': match });
  assert.equal((await put('"stale"')).statusCode, 412);
  assert.deepEqual((await api.send('GET', `/pools/${id}/members`)).json<{ members: unknown[] }>().members, []);
  assert.equal((await put(etag)).statusCode, 202);
});

test('an administrator ends whatever a balancer waits for', async (t) => {
  const api = await octavia(t);
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  await api.settle();
  const member = await api.user('admin', 'member');
  assert.equal((await api.send('PUT', `/loadbalancers/${id}/reset-state`, undefined, member)).statusCode, 403);
  assert.equal((await api.send('PUT', `/loadbalancers/${id}/reset-state`)).statusCode, 202);
  await api.settle();
  assert.equal((await api.show(`/loadbalancers/${id}`, 'loadbalancer')).provisioning_status, 'ACTIVE');
});

test('the switch does not fail open: what is neither yes nor no is refused, here and where nothing can be planned', async (t) => {
  const api = await octavia(t);
  const body = { loadbalancer: { vip_subnet_id: api.subnetId } };
  const status = async (value: string): Promise<number> => (await api.send('POST', '/loadbalancers', body, undefined, { 'x-weir-dry-run': value })).statusCode;
  for (const value of ['maybe', '', 'true, false', 'true;']) assert.equal(await status(value), 400, value);
  for (const value of ['TRUE, true', 'yes', '1']) assert.equal(await status(value), 200, value);
  const network = { network: { name: 'dry' } };
  const elsewhere = await api.send('POST', '/network/v2.0/networks', network, undefined, { 'x-weir-dry-run': 'true' });
  assert.equal(elsewhere.statusCode, 501);
  assert.deepEqual((await api.send('GET', '/network/v2.0/networks?name=dry')).json(), { networks: [] });
  assert.equal((await api.send('POST', '/network/v2.0/networks', network, undefined, { 'x-weir-dry-run': 'false' })).statusCode, 201);
  assert.deepEqual((await api.send('GET', '/loadbalancers')).json<{ loadbalancers: unknown[] }>().loadbalancers, []);
});
