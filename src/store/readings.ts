/** What observation writes back: operating statuses, many at a time. */
import { sql } from 'kysely';
import type { Member } from '../model/member.ts';
import type { OperatingStatus } from '../model/status.ts';
import { octaviaTime } from './row-time.ts';
import type { Tx } from './store.ts';

/** Why a member is in its state, and who saw it. */
export interface Seen {
  readonly reason: string | null;
  readonly by: Member['status_seen_by'];
}

export interface StatusChange {
  readonly table: 'load_balancer' | 'listener' | 'pool' | 'member' | 'health_monitor';
  readonly id: string;
  readonly status: OperatingStatus;
  /** Of members; also a status that stays may have another reason. */
  readonly seen?: Seen;
}

/** One statement per table; rows that are gone or have the status already cost nothing. */
export async function recordReadings(tx: Tx, changes: readonly StatusChange[], now: Date = new Date()): Promise<void> {
  for (const [table, group] of Map.groupBy(changes, (change) => change.table)) {
    const pairs = JSON.stringify(group.map(({ id, status }) => [id, status]));
    if (table === 'member') await recordReasons(tx, group, now);
    await sql`
      update ${sql.table(table)} set operating_status = reading.value ->> 1 from json_each(${pairs}) as reading
      where ${sql.ref(`${table}.id`)} = reading.value ->> 0 and operating_status <> reading.value ->> 1`.execute(tx.db);
  }
}

/** Before the statuses: the time is that of a status which is about to change. */
async function recordReasons(tx: Tx, changes: readonly StatusChange[], now: Date): Promise<void> {
  const rows = changes.flatMap(({ id, status, seen }) => (seen === undefined ? [] : [[id, status, seen.reason, seen.by]]));
  if (rows.length === 0) return;
  await sql`
    update member set status_reason = reading.value ->> 2, status_seen_by = reading.value ->> 3,
      status_changed_at = case when operating_status <> reading.value ->> 1 then ${octaviaTime(now)} else status_changed_at end
    from json_each(${JSON.stringify(rows)}) as reading where member.id = reading.value ->> 0`.execute(tx.db);
}
