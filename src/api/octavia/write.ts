/**
 * What every write below a balancer has in common: one transaction, the balancer's generation raised, what is
 * affected marked PENDING. A balancer that is going away takes no more writes.
 */
import { fault } from '../../model/fault.ts';
import type { healthMonitor } from '../../model/health-monitor.ts';
import type { l7Policy } from '../../model/l7-policy.ts';
import type { l7Rule } from '../../model/l7-rule.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import type { member } from '../../model/member.ts';
import type { Pool, pool } from '../../model/pool.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { touch } from '../../store/balancers.ts';
import { markDeleting, markPending } from '../../store/pending.ts';
import { listenersOfPools } from '../../store/references.ts';
import type { ChildTable } from '../../store/row-ranges.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { insert, insertMany, isUniqueViolation, list, update } from '../../store/rows.ts';
import { type AuditedTx, audited, rehearse } from '../../store/audit.ts';
import type { Tx } from '../../store/store.ts';
import { inTurns } from '../http/turns.ts';
import { type Call, rowFor, targetFor } from './collection.ts';
import { DryRun, changeView } from './dry-run.ts';
import { type Rule, ruleOf } from './policy.ts';
import { withinServerLimit } from './server-limit.ts';

/** One write of a client: carried out and put on record, or, when only the plan is asked for, worked out and undone. */
export async function write<T>(call: Call, work: (tx: AuditedTx) => Promise<T>): Promise<T> {
  const { store, planner } = call.options;
  const limited = withinServerLimit(work);
  if (!call.dryRun) return audited(store, call.actor, limited);
  const { result: wanted, changes } = await rehearse(store, async (tx) => {
    await limited(tx);
    return planner.wanted(tx);
  });
  const nodes = await planner.plans(wanted);
  throw new DryRun({ changes: await inTurns(changes, changeView), nodes });
}

/** A transaction, or the store before there is one: what takes long is only begun for those who may write. */
export type Readable = Pick<Tx, 'db'>;

/** The balancer a new child goes below, checked for the caller. */
export async function parentBalancer(tx: Readable, call: Call, id: string, rule: Rule): Promise<LoadBalancer> {
  return rowFor(loadBalancer, call, id, rule, [], tx.db);
}

/** Raises the balancer's generation; returns the new one. */
export async function raise(tx: Tx, loadBalancerId: string): Promise<number> {
  const { generation } = await touch(tx, loadBalancerId, new Date());
  return generation;
}

/** A parent that takes a write for a child: there, the caller's, and not on its way out. */
export async function parentFor<R extends Resource>(tx: Readable, resource: R, call: Call, id: string, rule: Rule): Promise<RowOf<R>> {
  return refuseDeleting(resource, await rowFor(resource, call, id, rule, [], tx.db));
}

function refuseDeleting<R extends Resource>(resource: R, row: RowOf<R>): RowOf<R> {
  const { deleting, id } = row as unknown as { deleting: boolean; id: string };
  if (deleting) throw fault.immutable(resource.title, id);
  return row;
}

/** The row that is changed or deleted: there, the caller's, not on its way out, and as the writer last saw it. */
export async function childFor<R extends Resource>(
  tx: Readable,
  resource: R,
  call: Call,
  id: string,
  action: 'put' | 'delete',
  within: { column: string; anyOf: unknown[] }[] = [],
): Promise<RowOf<R>> {
  return refuseDeleting(resource, await targetFor(resource, call, id, ruleOf(resource, action), within, tx.db));
}

/** Writes the changes of a row, puts them on record and reads it back. */
export async function change<R extends Resource>(tx: AuditedTx, resource: R, before: RowOf<R>, changes: Partial<RowOf<R>>): Promise<RowOf<R>> {
  const { id } = before as unknown as { id: string };
  const row = await update(tx.db, resource, id, { ...changes, updated_at: octaviaTime(new Date()) } as Partial<RowOf<R>>);
  if (!row) throw fault.notFound(resource.title, id);
  tx.record('update', resource, before, row);
  return row;
}

/** Inserts a row and puts it on record. Where there may be only one of its kind, `onTaken` says so to whoever wants the second. */
export async function add<R extends Resource>(tx: AuditedTx, resource: R, row: RowOf<R>, onTaken?: () => Error): Promise<void> {
  await unlessTaken(() => insert(tx.db, resource, row), onTaken);
  tx.record('create', resource, null, row);
}

/** Work that a unique index may refuse, which is then said in the face's words. */
export async function unlessTaken<T>(work: () => Promise<T>, onTaken: (() => Error) | undefined): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw onTaken && isUniqueViolation(error) ? onTaken() : error;
  }
}

/** As `add`, for many rows of one kind. */
export async function addAll<R extends Resource>(tx: AuditedTx, resource: R, rows: readonly RowOf<R>[]): Promise<void> {
  await insertMany(tx.db, resource, rows);
  for (const row of rows) tx.record('create', resource, null, row);
}

/** What hangs below a balancer. */
type Child = typeof listener | typeof pool | typeof member | typeof healthMonitor | typeof l7Policy | typeof l7Rule;

/** Rows are wanted gone from this generation on, and that is put on record. */
export async function removeAll<R extends Child>(
  tx: AuditedTx,
  resource: R,
  rows: readonly (RowOf<R> & { readonly id: string })[],
  generation: number,
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await markDeleting(tx, resource.table as ChildTable, ids, generation);
  for (const row of rows) tx.record('delete', resource, row, null);
}

/** Listeners that send to a pool by default. */
export async function listenersUsing(tx: Tx, poolId: string): Promise<Listener[]> {
  return list(tx.db, listener, { where: [{ column: 'default_pool_id', anyOf: [poolId] }], sort: [], limit: null, marker: null, reverse: false });
}

/** A pool's members or monitor changed: the pool and every listener using it wait with it. */
export async function markPoolPending(tx: Tx, { id }: Pool, generation: number): Promise<void> {
  const listeners = (await listenersOfPools(tx.db, [id])).get(id) ?? [];
  await markPending(tx, 'pool', [id], generation);
  await markPending(
    tx,
    'listener',
    listeners.map((row) => row.id),
    generation,
  );
}
