/** Marks what a write affects, so that clients see it wait until the nodes carry it (octavia-api reference §3.1). */
import { sql } from 'kysely';
import type { Tx } from './store.ts';

export type PendingTable = 'listener' | 'pool' | 'member' | 'health_monitor';

/** Rows become PENDING_UPDATE at this generation; created ones stay PENDING_CREATE, deleted ones PENDING_DELETE. */
export async function markPending(tx: Tx, table: PendingTable, ids: readonly string[], generation: number): Promise<void> {
  if (ids.length === 0) return;
  const status = sql<'PENDING_UPDATE'>`case when provisioning_status in ('PENDING_CREATE', 'PENDING_DELETE') then provisioning_status else 'PENDING_UPDATE' end`;
  await tx.db.updateTable(table).set({ provisioning_status: status, generation }).where('id', 'in', ids).execute();
}

/** Rows are wanted gone; they vanish when the nodes no longer carry them. */
export async function markDeleting(tx: Tx, table: PendingTable, ids: readonly string[], generation: number): Promise<void> {
  if (ids.length === 0) return;
  await tx.db.updateTable(table).set({ provisioning_status: 'PENDING_DELETE', deleting: true, generation }).where('id', 'in', ids).execute();
}

/** The same for everything below a balancer. */
export async function markTreeDeleting(tx: Tx, loadBalancerId: string, generation: number): Promise<void> {
  for (const table of ['listener', 'pool', 'member', 'health_monitor'] as const) {
    await tx.db
      .updateTable(table)
      .set({ provisioning_status: 'PENDING_DELETE', deleting: true, generation })
      .where('loadbalancer_id', '=', loadBalancerId)
      .execute();
  }
}
