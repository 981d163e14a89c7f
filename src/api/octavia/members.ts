import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type Member, member } from '../../model/member.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { type CreateOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { markDeleting, markPending } from '../../store/pending.ts';
import { childrenOf } from '../../store/references.ts';
import { byId, insert, isUniqueViolation } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import { type Call, type Collection, rowFor } from './collection.ts';
import { timestamp } from './context.ts';
import { newRow } from './new-row.ts';
import { viewMembers } from './view.ts';
import { refuseReserved, requireSubnet } from './vip.ts';
import { change, childFor, markPoolPending, raise } from './write.ts';

export const members: Collection<typeof member> = {
  resource: member,
  path: '/pools/:pool_id/members',
  view: viewMembers,
  within: async (call) => {
    await poolOf(call, call.options.store.db);
    return withinPool(call);
  },
  create,
  update: modify,
  remove,
};

function withinPool({ params }: Call): { column: string; anyOf: unknown[] }[] {
  return [{ column: 'pool_id', anyOf: [params['pool_id']] }];
}

/** The pool in the path. Octavia answers a missing one in its router's shape, hence the fault of its own. */
async function poolOf(call: Call, db: Tx['db']): Promise<Pool> {
  const id = call.params['pool_id'] ?? '';
  if (!(await byId(db, pool, id))) throw fault.noSuchParent(pool.title, id);
  return rowFor(pool, call, id, 'read', [], db);
}

export async function writablePool(tx: Tx, call: Call): Promise<Pool & { loadbalancer_id: string }> {
  await poolOf(call, tx.db);
  const row = await childFor(tx, pool, call, call.params['pool_id'] ?? '');
  return { ...row, loadbalancer_id: row.loadbalancer_id ?? '' };
}

async function create(call: Call): Promise<Member> {
  const body = parseCreate(member, call.body);
  refuseReserved(body.address);
  return call.options.store.transaction(async (tx) => {
    const parent = await writablePool(tx, call);
    await requireSubnet(tx, call.caller, body.subnet_id);
    const generation = await raise(tx, parent.loadbalancer_id);
    const row = newMember(body, parent, generation, await isMonitored(tx, parent));
    await insertUnique(tx, row);
    await markPoolPending(tx, parent, generation);
    return row;
  });
}

export function newMember(body: CreateOf<typeof member>, parent: Pool & { loadbalancer_id: string }, generation: number, monitored: boolean): Member {
  return newRow(member, body, {
    id: randomUUID(),
    operating_status: monitored ? 'OFFLINE' : 'NO_MONITOR',
    provisioning_status: 'PENDING_CREATE',
    project_id: parent.project_id,
    created_at: timestamp(),
    updated_at: null,
    vnic_type: 'normal',
    pool_id: parent.id,
    loadbalancer_id: parent.loadbalancer_id,
    generation,
    deleting: false,
  });
}

export async function isMonitored(tx: Tx, { id }: Pool): Promise<boolean> {
  return (await childrenOf(tx.db, 'health_monitor', [id], { wanted: true })).size > 0;
}

async function insertUnique(tx: Tx, row: Member): Promise<void> {
  try {
    await insert(tx.db, member, row);
  } catch (error) {
    throw isUniqueViolation(error) ? fault.duplicateMember(row.address, row.protocol_port) : error;
  }
}

async function modify(call: Call, id: string): Promise<Member> {
  return call.options.store.transaction(async (tx) => {
    const parent = await writablePool(tx, call);
    await childFor(tx, member, call, id, withinPool(call));
    const changes = parseUpdate(member, call.body);
    const generation = await raise(tx, parent.loadbalancer_id);
    await markPending(tx, 'member', [id], generation);
    await markPoolPending(tx, parent, generation);
    return change(tx, member, id, changes);
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await call.options.store.transaction(async (tx) => {
    const parent = await writablePool(tx, call);
    await childFor(tx, member, call, id, withinPool(call));
    const generation = await raise(tx, parent.loadbalancer_id);
    await markDeleting(tx, 'member', [id], generation);
    await markPoolPending(tx, parent, generation);
  });
}
