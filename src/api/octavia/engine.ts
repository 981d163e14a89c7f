/**
 * What the engine that a flavor asks for cannot do: the kernel, where it has to carry datagrams or all of TCP, and a proxy that
 * is shared, and gateways.
 */
import { fault } from '../../model/fault.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import type { Member } from '../../model/member.ts';
import type { Pool } from '../../model/pool.ts';
import { isDatagram } from '../../render/datagram.ts';
import { unsupportedMember } from '../../render/nftables/support.ts';
import { flavorDataOf } from '../../store/flavors.ts';
import { byId } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import type { Call } from './collection.ts';
import { refuseUncarried } from './provider.ts';

/** Throws 501 for `what`, in words, when nothing but the kernel may carry the balancer's traffic. */
export async function refuseByEngine(tx: Tx, call: Call, balancer: LoadBalancer, what: string | null): Promise<void> {
  if (what !== null && (await isAllPackets(tx, balancer))) refuseUncarried(call, balancer, what);
}

/** Throws 501 for `what`, in words, when the balancer shares its proxy with others. */
export async function refuseInPack(tx: Tx, call: Call, balancer: LoadBalancer, what: string | null): Promise<void> {
  if (what !== null && (await flavorDataOf(tx.db, balancer.flavor_id))['packed'] === true) refuseUncarried(call, balancer, what);
}

async function isAllPackets(tx: Tx, { flavor_id: id }: Pick<LoadBalancer, 'flavor_id'>): Promise<boolean> {
  return (await flavorDataOf(tx.db, id))['engine'] === 'nftables';
}

/** Throws 501 for `what`, in words, when the balancer is on a gateway. */
export function refuseOnGateway({ options }: Call, { provider }: Pick<LoadBalancer, 'provider'>, what: string | null): void {
  if (what !== null && options.providers.get(provider ?? '')?.carries === 'gateway') throw fault.unsupportedOption(provider ?? '', what);
}

/** Throws 501 for members that the pool's packets cannot be sent to: those of the other address family. */
export async function refuseUnreachable(tx: Tx, call: Call, parent: Pool, rows: readonly Pick<Member, 'host'>[]): Promise<void> {
  if (rows.length === 0) return;
  const balancer = await byId(tx.db, loadBalancer, parent.loadbalancer_id ?? '');
  if (!balancer || (!isDatagram(parent.protocol) && !(await isAllPackets(tx, balancer)))) return;
  for (const { host } of rows) refuseUncarried(call, balancer, unsupportedMember(host, balancer.vip_address ?? host));
}
