/** Children of rows by id, for the reference lists in responses: one query per kind, however many rows are shown. */
import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import { elementsOf } from './elements.ts';

export type References = ReadonlyMap<string, readonly { id: string }[]>;

const PARENT = {
  listener: 'loadbalancer_id',
  pool: 'loadbalancer_id',
  member: 'pool_id',
  health_monitor: 'pool_id',
  l7_policy: 'listener_id',
  l7_rule: 'l7policy_id',
} as const;

/** Children in order of creation, policies in order of their positions; with `wanted`, without those on their way out. */
export async function childrenOf(
  db: Kysely<Database>,
  table: keyof typeof PARENT,
  parents: readonly string[],
  options: { wanted?: boolean } = {},
): Promise<References> {
  const rows: { id: string; parent: string }[] = [];
  for (let start = 0; start < parents.length; start += PARENTS_AT_ONCE) {
    for (const row of await childrenOfSome(db, table, parents.slice(start, start + PARENTS_AT_ONCE), options)) rows.push(row);
  }
  return grouped(rows);
}

/** Parents asked about in one statement: what they have is read in few milliseconds. */
const PARENTS_AT_ONCE = 100;

function childrenOfSome(
  db: Kysely<Database>,
  table: keyof typeof PARENT,
  parents: readonly string[],
  options: { wanted?: boolean },
): Promise<{ id: string; parent: string }[]> {
  const column = PARENT[table];
  return db
    .selectFrom(table)
    .select(['id', `${column} as parent`])
    .where(column, 'in', elementsOf(parents))
    .$if(options.wanted ?? false, (query) => query.where('deleting', '=', false))
    .$if(table === 'l7_policy', (query) => query.orderBy(sql`position`))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Listeners by the pools they send to: by default, or by an enabled policy that has rules. */
export async function listenersOfPools(db: Kysely<Database>, pools: readonly string[]): Promise<References> {
  if (pools.length === 0) return new Map();
  const byDefault = db.selectFrom('listener').select(['id', 'default_pool_id as parent', 'created_at']).where('default_pool_id', 'in', elementsOf(pools));
  const byPolicy = db
    .selectFrom('l7_policy')
    .innerJoin('listener', 'listener.id', 'l7_policy.listener_id')
    .select(['listener.id', 'redirect_pool_id as parent', 'listener.created_at'])
    .where('redirect_pool_id', 'in', elementsOf(pools))
    .where('l7_policy.admin_state_up', '=', true)
    .where((row) => row.exists(row.selectFrom('l7_rule').select('l7_rule.id').whereRef('l7policy_id', '=', 'l7_policy.id')));
  const rows = await byDefault.union(byPolicy).orderBy('created_at').orderBy('id').execute();
  return grouped(rows as { id: string; parent: string }[]);
}

function grouped(rows: readonly { id: string; parent: string }[]): References {
  const groups = new Map<string, { id: string }[]>();
  for (const { id, parent } of rows) {
    const group = groups.get(parent);
    if (group) group.push({ id });
    else groups.set(parent, [{ id }]);
  }
  return groups;
}
