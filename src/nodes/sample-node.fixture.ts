/** A node for tests: one network, one listener, members as wanted; and the plan that makes it. */
import { macOf } from '../model/mac.ts';
import type { Link, NodeConfig, ProxyConfig, Route, Server } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import type { ListenerTopology, MemberTopology, MonitorTopology } from '../model/topology.ts';
import { renderProxy } from '../render/haproxy/compile.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from '../render/haproxy/topology.fixture.ts';

export const NETWORK = '11111111-2222-4333-8444-555555555555';
export const OTHER_NETWORK = '66666666-2222-4333-8444-555555555555';
export const VIP = '198.51.100.5';
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
  return { links: [linkOf()], routes: ROUTES, proxy };
}

/** The plan that makes a node from nothing. */
export function creationOf({ links, routes, proxy }: NodeConfig): Plan {
  return [
    { kind: 'create-node', cost: 'restart' },
    ...links.map((link) => ({ kind: 'add-link', cost: 'runtime', link }) as const),
    { kind: 'set-routes', cost: 'runtime', routes, present: [] },
    ...(proxy ? [{ kind: 'start-proxy', cost: 'restart', proxy } as const] : []),
  ];
}

/** Without what a running node cannot tell, and in an order of its own. */
export function comparable(config: NodeConfig | null): NodeConfig | null {
  if (!config) return null;
  const { links, routes, proxy } = config;
  const sortedLinks = links.map((link) => ({ ...link, addresses: link.addresses.toSorted(), neighbours: sorted(link.neighbours) }));
  return { links: sorted(sortedLinks), routes: sorted(routes), proxy: proxy && { ...proxy, servers: sorted(proxy.servers.map(visible)) } };
}

function visible(server: Server): Server {
  return { ...server, keywords: '', dynamic: true };
}

function sorted<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
