/** Which pools listeners and their policies may send to (octavia-api reference §3.4). */
import { fault } from '../../model/fault.ts';
import type { Listener, ListenerProtocol } from '../../model/listener.ts';
import { POOLS_FOR_LISTENER, type PoolProtocol, pool } from '../../model/pool.ts';
import { byId } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';

/** Throws for a pool that is not there, below another balancer, or of a protocol that does not fit; null is none. */
export async function requirePool(tx: Tx, id: string | null, { loadbalancer_id, protocol }: Pick<Listener, 'loadbalancer_id' | 'protocol'>): Promise<void> {
  if (id === null) return;
  refuseChildless(protocol);
  const found = await byId(tx.db, pool, id);
  if (!found || found.deleting || found.loadbalancer_id !== loadbalancer_id) throw fault.notFound(pool.title, id);
  requireFit(protocol, found.protocol);
}

export function requireFit(listenerProtocol: ListenerProtocol, poolProtocol: PoolProtocol): void {
  refuseChildless(listenerProtocol);
  if (!POOLS_FOR_LISTENER[listenerProtocol].includes(poolProtocol)) {
    throw fault.validation(`The pool protocol '${poolProtocol}' is invalid while the listener protocol is '${listenerProtocol}'.`);
  }
}

/** Metrics are told by the balancer itself: nothing hangs below such a listener. */
export function refuseChildless(protocol: ListenerProtocol): void {
  if (protocol === 'PROMETHEUS') throw fault.listenerWithoutChildren();
}
