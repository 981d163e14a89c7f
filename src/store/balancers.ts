/**
 * What a write does to its balancer and what delivery does to it: generations and provisioning statuses.
 * All functions that change rows expect to run in a transaction.
 */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { fault } from '../model/fault.ts';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import { type OperatingStatus, PROVISIONING_STATUSES, isPending, pendingAfterWrite } from '../model/status.ts';
import { announceEnd } from './events.ts';
import { neutronTime } from './network-time.ts';
import { CHILD_TABLES, type ChildTable, everyRange } from './row-ranges.ts';
import { octaviaTime } from './row-time.ts';
import { byId } from './rows.ts';
import type { Db, Store, Tx } from './store.ts';

/** No reading tells of these: what is carried and switched on is ONLINE, as in Octavia. */
const UNREAD: readonly ChildTable[] = ['health_monitor', 'l7_policy', 'l7_rule'];
const ONLINE_IF_ENABLED = sql<OperatingStatus>`case when admin_state_up then 'ONLINE' else 'OFFLINE' end`;

/** In the words of the partial index, without parameters: only so SQLite uses that. */
const UNSETTLED = sql<SqlBool>`(provisioning_status <> 'ACTIVE' or generation <> delivered_generation)`;
const KEEP_STATUS_ON_WRITE = PROVISIONING_STATUSES.filter((status) => pendingAfterWrite(status) === status);
const PENDING = PROVISIONING_STATUSES.filter(isPending);

/**
 * Claims the balancer for a write to it or to anything below: raises its generation, makes it pending and sees to it
 * that the loop hears of it. Check and change are one statement. Throws fault.notFound, or fault.immutable once
 * deletion was asked for.
 */
export async function touch(tx: Tx, loadBalancerId: string, now: Date): Promise<{ generation: number; balancer: LoadBalancer }> {
  const balancer = await tx.db
    .updateTable('load_balancer')
    .set((row) => ({
      generation: row('generation', '+', 1),
      provisioning_status: row
        .case()
        .when('provisioning_status', 'in', KEEP_STATUS_ON_WRITE)
        .then(row.ref('provisioning_status'))
        .else('PENDING_UPDATE' as const)
        .end(),
      pending_since: row.fn.coalesce('pending_since', row.val(now.toISOString())),
      updated_at: octaviaTime(now),
    }))
    .where('id', '=', loadBalancerId)
    .where('deleting', '=', false)
    .where('provisioning_status', 'not in', ['PENDING_DELETE', 'DELETED'])
    .returningAll()
    .executeTakeFirst();
  if (balancer === undefined) throw await refusal(tx.db, loadBalancerId);
  tx.changed.add(loadBalancerId);
  return { generation: balancer.generation, balancer };
}

async function refusal(db: Db, id: string): Promise<Error> {
  const exists = (await byId(db, loadBalancer, id)) !== undefined;
  return exists ? fault.immutable(loadBalancer.title, id) : fault.notFound(loadBalancer.title, id);
}

/**
 * The nodes carry this generation: what was to be deleted by then is gone, what was to be made is there. The
 * balancer is ACTIVE when nothing newer is wanted. One that is to be deleted is left alone, as is one
 * that is gone. `tables` may leave out those that have nothing to settle.
 */
export async function recordDelivered(tx: Tx, id: string, generation: number, now: Date, tables: readonly ChildTable[] = CHILD_TABLES): Promise<void> {
  const balancer = await byId(tx.db, loadBalancer, id);
  if (balancer === undefined || balancer.deleting) return;
  await settleChildren(tx.db, id, generation, now, tables);
  if (balancer.generation === generation) await settleBalancer(tx, balancer, now);
  else if (generation > balancer.delivered_generation) await advanceBalancer(tx.db, id, generation, now);
}

