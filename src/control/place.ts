/**
 * Topology → nodes: which amphorae carry the balancer and where each is attached. Pure: it says what is there to use,
 * what is missing and what is left over; `claim` makes the missing rows.
 */
import type { Amphora } from '../model/amphora.ts';
import type { Port } from '../model/network.ts';
import type { Redundancy, SubnetTopology, Topology } from '../model/topology.ts';

export type Role = Amphora['role'];

export interface Placement {
  readonly nodes: readonly PlacedNode[];
  /** Roles that no amphora has. */
  readonly missing: readonly Role[];
  readonly surplusAmphorae: readonly Amphora[];
  readonly surplusPorts: readonly Port[];
}

export interface PlacedNode {
  readonly amphora: Amphora;
  /** Legs into members' subnets; `address` is null until a port is claimed. */
  readonly legs: readonly Leg[];
  /** null where it carries the balancer alone. */
  readonly pair: Pairing | null;
}

export interface Leg {
  readonly subnet: SubnetTopology;
  readonly address: string | null;
}

/** How a node stands to the other one of its pair. */
export interface Pairing {
  /** Its own address in the VIP's subnet; null until a port is claimed, and where no address can be had. */
  readonly own: string | null;
  readonly peer: { readonly id: string; readonly address: string | null; readonly gatewayId: string | null } | null;
}

/** One amphora of each. */
const ROLES: Readonly<Record<Redundancy, readonly Role[]>> = {
  SINGLE: ['STANDALONE'],
  ACTIVE_STANDBY: ['MASTER', 'BACKUP'],
  ACTIVE_ACTIVE: ['MASTER', 'BACKUP'],
};

/** `ports` are those whose device is one of the amphorae. */
export function place(topology: Topology, amphorae: readonly Amphora[], ports: readonly Port[]): Placement {
  const roles = ROLES[topology.redundancy];
  const kept = roles.flatMap((role) => amphorae.find((amphora) => amphora.role === role && isWanted(amphora)) ?? []);
  const nodes = kept.map((amphora): PlacedNode => placed(topology, amphora, kept, ports));
  const used = new Set(nodes.flatMap(addressesOf));
  return {
    nodes,
    missing: roles.filter((role) => !kept.some((amphora) => amphora.role === role)),
    surplusAmphorae: amphorae.filter((amphora) => !kept.includes(amphora)),
    surplusPorts: ports.filter(({ fixed_ips }) => !fixed_ips.some(({ ip_address }) => ip_address !== null && used.has(ip_address))),
  };
}

function placed(topology: Topology, amphora: Amphora, kept: readonly Amphora[], ports: readonly Port[]): PlacedNode {
  const own = (one: Amphora): string | null => addressOn(topology.vip.subnet, one, ports);
  const peer = kept.find((other) => other !== amphora);
  return {
    amphora,
    legs: legSubnets(topology, amphora).map((subnet) => ({ subnet, address: addressOn(subnet, amphora, ports) })),
    pair: amphora.role === 'STANDALONE' ? null : { own: own(amphora), peer: peer ? { id: peer.id, address: own(peer), gatewayId: peer.gateway_id } : null },
  };
}

/**
 * A node alone is in the subnets of further VIPs by having these. One of a pair has them now and then, and needs addresses
 * of its own there to answer clients and reach members.
 */
function legSubnets({ vip, additionalVips = [], memberSubnets }: Topology, { role, gateway_id: onGateway }: Amphora): readonly SubnetTopology[] {
  // A gateway reaches members by routes of its own.
  if (onGateway !== null) return [];
  if (role === 'STANDALONE' || vip.foreign === true) return memberSubnets;
  const further = additionalVips.map(({ subnet }) => subnet).filter(({ id }) => id !== vip.subnet.id);
  return [...new Map([...further, ...memberSubnets].map((subnet) => [subnet.id, subnet])).values()];
}

function addressesOf({ legs, pair }: PlacedNode): string[] {
  return [...legs.map(({ address }) => address), pair?.own ?? null].filter((address) => address !== null);
}

/** An operator sent it away: a failover is a balancer that has to do with another one. */
export function isWanted({ status }: Amphora): boolean {
  return status !== 'PENDING_DELETE';
}

function addressOn(subnet: SubnetTopology, amphora: Amphora, ports: readonly Port[]): string | null {
  return portOn(subnet, amphora, ports)?.fixed_ips.find(({ subnet_id }) => subnet_id === subnet.id)?.ip_address ?? null;
}

/** The amphora's own port in the subnet. */
export function portOn(subnet: Pick<SubnetTopology, 'id'>, amphora: Pick<Amphora, 'id'>, ports: readonly Port[]): Port | undefined {
  return ports.find(({ device_id, fixed_ips }) => device_id === amphora.id && fixed_ips.some(({ subnet_id }) => subnet_id === subnet.id));
}

/** True once nothing is missing, so that a node config can be rendered. */
export function isComplete(topology: Topology, { missing, nodes }: Placement): boolean {
  // Gateways have addresses of their own.
  const lacksOwn = ({ pair, amphora }: PlacedNode): boolean =>
    pair !== null && pair.own === null && topology.vip.foreign !== true && amphora.gateway_id === null;
  return missing.length === 0 && nodes.every((node) => !lacksOwn(node) && node.legs.every(({ address }) => address !== null));
}
