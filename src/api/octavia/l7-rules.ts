import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type L7Policy, l7Policy } from '../../model/l7-policy.ts';
import { type L7Rule, MAX_RULES, l7Rule } from '../../model/l7-rule.ts';
import { type CreateOf, parseCreate, parseNested, parseUpdate } from '../../model/resource.ts';
import { unsupportedRule } from '../../render/haproxy/support.ts';
import { markPending } from '../../store/pending.ts';
import { childrenOf } from '../../store/references.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId } from '../../store/rows.ts';
import type { Db, Tx } from '../../store/store.ts';
import { type Call, type Collection, rowFor } from './collection.ts';
import { checkRule, keyAfterUpdate } from './l7-rule-rules.ts';
import { viewL7Rules } from './l7-view.ts';
import { newRow } from './new-row.ts';
import type { Rule } from './policy.ts';
import { refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { add, change, childFor, parentBalancer, raise, removeAll, write } from './write.ts';

export const l7Rules: Collection<typeof l7Rule> = {
  resource: l7Rule,
  path: '/l7policies/:l7policy_id/rules',
  view: viewL7Rules,
  within: async (call) => {
    await policyInPath(call, call.options.store.db, 'l7rule:get_all');
    return withinPolicy(call);
  },
  create,
  update: modify,
  remove,
};

export type RuleBody = CreateOf<typeof l7Rule>;

/** Octavia's word for a policy where it stands in a path. */
const PARENT = 'L7Policy';

function withinPolicy({ params }: Call): { column: string; anyOf: unknown[] }[] {
  return [{ column: 'l7policy_id', anyOf: [params['l7policy_id']] }];
}

/** Octavia answers a missing one in its router's shape, hence the fault of its own. */
async function policyInPath(call: Call, db: Db, rule: Rule): Promise<L7Policy> {
  const id = call.params['l7policy_id'] ?? '';
  if (!(await byId(db, l7Policy, id))) throw fault.noSuchParent(PARENT, id);
  return rowFor(l7Policy, call, id, rule, [], db);
}

async function writablePolicy(tx: Tx, call: Call, rule: Rule): Promise<L7Policy> {
  const row = await policyInPath(call, tx.db, rule);
  if (row.deleting) throw fault.immutable(PARENT, row.id);
  return row;
}

async function create(call: Call): Promise<L7Rule> {
  const body = parseCreate(l7Rule, call.body);
  checkRule(body);
  return write(call, async (tx) => {
    const parent = await writablePolicy(tx, call, 'l7rule:post');
    refuseUncarried(call, await parentBalancer(tx, call, parent.loadbalancer_id, 'l7rule:post'), unsupportedRule(body));
    await requireQuota(tx, call, parent.project_id, { l7rule: 1 });
    const present = (await childrenOf(tx.db, 'l7_rule', [parent.id], { wanted: true })).get(parent.id) ?? [];
    if (present.length >= MAX_RULES) throw fault.tooManyRules(parent.id);
    const generation = await raiseWithPolicy(tx, parent);
    const row = newRule(body, { ...parent, generation });
    await add(tx, l7Rule, row);
    return row;
  });
}

/** The bodies of a policy's rules, checked. Throws 400. */
export function parseRules(objects: readonly Record<string, unknown>[]): RuleBody[] {
  return objects.map((object) => {
    const body = parseNested(l7Rule, object);
    checkRule(body);
    return body;
  });
}

/** Rows of a policy that is just being made. Quota is the matter of whoever makes it. Throws 409 for too many. */
export function newRules(bodies: readonly RuleBody[], parent: L7Policy): L7Rule[] {
  if (bodies.length > MAX_RULES) throw fault.tooManyRules(parent.id);
  return bodies.map((body) => newRule(body, parent));
}

function newRule(body: RuleBody, { id, project_id, loadbalancer_id, generation }: L7Policy): L7Rule {
  return newRow(l7Rule, body, {
    id: randomUUID(),
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    project_id,
    created_at: octaviaTime(new Date()),
    updated_at: null,
    l7policy_id: id,
    loadbalancer_id,
    generation,
    deleting: false,
  });
}

/** A rule's write makes its policy and its listener wait, as in Octavia. */
async function raiseWithPolicy(tx: Tx, { id, listener_id, loadbalancer_id }: L7Policy): Promise<number> {
  const generation = await raise(tx, loadbalancer_id);
  await markPending(tx, 'l7_policy', [id], generation);
  await markPending(tx, 'listener', [listener_id], generation);
  return generation;
}

async function modify(call: Call, id: string): Promise<L7Rule> {
  const changes = parseUpdate(l7Rule, call.body);
  return write(call, async (tx) => {
    const parent = await writablePolicy(tx, call, 'l7rule:put');
    const row = await childFor(tx, l7Rule, call, id, 'put', withinPolicy(call));
    const after = { ...row, ...changes };
    checkRule(after);
    refuseUncarried(call, await parentBalancer(tx, call, parent.loadbalancer_id, 'l7rule:put'), unsupportedRule(after));
    const generation = await raiseWithPolicy(tx, parent);
    await markPending(tx, 'l7_rule', [id], generation);
    return change(tx, l7Rule, row, { ...changes, key: keyAfterUpdate(after) });
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const parent = await writablePolicy(tx, call, 'l7rule:delete');
    const row = await childFor(tx, l7Rule, call, id, 'delete', withinPolicy(call));
    const generation = await raiseWithPolicy(tx, parent);
    await removeAll(tx, l7Rule, [row], generation);
  });
}
