/** A node for tests: one network, one listener, members as wanted; and the plan that makes it. */
import { readFileSync } from 'node:fs';
import { macOf } from '../model/mac.ts';
import { EMPTY_NODE, type Link, type NodeConfig, type PacketConfig, type ProxyConfig, type Route, type Server, type VrrpConfig } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import { Sealed } from '../model/sealed.ts';
import type { ListenerTopology, MemberTopology, MonitorTopology } from '../model/topology.ts';
import { renderProxy } from '../render/haproxy/compile.ts';
import { renderPackets } from '../render/nftables/compile.ts';
import { type PairMember, renderVrrp } from '../render/keepalived/compile.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from '../render/haproxy/topology.fixture.ts';

export const NETWORK = '11111111-2222-4333-8444-555555555555';
export const OTHER_NETWORK = '66666666-2222-4333-8444-555555555555';
export const VIP = '198.51.100.5';
/** Own addresses of two nodes of a pair. */
export const OWN = '198.51.100.6';
export const PEER = '198.51.100.7';
export const LISTENER = 'listener-1';
export const POOL = 'pool-1';
export const BACKEND = `${POOL}:${LISTENER}`;

/** Checked over HTTP every second, down after one failure. */
export const MONITOR = monitorOf({ delay: 1, timeout: 1, rise: 1, fall: 1 });

export interface Sample {
  readonly members: readonly Partial<MemberTopology>[];
  readonly monitor?: MonitorTopology | null;
  readonly listeners?: readonly Partial<ListenerTopology>[];
}

export function proxyOf({ members, monitor = null, listeners = [{}] }: Sample): ProxyConfig {
  const vip = { ...topologyOf().vip, address: VIP };
  const pools = [poolOf({ members: members.map(memberOf), monitor })];
  const proxy = renderProxy(topologyOf({ vip, listeners: listeners.map(listenerOf), pools }));
  if (!proxy) throw new Error('a sample has a listener');
  return proxy;
}

/** One listener of UDP. */
export function packetsOf(members: Sample['members']): PacketConfig {
  const vip = { ...topologyOf().vip, address: VIP };
  const pools = [poolOf({ protocol: 'UDP', members: members.map(memberOf) })];
  const packets = renderPackets(topologyOf({ vip, listeners: [listenerOf({ protocol: 'UDP', port: 53 })], pools }));
  if (!packets) throw new Error('a sample has a listener');
  return packets;
}

export function linkOf(change: Partial<Link> = {}): Link {
  return {
    name: 'eth0',
    networkId: NETWORK,
    physicalNetwork: null,
    mac: macOf(VIP),
    mtu: 1500,
    addresses: [`${VIP}/24`, '2001:db8::5/64'],
    neighbours: [{ address: '198.51.100.21', mac: macOf('198.51.100.21') }],
    ...change,
  };
}

export const ROUTES: readonly Route[] = [
  { to: 'default', via: '198.51.100.1' },
  { to: '203.0.113.0/24', via: '198.51.100.2' },
  { to: 'default', via: '2001:db8::1' },
];

export function configOf(proxy: ProxyConfig | null): NodeConfig {
  return { ...EMPTY_NODE, links: [linkOf()], routes: ROUTES, proxy };
}

/** Of a pair: the VIP is keepalived's, the link has an address of the node's own. */
export function vrrpOf(change: Partial<PairMember> = {}): VrrpConfig {
  return renderVrrp([{ address: VIP, mac: macOf(VIP) }], { role: 'MASTER', own: OWN, peer: PEER, advertMs: 50, ...change });
}

export function pairedOf(proxy: ProxyConfig | null, change: Partial<PairMember> = {}): NodeConfig {
  const own = change.own ?? OWN;
  return { ...configOf(proxy), links: [linkOf({ mac: macOf(own), addresses: [`${own}/24`] })], routes: [], vrrp: vrrpOf(change) };
}

/** A certificate with its key, as a listener has it. */
export function certificateOf(name: 'site' | 'other'): Sealed {
  return new Sealed(readFileSync(new URL(`../render/haproxy/golden/material/${name}.pem`, import.meta.url), 'utf8'));
}

/** A listener that ends TLS with these certificates. */
export function tlsListener(...certificates: readonly Sealed[]): Partial<ListenerTopology> {
  return { protocol: 'TERMINATED_HTTPS', port: 443, tls: { certificates, clients: null, hsts: null, ciphers: null, versions: null, alpn: null } };
}

/** The plan that makes a node from nothing. */
export function creationOf({ links, routes, proxy, vrrp, flowSync }: NodeConfig): Plan {
  return [
    { kind: 'create-node', cost: 'restart' },
    ...links.map((link) => ({ kind: 'add-link', cost: 'runtime', link }) as const),
    { kind: 'set-routes', cost: 'runtime', routes, present: [] },
    ...(proxy ? [{ kind: 'start-proxy', cost: 'restart', proxy } as const] : []),
    ...(vrrp ? [{ kind: 'start-vrrp', cost: 'restart', vrrp } as const] : []),
    ...(flowSync ? [{ kind: 'start-flow-sync', cost: 'runtime', flowSync } as const] : []),
  ];
}

/** Without what a running node cannot tell, and in an order of its own. */
export function comparable(config: NodeConfig | null): NodeConfig | null {
  if (!config) return null;
  const { links, routes, proxy } = config;
  const sortedLinks = links.map((link) => ({ ...link, addresses: link.addresses.toSorted(), neighbours: sorted(link.neighbours) }));
  return {
    ...config,
    links: sorted(sortedLinks),
    routes: sorted(routes),
    proxy: proxy && { ...proxy, servers: sorted(proxy.servers.map(visible)), files: sorted(proxy.files) },
  };
}

function visible(server: Server): Server {
  return { ...server, keywords: '', dynamic: true };
}

function sorted<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
