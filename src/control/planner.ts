/**
 * What a write would mean for the nodes, told before it is made, by the same functions that deliver. Which nodes there
 * are to be is worked out inside the transaction that rehearses the write; what they should run and do run afterwards,
 * when nobody waits for the store.
 */
import type { NodeConfig } from '../model/node-config.ts';
import { type Cost, costOf } from '../model/plan.ts';
import type { Drivers } from '../nodes/drivers.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { type BalancerTree, balancerTree } from '../store/balancer-tree.ts';
import type { Tx } from '../store/store.ts';
import { claimMissing } from './claim.ts';
import { diff } from './diff.ts';
import { type CertificateVault, MaterialReader, materialsFor } from './materials.ts';
import type { PlacedNode } from './place.ts';
import { type StepWords, lineChanges, stepWords } from './plan-words.ts';
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

export interface Placed {
  readonly tree: BalancerTree;
  readonly node: PlacedNode;
}

export interface NodePlan {
  readonly node: string;
  readonly loadbalancer: string;
  readonly driver: string;
  /** The dearest step's; null when the node need not change. */
  readonly cost: Cost | null;
  readonly steps: readonly StepWords[];
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
  const placement = await claimMissing(tx, resolve(tree), tree.amphorae, driver, new Date());
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
  return { ...node, cost: costOf(plan), steps: stepWords(plan), config: lineChanges(present, config) };
}

/** `missing`: why the node would be left as it is. */
export async function configOf({ tree, node }: Placed, driver: NodeDriver, reader: MaterialReader): Promise<{ config: NodeConfig | null; missing: string }> {
  try {
    const { materials } = await materialsFor(driver, reader, tree);
    return { config: await wantedConfig(driver, resolve(tree, materials), node), missing: '' };
  } catch (error) {
    if (error instanceof MaterialError) return { config: null, missing: error.message };
    throw error;
  }
}
