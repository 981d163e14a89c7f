/** What observation writes back: operating statuses, many at a time. */
import { sql } from 'kysely';
import type { OperatingStatus } from '../model/status.ts';
import type { Tx } from './store.ts';

export interface StatusChange {
  readonly table: 'load_balancer' | 'listener' | 'pool' | 'member' | 'health_monitor';
  readonly id: string;
  readonly status: OperatingStatus;
}

/** One statement per table; rows that are gone or have the status already cost nothing. */
export async function recordReadings(tx: Tx, changes: readonly StatusChange[]): Promise<void> {
  for (const [table, group] of Map.groupBy(changes, (change) => change.table)) {
    const pairs = JSON.stringify(group.map(({ id, status }) => [id, status]));
    await sql`
      update ${sql.table(table)} set operating_status = reading.value ->> 1 from json_each(${pairs}) as reading
      where ${sql.ref(`${table}.id`)} = reading.value ->> 0 and operating_status <> reading.value ->> 1`.execute(tx.db);
  }
}
