import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Plan } from '../model/plan.ts';
import { NodeError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { type Octavia, expect, octavia } from '../api/octavia/octavia.fixture.ts';

/** A node that can be told to fail or to hang. */
class Troubled extends NoopNodes {
  trouble: 'none' | 'fails' | 'hangs' = 'none';
  readonly plans: Plan[] = [];
  #release = Promise.withResolvers<void>();

  override async apply(id: string, plan: Plan): Promise<void> {
    if (this.trouble === 'fails') throw new NodeError('the cable is cut');
    if (this.trouble === 'hangs') await this.#release.promise;
    this.plans.push(plan);
    await super.apply(id, plan);
  }

  mend(): void {
    this.trouble = 'none';
    this.#release.resolve();
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await pause(20);
  }
  assert.fail(`never: ${what}`);
}

async function status(api: Octavia, id: string): Promise<string> {
  return (await api.show(`/loadbalancers/${id}`, 'loadbalancer')).provisioning_status;
}

test('a balancer that cannot be delivered becomes ERROR with the reason, takes writes, and heals', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver, pendingDeadline: 0.3 });
  driver.trouble = 'fails';
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { name: 'a', vip_subnet_id: api.subnetId });
  assert.equal(await status(api, id), 'PENDING_CREATE');
  await until('ERROR', async () => (await status(api, id)) === 'ERROR');
  const { statuses } = expect(await api.send('GET', `/loadbalancers/${id}/status`), 200) as { statuses: { loadbalancer: { status_reason: string } } };
  assert.match(statuses.loadbalancer.status_reason, /the cable is cut/);
  const changed = expect(await api.send('PUT', `/loadbalancers/${id}`, { loadbalancer: { name: 'b' } }), 200)['loadbalancer'] as {
    provisioning_status: string;
  };
  assert.equal(changed.provisioning_status, 'PENDING_UPDATE');
  driver.mend();
  await until('ACTIVE', async () => (await status(api, id)) === 'ACTIVE');
});

test('a delivery that hangs does not keep a balancer PENDING', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver, pendingDeadline: 0.3 });
  driver.trouble = 'hangs';
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  await until('ERROR', async () => (await status(api, id)) === 'ERROR');
  driver.mend();
  await until('ACTIVE', async () => (await status(api, id)) === 'ACTIVE');
});

test('writes while PENDING are accepted and all delivered', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver });
  driver.trouble = 'hangs';
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const listener = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id });
  const pool = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  for (let last = 10; last < 20; last++) await api.make(`/pools/${pool.id}/members`, 'member', { address: `192.0.2.${last}`, protocol_port: 80 });
  assert.equal(await status(api, id), 'PENDING_CREATE');
  driver.mend();
  await api.settle();
  assert.equal(await status(api, id), 'ACTIVE');
  const [node = ''] = await driver.list();
  assert.equal((await driver.present(node))?.proxy?.servers.length, 10);
  assert.ok(driver.plans.length <= 3, `coalesced into ${driver.plans.length} plans`);
});

test('PENDING_DELETE takes no writes; deletion that fails is finished later', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver });
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  await api.settle();
  const remove = t.mock.method(driver, 'remove', async () => {
    throw new NodeError('busy');
  });
  assert.equal((await api.send('DELETE', `/loadbalancers/${id}`)).statusCode, 204);
  await api.settle();
  assert.equal(await status(api, id), 'PENDING_DELETE');
  const refused = await api.send('PUT', `/loadbalancers/${id}`, { loadbalancer: { name: 'x' } });
  assert.deepEqual(
    [refused.statusCode, refused.json<{ faultstring: string }>().faultstring],
    [409, `Invalid state PENDING_DELETE of loadbalancer resource ${id}`],
  );
  assert.equal((await api.send('POST', '/listeners', { listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id } })).statusCode, 409);
  remove.mock.restore();
  await until('gone', async () => (await api.send('GET', `/loadbalancers/${id}`)).statusCode === 404);
  assert.deepEqual(await driver.list(), []);
});

test('nodes that nobody owns are removed at start', async (t) => {
  const driver = new NoopNodes();
  await driver.apply(randomUUID(), [{ kind: 'create-node', cost: 'restart' }]);
  await octavia(t, { driver });
  assert.deepEqual(await driver.list(), []);
});

test('a restarted server finishes what was pending and keeps what is delivered', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver });
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  await api.settle();
  const nodes = await driver.list();
  await api.controller.stop();
  await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id });
  assert.equal(await status(api, id), 'PENDING_UPDATE');
  await api.restart();
  await until('ACTIVE', async () => (await status(api, id)) === 'ACTIVE');
  assert.deepEqual(await driver.list(), nodes);
});

test('members are observed: statuses follow what the nodes say', async (t) => {
  const driver = new Troubled();
  const api = await octavia(t, { driver });
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const listener = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id });
  const pool = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  const member = await api.make(`/pools/${pool.id}/members`, 'member', { address: '192.0.2.10', protocol_port: 80 });
  await api.make('/healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'TCP', delay: 1, timeout: 1, max_retries: 1 });
  const seen = async (): Promise<unknown[]> => [
    (await api.show(`/loadbalancers/${id}`, 'loadbalancer'))['operating_status'],
    (await api.show(`/pools/${pool.id}`, 'pool'))['operating_status'],
    (await api.show(`/pools/${pool.id}/members/${member.id}`, 'member'))['operating_status'],
  ];
  await until('ONLINE', async () => (await seen()).every((word) => word === 'ONLINE'));
  const reading = {
    listeners: [
      {
        id: listener.id,
        state: 'open' as const,
        counters: [{ worker: 'w', activeConnections: 1, bytesIn: 10, bytesOut: 20, requestErrors: 0, totalConnections: 3 }],
      },
    ],
  };
  t.mock.method(driver, 'read', async () => ({
    ...reading,
    pools: [{ id: pool.id, state: 'up' as const }],
    members: [{ id: member.id, poolId: pool.id, state: 'down' as const, reason: 'refused' }],
  }));
  await until('DEGRADED', async () => JSON.stringify(await seen()) === JSON.stringify(['DEGRADED', 'DEGRADED', 'ERROR']));
  await until('counted', async () =>
    JSON.stringify(expect(await api.send('GET', `/loadbalancers/${id}/stats`), 200)['stats']).includes('"total_connections":3'),
  );
});
