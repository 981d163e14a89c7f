/** Links, addresses, neighbours and routes of a node as the kernel has them. */
import ipaddr from 'ipaddr.js';
import { type Link, type Route, isLinkLocal } from '../../model/node-config.ts';
import { NodeError } from '../node.ts';
import { ipQuery } from './ip.ts';
import { hostLinkName, hostLinkNames, switchNamespace } from './names.ts';
import { type Bridge, bridgeOf, isPair, type LinkState, linkStates } from './switch.ts';

/** What the driver needs to know to find a node's links outside the node. */
export interface Place {
  readonly instance: string;
  readonly id: string;
  readonly namespace: string;
  readonly bridgeMappings: ReadonlyMap<string, Bridge>;
}

/** A link inside a node, whether it is plugged in right or not. */
export interface InnerLink extends Omit<Link, 'networkId' | 'physicalNetwork'> {
  readonly ifindex: number;
  readonly link_index?: number;
  readonly up: boolean;
  /** null until the driver has named the network the link is on. */
  readonly network: Pick<Link, 'networkId' | 'physicalNetwork'> | null;
}

export interface InnerState {
  /** The loopback comes up only after the namespace was set up: down, it says that setting up was interrupted. */
  readonly ready: boolean;
  readonly links: readonly InnerLink[];
  readonly routes: readonly Route[];
}

export const NOTHING: InnerState = { ready: false, links: [], routes: [] };

interface AddressEntry extends LinkState {
  readonly address: string;
  readonly ifalias?: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}
interface RouteEntry {
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
}
interface NeighbourEntry {
  readonly dst: string;
  readonly dev: string;
  readonly lladdr: string;
}

const QUERY = [
  ['address', 'show'],
  ['route', 'show', 'table', 'all', 'proto', 'static'],
  ['neigh', 'show', 'nud', 'permanent'],
];

export async function readInner(namespace: string): Promise<InnerState> {
  const [entries, routes, neighbours] = (await ipQuery(namespace, QUERY)) as [AddressEntry[]?, RouteEntry[]?, NeighbourEntry[]?];
  if (!entries || !routes || !neighbours) throw new NodeError(`ip: answered less than was asked about ${namespace}`);
  return {
    ready: entries.some((entry) => entry.ifname === 'lo' && isUp(entry)),
    links: entries.filter(({ ifname }) => ifname !== 'lo').map((entry) => innerLink(entry, neighbours)),
    routes: routes.flatMap(routeOf),
  };
}

function innerLink(entry: AddressEntry, neighbours: readonly NeighbourEntry[]): InnerLink {
  return {
    name: entry.ifname,
    ifindex: entry.ifindex,
    ...(entry.link_index === undefined ? {} : { link_index: entry.link_index }),
    up: isUp(entry),
    network: parseAlias(entry.ifalias ?? ''),
    mac: entry.address,
    mtu: entry.mtu,
    // The link-local address is the kernel's own.
    addresses: entry.addr_info.filter(({ scope }) => scope !== 'link').map(({ local, prefixlen }) => `${canonical(local)}/${prefixlen}`),
    neighbours: neighbours.filter(({ dev }) => dev === entry.ifname).map(({ dst, lladdr }) => ({ address: canonical(dst), mac: lladdr })),
  };
}

function isUp({ flags }: LinkState): boolean {
  return flags.includes('UP');
}

function canonical(address: string): string {
  return ipaddr.parse(address).toString();
}

function routeOf({ dst, gateway, dev }: RouteEntry): Route[] {
  if (gateway === undefined) return [];
  const via = canonical(gateway);
  return [{ to: subnet(dst), via, ...(dev !== undefined && isLinkLocal(via) ? { link: dev } : {}) }];
}

/** iproute2 leaves the prefix length out where it is the full one. */
function subnet(destination: string): string {
  if (destination === 'default') return destination;
  const [address = '', length] = destination.split('/');
  return `${canonical(address)}/${length ?? (address.includes(':') ? 128 : 32)}`;
}

/** The kernel keeps, as the link's alias, which network it is on; a bridge's name holds only a part of the id. */
export function aliasOf({ networkId, physicalNetwork }: Pick<Link, 'networkId' | 'physicalNetwork'>): string {
  return `weir:${networkId}/${physicalNetwork ?? ''}`;
}

function parseAlias(alias: string): InnerLink['network'] {
  const [, networkId, physicalNetwork] = /^weir:([0-9a-f-]+)\/(.*)$/.exec(alias) ?? [];
  return networkId === undefined ? null : { networkId, physicalNetwork: physicalNetwork || null };
}

/** The bridge that a link of this node belongs on; null when its mapping is not configured (any more). */
export function bridgeFor(place: Place, { networkId, physicalNetwork }: Pick<Link, 'networkId' | 'physicalNetwork'>): Bridge | null {
  if (physicalNetwork !== null) return place.bridgeMappings.get(physicalNetwork) ?? null;
  return bridgeOf({ instance: place.instance, networkId });
}

/** Links and routes a node has. A link that is not plugged into its bridge, or not up, carries nothing and is left out. */
export async function readNetwork(place: Place): Promise<{ links: Link[]; routes: readonly Route[] }> {
  const [inner, inSwitch] = await Promise.all([readInner(place.namespace), endsInSwitch(place)]);
  const named = inner.ready ? inner.links.flatMap((link) => (link.network && link.up ? [{ ...link, network: link.network }] : [])) : [];
  const plugged = await Promise.all(named.map(async (link) => ((await isPlugged(place, link, inSwitch)) ? [publicLink(link)] : [])));
  return { links: plugged.flat(), routes: inner.routes };
}

type NamedLink = InnerLink & { readonly network: NonNullable<InnerLink['network']> };

/** Asked for all ends that there might be: that takes less time than to wait until it is known which there are. */
function endsInSwitch({ instance, id }: Place): Promise<LinkState[]> {
  return linkStates(switchNamespace(instance), hostLinkNames(id));
}

async function isPlugged(place: Place, link: NamedLink, inSwitch: readonly LinkState[]): Promise<boolean> {
  const bridge = bridgeFor(place, link.network);
  if (!bridge) return false;
  const name = hostLinkName(place.id, link.name);
  const candidates = link.network.physicalNetwork === null ? inSwitch : await linkStates(bridge.namespace, [name]);
  return candidates.some((outer) => outer.ifname === name && outer.master === bridge.bridge && isUp(outer) && isPair(outer, link));
}

function publicLink({ name, mac, mtu, addresses, neighbours, network }: NamedLink): Link {
  return { name, ...network, mac, mtu, addresses, neighbours };
}
