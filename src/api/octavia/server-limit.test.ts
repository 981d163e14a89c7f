import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { type Body, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';
import { MOST_SERVERS } from './server-limit.ts';

const MEMBERS = 5000;
const LISTENERS = MOST_SERVERS / MEMBERS;

interface Full {
  readonly api: Octavia;
  readonly balancer: Shown;
  readonly pool: Shown;
  readonly listeners: readonly Shown[];
  /** A listener that sends to nobody. */
  readonly idle: Shown;
}

/** A balancer that has as many servers as it may. Its loop rests: nobody has to render that. */
async function full(t: TestContext): Promise<Full> {
  const api = await octavia(t);
  await api.controller.stop();
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId });
  const pool = await api.make('/pools', 'pool', { loadbalancer_id: balancer.id, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' });
  const listen = (port: number, more: Body = {}): Promise<Shown> =>
    api.make('/listeners', 'listener', { loadbalancer_id: balancer.id, protocol: 'HTTP', protocol_port: port, ...more });
  const listeners: Shown[] = [];
  for (let index = 0; index < LISTENERS - 1; index += 1) listeners.push(await listen(1000 + index, { default_pool_id: pool.id }));
  const last = await listen(2000);
  listeners.push(last);
  await api.make('/l7policies', 'l7policy', { listener_id: last.id, action: 'REDIRECT_TO_POOL', redirect_pool_id: pool.id });
  expect(await api.send('PUT', `/pools/${pool.id}/members`, { members: membersFrom(0, MEMBERS) }), 202);
  return { api, balancer, pool, listeners, idle: await listen(3000) };
}

function membersFrom(first: number, count: number): Body[] {
  return Array.from({ length: count }, (_, index) => ({
    address: `198.51.100.${(first + index) % 200}`,
    protocol_port: 1 + Math.floor((first + index) / 200),
  }));
}

test('a balancer that is full takes nothing that adds a server, whichever way, and everything else', async (t) => {
  const { api, balancer, pool, listeners, idle } = await full(t);
  const refused = async (method: 'POST' | 'PUT', path: string, body: Body): Promise<void> => {
    const { faultcode, faultstring } = expect(await api.send(method, path, body), 400);
    assert.equal(faultcode, 'Client');
    assert.match(String(faultstring), new RegExp(`Validation failure: Load Balancer ${balancer.id} would have \\d{6,} servers, .* At most ${MOST_SERVERS} `));
  };
  const another = { loadbalancer_id: balancer.id, protocol: 'HTTP', protocol_port: 4000 };
  const policy = { listener_id: idle.id, action: 'REDIRECT_TO_POOL', redirect_pool_id: pool.id };
  const [member = {}] = membersFrom(MEMBERS, 1);
  await refused('POST', '/listeners', { listener: { ...another, default_pool_id: pool.id } });
  await refused('PUT', `/listeners/${idle.id}`, { listener: { default_pool_id: pool.id } });
  await refused('POST', '/l7policies', { l7policy: policy });
  await refused('POST', `/pools/${pool.id}/members`, { member });
  await refused('PUT', `/pools/${pool.id}/members?additive_only=true`, { members: [member] });
  const rejecting = await api.make('/l7policies', 'l7policy', { listener_id: idle.id, action: 'REJECT' });
  await refused('PUT', `/l7policies/${rejecting.id}`, { l7policy: { action: 'REDIRECT_TO_POOL', redirect_pool_id: pool.id } });
  const single = { name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: [member] };
  await refused('POST', '/listeners', { listener: { ...another, default_pool: single } });
  await refused('POST', '/pools', { pool: { ...single, listener_id: idle.id } });
  assert.equal((await api.show(`/listeners/${idle.id}`, 'listener'))['default_pool_id'], null);
  assert.equal((expect(await api.send('GET', `/listeners?loadbalancer_id=${balancer.id}`), 200)['listeners'] as Shown[]).length, LISTENERS + 1);

  // A second way from a listener to the same pool, members in the place of others, pools that nobody sends to: no server more.
  await api.make('/l7policies', 'l7policy', { ...policy, listener_id: listeners[0]?.id });
  expect(await api.send('PUT', `/pools/${pool.id}/members`, { members: membersFrom(1, MEMBERS) }), 202);
  await api.make('/pools', 'pool', { ...single, loadbalancer_id: balancer.id });
  expect(await api.send('PUT', `/listeners/${listeners[0]?.id}`, { listener: { name: 'renamed' } }), 200);
  // What is on its way out counts no longer.
  expect(await api.send('DELETE', `/listeners/${listeners[1]?.id}`), 204);
  await api.make('/listeners', 'listener', { ...another, default_pool_id: pool.id });
});

test('the status of a full balancer is told, each pool under each listener', async (t) => {
  const { api, balancer } = await full(t);
  const { statuses } = expect(await api.send('GET', `/loadbalancers/${balancer.id}/status`), 200) as {
    statuses: { loadbalancer: { listeners: { pools: { members: unknown[] }[] }[] } };
  };
  const counts = statuses.loadbalancer.listeners.map(({ pools }) => pools.map(({ members }) => members.length));
  assert.deepEqual(counts, [...Array.from({ length: LISTENERS }, () => [MEMBERS]), []]);
});

test('a tree is counted as a whole', async (t) => {
  const api = await octavia(t);
  await api.controller.stop();
  const tree = (listeners: number): Body => ({
    provider: 'noop',
    vip_subnet_id: api.subnetId,
    pools: [{ name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: membersFrom(0, 1000) }],
    listeners: Array.from({ length: listeners }, (_, index) => ({ protocol: 'HTTP', protocol_port: 1 + index, default_pool: { name: 'p' } })),
  });
  expect(await api.send('POST', '/loadbalancers', { loadbalancer: tree(MOST_SERVERS / 1000 + 1) }), 400);
  assert.deepEqual(expect(await api.send('GET', '/loadbalancers'), 200)['loadbalancers'], []);
  expect(await api.send('POST', '/loadbalancers', { loadbalancer: tree(MOST_SERVERS / 1000) }), 201);
});
