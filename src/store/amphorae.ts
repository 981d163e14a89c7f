/** Amphorae as an operator sees them: what they counted, and sending them away. */
import type { Amphora } from '../model/amphora.ts';
import { elementsOf } from './elements.ts';
import { octaviaTime } from './row-time.ts';
import type { Statistics } from './statistics.ts';
import type { Db, Tx } from './store.ts';

/** What one amphora counted for one listener. `id` is the amphora's. */
export interface AmphoraStatistics extends Statistics {
  readonly id: string;
  readonly listener_id: string;
  readonly loadbalancer_id: string;
}

/** By listener; nothing for an amphora that is gone, or that has not been read yet. */
export async function amphoraStatistics(db: Db, id: string): Promise<AmphoraStatistics[]> {
  return db
    .selectFrom('listener_statistics as counted')
    .innerJoin('amphora', 'amphora.id', 'counted.amphora_id')
    .select(['amphora.id', 'counted.listener_id', 'counted.loadbalancer_id'])
    .select(['counted.active_connections', 'counted.bytes_in', 'counted.bytes_out', 'counted.request_errors', 'counted.total_connections'])
    .where('amphora.id', '=', id)
    .orderBy('counted.listener_id')
    .execute();
}

/**
 * Marks amphorae as no longer wanted: the loop removes their nodes and makes others in their place. Returns the rows
 * before and after, those already on their way left out.
 */
export async function retire(tx: Tx, amphorae: readonly Amphora[], now: Date): Promise<{ before: Amphora; after: Amphora }[]> {
  const status = { status: 'PENDING_DELETE', updated_at: octaviaTime(now) } as const;
  const present = amphorae.filter((row) => row.status !== 'PENDING_DELETE');
  const ids = present.map(({ id }) => id);
  if (ids.length > 0) await tx.db.updateTable('amphora').set(status).where('id', 'in', elementsOf(ids)).execute();
  return present.map((before) => ({ before, after: { ...before, ...status } }));
}

/** What balancers give their amphorae to show: where their VIP is. */
export async function placesOf(
  db: Db,
  loadBalancerIds: readonly string[],
): Promise<ReadonlyMap<string, { vip_port_id: string | null; availability_zone: string | null }>> {
  if (loadBalancerIds.length === 0) return new Map();
  const rows = await db.selectFrom('load_balancer').select(['id', 'vip_port_id', 'availability_zone']).where('id', 'in', elementsOf(loadBalancerIds)).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

export async function balancersOfProject(db: Db, projectId: string): Promise<string[]> {
  const rows = await db.selectFrom('load_balancer').select('id').where('project_id', '=', projectId).execute();
  return rows.map(({ id }) => id);
}
