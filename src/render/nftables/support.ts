/**
 * What the kernel's packet filter cannot carry, in words, or null. As in render/haproxy/support.ts: asked by the API
 * before a row is written.
 */
import type { Listener, ListenerProtocol } from '../../model/listener.ts';
import type { Pool, PoolProtocol } from '../../model/pool.ts';

type Asked<T> = { readonly [K in keyof T]?: T[K] | undefined };

const LISTENERS: readonly ListenerProtocol[] = ['TCP', 'UDP', 'SCTP'];
const POOLS: readonly PoolProtocol[] = ['TCP', 'UDP', 'SCTP'];

/** Of a pool that packets are to be balanced to. */
export function unsupportedByPackets({ protocol, lb_algorithm: algorithm, session_persistence: persistence, tls_enabled: tls }: Asked<Pool>): string | null {
  if (protocol !== undefined && !POOLS.includes(protocol)) return `the pool protocol ${protocol} with the engine nftables`;
  // The kernel chooses by counting or hashing; it does not know how many flows each member has.
  if (algorithm === 'LEAST_CONNECTIONS') return 'the algorithm LEAST_CONNECTIONS where packets are balanced';
  if (tls === true) return 'TLS towards members where packets are balanced';
  return persistence && persistence.type !== 'SOURCE_IP' ? `session persistence ${persistence.type} where packets are balanced` : null;
}

/** Of a listener of a balancer whose flavor wants the engine nftables. */
export function unsupportedListenerByPackets({ protocol }: Asked<Listener>): string | null {
  return protocol !== undefined && !LISTENERS.includes(protocol) ? `the listener protocol ${protocol} with the engine nftables` : null;
}

/**
 * Of a balancer of which packets are to be balanced: members are of one family, the VIP's.
 * @param vips its addresses, the VIP first
 */
export function unsupportedOnVips([vip = '', ...additional]: readonly string[]): string | null {
  const isOther = (address: string): boolean => address.includes(':') !== vip.includes(':');
  return additional.some(isOther) ? 'additional_vips of another address family than the VIP where packets are balanced' : null;
}

/** Addresses of two families meet in a proxy, never in a packet. */
export function unsupportedMember(member: string, vip: string): string | null {
  if (member.includes(':') === vip.includes(':')) return null;
  return `an IPv${member.includes(':') ? 6 : 4} member of a pool whose packets are balanced from an IPv${vip.includes(':') ? 6 : 4} VIP`;
}
