/** How much a balancer asks of its proxy. */
import { sql } from 'kysely';
import type { Db } from './store.ts';

/**
 * Servers below a balancer, as its proxy counts them: each listener has the members of every pool that it sends to, by default or by
 * one of its policies, switched on or not. So a pool behind ten listeners counts ten times. Rows on their way out do not count.
 */
export async function serversOf(db: Db, loadBalancerId: string): Promise<number> {
  const { rows } = await sql<{ servers: number }>`
    with edge (pool_id, listener_id) as (
      select default_pool_id, id from listener
      where loadbalancer_id = ${loadBalancerId} and deleting = 0 and default_pool_id is not null
      union
      select redirect_pool_id, listener_id from l7_policy
      where loadbalancer_id = ${loadBalancerId} and deleting = 0 and redirect_pool_id is not null
    ),
    reached (pool_id, listeners) as (select pool_id, count(*) from edge group by pool_id)
    select coalesce(sum(listeners * (select count(*) from member where member.pool_id = reached.pool_id and member.deleting = 0)), 0) as servers
    from reached`.execute(db);
  return rows[0]?.servers ?? 0;
}
