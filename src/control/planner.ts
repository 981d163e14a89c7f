/**
 * What a write would mean for the nodes, told before it is made. The wanted configs are worked out inside the
 * transaction that rehearses the write, by the same functions that deliver; what the nodes run is asked afterwards,
 * when nobody waits for the store.
 */
import { IN_NAME_ONLY, MaterialError } from '../model/material.ts';
import type { NodeConfig, PacketConfig } from '../model/node-config.ts';
import { type Cost, type Step, costOf } from '../model/plan.ts';
import type { Topology } from '../model/topology.ts';
import type { Drivers } from '../nodes/drivers.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { type BalancerTree, balancerTree } from '../store/balancer-tree.ts';
import type { Tx } from '../store/store.ts';
import { claimMissing } from './claim.ts';
import { type CertificateVault, MaterialReader } from './materials.ts';
import { diff } from './diff.ts';
import { downMembers } from './down-members.ts';
import { sharedAddresses } from '../render/keepalived/compile.ts';
import type { DownMembers } from '../render/nftables/service.ts';
import { renderNode } from './render-node.ts';
import { resolve } from './resolve.ts';

/** One node as it should be after the write, given the health of members; null where it should be gone. */
export interface WantedNode {
  readonly id: string;
  readonly loadBalancerId: string;
  readonly driver: NodeDriver;
  readonly config: ((topology: Topology, down: DownMembers) => NodeConfig) | null;
  /** null where the config is. */
  readonly tree: BalancerTree | null;
}

export interface NodePlan {
  readonly node: string;
  readonly loadbalancer: string;
  readonly driver: string;
  /** The dearest step's; null when the node need not change. */
  readonly cost: Cost | null;
  readonly steps: readonly { readonly kind: string; readonly cost: Cost; readonly detail: string }[];
  /** The proxy's configuration, line by line: `+` is new, `-` goes. */
  readonly config: readonly string[];
}

export interface Planner {
  wanted(tx: Tx): Promise<WantedNode[]>;
  plans(wanted: readonly WantedNode[]): Promise<NodePlan[]>;
}

/** @param vault - where certificates are kept; null: elsewhere */
export function plannerFor(drivers: Drivers, vault: CertificateVault | null = null): Planner {
  return {
    wanted: async (tx) => {
      const nodes: WantedNode[] = [];
      for (const id of tx.changed) nodes.push(...(await wantedNodes(tx, drivers, id)));
      return nodes;
    },
    plans: (wanted) => Promise.all(wanted.map((node) => planOf(node, new MaterialReader(vault)))),
  };
}

async function wantedNodes(tx: Tx, drivers: Drivers, id: string): Promise<WantedNode[]> {
  const tree = await balancerTree(tx.db, id);
  if (!tree) return [];
  if (tree.balancer.deleting) return tree.amphorae.flatMap((row) => gone(row, drivers));
  const driver = drivers.for(tree.balancer.provider);
  const topology = resolve(tree);
  const placement = await claimMissing(tx, topology, tree.amphorae, driver.name, new Date());
  const kept = placement.nodes.map((node): WantedNode => {
    return { id: node.amphora.id, loadBalancerId: id, driver, tree, config: (meant, down) => renderNode(driver, meant, node, down) };
  });
  return [...placement.surplusAmphorae.flatMap((row) => gone(row, drivers)), ...kept];
}

function gone({ id, driver, loadbalancer_id }: { id: string; driver: string; loadbalancer_id: string }, drivers: Drivers): WantedNode[] {
  const known = drivers.named(driver);
  return known ? [{ id, loadBalancerId: loadbalancer_id, driver: known, tree: null, config: null }] : [];
}

async function planOf({ id, loadBalancerId, driver, config: render, tree }: WantedNode, reader: MaterialReader): Promise<NodePlan> {
  const present = await driver.present(id);
  const shared = { node: id, loadbalancer: loadBalancerId, driver: driver.name };
  const { topology, missing } = tree ? await resolved(tree, driver, reader) : { topology: null, missing: null };
  if (missing !== null) return { ...shared, cost: null, steps: [{ kind: 'wait', cost: 'runtime', detail: missing }], config: [] };
  const config = render && topology && render(topology, await downMembers(driver, topology, id));
  if (config === null) return { ...shared, cost: 'restart', steps: [{ kind: 'delete-node', cost: 'restart', detail: '' }], config: lineChanges(present, null) };
  const plan = diff(present, config);
  const steps = plan.map((step) => ({ kind: step.kind, cost: step.cost, detail: detailOf(step) }));
  return { ...shared, cost: costOf(plan), steps, config: lineChanges(present, config) };
}

/** `missing`: why the node would be left as it is. */
async function resolved(tree: BalancerTree, { carries }: NodeDriver, reader: MaterialReader): Promise<{ topology: Topology | null; missing: string | null }> {
  try {
    return { topology: resolve(tree, carries === 'anything' ? IN_NAME_ONLY : (await reader.read(tree)).materials), missing: null };
  } catch (error) {
    if (error instanceof MaterialError) return { topology: null, missing: error.message };
    throw error;
  }
}

function detailOf(step: Step): string {
  switch (step.kind) {
    case 'add-server':
    case 'change-server':
      return `${step.server.name} ${step.server.address} port ${step.server.port} weight ${step.server.weight} ${step.server.state}`;
    case 'delete-server':
      return step.name;
    case 'add-link':
    case 'change-link':
      return `${step.link.name} ${step.link.addresses.join(' ')}`;
    case 'delete-link':
      return step.name;
    case 'set-routes':
      return step.routes.map(({ to, via }) => `${to} via ${via}`).join(', ');
    case 'write-config':
    case 'start-proxy':
    case 'reload-proxy':
      return step.proxy.files.map(({ path }) => path).join(', ');
    case 'set-packets':
      return step.packets.services.map(({ protocol, address, port, members }) => `${protocol} ${address} port ${port} to ${members.length} members`).join(', ');
    case 'start-vrrp':
    case 'reload-vrrp':
      return sharedAddresses(step.vrrp).join(' ');
    default:
      return '';
  }
}

/** Lines that only one of the two has. Order within a proxy's section hardly ever changes without its lines doing so. */
function lineChanges(present: NodeConfig | null, wanted: NodeConfig | null): string[] {
  const [before, after] = [linesOf(present), linesOf(wanted)];
  return [...missingFrom(after, before).map((line) => `-${line}`), ...missingFrom(before, after).map((line) => `+${line}`)];
}

function linesOf(config: NodeConfig | null): string[] {
  // The digest of the structure changes with everything else and tells nobody anything.
  const proxy = config?.proxy?.text.split('\n').filter((line) => line.trim() !== '' && !line.includes('description weir:')) ?? [];
  return [...proxy, ...packetLines(config?.packets ?? null), ...(config?.vrrp?.text.split('\n').filter((line) => line.trim() !== '') ?? [])];
}

/** The table as it can be read: without the slots, of which a change of one member moves many. */
function packetLines(packets: PacketConfig | null): string[] {
  return packets?.text.split('\n').filter((line) => line !== '' && !/^(delete table|add element inet weir slots) /.test(line)) ?? [];
}

/** The lines of `lines` that `others` lacks, counted: a line that stands twice in one and once in the other is missing once. */
function missingFrom(others: readonly string[], lines: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
