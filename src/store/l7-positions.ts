/**
 * The positions of a listener's policies: always 1…n among those that are wanted. Several rows change at once, and the
 * unique index is checked row by row: so they first go to the negative of where they belong, then all turn positive.
 */
import { sql } from 'kysely';
import type { L7Policy } from '../model/l7-policy.ts';
import type { Db, Tx } from './store.ts';

/** A policy that went one further or one back because of another. */
export interface Shifted {
  readonly before: L7Policy;
  readonly after: L7Policy;
}

export interface Placed {
  /** The position that is free now, for whoever asked. */
  readonly position: number;
  readonly shifted: readonly Shifted[];
}

/** Makes room for a new policy at the wanted position, or behind the last when that is beyond it. */
export async function openPosition(tx: Tx, listenerId: string, wanted: number): Promise<Placed> {
  const last = await countPolicies(tx.db, listenerId);
  const position = Math.min(wanted, last + 1);
  return { position, shifted: await shift(tx, listenerId, { from: position, to: last, by: 1 }) };
}

/** Moves a policy to the wanted position, or to the last when that is beyond it; those between make room. */
export async function movePosition(tx: Tx, { id, listener_id, position: from }: L7Policy, wanted: number): Promise<Placed> {
  const to = Math.min(wanted, await countPolicies(tx.db, listener_id));
  if (to === from) return { position: from, shifted: [] };
  await tx.db.updateTable('l7_policy').set({ position: -to }).where('id', '=', id).execute();
  const others: Range = to > from ? { from: from + 1, to, by: -1 } : { from: to, to: from - 1, by: 1 };
  return { position: to, shifted: await shift(tx, listener_id, others) };
}

/** Closes the gap of a policy that was just marked as going. */
export async function closePosition(tx: Tx, { listener_id, position }: L7Policy): Promise<readonly Shifted[]> {
  const left = await countPolicies(tx.db, listener_id);
  return shift(tx, listener_id, { from: position + 1, to: left + 1, by: -1 });
}

async function countPolicies(db: Db, listenerId: string): Promise<number> {
  const { count } = await db
    .selectFrom('l7_policy')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('listener_id', '=', listenerId)
    .where('deleting', '=', false)
    .executeTakeFirstOrThrow();
  return count;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly by: 1 | -1;
}

async function shift(tx: Tx, listenerId: string, { from, to, by }: Range): Promise<Shifted[]> {
  if (from > to) return [];
  const before = await policiesIn(tx.db, listenerId, from, to);
  const rows = tx.db.updateTable('l7_policy').where('listener_id', '=', listenerId).where('deleting', '=', false);
  await rows
    .set({ position: sql<number>`-(position + ${by})` })
    .where('position', '>=', from)
    .where('position', '<=', to)
    .execute();
  await rows
    .set({ position: sql<number>`-position` })
    .where('position', '<', 0)
    .execute();
  return before.map((row) => ({ before: row, after: { ...row, position: row.position + by } }));
}

function policiesIn(db: Db, listenerId: string, from: number, to: number): Promise<L7Policy[]> {
  return db
    .selectFrom('l7_policy')
    .selectAll()
    .where('listener_id', '=', listenerId)
    .where('deleting', '=', false)
    .where('position', '>=', from)
    .where('position', '<=', to)
    .orderBy('position')
    .execute();
}
