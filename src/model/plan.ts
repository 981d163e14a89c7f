/**
 * The plan: the ordered difference between a node's present config and the wanted one. Each step says what it costs:
 * `runtime` nobody notices, `reload` starts new workers and drains the old, `restart` starts the proxy or the node.
 */
import type { FlowSyncConfig, GatewayShare, Link, PacketConfig, ProxyConfig, Route, Server, VrrpConfig } from './node-config.ts';

export type Cost = 'runtime' | 'reload' | 'restart';

export type Step =
  | { readonly kind: 'create-node'; readonly cost: 'restart' }
  | { readonly kind: 'add-link'; readonly cost: 'runtime'; readonly link: Link }
  | { readonly kind: 'change-link'; readonly cost: 'runtime'; readonly link: Link; readonly present: Link }
  | { readonly kind: 'delete-link'; readonly cost: 'runtime'; readonly name: string }
  | { readonly kind: 'set-routes'; readonly cost: 'runtime'; readonly routes: readonly Route[]; readonly present: readonly Route[] }
  | { readonly kind: 'set-packets'; readonly cost: 'runtime'; readonly packets: PacketConfig }
  | { readonly kind: 'delete-packets'; readonly cost: 'runtime' }
  | { readonly kind: 'write-config'; readonly cost: 'runtime'; readonly proxy: ProxyConfig }
  | { readonly kind: 'start-proxy'; readonly cost: 'restart'; readonly proxy: ProxyConfig }
  | { readonly kind: 'reload-proxy'; readonly cost: 'reload'; readonly proxy: ProxyConfig }
  | { readonly kind: 'stop-proxy'; readonly cost: 'restart' }
  | { readonly kind: 'start-vrrp'; readonly cost: 'restart'; readonly vrrp: VrrpConfig }
  | { readonly kind: 'reload-vrrp'; readonly cost: 'runtime'; readonly vrrp: VrrpConfig }
  | { readonly kind: 'stop-vrrp'; readonly cost: 'restart' }
  | { readonly kind: 'start-flow-sync'; readonly cost: 'runtime'; readonly flowSync: FlowSyncConfig }
  | { readonly kind: 'stop-flow-sync'; readonly cost: 'runtime' }
  | { readonly kind: 'set-share'; readonly cost: 'reload'; readonly share: GatewayShare; readonly present: GatewayShare | null }
  | { readonly kind: 'delete-share'; readonly cost: 'reload'; readonly present: GatewayShare }
  | { readonly kind: 'add-server'; readonly cost: 'runtime'; readonly server: Server }
  | { readonly kind: 'change-server'; readonly cost: 'runtime'; readonly server: Server; readonly present: Server }
  | { readonly kind: 'delete-server'; readonly cost: 'runtime'; readonly backend: string; readonly name: string };

export type Plan = readonly Step[];

/** A step that only a gateway carries out. */
export type GatewayStep = Extract<Step, { kind: 'set-share' | 'delete-share' }>;

/** A step about a member, which the proxy's runtime socket takes. */
export type ServerStep = Extract<Step, { kind: 'add-server' | 'change-server' | 'delete-server' }>;

const SERVER_STEPS: ReadonlySet<Step['kind']> = new Set<ServerStep['kind']>(['add-server', 'change-server', 'delete-server']);

export function isServerStep(step: Step): step is ServerStep {
  return SERVER_STEPS.has(step.kind);
}

/** The dearest step decides what a plan costs; null for an empty one. */
export function costOf(plan: Plan): Cost | null {
  const rank: readonly Cost[] = ['runtime', 'reload', 'restart'];
  return plan.reduce<Cost | null>((worst, step) => (worst === null || rank.indexOf(step.cost) > rank.indexOf(worst) ? step.cost : worst), null);
}
