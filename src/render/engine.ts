/**
 * Which engine carries a listener: HAProxy, or the kernel's packet filter. Datagrams are the kernel's. TCP is HAProxy's
 * unless the balancer's flavor says otherwise (`engine`): `nftables` wants all of it in the kernel, `auto` what fits.
 * Asked by the compilers of both, so that a listener is never in both or in neither.
 */
import { type ListenerTopology, type PoolTopology, type Topology, poolIdsOf, vipsOf } from '../model/topology.ts';
import { isDatagram } from './datagram.ts';
import { PacketError } from './nftables/compile-error.ts';
import { unsupportedByPackets, unsupportedListenerByPackets, unsupportedMember, unsupportedOnVips } from './nftables/support.ts';
import { shown } from './shown.ts';

/** Listeners that are switched on and the kernel carries, in order. */
export function packetListeners(topology: Topology): ListenerTopology[] {
  return enabledListeners(topology).filter((listener) => isCarriedByPackets(listener, topology));
}

/** Listeners that are switched on and HAProxy serves itself, in order. */
export function proxyListeners(topology: Topology): ListenerTopology[] {
  return enabledListeners(topology).filter((listener) => !isCarriedByPackets(listener, topology));
}

function enabledListeners({ enabled, listeners }: Topology): ListenerTopology[] {
  return enabled ? listeners.filter((listener) => listener.enabled) : [];
}

/** Throws a PacketError where the kernel has to carry the listener and cannot: nobody else may in its stead. */
function isCarriedByPackets(listener: ListenerTopology, topology: Topology): boolean {
  if (isDatagram(listener.protocol)) return true;
  const engine = topology.engine;
  if (engine === 'haproxy') return false;
  const hindrance = hindranceOf(listener, topology);
  if (hindrance !== null && engine === 'nftables') throw new PacketError(`listener ${shown(listener.id)}: ${hindrance} is not carried`);
  return hindrance === null;
}

/** Why the kernel cannot carry a listener of TCP, in words; null when it can. The API refuses in the same ones. */
export function hindranceOf(listener: ListenerTopology, topology: Topology): string | null {
  const { protocol, policies } = listener;
  const ids = new Set(poolIdsOf(listener));
  const pools = topology.pools.filter(({ id }) => ids.has(id));
  return (
    unsupportedListenerByPackets({ protocol }) ??
    unsupportedOnVips(vipsOf(topology).map(({ address }) => address)) ??
    (policies.length > 0 ? 'L7 policies where packets are balanced' : null) ??
    first(pools, (pool) => poolHindrance(pool, topology))
  );
}

function poolHindrance({ protocol, algorithm, persistence, tls, members }: PoolTopology, { vip }: Topology): string | null {
  return (
    unsupportedByPackets({ protocol, lb_algorithm: algorithm, session_persistence: persistence, tls_enabled: tls !== undefined }) ??
    first(members, ({ address }) => unsupportedMember(address, vip.address))
  );
}

/** What the first of them answers that answers anything. */
function first<T>(items: readonly T[], ask: (item: T) => string | null): string | null {
  for (const item of items) {
    const answer = ask(item);
    if (answer !== null) return answer;
  }
  return null;
}
