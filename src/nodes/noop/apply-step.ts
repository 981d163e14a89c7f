/** What a step makes of a config. Pure: the model that real drivers are held against. */
import { type Link, type NodeConfig, type ProxyConfig, type VrrpConfig, serverKey } from '../../model/node-config.ts';
import { type ServerStep, type Step, isServerStep } from '../../model/plan.ts';
import { NodeError } from '../node.ts';

function applyStep(config: NodeConfig, step: Exclude<Step, ServerStep>): NodeConfig {
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
    case 'start-flow-sync':
      return { ...config, flowSync: step.flowSync };
    case 'stop-flow-sync':
      return { ...config, flowSync: null };
    case 'set-share':
      return { ...config, gateway: step.share };
    case 'delete-share':
      return { ...config, gateway: null };
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

type ProxyStep = Extract<Step, { kind: 'write-config' | 'reload-proxy' | 'stop-proxy' }>;

function applyToProxy(proxy: ProxyConfig | null, step: ProxyStep): ProxyConfig | null {
  if (step.kind === 'stop-proxy') return null;
  // A file can be written for a proxy that does not run.
  if (step.kind === 'write-config') return proxy && { ...proxy, text: step.proxy.text, files: step.proxy.files };
  if (!proxy) throw new NodeError(`${step.kind}: no proxy runs`);
  return step.proxy;
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

/** @param group - one of `groupsOf` */
export function applyGroup(config: NodeConfig, group: readonly Step[]): NodeConfig {
  const servers = group.filter(isServerStep);
  const after = group.filter((step) => !isServerStep(step)).reduce(applyStep, config);
  return servers.length === 0 ? after : { ...after, proxy: withServers(after.proxy, servers) };
}

function withServers(proxy: ProxyConfig | null, steps: readonly ServerStep[]): ProxyConfig {
  if (!proxy) throw new NodeError(`${steps[0]?.kind}: no proxy runs`);
  const servers = new Map(proxy.servers.map((server) => [serverKey(server), server]));
  for (const step of steps) {
    if (step.kind === 'delete-server') servers.delete(serverKey(step));
    else servers.set(serverKey(step.server), step.server);
  }
  return { ...proxy, servers: [...servers.values()] };
}
