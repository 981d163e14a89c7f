/** A plan as it is carried out: consecutive steps that are done together stand together. */
import { type Plan, type ServerStep, type Step, isServerStep } from '../../model/plan.ts';
import { type NetworkStep, isNetworkStep } from './network-steps.ts';

export type SingleStep = Exclude<Step, NetworkStep | ServerStep>;

export type Group =
  | { readonly kind: 'network'; readonly steps: NetworkStep[] }
  | { readonly kind: 'servers'; readonly steps: ServerStep[] }
  | { readonly kind: 'single'; readonly steps: readonly [SingleStep] };

export function groupsOf(plan: Plan): Group[] {
  const groups: Group[] = [];
  for (const step of plan) {
    const last = groups.at(-1);
    if (isServerStep(step)) {
      if (last?.kind === 'servers') last.steps.push(step);
      else groups.push({ kind: 'servers', steps: [step] });
    } else if (isNetworkStep(step)) {
      if (last?.kind === 'network' && goesWith(last.steps, step)) last.steps.push(step);
      else groups.push({ kind: 'network', steps: [step] });
    } else groups.push({ kind: 'single', steps: [step] });
  }
  return groups;
}

/** A link is never deleted in one go with what came before. */
function goesWith(steps: readonly NetworkStep[], step: NetworkStep): boolean {
  return step.kind !== 'delete-link' || steps.every(({ kind }) => kind === 'delete-link' || kind === 'create-node');
}
