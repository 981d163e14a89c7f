/**
 * What a write would mean for the nodes, told before it is made, by the same functions that deliver. Which nodes there
 * are to be is worked out inside the transaction that rehearses the write; what they should run and do run afterwards,
 * when nobody waits for the store.
 */
import type { NodeConfig, PacketConfig } from '../model/node-config.ts';
import { type Cost, type Step, costOf } from '../model/plan.ts';
import type { Drivers } from '../nodes/drivers.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { sharedAddresses } from '../render/keepalived/compile.ts';
import { type BalancerTree, balancerTree } from '../store/balancer-tree.ts';
import type { Tx } from '../store/store.ts';
import { claimMissing } from './claim.ts';
import { diff } from './diff.ts';
import { type CertificateVault, MaterialReader, materialsFor } from './materials.ts';
import type { PlacedNode } from './place.ts';
import { resolve } from './resolve.ts';
import { MaterialError } from './tls-references.ts';
import { wantedConfig } from './wanted-config.ts';

/** One node as it should be after the write. */
export interface WantedNode {
  readonly id: string;
  readonly loadBalancerId: string;
  readonly driver: NodeDriver;
  /** Where it is, of which rows; null where it should be gone. */
  readonly placed: Placed | null;
}

interface Placed {
  readonly tree: BalancerTree;
  readonly node: PlacedNode;
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
    plans: async (wanted) => {
      // Shared, and one after the other: what a pair refers to is opened once.
      const reader = new MaterialReader(vault);
      const plans: NodePlan[] = [];
      for (const node of wanted) plans.push(await planOf(node, reader));
      return plans;
    },
  };
}

async function wantedNodes(tx: Tx, drivers: Drivers, id: string): Promise<WantedNode[]> {
  const tree = await balancerTree(tx.db, id);
  if (!tree) return [];
  if (tree.balancer.deleting) return tree.amphorae.flatMap((row) => gone(row, drivers));
  const driver = drivers.for(tree.balancer.provider);
  const placement = await claimMissing(tx, resolve(tree), tree.amphorae, driver.name, new Date());
  const kept = placement.nodes.map((node): WantedNode => ({ id: node.amphora.id, loadBalancerId: id, driver, placed: { tree, node } }));
  return [...placement.surplusAmphorae.flatMap((row) => gone(row, drivers)), ...kept];
}

function gone({ id, driver, loadbalancer_id }: { id: string; driver: string; loadbalancer_id: string }, drivers: Drivers): WantedNode[] {
  const known = drivers.named(driver);
  return known ? [{ id, loadBalancerId: loadbalancer_id, driver: known, placed: null }] : [];
}

async function planOf({ id, loadBalancerId, driver, placed }: WantedNode, reader: MaterialReader): Promise<NodePlan> {
  const present = await driver.present(id);
  const node = { node: id, loadbalancer: loadBalancerId, driver: driver.name };
  if (placed === null) return { ...node, cost: 'restart', steps: [{ kind: 'delete-node', cost: 'restart', detail: '' }], config: lineChanges(present, null) };
  const { config, missing } = await configOf(placed, driver, reader);
  if (config === null) return { ...node, cost: null, steps: [{ kind: 'wait', cost: 'runtime', detail: missing }], config: [] };
  const plan = diff(present, config);
  const steps = plan.map((step) => ({ kind: step.kind, cost: step.cost, detail: detailOf(step) }));
  return { ...node, cost: costOf(plan), steps, config: lineChanges(present, config) };
}

/** `missing`: why the node would be left as it is. */
async function configOf({ tree, node }: Placed, driver: NodeDriver, reader: MaterialReader): Promise<{ config: NodeConfig | null; missing: string }> {
  try {
    const { materials } = await materialsFor(driver, reader, tree);
    return { config: await wantedConfig(driver, resolve(tree, materials), node), missing: '' };
  } catch (error) {
    if (error instanceof MaterialError) return { config: null, missing: error.message };
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
