/** Lists with filters, tags, sorting and pages by key: the next page starts behind the last row seen, not at a number. */
import { type Expression, type ExpressionBuilder, type OperandExpression, type SqlBool, sql } from 'kysely';
import { fault } from '../model/fault.ts';
import type { Resource, RowOf } from '../model/resource.ts';
import { encodeAs } from './codec.ts';
import { elementsOf } from './elements.ts';
import type { Db } from './store.ts';
import { anyTable, storageOf } from './table.ts';

export interface ListQuery {
  /** All must hold; each holds when the column has one of the values. No value at all matches nothing. */
  where: { column: string; anyOf: readonly unknown[] }[];
  /** Rows that have all of the tags, any of them, not all of them, none of them. Empty lists ask nothing. */
  tags?: { all?: readonly string[]; any?: readonly string[]; notAll?: readonly string[]; notAny?: readonly string[] };
  /** The id is the last key in any case, so that the order is total. */
  sort: { column: string; descending: boolean }[];
  /** null: all. */
  limit: number | null;
  /** Id of the last row seen; need not match the filters, but the scope. */
  marker: string | null;
  /** What the asker may see at all: rows outside it are not there, not even as a marker. */
  scope?: ListQuery['where'];
  /** Octavia's page_reverse: rows before the marker instead of behind it, in the same order. */
  reverse: boolean;
}

type Tables = Record<string, Record<string, unknown>>;
type Builder = ExpressionBuilder<Tables, string>;
type Condition = OperandExpression<SqlBool>;
type SortKey = ListQuery['sort'][number];

/** Rows read in one statement: some milliseconds' work, between two of which others get their turn. */
const PAGE = 1000;

/** Throws fault.invalidMarker when the marker's row does not exist. However many rows there are, they are of one moment. */
export async function list<R extends Resource>(db: Db, resource: R, query: ListQuery): Promise<RowOf<R>[]> {
  const inOneStatement = query.limit !== null && query.limit <= PAGE;
  if (db.isTransaction || inOneStatement) return pages(db, resource, query);
  return db
    .transaction()
    .setAccessMode('read only')
    .execute((view) => pages(view, resource, query));
}

async function pages<R extends Resource>(db: Db, resource: R, query: ListQuery): Promise<RowOf<R>[]> {
  const keys = sortKeys(resource, query.sort);
  const marker = query.marker === null ? null : await markerRow(db, resource, keys, query);
  const found: Row[] = [];
  for (;;) {
    const most = Math.min(PAGE, (query.limit ?? Number.MAX_SAFE_INTEGER) - found.length);
    const page = await onePage(db, resource, query, { keys, marker, last: found.at(-1) ?? null }, most);
    found.push(...page);
    if (page.length < PAGE || found.length === query.limit) return found as RowOf<R>[];
  }
}

interface Position {
  readonly keys: SortKey[];
  /** The asker's. */
  readonly marker: Row | null;
  /** Of the page before. */
  readonly last: Row | null;
}

async function onePage(db: Db, resource: Resource, query: ListQuery, { keys, marker, last }: Position, most: number): Promise<Row[]> {
  let statement = anyTable(db)
    .selectFrom(resource.table)
    .selectAll()
    .where((builder) => builder.and([...conditions(builder, resource, query, keys, marker), ...(last ? [beyond(builder, keys, last, false)] : [])]));
  for (const { column, descending } of keys) statement = statement.orderBy(column, descending ? 'desc' : 'asc');
  return statement.limit(most).execute();
}

function conditions(builder: Builder, resource: Resource, query: ListQuery, keys: SortKey[], marker: Row | null): Condition[] {
  const filters = [...query.where, ...(query.scope ?? [])].map(({ column, anyOf }) => matches(builder, resource, column, anyOf));
  return [...filters, ...tagConditions(builder, resource, query.tags ?? {}), ...(marker ? [beyond(builder, keys, marker, query.reverse)] : [])];
}

/** A column named twice counts at its first place; nothing after the id can matter. */
function sortKeys(resource: Resource, sort: readonly SortKey[]): SortKey[] {
  const keys = new Map<string, SortKey>();
  for (const key of [...sort, { column: 'id', descending: false }]) {
    storageOf(resource, key.column);
    if (!keys.has(key.column) && !keys.has('id')) keys.set(key.column, key);
  }
  return [...keys.values()];
}

