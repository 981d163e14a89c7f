/**
 * Finds or makes the port that holds a balancer's VIP (octavia-api reference §2.2): from a port, a subnet or a network.
 */
import ipaddr from 'ipaddr.js';
import { fault } from '../../model/fault.ts';
import type { LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { type Port, type Subnet, port } from '../../model/network.ts';
import type { CreateOf } from '../../model/resource.ts';
import { zoneDataOf } from '../../store/flavors.ts';
import { createPort, findSubnet, hasFreeAddress, networkById, subnetsOf } from '../../store/network.ts';
import { byId, update } from '../../store/rows.ts';
import type { AuditedTx } from '../../store/audit.ts';
import type { Tx } from '../../store/store.ts';
import type { Call } from './collection.ts';
import { isAdmin } from './policy.ts';

type Body = CreateOf<typeof loadBalancer>;
export type Vip = Pick<LoadBalancer, 'vip_address' | 'vip_port_id' | 'vip_subnet_id' | 'vip_network_id' | 'additional_vips'>;
type HeldVip = LoadBalancer['additional_vips'][number];

/** Marks ports that this project made and may delete with the balancer. */
export const VIP_OWNER = 'Octavia';

/** Throws 400 for a VIP that this installation does not allow, whoever asks. */
export function checkVipRequest({ limits }: Call['options'], body: Body): void {
  const allowed = { vip_port_id: limits.allowVipPortId, vip_network_id: limits.allowVipNetworkId, vip_subnet_id: limits.allowVipSubnetId };
  const names = Object.keys(allowed) as (keyof typeof allowed)[];
  const refused = names.find((name) => body[name] !== null && !allowed[name]);
  if (refused !== undefined) throw fault.validation(`use of ${refused} is disallowed by this deployment's configuration.`);
  if (names.every((name) => body[name] === null)) {
    throw fault.validation(`VIP must contain one of: ${names.filter((name) => allowed[name]).join(', ')}.`);
  }
  if (body.vip_address !== null && limits.reservedIps.includes(body.vip_address)) {
    throw fault.invalidOption(body.vip_address, 'VIP address');
  }
}

export async function claimVip(tx: AuditedTx, call: Call, body: Body, balancerId: string, projectId: string): Promise<Vip> {
  const vip = await chosenVip(tx, call, body, balancerId, projectId);
  refuseNetwork(await networksAllowed(tx.db, call.options.limits, body.availability_zone), vip.vip_network_id ?? '');
  return vip;
}

type NetworkLimits = Pick<Call['options']['limits'], 'validVipNetworks' | 'denyVipNetworks'>;

/** An availability zone that says which networks it has is asked before the configuration. */
async function networksAllowed(db: Tx['db'], limits: NetworkLimits, zone: string | null): Promise<NetworkLimits> {
  if (zone === null) return limits;
  const { valid_vip_networks: networks } = await zoneDataOf(db, zone);
  return Array.isArray(networks) ? { ...limits, validVipNetworks: networks.map(String) } : limits;
}

function refuseNetwork({ validVipNetworks, denyVipNetworks }: NetworkLimits, networkId: string): void {
  const outside = validVipNetworks.length > 0 && !validVipNetworks.includes(networkId);
  if (outside || denyVipNetworks.includes(networkId)) {
    throw fault.validation('Supplied VIP network_id is not allowed by the configuration of this deployment.');
  }
}

async function chosenVip(tx: AuditedTx, call: Call, body: Body, balancerId: string, projectId: string): Promise<Vip> {
  const everything = isAdmin(call);
  if (body.vip_port_id !== null) return fromPort(tx, body, body.vip_port_id, balancerId, projectId, everything);
  const found =
    body.vip_network_id === null
      ? await visibleSubnet(tx, body.vip_subnet_id ?? '', projectId, everything)
      : await subnetOfNetwork(tx, body, body.vip_network_id, projectId, everything);
  return fromSubnet(tx, found, body, balancerId, projectId, everything);
}

async function fromPort(tx: AuditedTx, body: Body, portId: string, balancerId: string, projectId: string, everything: boolean): Promise<Vip> {
  const row = await byId(tx.db, port, portId);
  if (!row || (!everything && row.project_id !== projectId)) throw fault.subresourceNotFound('Port', portId);
  if (row.device_id !== '') throw fault.validation(`Port ${portId} is already used by device ${row.device_id} `);
  const fixed = addressOnPort(row, body);
  const groups = body.vip_sg_ids.length > 0 ? { security_groups: body.vip_sg_ids } : {};
  const claimed = await update(tx.db, port, portId, { device_id: `lb-${balancerId}`, ...groups });
  tx.record('update', port, row, claimed ?? null);
  const additional_vips = body.additional_vips.map((wanted) => heldBy(row, wanted));
  return { vip_address: fixed.ip_address, vip_port_id: portId, vip_subnet_id: fixed.subnet_id, vip_network_id: row.network_id, additional_vips };
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

/** An additional VIP on a port that the client made must be one of its addresses. */
function heldBy(row: Port, { subnet_id, ip_address }: Body['additional_vips'][number]): HeldVip {
  const fixed = row.fixed_ips.find((held) => held.subnet_id === subnet_id && (ip_address === null || held.ip_address === ip_address));
  if (!fixed) throw fault.validation(`Additional VIP on subnet ${subnet_id} is not an address of port ${row.id}.`);
  return { subnet_id, ip_address: fixed.ip_address, port_id: row.id };
}

async function visibleSubnet(tx: Tx, id: string, projectId: string, everything: boolean): Promise<Subnet> {
  const row = await findSubnet(tx.db, id, everything ? null : projectId);
  if (!row) throw fault.subnetNotFound(id);
  return row;
}

/** The subnet that holds the wanted address, or else the first with room, IPv4 first. */
async function subnetOfNetwork(tx: Tx, body: Body, networkId: string, projectId: string, everything: boolean): Promise<Subnet> {
  const network = await networkById(tx.db, networkId);
  const visible = network && (everything || network.shared || network.project_id === projectId);
  if (!visible) throw fault.subresourceNotFound('Network', networkId);
  const all = await subnetsOf(tx.db, networkId);
  if (body.vip_subnet_id !== null) return named(all, body.vip_subnet_id);
  const subnets = all.toSorted((a, b) => a.ip_version - b.ip_version);
  if (subnets.length === 0) throw fault.validation(`Supplied network does not contain a subnet.`);
  const { vip_address: address } = body;
  if (address !== null) return holding(subnets, address);
  for (const candidate of subnets) if (await hasFreeAddress(tx.db, candidate)) return candidate;
  throw fault.noAddressLeft(networkId);
}

function named(subnets: readonly Subnet[], id: string): Subnet {
  const found = subnets.find((row) => row.id === id);
  if (!found) throw fault.subnetNotFound(id);
  return found;
}

function holding(subnets: readonly Subnet[], address: string): Subnet {
  const parsed = ipaddr.parse(address);
  const found = subnets.find(({ cidr }) => {
    const [base, length] = ipaddr.parseCIDR(cidr);
    return base.kind() === parsed.kind() && parsed.match(base, length);
  });
  if (!found) throw fault.validation('Supplied network does not contain a subnet for VIP address specified.');
  return found;
}

async function fromSubnet(tx: AuditedTx, row: Subnet, body: Body, balancerId: string, projectId: string, everything: boolean): Promise<Vip> {
  const others = await additionalSubnets(tx, row, body, projectId, everything);
  const wanted = [{ subnet: row, address: body.vip_address }, ...others];
  const made = await createPort(tx, {
    networkId: row.network_id,
    projectId,
    name: `octavia-lb-${balancerId}`,
    deviceOwner: VIP_OWNER,
    deviceId: `lb-${balancerId}`,
    fixedIps: wanted.map(({ subnet, address }) => (address === null ? { subnetId: subnet.id } : { subnetId: subnet.id, address })),
    attributes: { security_groups: body.vip_sg_ids },
  });
  tx.record('create', port, null, made);
  const [vip, ...additional] = made.fixed_ips;
  return {
    vip_address: vip?.ip_address ?? null,
    vip_port_id: made.id,
    vip_subnet_id: row.id,
    vip_network_id: row.network_id,
    additional_vips: additional.map(({ subnet_id, ip_address }) => ({ subnet_id: subnet_id ?? '', ip_address, port_id: made.id })),
  };
}

/** Each on a subnet of its own, all on the VIP's network. */
async function additionalSubnets(
  tx: Tx,
  vip: Subnet,
  body: Body,
  projectId: string,
  everything: boolean,
): Promise<{ subnet: Subnet; address: string | null }[]> {
  const ids = body.additional_vips.map(({ subnet_id }) => subnet_id);
  if (new Set([vip.id, ...ids]).size <= ids.length) throw fault.validation('Duplicate VIP subnet(s) specified. Only one IP can be bound per subnet.');
  const found: { subnet: Subnet; address: string | null }[] = [];
  for (const { subnet_id, ip_address } of body.additional_vips) {
    const subnet = await visibleSubnet(tx, subnet_id, projectId, everything);
    if (subnet.network_id !== vip.network_id) throw fault.validation('One or more VIP additional subnets do not belong to the same network.');
    found.push({ subnet, address: ip_address });
  }
  return found;
}
