/** What a plan's step makes of a node config: the model of a node that the noop driver keeps. Pure. */
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
    case 'reload-proxy':
      return { ...config, proxy: step.proxy };
    case 'stop-proxy':
      return { ...config, proxy: null };
    case 'write-config':
      // A file alone changes nothing of what runs.
      return { ...config, proxy: { ...running(config), text: step.proxy.text } };
    case 'add-server':
    case 'change-server':
      return { ...config, proxy: withServer(running(config), step.server) };
    case 'delete-server':
      return { ...config, proxy: withoutServer(running(config), step.backend, step.name) };
  }
}

function withLink(links: readonly Link[], link: Link): Link[] {
  return links.some(({ name }) => name === link.name) ? links.map((present) => (present.name === link.name ? link : present)) : [...links, link];
}

function running({ proxy }: NodeConfig): ProxyConfig {
  if (!proxy) throw new NodeError('no proxy runs on the node');
  return proxy;
}

function withServer(proxy: ProxyConfig, server: Server): ProxyConfig {
  const others = proxy.servers.filter(({ backend, name }) => backend !== server.backend || name !== server.name);
  return { ...proxy, servers: [...others, server] };
}

function withoutServer(proxy: ProxyConfig, backend: string, name: string): ProxyConfig {
  return { ...proxy, servers: proxy.servers.filter((server) => server.backend !== backend || server.name !== name) };
}
