/**
 * What nobody asked for: a node of a balancer that was settled, found to run something else than it was given. A hand was
 * there, or something died.
 */
import { type NodeConfig, STRANGE_PACKETS } from '../model/node-config.ts';
import { type Cost, type Plan, costOf } from '../model/plan.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { type StepWords, lineChanges, stepWords } from './plan-words.ts';

export interface Drift {
  readonly node: string;
  readonly driver: string;
  /** Of putting it right. */
  readonly cost: Cost | null;
  readonly steps: readonly StepWords[];
  /** The node's configuration, line by line: `+` was missing, `-` was too much. */
  readonly config: readonly string[];
}

/** Steps and lines that are told; a node that is gone whole has thousands. */
const MOST_TOLD = 100;

/** Whether all that was asked of the balancer has been carried out, so that its nodes have no reason to change. */
export function isSettled({ balancer, amphorae }: BalancerTree): boolean {
  const { provisioning_status: status, generation, delivered_generation: delivered, deleting } = balancer;
  return !deleting && status === 'ACTIVE' && generation === delivered && amphorae.length > 0 && amphorae.every((row) => row.status === 'ALLOCATED');
}

/** null where the plan says nothing of the kind: the kernel's slots follow the health of members. */
export function driftOf(node: string, driver: string, present: NodeConfig | null, wanted: NodeConfig, plan: Plan): Drift | null {
  const table = present?.packets ?? STRANGE_PACKETS;
  const followsHealth = table !== STRANGE_PACKETS && plan.every(({ kind }) => kind === 'set-packets');
  if (plan.length === 0 || followsHealth) return null;
  return { node, driver, cost: costOf(plan), steps: stepWords(plan).slice(0, MOST_TOLD), config: lineChanges(present, wanted).slice(0, MOST_TOLD) };
}
