/** What a step makes of a config. Pure: the model that real drivers are held against. */
import type { Link, NodeConfig, ProxyConfig, Server } from '../../model/node-config.ts';
import type { Step } from '../../model/plan.ts';
import { NodeError } from '../node.ts';

export const EMPTY: NodeConfig = { links: [], routes: [], proxy: null };

export function applyStep(config: NodeConfig, step: Step): NodeConfig {
  switch (step.kind) {
    case 'create-node':
      return config;
    case 'add-link':
    case 'change-link':
      return { ...config, links: withLink(config.links, step.link) };
    case 'delete-link':
      return { ...config, links: config.links.filter(({ name }) => name !== step.name) };
    case 'set-routes':
      return { ...config, routes: step.routes };
    case 'start-proxy':
      return { ...config, proxy: step.proxy };
    default:
      return { ...config, proxy: applyToProxy(config.proxy, step) };
  }
}

function withLink(links: readonly Link[], link: Link): Link[] {
  const known = links.some(({ name }) => name === link.name);
  return known ? links.map((other) => (other.name === link.name ? link : other)) : [...links, link];
}

type ProxyStep = Exclude<Step, { kind: 'create-node' | 'add-link' | 'change-link' | 'delete-link' | 'set-routes' | 'start-proxy' }>;

function applyToProxy(proxy: ProxyConfig | null, step: ProxyStep): ProxyConfig | null {
  if (step.kind === 'stop-proxy') return null;
  // A file can be written for a proxy that does not run.
  if (step.kind === 'write-config') return proxy && { ...proxy, text: step.proxy.text };
  if (!proxy) throw new NodeError(`${step.kind}: no proxy runs`);
  switch (step.kind) {
    case 'reload-proxy':
      return step.proxy;
    case 'add-server':
    case 'change-server':
      return { ...proxy, servers: withServer(proxy.servers, step.server) };
    case 'delete-server':
      return { ...proxy, servers: proxy.servers.filter((server) => !isServer(server, step)) };
  }
}

function withServer(servers: readonly Server[], server: Server): Server[] {
  const known = servers.some((other) => isServer(other, server));
  return known ? servers.map((other) => (isServer(other, server) ? server : other)) : [...servers, server];
}

function isServer(a: Pick<Server, 'backend' | 'name'>, b: Pick<Server, 'backend' | 'name'>): boolean {
  return a.backend === b.backend && a.name === b.name;
}
