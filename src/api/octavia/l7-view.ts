/** L7 policies and rules as clients see them. */
import { type L7Policy, l7Policy } from '../../model/l7-policy.ts';
import { type L7Rule, l7Rule } from '../../model/l7-rule.ts';
import { childrenOf } from '../../store/references.ts';
import type { Db } from '../../store/store.ts';
import { inTurns } from '../http/turns.ts';
import { type View, viewer } from './viewer.ts';

const view = { policy: viewer(l7Policy), rule: viewer(l7Rule) };

export async function viewL7Policies(db: Db, rows: readonly L7Policy[]): Promise<View[]> {
  const rules = await childrenOf(
    db,
    'l7_rule',
    rows.map(({ id }) => id),
  );
  return inTurns(rows, (row) => viewPolicy(row, rules.get(row.id) ?? []));
}

export async function viewL7Rules(_db: Db, rows: readonly L7Rule[]): Promise<View[]> {
  return inTurns(rows, viewRule);
}

/** `rules`: references, or whole rules in the answer to a fully populated create. */
export function viewPolicy(row: L7Policy, rules: readonly View[] | readonly { id: string }[]): View {
  return view.policy(row, { rules, tenant_id: row.project_id });
}

export function viewRule(row: L7Rule): View {
  return view.rule(row, { tenant_id: row.project_id });
}
