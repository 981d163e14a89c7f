import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type L7Policy, l7Policy } from '../../model/l7-policy.ts';
import { type L7Rule, l7Rule } from '../../model/l7-rule.ts';
import { type Listener, listener } from '../../model/listener.ts';
import type { LoadBalancer } from '../../model/load-balancer.ts';
import { type CreateOf, nestedIn, parseCreate, parseUpdate } from '../../model/resource.ts';
import { unsupportedRule } from '../../render/haproxy/support.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { type Shifted, closePosition, movePosition, openPosition } from '../../store/l7-positions.ts';
import { markPending } from '../../store/pending.ts';
import { octaviaTime } from '../../store/row-time.ts';
import type { Tx } from '../../store/store.ts';
import type { Call, Collection } from './collection.ts';
import { redirectIn, settled, withoutL7 } from './l7-policy-rules.ts';
import { newRules, parseRules } from './l7-rules.ts';
import { viewL7Policies } from './l7-view.ts';
import { newRow } from './new-row.ts';
import { removeRules } from './policy-removal.ts';
import { refuseChildless, requirePool } from './pool-choice.ts';
import { refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { addAll, change, childFor, parentBalancer, parentFor, raise, removeAll, write } from './write.ts';

export const l7Policies: Collection<typeof l7Policy> = {
  resource: l7Policy,
  path: '/l7policies',
  view: viewL7Policies,
  create,
  update: modify,
  remove,
};

/** What a creator says of a policy. */
export type PolicyBody = CreateOf<typeof l7Policy>;

/** Where a policy goes: its listener, and the balancer with its raised generation. */
export interface PolicyPlace {
  readonly listener: Listener;
  readonly balancer: LoadBalancer;
  readonly generation: number;
}

async function create(call: Call): Promise<L7Policy> {
  const body = parseCreate(l7Policy, call.body);
  // Only a policy within a larger create can bring its pool along.
  if (body.redirect_pool !== null) throw fault.unknownAttribute(l7Policy.argument, ['redirect_pool']);
  return write(call, async (tx) => {
    const parent = await parentFor(tx, listener, call, body.listener_id, 'l7policy:post');
    const balancer = await parentBalancer(tx, call, parent.loadbalancer_id, 'l7policy:post');
    await requireQuota(tx, call, parent.project_id, { l7policy: 1, l7rule: nestedIn(body, 'rules').length });
    const generation = await raise(tx, balancer.id);
    await markPending(tx, 'listener', [parent.id], generation);
    const { position, shifted } = await openPosition(tx, parent.id, body.position);
    const made = await newPolicy(tx, call, { ...body, position }, { listener: parent, balancer, generation });
    recordShifts(tx, shifted);
    await addAll(tx, l7Policy, [made.policy]);
    await addAll(tx, l7Rule, made.rules);
    return made.policy;
  });
}

/** A policy to be added, with its rules. */
export interface NewPolicy {
  readonly policy: L7Policy;
  readonly rules: readonly L7Rule[];
}

/** The rows of a policy and its rules, checked, at the position the body names. Quota and the listener's status are the matter of whoever asks. */
export async function newPolicy(tx: Tx, call: Call, body: PolicyBody, { listener: parent, balancer, generation }: PolicyPlace): Promise<NewPolicy> {
  const rules = parseRules(nestedIn(body, 'rules'));
  const redirect = redirectIn(body);
  refuseProtocol(call, parent, balancer);
  for (const rule of rules) refuseUncarried(call, balancer, unsupportedRule(rule));
  await requirePool(tx, redirect.redirect_pool_id ?? null, parent);
  const fixed = {
    id: randomUUID(),
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    project_id: parent.project_id,
    created_at: octaviaTime(new Date()),
    updated_at: null,
    listener_id: parent.id,
    loadbalancer_id: balancer.id,
    generation,
    deleting: false,
  } as const;
  const policy = settled(newRow(l7Policy, { ...body, ...redirect }, fixed));
  return { policy, rules: newRules(rules, policy) };
}

function refuseProtocol(call: Call, parent: Listener, balancer: LoadBalancer): void {
  refuseChildless(parent.protocol);
  refuseUncarried(call, balancer, withoutL7(parent));
}

/** Others that made room are changed too. */
function recordShifts(tx: AuditedTx, shifted: readonly Shifted[]): void {
  for (const { before, after } of shifted) tx.record('update', l7Policy, before, after);
}

async function modify(call: Call, id: string): Promise<L7Policy> {
  const changes = parseUpdate(l7Policy, call.body);
  if (Object.keys(changes).length === 0) throw fault.l7PolicyArguments('Invalid update options');
  const redirect = redirectIn(changes);
  return write(call, async (tx) => {
    const row = await childFor(tx, l7Policy, call, id, 'put');
    const parent = await parentFor(tx, listener, call, row.listener_id, 'l7policy:put');
    await requirePool(tx, redirect.redirect_pool_id ?? null, parent);
    const { action, redirect_pool_id, redirect_url, redirect_prefix, redirect_http_code } = settled({ ...row, ...redirect });
    const generation = await raiseWithListener(tx, row);
    await markPending(tx, 'l7_policy', [id], generation);
    const { position, shifted } = await movePosition(tx, row, changes.position ?? row.position);
    recordShifts(tx, shifted);
    return change(tx, l7Policy, row, { ...changes, action, redirect_pool_id, redirect_url, redirect_prefix, redirect_http_code, position });
  });
}

/** A policy's write makes its listener wait, as in Octavia. */
async function raiseWithListener(tx: Tx, { listener_id, loadbalancer_id }: L7Policy): Promise<number> {
  const generation = await raise(tx, loadbalancer_id);
  await markPending(tx, 'listener', [listener_id], generation);
  return generation;
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await childFor(tx, l7Policy, call, id, 'delete');
    const generation = await raiseWithListener(tx, row);
    await removeRules(tx, [id], generation);
    await removeAll(tx, l7Policy, [row], generation);
    recordShifts(tx, await closePosition(tx, row));
  });
}
