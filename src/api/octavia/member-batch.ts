/**
 * PUT /pools/{id}/members: the whole list of members in one write (octavia-api reference §2.5). Members are told
 * apart by address and port; those not named are deleted unless `additive_only`.
 */
import { fault } from '../../model/fault.ts';
import { isPlainObject } from '../../model/field.ts';
import { type Member, member } from '../../model/member.ts';
import { pool } from '../../model/pool.ts';
import { type CreateOf, parseCreateObject } from '../../model/resource.ts';
import { markPending } from '../../store/pending.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { update } from '../../store/rows.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { switchIn } from '../http/switch-in.ts';
import { inTurns } from '../http/turns.ts';
import type { Call } from './collection.ts';
import { checkMatch } from './etag.ts';
import { membersOf } from '../../store/pool-members.ts';
import { refuseLoops, refuseReservedOf, requireSubnet } from './member-address.ts';
import { refuseUnreachable } from './engine.ts';
import { addressKey, firstTwice, isMonitored, newMember, writablePool } from './members.ts';
import { authorize } from './policy.ts';
import { requireQuota } from './quota-limit.ts';
import { resolveNames } from './subnet-name.ts';
import { addAll, markPoolPending, raise, removeAll, write } from './write.ts';

interface Wanted {
  readonly body: CreateOf<typeof member>;
  /** What tells it apart. */
  readonly key: string;
  /** What the writer named: only that changes an existing member. */
  readonly named: readonly string[];
}

interface Difference {
  readonly added: readonly Wanted[];
  readonly changed: readonly { row: Member; changes: Partial<Member> }[];
  readonly gone: readonly Member[];
}

/** More than any proxy serves well; a body of the largest size could hold some twenty thousand. */
const MOST_MEMBERS = 5000;

/** Attributes that a batch may change on a member that is there. */
const CHANGEABLE = ['name', 'admin_state_up', 'weight', 'backup', 'monitor_address', 'monitor_port', 'tags'] as const;

export async function replaceMembers(call: Call): Promise<void> {
  const additiveOnly = switchIn(call.query, 'additive_only');
  const wanted = await parseBatch(call, await resolveNames(call.options.store.db, call.caller, call.body));
  await write(call, async (tx) => {
    const parent = await writablePool(tx, call, 'member:post');
    authorize(call, 'member:put', parent.project_id);
    if (!additiveOnly) authorize(call, 'member:delete', parent.project_id);
    // Of the pool: who replaces all its members has seen it, not each of them.
    checkMatch(pool, parent, call.ifMatch);
    const difference = await compare(wanted, await membersOf(tx.db, parent.id), additiveOnly);
    if (isEmpty(difference)) return;
    await refuseLoops(tx, parent.loadbalancer_id, [...difference.added.map(({ body }) => body), ...difference.changed.map(({ changes }) => changes)]);
    for (const subnet of new Set(difference.added.map(({ body }) => body.subnet_id))) await requireSubnet(tx, call, subnet);
    await requireQuota(tx, call, parent.project_id, { member: Math.max(0, difference.added.length - difference.gone.length) });
    const generation = await raise(tx, parent.loadbalancer_id);
    const monitored = await isMonitored(tx, parent);
    const added = await inTurns(difference.added, ({ body }) => newMember(body, parent, generation, monitored));
    await refuseUnreachable(tx, call, parent, added);
    await carryOut(tx, difference, added, generation);
    await markPoolPending(tx, parent, generation);
  });
}

async function parseBatch(call: Call, body: unknown): Promise<Wanted[]> {
  if (!isPlainObject(body) || !Object.hasOwn(body, 'members')) throw fault.missingArgument('members_');
  const { members, ...rest } = body;
  if (Object.keys(rest).length > 0) throw fault.unknownArgument(Object.keys(rest));
  if (!Array.isArray(members)) throw fault.invalidInput('members', members, 'Value should be a list');
  if (members.length > MOST_MEMBERS) throw fault.invalidInput('members', members.length, `Value should have at most ${MOST_MEMBERS} items`);
  const wanted = await inTurns(members, (item: unknown) => parseMember(call, item));
  const twice = firstTwice(wanted, ({ key }) => key);
  if (twice) throw fault.validation(`Member ${twice.key} is named more than once in the request`);
  return wanted;
}

function parseMember(call: Call, item: unknown): Wanted {
  if (!isPlainObject(item)) throw fault.invalidInput('members', item, 'Value should be an object');
  const body = parseCreateObject(member, item);
  refuseReservedOf(call, body);
  return { body, key: addressKey(body), named: Object.keys(item) };
}

async function compare(wanted: readonly Wanted[], present: readonly Member[], additiveOnly: boolean): Promise<Difference> {
  const before = new Map(present.map((row) => [keyOf(row), row]));
  const after = new Set(wanted.map(({ key }) => key));
  return {
    added: wanted.filter(({ key }) => !before.has(key)),
    changed: (await inTurns(wanted, (item) => changesOf(before.get(item.key), item))).flat(),
    gone: additiveOnly ? [] : present.filter((row) => !after.has(keyOf(row))),
  };
}

/** A row has its address in the canonical spelling already. */
function keyOf({ host, protocol_port }: Member): string {
  return `${host} port ${protocol_port}`;
}

function changesOf(row: Member | undefined, { body, named }: Wanted): Difference['changed'][number][] {
  if (!row) return [];
  const differing = CHANGEABLE.filter((name) => named.includes(name) && JSON.stringify(row[name]) !== JSON.stringify(body[name]));
  return differing.length === 0 ? [] : [{ row, changes: Object.fromEntries(differing.map((name) => [name, body[name]])) }];
}

function isEmpty({ added, changed, gone }: Difference): boolean {
  return added.length + changed.length + gone.length === 0;
}

async function carryOut(tx: AuditedTx, { changed, gone }: Difference, added: Member[], generation: number): Promise<void> {
  // Those that go are marked first: an address that moves within one batch must be free again.
  await removeAll(tx, member, gone, generation);
  await addAll(tx, member, added);
  for (const { row, changes } of changed) {
    const after = await update(tx.db, member, row.id, { ...changes, updated_at: octaviaTime(new Date()) });
    tx.record('update', member, row, after ?? null);
  }
  await markPending(
    tx,
    'member',
    changed.map(({ row }) => row.id),
    generation,
  );
}