function matches(builder: Builder, resource: Resource, column: string, anyOf: readonly unknown[]): Condition {
  const storage = storageOf(resource, column);
  const values = anyOf.filter((value) => value !== null).map((value) => encodeAs(storage, value));
  const [first] = values;
  const found = values.length === 1 ? builder(column, '=', first) : builder(column, 'in', elementsOf(values));
  return values.length < anyOf.length ? builder.or([found, builder(column, 'is', null)]) : found;
}

function tagConditions(builder: Builder, resource: Resource, tags: NonNullable<ListQuery['tags']>): Condition[] {
  const { all = [], any = [], notAll = [], notAny = [] } = tags;
  const wanted = [
    { names: all, holds: hasAll(resource, all) },
    { names: any, holds: hasAny(resource, any) },
    { names: notAll, holds: builder.not(hasAll(resource, notAll)) },
    { names: notAny, holds: builder.not(hasAny(resource, notAny)) },
  ].filter(({ names }) => names.length > 0);
  if (wanted.length > 0) storageOf(resource, 'tags');
  return wanted.map(({ holds }) => holds as Condition);
}

function hasAny(resource: Resource, tags: readonly string[]): Expression<SqlBool> {
  return sql<SqlBool>`exists (select 1 from json_each(${sql.ref(`${resource.table}.tags`)}) where value in ${elementsOf(tags)})`;
}

/** None of the tags is missing. A row that has fewer is not looked at more closely: thousands of tags may be asked for. */
function hasAll(resource: Resource, tags: readonly string[]): Expression<SqlBool> {
  const wanted = [...new Set(tags)];
  const column = sql.ref(`${resource.table}.tags`);
  const present = sql`(select value from json_each(${column}))`;
  const missing = sql`exists (select 1 from json_each(${JSON.stringify(wanted)}) where value not in ${present})`;
  return sql<SqlBool>`(json_array_length(${column}) >= ${wanted.length} and not ${missing})`;
}

type Row = Record<string, unknown>;

async function markerRow(db: Db, resource: Resource, keys: readonly SortKey[], { marker, scope = [] }: ListQuery): Promise<Row> {
  const row = await anyTable(db)
    .selectFrom(resource.table)
    .select(keys.map(({ column }) => column))
    .where('id', '=', marker)
    .where((builder) => builder.and(scope.map(({ column, anyOf }) => matches(builder, resource, column, anyOf))))
    .executeTakeFirst();
  if (row === undefined) throw fault.invalidMarker(marker ?? '');
  return row;
}

/** Behind the marker in the order of the keys (before it when reversed): equal in the first n keys, beyond in the next. */
function beyond(builder: Builder, keys: readonly SortKey[], marker: Row, reverse: boolean): Condition {
  return builder.and([...fromFirstKey(builder, keys, marker, reverse), beyondOneKey(builder, keys, marker, reverse)]);
}

/** Follows from the rest, and is what lets SQLite begin at the marker instead of at the first row. */
function fromFirstKey(builder: Builder, [first]: readonly SortKey[], marker: Row, reverse: boolean): Condition[] {
  if (first === undefined || first.descending !== reverse || marker[first.column] === null) return [];
  return [builder(first.column, '>=', marker[first.column])];
}

function beyondOneKey(builder: Builder, keys: readonly SortKey[], marker: Row, reverse: boolean): Condition {
  const alternatives = keys.map(({ column, descending }, position) => {
    const equal = keys.slice(0, position).map((key) => builder(key.column, 'is', marker[key.column]));
    return builder.and([...equal, ...further(builder, column, marker[column], descending !== reverse)]);
  });
  return builder.or(alternatives);
}

/** SQLite sorts null before everything. */
function further(builder: Builder, column: string, value: unknown, downwards: boolean): Condition[] {
  if (value === null) return [downwards ? (builder.lit(false) as Condition) : builder(column, 'is not', null)];
  return [downwards ? builder.or([builder(column, '<', value), builder(column, 'is', null)]) : builder(column, '>', value)];
}
