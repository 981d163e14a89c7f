/** What a step makes of a config. Pure: the model that real drivers are held against. */
import type { Link, NodeConfig, ProxyConfig, Server, VrrpConfig } from '../../model/node-config.ts';
import type { Step } from '../../model/plan.ts';
import { NodeError } from '../node.ts';

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
    case 'set-packets':
      return { ...config, packets: step.packets };
    case 'delete-packets':
      return { ...config, packets: null };
    case 'start-vrrp':
    case 'reload-vrrp':
      return { ...config, vrrp: vrrpAfter(config, step) };
    case 'stop-vrrp':
      return { ...config, vrrp: null };
    default:
      return { ...config, proxy: applyToProxy(config.proxy, step) };
  }
}

function vrrpAfter({ vrrp }: NodeConfig, step: Extract<Step, { kind: 'start-vrrp' | 'reload-vrrp' }>): VrrpConfig {
  if (step.kind === 'reload-vrrp' && vrrp === null) throw new NodeError('reload-vrrp: no keepalived runs');
  return step.vrrp;
}

function withLink(links: readonly Link[], link: Link): Link[] {
  const known = links.some(({ name }) => name === link.name);
  return known ? links.map((other) => (other.name === link.name ? link : other)) : [...links, link];
}

type ProxyStep = Exclude<
  Step,
  { kind: 'create-node' | 'add-link' | 'change-link' | 'delete-link' | 'set-routes' | 'start-proxy' | 'set-packets' | 'delete-packets' | `${string}-vrrp` }
>;

function applyToProxy(proxy: ProxyConfig | null, step: ProxyStep): ProxyConfig | null {
  if (step.kind === 'stop-proxy') return null;
  // A file can be written for a proxy that does not run.
  if (step.kind === 'write-config') return proxy && { ...proxy, text: step.proxy.text, files: step.proxy.files };
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

type ServerStep = Extract<Step, { kind: 'add-server' | 'change-server' | 'delete-server' }>;

function isServerStep(step: Step): step is ServerStep {
  return step.kind === 'add-server' || step.kind === 'change-server' || step.kind === 'delete-server';
}

/** Steps about servers that follow one another stand together: with one list for all of them thousands take no time. */
export function groupsOf(plan: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of plan) {
    const last = groups.at(-1);
    if (last?.[0] && isServerStep(last[0]) && isServerStep(step)) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

export function applyGroup(config: NodeConfig, group: readonly Step[]): NodeConfig {
  const steps = group.filter(isServerStep);
  if (steps.length < group.length || !config.proxy) return group.reduce(applyStep, config);
  const servers = new Map(config.proxy.servers.map((server) => [keyOf(server), server]));
  for (const step of steps) {
    if (step.kind === 'delete-server') servers.delete(keyOf(step));
    else servers.set(keyOf(step.server), step.server);
  }
  return { ...config, proxy: { ...config.proxy, servers: [...servers.values()] } };
}

function keyOf({ backend, name }: Pick<Server, 'backend' | 'name'>): string {
  return `${backend}/${name}`;
}

function withServer(servers: readonly Server[], server: Server): Server[] {
  const known = servers.some((other) => isServer(other, server));
  return known ? servers.map((other) => (isServer(other, server) ? server : other)) : [...servers, server];
}

function isServer(a: Pick<Server, 'backend' | 'name'>, b: Pick<Server, 'backend' | 'name'>): boolean {
  return a.backend === b.backend && a.name === b.name;
}
