/**
 * Topology and place → the config of one namespace amphora: links, routes and the proxy. Pure.
 * Every link has the MAC derived from its first address, so that a re-made balancer answers where neighbours already
 * look for it; members whose MAC we know become permanent neighbours, because the kernel's neighbour table is
 * shared by all namespaces.
 */
import ipaddr from 'ipaddr.js';
import { macOf } from '../../model/mac.ts';
import type { Link, NodeConfig, Route } from '../../model/node-config.ts';
import type { SubnetTopology, Topology } from '../../model/topology.ts';
import { renderProxy } from '../haproxy/compile.ts';

export interface Attachment {
  readonly subnet: SubnetTopology;
  readonly address: string;
}

/** `legs` are the node's own addresses in members' subnets. */
export function renderNamespace(topology: Topology, legs: readonly Attachment[]): NodeConfig {
  const vip: Attachment = { subnet: topology.vip.subnet, address: topology.vip.address };
  const byNetwork = Map.groupBy([vip, ...legs], ({ subnet }) => subnet.networkId);
  return {
    links: [...byNetwork.values()].map((attachments, index) => link(`eth${index}`, attachments, topology)),
    routes: [...defaultRoutes(vip, legs), ...[vip, ...legs].flatMap(hostRoutes)],
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

/** One default route per address family, through the VIP's subnet first: that is where clients are. */
function defaultRoutes(vip: Attachment, legs: readonly Attachment[]): Route[] {
  const gateways = [vip, ...legs].flatMap(({ subnet }) => subnet.gateway ?? []);
  const families = Map.groupBy(gateways, (gateway) => ipaddr.parse(gateway).kind());
  return [...families.values()].map(([via = '']) => ({ to: 'default', via }));
}

function hostRoutes({ subnet }: Attachment): Route[] {
  return subnet.hostRoutes.map(({ destination, nexthop }) => ({ to: destination, via: nexthop }));
}

function prefixLength(cidr: string): string {
  return cidr.slice(cidr.indexOf('/') + 1);
}
