/** Which addresses a member may have, and through which subnets it may be reached. */
import ipaddr from 'ipaddr.js';
import { fault } from '../../model/fault.ts';
import { ipAddress } from '../../model/field.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import { findSubnet } from '../../store/network.ts';
import { byId } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import type { Call } from './collection.ts';
import { isAdmin } from './policy.ts';

interface Addresses {
  readonly address?: string;
  readonly monitor_address?: string | null;
}

/** What no server can have: HAProxy would read 0.0.0.0 as "wherever the client wanted to go". */
const NO_HOST = ['unspecified', 'loopback', 'multicast', 'broadcast', 'linkLocal'];

/**
 * Addresses that are no member's: the metadata service's, through which a balancer would tell everybody what is meant
 * for hosts alone, and those that mean the node itself or nobody.
 */
function refuseReserved({ options }: Call, address: string): void {
  const parsed = ipaddr.parse(address);
  if (options.limits.reservedIps.includes(parsed.toString()) || NO_HOST.includes(parsed.range())) {
    throw fault.invalidOption(address, 'member address');
  }
}

/** Both addresses of a member: where it serves, and where it is checked. */
export function refuseReservedOf(call: Call, { address, monitor_address }: Addresses): void {
  for (const one of [address, monitor_address]) if (typeof one === 'string') refuseReserved(call, one);
}

/**
 * Throws 400 for members at an address of their own balancer, on whichever port: that is the node itself, which would send to itself
 * what comes from clients, or find nobody there.
 */
export async function refuseLoops(tx: Tx, loadBalancerId: string | null, members: readonly Addresses[]): Promise<void> {
  const balancer = members.length > 0 ? await byId(tx.db, loadBalancer, loadBalancerId ?? '') : undefined;
  if (!balancer) return;
  const own = new Set([balancer.vip_address, ...balancer.additional_vips.map(({ ip_address }) => ip_address)]);
  for (const { address, monitor_address } of members) {
    for (const one of [address, monitor_address]) {
      if (typeof one === 'string' && own.has(ipAddress.parse(one))) throw fault.invalidOption(one, 'member address');
    }
  }
}

/** A member's subnet must be one the caller can see, unless the networks are somebody else's. */
export async function requireSubnet(tx: Tx, call: Call, id: string | null): Promise<void> {
  if (id === null || call.options.network === 'unchecked') return;
  const found = await findSubnet(tx.db, id, isAdmin(call) ? null : (call.caller.projectId ?? ''));
  if (!found) throw fault.subnetNotFound(id);
}
