/** Making an end of what a balancer waits for, on an administrator's word. */
import { fault } from '../model/fault.ts';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import { failChildren } from './balancers.ts';
import { octaviaTime } from './row-time.ts';
import { byId } from './rows.ts';
import type { Tx } from './store.ts';

/**
 * The balancer and what is PENDING below it become ERROR; the generation rises so that the loop begins anew. What was to
 * be deleted still is: its port or address may be somebody else's by now. Returns the balancer as it is then. Throws
 * fault.notFound.
 */
export async function resetTree(tx: Tx, id: string, now: Date): Promise<LoadBalancer> {
  const balancer = await byId(tx.db, loadBalancer, id);
  if (!balancer) throw fault.notFound(loadBalancer.title, id);
  const generation = balancer.generation + 1;
  await failChildren(tx.db, id, { generation });
  const reset = {
    provisioning_status: 'ERROR',
    generation,
    pending_since: null,
    status_reason: 'Reset by an administrator',
    updated_at: octaviaTime(now),
  } as const;
  tx.changed.add(id);
  return tx.db.updateTable('load_balancer').set(reset).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
}
