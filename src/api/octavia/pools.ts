import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type HealthMonitor, healthMonitor } from '../../model/health-monitor.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { member } from '../../model/member.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { type CreateOf, nestedIn, parseCreate, parseNested, parseUpdate } from '../../model/resource.ts';
import { unsupportedPool } from '../../render/haproxy/support.ts';
import { unsupportedByPackets } from '../../render/nftables/support.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { policiesUsingPool } from '../../store/l7-references.ts';
import { markPending } from '../../store/pending.ts';
import { membersOf } from '../../store/pool-members.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { list, update } from '../../store/rows.ts';
import type { Db, Tx } from '../../store/store.ts';
import { checkChangedCertificates, checkNewCertificates, unreadablePool } from './certificates.ts';
import { type Call, type Collection, rowFor } from './collection.ts';
import { refuseByEngine } from './engine.ts';
import { addMonitor } from './health-monitors.ts';
import { unsupportedCiphers } from './known-ciphers.ts';
import { tlsFilled } from './limits.ts';
import { addMembers } from './members.ts';
import { newRow } from './new-row.ts';
import { requireFit } from './pool-choice.ts';
import { checkPool } from './pool-rules.ts';
import { refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { countChildren } from './tree-pools.ts';
import { resolveNames } from './subnet-name.ts';
import { viewPools } from './view.ts';
import { type Readable, add, change, childFor, listenersUsing, markPoolPending, parentBalancer, parentFor, raise, removeAll, write } from './write.ts';

export const pools: Collection<typeof pool> = {
  resource: pool,
  path: '/pools',
  view: viewPools,
  elsewhere: { healthmonitor_id: monitoredBy },
  create,
  update: modify,
  remove,
};

export type PoolBody = CreateOf<typeof pool>;

/** Where a new child goes. */
export interface Place {
  readonly balancer: LoadBalancer;
  readonly generation: number;
}

async function monitoredBy(db: Db, ids: readonly string[]): Promise<{ column: string; anyOf: string[] }> {
  const monitors = await list(db, healthMonitor, { where: [{ column: 'id', anyOf: ids }], sort: [], limit: null, marker: null, reverse: false });
  return { column: 'id', anyOf: monitors.map(({ pool_id }) => pool_id) };
}

async function create(call: Call): Promise<Pool> {
  const body = parseCreate(pool, await resolveNames(call.options.store.db, call.caller, call.body));
  checkPool(body, call.options.limits);
  await checkNewCertificates(call, { pools: [body] }, () => parents(call.options.store, call, body));
  return write(call, async (tx) => {
    const { balancer, forListener } = await parents(tx, call, body);
    await requireQuota(tx, call, balancer.project_id ?? '', { pool: 1, ...countChildren(body) });
    const generation = await raise(tx, balancer.id);
    const row = await insertPool(tx, call, body, { balancer, generation });
    if (forListener) await becomeDefault(tx, row, forListener, generation);
    return row;
  });
}

/** A pool of a tree with its members and monitor. Quota is the matter of whoever makes the tree. */
export async function addPool(tx: AuditedTx, call: Call, object: Record<string, unknown>, place: Place): Promise<Pool> {
  const body = parseNested(pool, object);
  checkPool(body, call.options.limits);
  return insertPool(tx, call, body, place);
}

async function insertPool(tx: AuditedTx, call: Call, body: PoolBody, { balancer, generation }: Place): Promise<Pool> {
  const row = newRow(pool, tlsFilled(body, call.options.limits.poolTls, body.tls_enabled), {
    id: randomUUID(),
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    project_id: balancer.project_id ?? '',
    created_at: octaviaTime(new Date()),
    updated_at: null,
    loadbalancer_id: balancer.id,
    generation,
    deleting: false,
  });
  refuseUncarried(call, balancer, unsupportedPool(row) ?? unsupportedCiphers(row) ?? unreadablePool(call, row));
  await refuseByEngine(tx, call, balancer, unsupportedByPackets(row));
  await add(tx, pool, row);
  const monitor = body.healthmonitor;
  if (monitor) await addMonitor(tx, call, monitor, row, { balancer, generation });
  await addMembers(tx, call, nestedIn(body, 'members'), row, { generation, monitored: Boolean(monitor) });
  return row;
}

/** The balancer, named directly or through the listener the pool will serve. */
async function parents(tx: Readable, call: Call, body: PoolBody): Promise<{ balancer: LoadBalancer; forListener: Listener | null }> {
  const { listener_id, loadbalancer_id } = body;
  if (listener_id === null) {
    if (loadbalancer_id === null) throw fault.validation('Must provide at least one of: loadbalancer_id, listener_id');
    return { balancer: await parentBalancer(tx, call, loadbalancer_id, 'pool:post'), forListener: null };
  }
  const forListener = await parentFor(tx, listener, call, listener_id, 'pool:post');
  if (loadbalancer_id !== null && loadbalancer_id !== forListener.loadbalancer_id)
    throw fault.validation(`Listener ${listener_id} is not on load balancer ${loadbalancer_id}.`);
  requireFit(forListener.protocol, body.protocol);
  if (forListener.default_pool_id !== null) throw fault.defaultPoolTaken();
  return { balancer: await rowFor(loadBalancer, call, forListener.loadbalancer_id, 'pool:post', [], tx.db), forListener };
}

async function becomeDefault(tx: AuditedTx, row: Pool, before: Listener, generation: number): Promise<void> {
  const after = await update(tx.db, listener, before.id, { default_pool_id: row.id });
  tx.record('update', listener, before, after ?? null);
  await markPending(tx, 'listener', [before.id], generation);
}

async function modify(call: Call, id: string): Promise<Pool> {
  const changes = parseUpdate(pool, call.body);
  await checkChangedCertificates(call, 'pool', changes, () => childFor(call.options.store, pool, call, id, 'put'));
  return write(call, async (tx) => {
    const row = await childFor(tx, pool, call, id, 'put');
    const wanted = { ...row, ...changes };
    const after = tlsFilled(wanted, call.options.limits.poolTls, wanted.tls_enabled);
    checkPool(after, call.options.limits);
    const balancer = await parentBalancer(tx, call, row.loadbalancer_id ?? '', 'pool:put');
    refuseUncarried(call, balancer, unsupportedPool(after) ?? unsupportedCiphers(after) ?? unreadablePool(call, after));
    await refuseByEngine(tx, call, balancer, unsupportedByPackets(after));
    await markPoolPending(tx, row, await raise(tx, row.loadbalancer_id ?? ''));
    const { tls_ciphers, tls_versions, alpn_protocols } = after;
    return change(tx, pool, row, { ...changes, tls_ciphers, tls_versions, alpn_protocols });
  });
}

/** A deleted pool takes its members and monitor with it, and listeners stop sending to it. */
async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await childFor(tx, pool, call, id, 'delete');
    const [policy] = await policiesUsingPool(tx.db, id);
    if (policy) throw fault.poolInUse(id, policy.id);
    const generation = await raise(tx, row.loadbalancer_id ?? '');
    await releaseListeners(tx, id, generation);
    await removeChildren(tx, id, generation);
    await removeAll(tx, pool, [row], generation);
  });
}

async function removeChildren(tx: AuditedTx, poolId: string, generation: number): Promise<void> {
  await removeAll(tx, member, await membersOf(tx.db, poolId), generation);
  await removeAll(tx, healthMonitor, await monitorsOf(tx, poolId), generation);
}

function monitorsOf(tx: Tx, poolId: string): Promise<HealthMonitor[]> {
  const where = [
    { column: 'pool_id', anyOf: [poolId] },
    { column: 'deleting', anyOf: [false] },
  ];
  return list(tx.db, healthMonitor, { where, sort: [], limit: null, marker: null, reverse: false });
}

async function releaseListeners(tx: AuditedTx, poolId: string, generation: number): Promise<void> {
  const users = await listenersUsing(tx, poolId);
  for (const user of users) {
    const after = await update(tx.db, listener, user.id, { default_pool_id: null });
    tx.record('update', listener, user, after ?? null);
  }
  await markPending(
    tx,
    'listener',
    users.map((user) => user.id),
    generation,
  );
}
