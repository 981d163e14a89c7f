import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { amphora } from '../model/amphora.ts';
import type { Certificate } from '../model/certificate.ts';
import { fault } from '../model/fault.ts';
import { listener } from '../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import { silent } from '../model/log.ts';
import type { NodeConfig } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import { pool } from '../model/pool.ts';
import { Drivers } from '../nodes/drivers.ts';
import { NotYetError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { touch } from '../store/balancers.ts';
import { byId, insert, list } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { NOW, amphoraRow, balancerRow, listenerRow, poolRow, temporaryStore } from '../store/store.fixture.ts';
import { MaterialReader } from './materials.ts';
import { type Reconciler, reconcile } from './reconcile.ts';

/** Nodes that are made as real ones are, down to the files of their certificates. */
class Rendered extends NoopNodes {
  override readonly pretends = false;
  /** Done once, while a delivery goes on. */
  meanwhile: (() => Promise<void>) | null = null;
  readonly removed: string[] = [];
  /** Milliseconds for which no reload may be. */
  busyFor = 0;
  readonly applied: string[][] = [];

  override async apply(id: string, plan: Plan): Promise<void> {
    if (this.busyFor > 0 && plan.some(({ kind }) => kind === 'reload-proxy')) throw new NotYetError('not yet', this.busyFor);
    this.applied.push(plan.map(({ kind }) => kind));
    return super.apply(id, plan);
  }

  override async present(id: string): Promise<NodeConfig | null> {
    const work = this.meanwhile;
    this.meanwhile = null;
    await work?.();
    return super.present(id);
  }

  override async remove(id: string): Promise<void> {
    this.removed.push(id);
    return super.remove(id);
  }
}

interface World {
  readonly store: Store;
  readonly driver: Rendered;
  readonly balancer: LoadBalancer;
  readonly deps: Reconciler;
  /** References that nothing is under. */
  readonly lost: Set<string>;
  balancerNow(): Promise<LoadBalancer>;
}

/** A balancer on a network of somebody else's, with a listener that shows the certificate `own`. */
async function world(t: TestContext): Promise<World> {
  const store = await temporaryStore(t);
  const balancer = balancerRow({ vip_subnet_id: 'subnet', vip_network_id: 'network' });
  await store.transaction(async ({ db }) => {
    await insert(db, loadBalancer, balancer);
    await insert(db, listener, listenerRow(balancer.id, { protocol: 'TERMINATED_HTTPS', default_tls_container_ref: 'own' }));
  });
  const driver = new Rendered();
  const lost = new Set<string>();
  const certificate: Certificate = { certificate: 'certificate\n', privateKey: 'key\n', intermediates: [], notAfter: '', names: [] };
  const had = async <T>(refs: readonly string[], what: T): Promise<T> => {
    if (refs.some((ref) => lost.has(ref))) throw fault.certificateNotRetrieved(refs, '');
    return Promise.resolve(what);
  };
  const materials = new MaterialReader({
    stamp: (refs) => had(refs, refs.join(' ')),
    certificate: (ref) => had([ref], certificate),
    authority: (ca) => had([ca], { certificates: [], revocations: [] }),
  });
  const drivers = new Drivers(new Map([['noop', driver]]));
  const deps: Reconciler = {
    store,
    drivers,
    log: silent,
    pendingDeadline: 60,
    now: () => NOW,
    beforeReload: async () => Promise.resolve(),
    materials,
    isDelivered: () => true,
    mayRestart: () => true,
  };
  return { store, driver, balancer, deps, lost, balancerNow: async () => (await byId(store.db, loadBalancer, balancer.id)) ?? assert.fail('gone') };
}

const LOST = fault.certificateNotRetrieved(['own'], '').message;

/** A client makes a pool. */
async function makePool({ store, balancer }: World): Promise<void> {
  await store.transaction(async (tx) => {
    const { generation } = await touch(tx, balancer.id, NOW);
    await insert(tx.db, pool, poolRow(balancer.id, { generation, provisioning_status: 'PENDING_CREATE' }));
  });
}

async function poolStatuses({ store }: World): Promise<string[]> {
  const rows = await list(store.db, pool, { where: [], sort: [], limit: null, marker: null, reverse: false });
  return rows.map(({ provisioning_status }) => provisioning_status);
}

test('a lost certificate is an ERROR, said once, and all else is delivered', async (t) => {
  const here = await world(t);
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: true });
  here.lost.add('own');
  await makePool(here);
  const transactions = t.mock.method(here.store, 'transaction').mock;
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: false, reason: LOST, sound: true });
  const said = await here.balancerNow();
  assert.deepEqual([said.provisioning_status, said.status_reason, said.delivered_generation], ['ERROR', LOST, 2]);
  assert.deepEqual(await poolStatuses(here), ['ACTIVE']);
  assert.equal(transactions.callCount(), 1);
  await reconcile(here.deps, here.balancer.id, 0);
  assert.equal(transactions.callCount(), 1, 'nothing is new');
  here.lost.clear();
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: true });
  assert.equal((await here.balancerNow()).provisioning_status, 'ACTIVE');
});

