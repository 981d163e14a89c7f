/** L7 policies and rules in a fully populated create, and in the answer to it (octavia-api reference §1.4). */
import { fault } from '../../model/fault.ts';
import { isPlainObject } from '../../model/field.ts';
import { l7Policy } from '../../model/l7-policy.ts';
import { l7Rule } from '../../model/l7-rule.ts';
import { parseNested } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { policiesOfListeners, rulesOfPolicies } from '../../store/l7-references.ts';
import type { Db } from '../../store/store.ts';
import { inTurns, turns } from '../http/turns.ts';
import type { Call } from './collection.ts';
import { type NewPolicy, type PolicyBody, type PolicyPlace, newPolicy } from './l7-policies.ts';
import { viewPolicy, viewRule } from './l7-view.ts';
import type { View } from './view.ts';
import { addAll } from './write.ts';

/**
 * Policies of a listener that is just being made, with their rules, in the order given. A `redirect_pool` names a pool
 * made in the same request. The listener has no others: the order is worked out here, and no row moves. Quota is the
 * matter of whoever makes the tree.
 */
export async function addPolicies(
  tx: AuditedTx,
  call: Call,
  parent: PolicyPlace,
  policies: readonly unknown[],
  poolIdByName: ReadonlyMap<string, string>,
): Promise<void> {
  const bodies = await inTurns(policies, (policy) => withPool(parseNested(l7Policy, plain(policy)), poolIdByName));
  const made: NewPolicy[] = [];
  const turn = turns();
  for (const [index, body] of inOrder(bodies).entries()) {
    made.push(await newPolicy(tx, call, { ...body, position: index + 1 }, parent));
    await turn();
  }
  await addAll(
    tx,
    l7Policy,
    made.map(({ policy }) => policy),
  );
  await addAll(
    tx,
    l7Rule,
    made.flatMap(({ rules }) => rules),
  );
}

/** As they stand when each goes to the position it names among those before it in the list, or behind the last. */
function inOrder(bodies: readonly PolicyBody[]): PolicyBody[] {
  const order: PolicyBody[] = [];
  for (const body of bodies) order.splice(Math.min(body.position, order.length + 1) - 1, 0, body);
  return order;
}

function plain(policy: unknown): Record<string, unknown> {
  if (!isPlainObject(policy)) throw fault.invalidInput('l7policies', policy, 'Value should be an object');
  return policy;
}

function withPool(body: PolicyBody, poolIdByName: ReadonlyMap<string, string>): PolicyBody {
  if (body.redirect_pool === null) return body;
  const { name } = body.redirect_pool;
  const redirect_pool_id = typeof name === 'string' ? poolIdByName.get(name) : undefined;
  if (redirect_pool_id === undefined) throw fault.invalidInput('redirect_pool', name, 'Value should be the name of a pool in the request');
  return { ...body, redirect_pool_id };
}

/** Whole policies with whole rules, by listener. */
export async function viewPolicyTrees(db: Db, listenerIds: readonly string[]): Promise<Map<string, View[]>> {
  const policies = await policiesOfListeners(db, listenerIds);
  const rows = await rulesOfPolicies(
    db,
    policies.map(({ id }) => id),
  );
  const rules = Map.groupBy(rows, ({ l7policy_id }) => l7policy_id);
  const views = await inTurns(policies, (row) => viewPolicy(row, (rules.get(row.id) ?? []).map(viewRule)));
  return Map.groupBy(views, (view) => String(view['listener_id']));
}