/** A status that changes is an update to Octavia's clients, the first one too. */
async function settleChildren(db: Db, id: string, generation: number, now: Date, tables: readonly ChildTable[]): Promise<void> {
  const settle = async (table: ChildTable, range: RawBuilder<SqlBool>): Promise<void> => {
    await db.deleteFrom(table).where(range).where('deleting', '=', true).where('generation', '<=', generation).execute();
    await db
      .updateTable(table)
      .set({ provisioning_status: 'ACTIVE', updated_at: octaviaTime(now), ...(UNREAD.includes(table) ? { operating_status: ONLINE_IF_ENABLED } : {}) })
      .where(range)
      .where('deleting', '=', false)
      .where('generation', '<=', generation)
      .where('provisioning_status', '<>', 'ACTIVE')
      .execute();
  };
  await everyRange(db, id, settle, tables);
}

/**
 * Writes only when something changes: the loop reports unchanged balancers too, and a commit costs a disk sync. What was
 * asked of the balancer itself has come to its end.
 */
async function settleBalancer(tx: Tx, balancer: LoadBalancer, now: Date): Promise<void> {
  const { id, generation, announce } = balancer;
  const settled = await tx.db
    .updateTable('load_balancer')
    .set({
      delivered_generation: generation,
      provisioning_status: 'ACTIVE',
      pending_since: null,
      status_reason: null,
      announce: null,
      updated_at: octaviaTime(now),
    })
    .where('id', '=', id)
    .where((row) =>
      row.or([
        row('provisioning_status', '<>', 'ACTIVE'),
        row('delivered_generation', '<>', generation),
        row('pending_since', 'is not', null),
        row('status_reason', 'is not', null),
        row('announce', 'is not', null),
      ]),
    )
    .returningAll()
    .executeTakeFirst();
  if (settled && (announce === 'create' || announce === 'update')) await announceEnd(tx, announce, settled, now);
}

/** Something newer is still wanted. The nodes made progress, so its deadline starts again and an error is over. */
async function advanceBalancer(db: Db, id: string, generation: number, now: Date): Promise<void> {
  await db
    .updateTable('load_balancer')
    .set((row) => ({
      delivered_generation: generation,
      pending_since: now.toISOString(),
      provisioning_status: row
        .case()
        .when('provisioning_status', '=', 'ERROR')
        .then('PENDING_UPDATE' as const)
        .else(row.ref('provisioning_status'))
        .end(),
    }))
    .where('id', '=', id)
    .execute();
}

/**
 * Delivery failed, for a reason in words. The balancer stays pending until its deadline has passed, counted from
 * `pending_since`; then it and what is pending below it become ERROR. The wait is over then: the next write starts
 * a new one. What is to be deleted still is.
 */
export async function recordFailure(tx: Tx, id: string, reason: string, now: Date, deadlineSeconds: number): Promise<void> {
  const balancer = await byId(tx.db, loadBalancer, id);
  if (balancer === undefined) return;
  const overdue = isOverdue(balancer, now, deadlineSeconds);
  const status_reason = reason.slice(0, 2000);
  const changes = overdue ? { status_reason, provisioning_status: 'ERROR' as const, pending_since: null } : { status_reason };
  await tx.db.updateTable('load_balancer').set(changes).where('id', '=', id).execute();
  if (overdue) await failChildren(tx.db, id);
}

/**
 * Something that it refers to is not there, for a reason in words: an ERROR at once, because waiting does not help. What was
 * delivered stays so, and what is newer than the generation that was tried waits for its own try. One that is to be deleted
 * is left alone.
 */
export async function recordBroken(tx: Tx, id: string, generation: number, reason: string): Promise<void> {
  const balancer = await byId(tx.db, loadBalancer, id);
  if (balancer === undefined || balancer.deleting) return;
  const status_reason = reason.slice(0, 2000);
  const isNewest = balancer.generation <= generation;
  const changes = isNewest ? { status_reason, provisioning_status: 'ERROR' as const, pending_since: null } : { status_reason };
  await tx.db.updateTable('load_balancer').set(changes).where('id', '=', id).execute();
  await failChildren(tx.db, id, { upTo: generation });
}

