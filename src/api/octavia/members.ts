import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { ipAddress } from '../../model/field.ts';
import { type Member, member } from '../../model/member.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { type CreateOf, parseCreate, parseNested, parseUpdate } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { markPending } from '../../store/pending.ts';
import { childrenOf } from '../../store/references.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import { inTurns } from '../http/turns.ts';
import { type Call, type Collection, rowFor } from './collection.ts';
import { refuseUnreachable } from './engine.ts';
import { refuseLoops, refuseReservedOf, requireSubnet } from './member-address.ts';
import { newRow } from './new-row.ts';
import type { Rule } from './policy.ts';
import { requireQuota } from './quota-limit.ts';
import { resolveNames } from './subnet-name.ts';
import { viewMembers } from './view.ts';
import { add, addAll, change, childFor, markPoolPending, parentFor, raise, removeAll, write } from './write.ts';

export const members: Collection<typeof member> = {
  resource: member,
  path: '/pools/:pool_id/members',
  view: viewMembers,
  within: async (call) => {
    await requirePool(call, call.options.store.db);
    return withinPool(call);
  },
  create,
  update: modify,
  remove,
};

export type ParentPool = Pool & { loadbalancer_id: string };

function withinPool({ params }: Call): { column: string; anyOf: unknown[] }[] {
  return [{ column: 'pool_id', anyOf: [params['pool_id']] }];
}

/** The pool in the path. Octavia answers a missing one in its router's shape, hence the fault of its own. */
async function requirePool(call: Call, db: Tx['db']): Promise<void> {
  const id = call.params['pool_id'] ?? '';
  if (!(await byId(db, pool, id))) throw fault.noSuchParent(pool.title, id);
  await rowFor(pool, call, id, 'member:get_all', [], db);
}

export async function writablePool(tx: Tx, call: Call, rule: Rule): Promise<ParentPool> {
  const id = call.params['pool_id'] ?? '';
  if (!(await byId(tx.db, pool, id))) throw fault.noSuchParent(pool.title, id);
  const row = await parentFor(tx, pool, call, id, rule);
  return { ...row, loadbalancer_id: row.loadbalancer_id ?? '' };
}

async function create(call: Call): Promise<Member> {
  const body = parseCreate(member, await resolveNames(call.options.store.db, call.caller, call.body));
  refuseReservedOf(call, body);
  return write(call, async (tx) => {
    const parent = await writablePool(tx, call, 'member:post');
    await refuseLoops(tx, parent.loadbalancer_id, [body]);
    await requireSubnet(tx, call, body.subnet_id);
    await requireQuota(tx, call, parent.project_id, { member: 1 });
    const generation = await raise(tx, parent.loadbalancer_id);
    const row = newMember(body, parent, generation, await isMonitored(tx, parent));
    await refuseUnreachable(tx, call, parent, [row]);
    await add(tx, member, row, () => fault.duplicateMember(row.address, row.protocol_port));
    await markPoolPending(tx, parent, generation);
    return row;
  });
}

export function newMember(body: CreateOf<typeof member>, parent: Pool, generation: number, monitored: boolean): Member {
  return newRow(member, body, {
    id: randomUUID(),
    operating_status: monitored ? 'OFFLINE' : 'NO_MONITOR',
    provisioning_status: 'PENDING_CREATE',
    project_id: parent.project_id,
    created_at: octaviaTime(new Date()),
    updated_at: null,
    status_reason: null,
    status_changed_at: null,
    status_seen_by: null,
    vnic_type: 'normal',
    host: ipAddress.parse(body.address),
    pool_id: parent.id,
    loadbalancer_id: parent.loadbalancer_id ?? '',
    generation,
    deleting: false,
  });
}

/** Members of a pool that is just being made. */
export async function addMembers(
  tx: AuditedTx,
  call: Call,
  objects: readonly Record<string, unknown>[],
  parent: Pool,
  { generation, monitored }: { generation: number; monitored: boolean },
): Promise<void> {
  const bodies = await inTurns(objects, (object) => parseNested(member, object));
  await inTurns(bodies, (body) => refuseReservedOf(call, body));
  await refuseLoops(tx, parent.loadbalancer_id, bodies);
  for (const subnet of new Set(bodies.map(({ subnet_id }) => subnet_id))) await requireSubnet(tx, call, subnet);
  const rows = await inTurns(bodies, (body) => newMember(body, parent, generation, monitored));
  await refuseUnreachable(tx, call, parent, rows);
  const twice = firstTwice(rows, addressKey);
  if (twice) throw fault.duplicateMember(twice.address, twice.protocol_port);
  await addAll(tx, member, rows);
}

/** What tells the members of a pool apart. */
export function addressKey({ address, protocol_port }: Pick<Member, 'address' | 'protocol_port'>): string {
  return `${ipAddress.parse(address)} port ${protocol_port}`;
}

/** The first whose key stood before it. */
export function firstTwice<T>(items: readonly T[], keyOf: (item: T) => string): T | undefined {
  const seen = new Set<string>();
  return items.find((item) => {
    const key = keyOf(item);
    const known = seen.has(key);
    seen.add(key);
    return known;
  });
}

export async function isMonitored(tx: Tx, { id }: Pool): Promise<boolean> {
  return (await childrenOf(tx.db, 'health_monitor', [id], { wanted: true })).size > 0;
}

async function modify(call: Call, id: string): Promise<Member> {
  const changes = parseUpdate(member, call.body);
  refuseReservedOf(call, changes);
  return write(call, async (tx) => {
    const parent = await writablePool(tx, call, 'member:put');
    const row = await childFor(tx, member, call, id, 'put', withinPool(call));
    await refuseLoops(tx, parent.loadbalancer_id, [changes]);
    const generation = await raise(tx, parent.loadbalancer_id);
    await markPending(tx, 'member', [id], generation);
    await markPoolPending(tx, parent, generation);
    return change(tx, member, row, changes);
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const parent = await writablePool(tx, call, 'member:delete');
    const row = await childFor(tx, member, call, id, 'delete', withinPool(call));
    const generation = await raise(tx, parent.loadbalancer_id);
    await removeAll(tx, member, [row], generation);
    await markPoolPending(tx, parent, generation);
  });
}
