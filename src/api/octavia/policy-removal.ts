/** L7 policies and rules go with what they hang below. */
import { l7Policy } from '../../model/l7-policy.ts';
import { l7Rule } from '../../model/l7-rule.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { policiesOfListener, rulesOfPolicies } from '../../store/l7-references.ts';
import { removeAll } from './write.ts';

/** All policies of a listener with their rules. Nobody is left to close the gaps of their positions. */
export async function removePolicies(tx: AuditedTx, listenerId: string, generation: number): Promise<void> {
  const policies = await policiesOfListener(tx.db, listenerId);
  const ids = policies.map(({ id }) => id);
  await removeRules(tx, ids, generation);
  await removeAll(tx, l7Policy, policies, generation);
}

export async function removeRules(tx: AuditedTx, policyIds: readonly string[], generation: number): Promise<void> {
  await removeAll(tx, l7Rule, await rulesOfPolicies(tx.db, policyIds), generation);
}
