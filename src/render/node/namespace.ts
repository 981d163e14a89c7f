/**
 * Topology and place → the config of one namespace amphora: links, routes and the proxy. Pure.
 * Every link has the MAC derived from its first address, so that a re-made balancer answers where neighbours already
 * look for it; members whose MAC we know become permanent neighbours, because the kernel's neighbour table is
 * shared by all namespaces.
 */
import ipaddr from 'ipaddr.js';
import { macOf } from '../../model/mac.ts';
import { type Link, type NodeConfig, type Route, type VrrpConfig, isLinkLocal } from '../../model/node-config.ts';
import { type Neighbour, type SubnetTopology, type Topology, vipsOf } from '../../model/topology.ts';
import { renderFlowSync } from '../conntrackd/compile.ts';
import { renderProxy } from '../haproxy/compile.ts';
import type { ProxyPair } from '../haproxy/global.ts';
import { type PairRole, renderVrrp } from '../keepalived/compile.ts';
import { renderPackets } from '../nftables/compile.ts';
import type { DownMembers } from '../nftables/service.ts';

export interface Attachment {
  readonly subnet: SubnetTopology;
  readonly address: string;
}

/** A node of a pair: its own address in the VIP's subnet is on the link, and keepalived has the VIP. */
export interface NodePair {
  /** The amphora's id. */
  readonly name: string;
  readonly role: PairRole;
  readonly own: string;
  readonly peer: { readonly name: string; readonly address: string };
  readonly advertMs: number;
  /** Whether it can tell the other of flows in the kernel. */
  readonly syncsFlows: boolean;
}

/**
 * `legs` are the node's own addresses in members' subnets; `down` are members that its checks found dead; `logs` says whether
 * there is somewhere to log flows to.
 */
export function renderNamespace(
  topology: Topology,
  legs: readonly Attachment[],
  down: DownMembers = new Set(),
  pair: NodePair | null = null,
  logs = false,
): NodeConfig {
  const own: Attachment = { subnet: topology.vip.subnet, address: pair?.own ?? topology.vip.address };
  // A pair's VIPs are keepalived's, and what it needs in their subnets are legs.
  const further = pair === null ? (topology.additionalVips ?? []).map(({ subnet, address }) => ({ subnet, address })) : [];
  const attachments = [own, ...further, ...legs];
  const byNetwork = [...Map.groupBy(attachments, ({ subnet }) => subnet.networkId)];
  const linkOf = new Map(byNetwork.map(([networkId], index) => [networkId, `eth${index}`]));
  const packets = renderPackets(topology, down);
  return {
    links: byNetwork.map(([networkId, onLink]) => link(linkOf.get(networkId) ?? '', onLink, [...topology.neighbours, ...peerOf(topology, pair)])),
    routes: routesOf(attachments, linkOf),
    proxy: renderProxy(topology, pair && proxyPair(pair), logs),
    packets,
    vrrp: pair && vrrpOf(topology, pair),
    flowSync: packets && pair?.syncsFlows ? renderFlowSync({ own: pair.own, peer: pair.peer.address }) : null,
  };
}

function vrrpOf(topology: Topology, { role, own, peer, advertMs }: NodePair): VrrpConfig {
  return renderVrrp(vipsOf(topology), { role, own, peer: peer.address, advertMs, bothServe: topology.redundancy === 'ACTIVE_ACTIVE' });
}

function proxyPair({ name, own, peer }: NodePair): ProxyPair {
  return { local: { name, address: own }, other: peer };
}

/** A pair talks all the time: each knows where the other is. */
function peerOf({ vip }: Topology, pair: NodePair | null): Neighbour[] {
  return pair === null ? [] : [{ networkId: vip.subnet.networkId, address: pair.peer.address, mac: macOf(pair.peer.address) }];
}

function link(name: string, attachments: readonly Attachment[], known: readonly Neighbour[]): Link {
  const [first] = attachments;
  if (!first) throw new Error(`link ${name} without an address`);
  const { networkId, physicalNetwork, mtu } = first.subnet;
  const own = new Set(attachments.map(({ address }) => address));
  return {
    name,
    networkId,
    physicalNetwork,
    mtu,
    mac: macOf(first.address),
    addresses: attachments.map(({ address, subnet }) => `${address}/${prefixLength(subnet.cidr)}`),
    neighbours: known.filter((entry) => entry.networkId === networkId && !own.has(entry.address)).map(({ address, mac }) => ({ address, mac })),
  };
}

/**
 * What the kernel can hold: one route per destination, the first subnet's, which is the VIP's: that is where clients are.
 * A host passes over routes that lead nowhere or to itself, and one of them must not keep a balancer from being delivered.
 */
function routesOf(attachments: readonly Attachment[], linkOf: ReadonlyMap<string, string>): Route[] {
  const connected = new Set(attachments.map(({ subnet }) => subnet.cidr));
  const own = new Set(attachments.map(({ address }) => address));
  const asked = [...attachments.flatMap((attachment) => gatewayRoute(attachment, linkOf)), ...attachments.flatMap(({ subnet }) => hostRoutes(subnet))];
  const usable = asked.filter(({ to, via }) => !connected.has(to) && !own.has(via));
  return [...Map.groupBy(usable, destination).values()].flatMap(([route]) => route ?? []);
}

function gatewayRoute({ subnet: { gateway, networkId } }: Attachment, linkOf: ReadonlyMap<string, string>): Route[] {
  if (gateway === null) return [];
  const name = linkOf.get(networkId);
  return [{ to: 'default', via: gateway, ...(isLinkLocal(gateway) && name !== undefined ? { link: name } : {}) }];
}

function hostRoutes({ cidr, hostRoutes: routes }: SubnetTopology): Route[] {
  const onLink = routes.map(({ destination: to, nexthop }) => ({ to, via: ipaddr.parse(nexthop) })).filter(({ via }) => isHostOf(cidr, via));
  return onLink.map(({ to, via }) => ({ to: prefixLength(to) === '0' ? 'default' : to, via: via.toString() }));
}

/** Neither an IPv4 network's own address nor its broadcast is a host's. */
function isHostOf(cidr: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [base, length] = ipaddr.parseCIDR(cidr);
  if (address.kind() !== base.kind() || !address.match(base, length)) return false;
  if (base.kind() === 'ipv6' || length >= 31) return true;
  const { IPv4 } = ipaddr;
  return ![IPv4.networkAddressFromCIDR(cidr), IPv4.broadcastAddressFromCIDR(cidr)].some((end) => end.toString() === address.toString());
}

/** Each family has a default of its own. */
function destination({ to, via }: Route): string {
  return to === 'default' ? `${to} ${ipaddr.parse(via).kind()}` : to;
}

function prefixLength(cidr: string): string {
  return cidr.slice(cidr.indexOf('/') + 1);
}
