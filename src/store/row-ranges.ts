/**
 * The rows below a balancer in ranges that one statement works on for few milliseconds: a statement cannot be
 * interrupted, and between two the event loop turns (sqlite-driver.ts).
 */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from './store.ts';

/** Rows below a balancer that have a generation and statuses of their own; each below those before it. */
export const CHILD_TABLES = ['listener', 'pool', 'member', 'health_monitor', 'l7_policy', 'l7_rule'] as const;
export type ChildTable = (typeof CHILD_TABLES)[number];

const ROWS_AT_ONCE = 500;

/** Does the work once for every range of every table. */
export async function everyRange(
  db: Db,
  loadBalancerId: string,
  work: (table: ChildTable, range: RawBuilder<SqlBool>) => Promise<unknown>,
  tables: readonly ChildTable[] = CHILD_TABLES,
): Promise<void> {
  for (const table of tables) for await (const range of rangesBelow(db, table, loadBalancerId)) await work(table, range);
}

/** Conditions that hold for all rows of the table below the balancer, each for some of them, in order of creation. */
export async function* rangesBelow(db: Db, table: string, loadBalancerId: string): AsyncGenerator<RawBuilder<SqlBool>> {
  for (let range = await nextRange(db, table, loadBalancerId, 0); range.count > 0; range = await nextRange(db, table, loadBalancerId, range.last)) {
    yield sql<SqlBool>`loadbalancer_id = ${loadBalancerId} and rowid > ${range.after} and rowid <= ${range.last}`;
    if (range.count < ROWS_AT_ONCE) return;
  }
}

interface Range {
  readonly after: number;
  readonly last: number;
  readonly count: number;
}

/** The index by balancer gives the rowids in their order. */
async function nextRange(db: Db, table: string, loadBalancerId: string, after: number): Promise<Range> {
  const { rows } = await sql<{ last: number | null; count: number }>`
    select max(number) as last, count(*) as count
    from (select rowid as number from ${sql.table(table)} where loadbalancer_id = ${loadBalancerId} and rowid > ${after} order by rowid limit ${sql.lit(ROWS_AT_ONCE)})`.execute(
    db,
  );
  return { after, last: rows[0]?.last ?? after, count: rows[0]?.count ?? 0 };
}
