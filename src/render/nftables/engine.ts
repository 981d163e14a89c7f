/**
 * Which engine carries a listener: HAProxy, or the kernel's packet filter. Datagrams are the kernel's. TCP is HAProxy's
 * unless the balancer's flavor says otherwise (`engine`): `nftables` wants all of TCP in the kernel, `auto` what fits.
 */
import { type ListenerTopology, type PoolTopology, type Topology, poolIdsOf } from '../../model/topology.ts';
import { unsupportedByPackets } from './support.ts';

/** Listeners that are switched on and the kernel carries, in order. */
export function packetListeners(topology: Topology): ListenerTopology[] {
  return topology.enabled ? topology.listeners.filter((listener) => listener.enabled && isCarriedByPackets(listener, topology)) : [];
}

export function isCarriedByPackets(listener: ListenerTopology, topology: Topology): boolean {
  if (listener.protocol === 'UDP' || listener.protocol === 'SCTP') return true;
  if (listener.protocol !== 'TCP' || (topology.engine ?? 'haproxy') === 'haproxy') return false;
  return listener.policies.length === 0 && poolsOf(listener, topology).every((pool) => fits(pool, topology));
}

function poolsOf(listener: ListenerTopology, { pools }: Topology): PoolTopology[] {
  const ids = new Set(poolIdsOf(listener));
  return pools.filter(({ id }) => ids.has(id));
}

function fits(pool: PoolTopology, { vip, additionalVips = [] }: Topology): boolean {
  if (additionalVips.length > 0) return false;
  const { protocol, algorithm: lb_algorithm, persistence: session_persistence } = pool;
  if (protocol !== 'TCP' || pool.tls || unsupportedByPackets({ protocol, lb_algorithm, session_persistence, tls_enabled: pool.tls !== undefined }) !== null)
    return false;
  return pool.members.every(({ address }) => address.includes(':') === vip.address.includes(':'));
}