test('what is written while a lost certificate is found waits for its own delivery', async (t) => {
  const here = await world(t);
  await reconcile(here.deps, here.balancer.id, 0);
  here.lost.add('own');
  here.driver.meanwhile = () => makePool(here);
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: false, reason: LOST, sound: true });
  const waiting = await here.balancerNow();
  assert.deepEqual([waiting.provisioning_status, waiting.pending_since], ['PENDING_UPDATE', NOW.toISOString()]);
  assert.deepEqual(await poolStatuses(here), ['PENDING_CREATE']);
  await reconcile(here.deps, here.balancer.id, 0);
  assert.equal((await here.balancerNow()).provisioning_status, 'ERROR');
  assert.deepEqual(await poolStatuses(here), ['ACTIVE']);
});

test('where a certificate was never read nothing is delivered, and that is an ERROR at once', async (t) => {
  const here = await world(t);
  here.lost.add('own');
  await makePool(here);
  const transactions = t.mock.method(here.store, 'transaction').mock;
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: false, reason: LOST, sound: true });
  assert.deepEqual([(await here.balancerNow()).provisioning_status, ...(await poolStatuses(here))], ['ERROR', 'ERROR']);
  await reconcile(here.deps, here.balancer.id, 0);
  assert.equal(transactions.callCount(), 1, 'it is said once');
});

test('a failure of the store is no lost certificate', async (t) => {
  const here = await world(t);
  const vault = { stamp: async () => Promise.reject(new Error('database is locked')), certificate: assert.fail, authority: assert.fail };
  const outcome = await reconcile({ ...here.deps, materials: new MaterialReader(vault) }, here.balancer.id, 0);
  assert.deepEqual(outcome, { done: false, reason: 'database is locked', sound: false });
  assert.equal((await here.balancerNow()).provisioning_status, 'ACTIVE');
});

test('a node that is replaced is read before it is removed, unless it does not answer', async (t) => {
  for (const answers of [true, false]) {
    const here = await world(t);
    const old = amphoraRow(here.balancer.id);
    await here.store.transaction(({ db }) => insert(db, amphora, { ...old, status: 'PENDING_DELETE' }));
    const read: [string, boolean][] = [];
    const beforeReload = async (id: string): Promise<void> => {
      read.push([id, here.driver.removed.includes(id)]);
      if (!answers) await new Promise(() => {});
    };
    assert.deepEqual(await reconcile({ ...here.deps, beforeReload }, here.balancer.id, 0), { done: true });
    assert.deepEqual([read, here.driver.removed], [[[old.id, false]], [old.id]]);
  }
});

test('a reload that has to wait is no failure: the balancer stays PENDING_UPDATE and is woken then', async (t) => {
  const here = await world(t);
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: true });
  await here.store.transaction(async (tx) => {
    const { generation } = await touch(tx, here.balancer.id, NOW);
    await insert(tx.db, listener, listenerRow(here.balancer.id, { protocol_port: 81, generation, provisioning_status: 'PENDING_CREATE' }));
  });
  here.driver.busyFor = 3000;
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: false, reason: 'not yet', after: 3000 });
  const waiting = await here.balancerNow();
  assert.deepEqual([waiting.provisioning_status, waiting.status_reason], ['PENDING_UPDATE', null]);
  here.driver.busyFor = 0;
  assert.deepEqual(await reconcile(here.deps, here.balancer.id, 0), { done: true });
  assert.deepEqual(here.driver.applied.at(-1), ['reload-proxy']);
  assert.equal((await here.balancerNow()).provisioning_status, 'ACTIVE');
});