function isOverdue({ pending_since }: LoadBalancer, now: Date, deadlineSeconds: number): boolean {
  return pending_since !== null && now.getTime() - Date.parse(pending_since) >= deadlineSeconds * 1000;
}

/**
 * What is PENDING below the balancer becomes ERROR.
 * @param options.upTo - the newest generation that is meant; all if not given
 * @param options.generation - the one that the rows have from now on; each keeps its own if not given
 */
export async function failChildren(db: Db, id: string, { upTo, generation }: { upTo?: number; generation?: number } = {}): Promise<void> {
  const changes = { provisioning_status: 'ERROR' as const, ...(generation === undefined ? {} : { generation }) };
  await everyRange(db, id, (table, range) => {
    const failed = db.updateTable(table).set(changes).where(range).where('provisioning_status', 'in', PENDING);
    return (upTo === undefined ? failed : failed.where('generation', '<=', upTo)).execute();
  });
}

/**
 * Makes an ERROR of every wait that passed its deadline, also where no attempt has come back to say that it failed.
 * The last failure's reason stays.
 */
export async function expirePending(store: Store, now: Date, deadlineSeconds: number): Promise<void> {
  const since = new Date(now.getTime() - deadlineSeconds * 1000).toISOString();
  // Mostly there are none: looking first spares everybody a transaction.
  if ((await overdue(store.db, since)).length === 0) return;
  await store.transaction(async (tx) => {
    for (const { id, status_reason } of await overdue(tx.db, since)) {
      await recordFailure(tx, id, status_reason ?? `Not delivered within ${deadlineSeconds} seconds`, now, deadlineSeconds);
    }
  });
}

function overdue(db: Db, since: string): Promise<Pick<LoadBalancer, 'id' | 'status_reason'>[]> {
  return db.selectFrom('load_balancer').select(['id', 'status_reason']).where(UNSETTLED).where('pending_since', '<=', since).execute();
}

/**
 * Removes the balancer with all that is below it, its VIP port unless a client made that, and the ports its
 * amphorae have in members' subnets.
 */
export async function removeBalancer(tx: Tx, id: string, now: Date = new Date()): Promise<void> {
  const balancer = await byId(tx.db, loadBalancer, id);
  if (balancer === undefined) return;
  await announceEnd(tx, 'delete', { ...balancer, provisioning_status: 'DELETED' }, now);
  await removePorts(tx.db, balancer);
  // All would go by their foreign keys, and amphorae and statistics do: thousands of rows in one statement keep everybody waiting.
  await everyRange(tx.db, id, (table, range) => tx.db.deleteFrom(table).where(range).execute(), CHILD_TABLES.toReversed());
  await tx.db.deleteFrom('load_balancer').where('id', '=', id).execute();
}

/** A port that a client made stays, and is free for another use. */
async function removePorts(db: Db, { id, vip_port_id }: LoadBalancer): Promise<void> {
  await db
    .updateTable('port')
    .set((row) => ({ device_id: '', status: 'DOWN' as const, revision_number: row('revision_number', '+', 1), updated_at: neutronTime() }))
    .where('id', '=', vip_port_id ?? '')
    .where('device_id', '=', `lb-${id}`)
    .where('device_owner', '<>', 'Octavia')
    .execute();
  await db
    .deleteFrom('port')
    .where('device_owner', '=', 'Octavia')
    .where((row) =>
      row.or([
        row.and([row('id', '=', vip_port_id ?? ''), row('device_id', '=', `lb-${id}`)]),
        row('device_id', 'in', row.selectFrom('amphora').select('amphora.id').where('loadbalancer_id', '=', id)),
      ]),
    )
    .execute();
}

/** Ids of balancers that the nodes do not carry as wanted, as far as the rows tell; the oldest first. */
export async function unsettled(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('load_balancer').select('id').where(UNSETTLED).orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => row.id);
}

/** In order of creation. */
export async function allBalancerIds(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('load_balancer')
    .select('id')
    .orderBy(sql`rowid`)
    .execute();
  return rows.map((row) => row.id);
}
