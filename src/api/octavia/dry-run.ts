/**
 * The answer to a write that was only rehearsed (`X-Weir-Dry-Run: true`): which objects would change and what the nodes
 * would have to do. Whoever then sends the write itself with the ETag it saw is refused if the object has changed since.
 */
import type { NodePlan } from '../../control/planner.ts';
import { type Change, visible } from '../../store/audit.ts';
import { type Difference, differences } from '../http/differences.ts';

export interface ObjectChange {
  readonly action: string;
  /** Name of the object's kind: `listener`. */
  readonly resource: string;
  readonly id: string | null;
  /** Attribute → value before and after; only what differs. */
  readonly attributes: Readonly<Record<string, Difference>>;
}

export interface PlanView {
  readonly changes: readonly ObjectChange[];
  readonly nodes: readonly NodePlan[];
}

/** Thrown where the write would have been answered; the face's error handler turns it into a 200. */
export class DryRun extends Error {
  readonly plan: PlanView;
  constructor(plan: PlanView) {
    super('dry run');
    this.plan = plan;
  }
}

/** Set by the server at every write; no news to anybody. */
const CLOCKWORK = ['provisioning_status', 'operating_status', 'created_at', 'updated_at'];

export function changeView({ action, resource, before, after }: Change): ObjectChange {
  const [was, is] = [visible(resource, before) ?? {}, visible(resource, after) ?? {}];
  const attributes = Object.entries(differences(was, is)).filter(([name]) => !CLOCKWORK.includes(name));
  const { id } = { ...was, ...is } as { id?: string };
  return { action, resource: resource.name, id: id ?? null, attributes: Object.fromEntries(attributes) };
}
