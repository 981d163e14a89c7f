/** Marks what a write affects, so that clients see it wait until the nodes carry it (octavia-api reference §3.1). */
import { type RawBuilder, sql } from 'kysely';
import { elementsOf } from './elements.ts';
import { type ChildTable, everyRange, rangesBelow } from './row-ranges.ts';
import type { Tx } from './store.ts';

/** Rows become PENDING_UPDATE at this generation; created ones stay PENDING_CREATE, deleted ones PENDING_DELETE. */
export async function markPending(tx: Tx, table: ChildTable, ids: readonly string[], generation: number): Promise<void> {
  const status = sql<'PENDING_UPDATE'>`case when provisioning_status in ('PENDING_CREATE', 'PENDING_DELETE') then provisioning_status else 'PENDING_UPDATE' end`;
  for (const some of someOf(ids)) await tx.db.updateTable(table).set({ provisioning_status: status, generation }).where('id', 'in', some).execute();
}

/** Rows are wanted gone; they vanish when the nodes no longer carry them. */
export async function markDeleting(tx: Tx, table: ChildTable, ids: readonly string[], generation: number): Promise<void> {
  for (const some of someOf(ids)) {
    await tx.db.updateTable(table).set({ provisioning_status: 'PENDING_DELETE', deleting: true, generation }).where('id', 'in', some).execute();
  }
}

/** The same for everything below a balancer. */
export async function markTreeDeleting(tx: Tx, loadBalancerId: string, generation: number): Promise<void> {
  const going = { provisioning_status: 'PENDING_DELETE', deleting: true, generation } as const;
  await everyRange(tx.db, loadBalancerId, (table, range) => tx.db.updateTable(table).set(going).where(range).execute());
}

/** Nobody checks the pool's members any more. */
export async function markUnmonitored(tx: Tx, poolId: string): Promise<void> {
  const row = await tx.db.selectFrom('pool').select('loadbalancer_id').where('id', '=', poolId).executeTakeFirst();
  for await (const range of rangesBelow(tx.db, 'member', row?.loadbalancer_id ?? '')) {
    await tx.db
      .updateTable('member')
      .set({ operating_status: 'NO_MONITOR' })
      .where(range)
      .where('pool_id', '=', poolId)
      .where('admin_state_up', '=', true)
      .execute();
  }
}

/** A statement cannot be interrupted: with so many rows it takes few milliseconds, and between two others get their turn. */
const ROWS_AT_ONCE = 1000;

function* someOf(ids: readonly string[]): Generator<RawBuilder<string>> {
  for (let start = 0; start < ids.length; start += ROWS_AT_ONCE) yield elementsOf(ids.slice(start, start + ROWS_AT_ONCE));
}
