/**
 * Topology and place → the config of one namespace amphora: links, routes and the proxy. Pure.
 * Every link has the MAC derived from its first address, so that a re-made balancer answers where neighbours already
 * look for it; members whose MAC we know become permanent neighbours, because the kernel's neighbour table is
 * shared by all namespaces.
 */
import ipaddr from 'ipaddr.js';
import { macOf } from '../../model/mac.ts';
import { type Link, type NodeConfig, type Route, isLinkLocal } from '../../model/node-config.ts';
import type { SubnetTopology, Topology } from '../../model/topology.ts';
import { renderProxy } from '../haproxy/compile.ts';

export interface Attachment {
  readonly subnet: SubnetTopology;
  readonly address: string;
}

/** `legs` are the node's own addresses in members' subnets. */
export function renderNamespace(topology: Topology, legs: readonly Attachment[]): NodeConfig {
  const vip: Attachment = { subnet: topology.vip.subnet, address: topology.vip.address };
  const byNetwork = [...Map.groupBy([vip, ...legs], ({ subnet }) => subnet.networkId)];
  const linkOf = new Map(byNetwork.map(([networkId], index) => [networkId, `eth${index}`]));
  return {
    links: byNetwork.map(([networkId, attachments]) => link(linkOf.get(networkId) ?? '', attachments, topology)),
    routes: routesOf([vip, ...legs], linkOf),
    proxy: renderProxy(topology),
  };
}

function link(name: string, attachments: readonly Attachment[], topology: Topology): Link {
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
    neighbours: topology.neighbours.filter((entry) => entry.networkId === networkId && !own.has(entry.address)).map(({ address, mac }) => ({ address, mac })),
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
