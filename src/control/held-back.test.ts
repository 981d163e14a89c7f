import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Plan } from '../model/plan.ts';
import { NodeError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { type Octavia, expect, octavia } from '../api/octavia/octavia.fixture.ts';

/** Nodes that can die, and whose restarts can fail. */
class Mortal extends NoopNodes {
  broken = false;
  #lost: (id: string) => void = () => {};

  override onLost(listener: (id: string) => void = () => {}): void {
    this.#lost = listener;
  }

  override async apply(id: string, plan: Plan): Promise<void> {
    if (this.broken && plan.some(({ cost }) => cost === 'restart')) throw new NodeError('the package is broken');
    await super.apply(id, plan);
  }

  async die(id: string): Promise<void> {
    await super.remove(id);
    this.tell(id);
  }

  /** Has the node looked at. */
  tell(id: string): void {
    this.#lost(id);
  }
}

interface World {
  readonly api: Octavia;
  readonly driver: Mortal;
  /** By load balancer, its node. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** Longer than a test takes: only what is said in it goes on. */
const NEVER = 3600;

async function world(t: TestContext, count: number, { trial = NEVER, broken = false } = {}): Promise<World> {
  const driver = new Mortal();
  const restarts = { failoverThreshold: 2, failoverWindow: NEVER, failoverTrialInterval: trial };
  const api = await octavia(t, { driver, restarts });
  const nodes = new Map<string, string>();
  while (nodes.size < count) {
    const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
    await api.settle();
    const known = new Set(nodes.values());
    nodes.set(id, (await driver.list()).find((node) => !known.has(node)) ?? assert.fail('no node'));
  }
  driver.broken = broken;
  return { api, driver, nodes };
}

/** All but the first are held back then, unless there are trials. */
async function allDie({ driver, nodes }: World): Promise<void> {
  for (const node of nodes.values()) await driver.die(node);
}

async function allButOneHeld(here: World): Promise<string[]> {
  await allDie(here);
  await until('the others are held back', async () => (await heldBack(here)).length === here.nodes.size - 1);
  await until('one is right', async () => (await here.driver.list()).length === 1);
  await here.api.settle();
  return heldBack(here);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await holds()) return;
    await pause(10);
  }
  assert.fail(`never: ${what}`);
}

async function reasonOf(api: Octavia, id: string): Promise<string> {
  const { statuses } = expect(await api.send('GET', `/loadbalancers/${id}/status`), 200) as {
    statuses: { loadbalancer: { status_reason?: string; provisioning_status: string } };
  };
  assert.equal(statuses.loadbalancer.provisioning_status, 'ACTIVE');
  return statuses.loadbalancer.status_reason ?? '';
}

async function heldBack({ api, nodes }: World): Promise<string[]> {
  const reasons = await Promise.all([...nodes.keys()].map(async (id) => ({ id, reason: await reasonOf(api, id) })));
  return reasons.filter(({ reason }) => reason.includes('held back')).map(({ id }) => id);
}

async function events({ api }: World, type: string): Promise<Record<string, unknown>[]> {
  const rows = await api.store.db.selectFrom('event').select(['type', 'payload', 'resource_id']).where('type', 'like', type).orderBy('seq').execute();
  return rows.map(({ type: name, resource_id, payload }) => ({ ...payload, type: name, resource_id }));
}

test('at the threshold restarts are held back and told; a write puts its own load balancer right', async (t) => {
  const here = await world(t, 4);
  const [asked = ''] = await allButOneHeld(here);
  expect(await here.api.send('PUT', `/loadbalancers/${asked}`, { loadbalancer: { name: 'now' } }), 200);
  await until('it is right', async () => (await here.driver.list()).includes(here.nodes.get(asked) ?? ''));
  await here.api.settle();
  assert.deepEqual([(await heldBack(here)).includes(asked), (await here.driver.list()).length], [false, 2]);
  const drift = await events(here, 'edgeweir.loadbalancer.drift');
  assert.deepEqual([drift.length, drift.filter(({ healed }) => healed).length], [4, 1]);
  const opened = await events(here, 'edgeweir.breaker.%');
  assert.deepEqual(
    opened.map(({ type, open, threshold }) => [type, open, threshold]),
    [['edgeweir.breaker.opened', true, 2]],
  );
});

test("an operator's failover is not held back, and a deletion neither", async (t) => {
  const here = await world(t, 4);
  const [first = '', second = ''] = await allButOneHeld(here);
  assert.equal((await here.api.send('PUT', `/loadbalancers/${first}/failover`)).statusCode, 202);
  await until('it is right', async () => (await here.driver.list()).length === 2);
  assert.equal((await here.api.send('DELETE', `/loadbalancers/${second}`)).statusCode, 204);
  await until('it is gone', async () => (await here.api.send('GET', `/loadbalancers/${second}`)).statusCode === 404);
});

test('what costs no restart is never held back', async (t) => {
  const here = await world(t, 4);
  await allButOneHeld(here);
  const [whole = ''] = await here.driver.list();
  const present = await here.driver.present(whole);
  await here.driver.apply(whole, [{ kind: 'set-routes', cost: 'runtime', routes: [{ to: '198.51.100.0/24', via: '192.0.2.1' }], present: [] }]);
  assert.notDeepEqual(await here.driver.present(whole), present);
  here.driver.tell(whole);
  await until('it is as it was', async () => JSON.stringify(await here.driver.present(whole)) === JSON.stringify(present));
});

test('a trial that fails keeps its reason, and the others wait on; when they work it closes and all are right', async (t) => {
  const here = await world(t, 5, { trial: 0.2, broken: true });
  await allDie(here);
  const failed = async (): Promise<number> =>
    (await Promise.all([...here.nodes.keys()].map((id) => reasonOf(here.api, id)))).filter((reason) => reason.includes('package is broken')).length;
  await until('all have been tried', async () => (await failed()) === 5);
  assert.deepEqual(await here.driver.list(), []);
  here.driver.broken = false;
  await until('all are right', async () => (await here.driver.list()).length === 5);
  await until('it is told', async () => (await events(here, 'edgeweir.breaker.closed')).length === 1);
  await here.api.settle();
  for (const id of here.nodes.keys()) assert.equal(await reasonOf(here.api, id), '');
});

test('a new server holds nothing back, and tells the end of what the one before held', async (t) => {
  const here = await world(t, 4);
  await allButOneHeld(here);
  await here.api.controller.stop();
  await here.api.restart();
  await until('all are right', async () => (await here.driver.list()).length === 4);
  await until('nobody says that it is held back', async () => (await heldBack(here)).length === 0);
  const told = (await events(here, 'edgeweir.breaker.%')).map(({ type }) => type);
  assert.deepEqual(told, ['edgeweir.breaker.opened', 'edgeweir.breaker.closed']);
});
