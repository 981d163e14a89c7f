/**
 * How many servers a balancer may ask its proxy for. Each listener has the members of each of its pools for itself, so a
 * thousand listeners in front of one pool of five thousand members, which is two requests, would be five million lines
 * of configuration and a status answer longer than any text can be.
 */
import { fault } from '../../model/fault.ts';
import { type L7Policy, l7Policy } from '../../model/l7-policy.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { member } from '../../model/member.ts';
import type { Resource } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { serversOf } from '../../store/server-count.ts';

/** Members, each as often as listeners send to its pool. */
export const MOST_SERVERS = 100_000;

/**
 * The same work, refused with 400 when a balancer has too many servers after it. Counts only where something was put on
 * record that adds some: a member, or a way from a listener to a pool.
 */
export function withinServerLimit<T>(work: (tx: AuditedTx) => Promise<T>): (tx: AuditedTx) => Promise<T> {
  return async (tx) => {
    const grown = new Set<string>();
    const record: AuditedTx['record'] = (action, resource, before, after) => {
      const id = grownBalancer(resource, before, after);
      if (id !== null) grown.add(id);
      tx.record(action, resource, before, after);
    };
    const result = await work({ ...tx, record });
    for (const id of grown) await refuseTooMany(tx, id);
    return result;
  };
}

async function refuseTooMany({ db }: AuditedTx, id: string): Promise<void> {
  const servers = await serversOf(db, id);
  if (servers > MOST_SERVERS) throw fault.tooManyServers(id, servers, MOST_SERVERS);
}

/** Id of the balancer that has more servers since, perhaps. */
function grownBalancer(resource: Resource, before: object | null, after: object | null): string | null {
  if (after === null) return null;
  const { loadbalancer_id: id } = after as { loadbalancer_id: string };
  if (resource === member) return before === null ? id : null;
  const poolOf = POOL_OF.get(resource);
  const [was, is] = [before && poolOf?.(before), poolOf?.(after)];
  return typeof is === 'string' && is !== was ? id : null;
}

/** What sends to a pool, and to which. */
const POOL_OF = new Map<Resource, (row: object) => string | null>([
  [listener, (row) => (row as Listener).default_pool_id],
  [l7Policy, (row) => (row as L7Policy).redirect_pool_id],
]);
