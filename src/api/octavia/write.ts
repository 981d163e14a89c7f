/**
 * What every write below a balancer has in common: one transaction, the balancer's generation raised, what is
 * affected marked PENDING. A balancer that is going away takes no more writes.
 */
import { fault } from '../../model/fault.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import type { Pool } from '../../model/pool.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { touch } from '../../store/balancers.ts';
import { markPending } from '../../store/pending.ts';
import { byId, list, update } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import { type Call, rowFor } from './collection.ts';
import { timestamp } from './context.ts';

/** The balancer a new child goes below, checked for the caller. */
export async function parentBalancer(tx: Tx, call: Call, id: string): Promise<LoadBalancer> {
  return rowFor(loadBalancer, call, id, 'write', [], tx.db);
}

/** Raises the balancer's generation; returns the new one. */
export async function raise(tx: Tx, loadBalancerId: string): Promise<number> {
  const { generation } = await touch(tx, loadBalancerId, new Date());
  return generation;
}

/** A child that takes a write: there, the caller's, and not on its way out. */
export async function childFor<R extends Resource>(
  tx: Tx,
  resource: R,
  call: Call,
  id: string,
  within: { column: string; anyOf: unknown[] }[] = [],
): Promise<RowOf<R>> {
  const row = await rowFor(resource, call, id, 'write', within, tx.db);
  if ((row as unknown as { deleting: boolean }).deleting) throw fault.immutable(resource.title, id);
  return row;
}

/** Writes the changes of a child and reads it back. */
export async function change<R extends Resource>(tx: Tx, resource: R, id: string, changes: Partial<RowOf<R>>): Promise<RowOf<R>> {
  await update(tx.db, resource, id, { ...changes, updated_at: timestamp() } as Partial<RowOf<R>>);
  const row = await byId(tx.db, resource, id);
  if (!row) throw fault.notFound(resource.title, id);
  return row;
}

/** Listeners that send to a pool by default. */
export async function listenersUsing(tx: Tx, poolId: string): Promise<Listener[]> {
  return list(tx.db, listener, { where: [{ column: 'default_pool_id', anyOf: [poolId] }], sort: [], limit: null, marker: null, reverse: false });
}

/** A pool's members or monitor changed: the pool and every listener using it wait with it. */
export async function markPoolPending(tx: Tx, { id }: Pool, generation: number): Promise<void> {
  const listeners = await listenersUsing(tx, id);
  await markPending(tx, 'pool', [id], generation);
  await markPending(
    tx,
    'listener',
    listeners.map((row) => row.id),
    generation,
  );
}
