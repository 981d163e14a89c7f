/**
 * Finds or makes the port that holds a balancer's VIP (octavia-api reference §2.2): from a port, a subnet or a network.
 */
import ipaddr from 'ipaddr.js';
import { fault } from '../../model/fault.ts';
import type { LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { type Port, type Subnet, port } from '../../model/network.ts';
import type { CreateOf } from '../../model/resource.ts';
import { createPort, findSubnet, hasFreeAddress, networkById, subnetsOf } from '../../store/network.ts';
import { byId, update } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import type { Caller } from '../identity/caller.ts';

type Body = CreateOf<typeof loadBalancer>;
export type Vip = Pick<LoadBalancer, 'vip_address' | 'vip_port_id' | 'vip_subnet_id' | 'vip_network_id'>;

/** The metadata service's address is never a VIP. */
const RESERVED = ['169.254.169.254'];
/** Marks ports that this project made and may delete with the balancer. */
export const VIP_OWNER = 'Octavia';

export async function claimVip(tx: Tx, caller: Caller, body: Body, balancerId: string, projectId: string): Promise<Vip> {
  if (body.vip_address !== null && RESERVED.includes(body.vip_address)) throw fault.validation(`VIP address ${body.vip_address} is reserved`);
  if (body.vip_port_id !== null) return fromPort(tx, body, body.vip_port_id, balancerId, projectId, caller);
  if (body.vip_subnet_id !== null) return fromSubnet(tx, await visibleSubnet(tx, body.vip_subnet_id, projectId, caller), body, balancerId, projectId);
  if (body.vip_network_id !== null) return fromSubnet(tx, await subnetOfNetwork(tx, body, body.vip_network_id, projectId, caller), body, balancerId, projectId);
  throw fault.validation('VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id.');
}

async function fromPort(tx: Tx, body: Body, portId: string, balancerId: string, projectId: string, caller: Caller): Promise<Vip> {
  const row = await byId(tx.db, port, portId);
  if (!row || (!caller.isAdmin && row.project_id !== projectId)) throw fault.validation(`Port ${portId} not found.`);
  if (row.device_id !== '') throw fault.validation(`Port ${portId} is already used by device ${row.device_id} `);
  const fixed = addressOnPort(row, body);
  await update(tx.db, port, portId, { device_id: `lb-${balancerId}` });
  return { vip_address: fixed.ip_address, vip_port_id: portId, vip_subnet_id: fixed.subnet_id, vip_network_id: row.network_id };
}

function addressOnPort(row: Port, { vip_address, vip_subnet_id }: Body): Port['fixed_ips'][number] {
  const fitting = row.fixed_ips.filter(
    (fixed) => (vip_address === null || fixed.ip_address === vip_address) && (vip_subnet_id === null || fixed.subnet_id === vip_subnet_id),
  );
  const [only, ...others] = fitting;
  if (!only) throw fault.validation(`Specified VIP address or subnet is not on port ${row.id}`);
  if (others.length > 0) throw fault.validation("VIP port's subnet could not be determined. Please specify either a VIP subnet or address.");
  return only;
}

async function visibleSubnet(tx: Tx, id: string, projectId: string, caller: Caller): Promise<Subnet> {
  const row = await findSubnet(tx.db, id, caller.isAdmin ? null : projectId);
  if (!row) throw fault.subnetNotFound(id);
  return row;
}

/** The subnet that holds the wanted address, or else the first with room, IPv4 first. */
async function subnetOfNetwork(tx: Tx, body: Body, networkId: string, projectId: string, caller: Caller): Promise<Subnet> {
  const network = await networkById(tx.db, networkId);
  const visible = network && (caller.isAdmin || network.shared || network.project_id === projectId);
  if (!visible) throw fault.validation(`Network ${networkId} not found.`);
  const subnets = (await subnetsOf(tx.db, networkId)).toSorted((a, b) => a.ip_version - b.ip_version);
  if (subnets.length === 0) throw fault.validation(`Supplied network does not contain a subnet.`);
  const { vip_address: address } = body;
  if (address !== null) return holding(subnets, address);
  for (const candidate of subnets) if (await hasFreeAddress(tx.db, candidate)) return candidate;
  throw fault.noAddressLeft(networkId);
}

function holding(subnets: readonly Subnet[], address: string): Subnet {
  const parsed = ipaddr.parse(address);
  const found = subnets.find(({ cidr }) => {
    const [base, length] = ipaddr.parseCIDR(cidr);
    return base.kind() === parsed.kind() && parsed.match(base, length);
  });
  if (!found) throw fault.validation('Supplied VIP network does not contain a subnet that holds the VIP address.');
  return found;
}

async function fromSubnet(tx: Tx, row: Subnet, body: Body, balancerId: string, projectId: string): Promise<Vip> {
  if (body.vip_network_id !== null && body.vip_network_id !== row.network_id)
    throw fault.validation(`Subnet ${row.id} is not on network ${body.vip_network_id}.`);
  const made = await createPort(tx, {
    networkId: row.network_id,
    projectId,
    name: `octavia-lb-${balancerId}`,
    deviceOwner: VIP_OWNER,
    deviceId: `lb-${balancerId}`,
    fixedIps: [body.vip_address === null ? { subnetId: row.id } : { subnetId: row.id, address: body.vip_address }],
  });
  return { vip_address: made.fixed_ips[0]?.ip_address ?? null, vip_port_id: made.id, vip_subnet_id: row.id, vip_network_id: row.network_id };
}

/** What no server can have: HAProxy would read 0.0.0.0 as "wherever the client wanted to go". */
const NO_HOST = ['unspecified', 'loopback', 'multicast', 'broadcast', 'linkLocal'];

/**
 * Addresses that are no member's: the metadata service's, through which a balancer would tell everybody what is meant
 * for hosts alone, and those that mean the node itself or nobody.
 */
export function refuseReserved(address: string): void {
  if (RESERVED.includes(address) || NO_HOST.includes(ipaddr.parse(address).range())) throw fault.invalidOption(address, 'member address');
}

/** A member's subnet must be one the caller can see. */
export async function requireSubnet(tx: Tx, caller: Caller, id: string | null): Promise<void> {
  if (id !== null) await visibleSubnet(tx, id, caller.projectId ?? '', caller);
}
