/**
 * The audit trail: every write of an API face leaves a row for each object it touched, in the transaction of the write
 * itself, so that there is neither a change without a trace nor a trace without a change.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CompiledQuery, type Selectable } from 'kysely';
import { roleAssignment, token } from '../model/identity.ts';
import type { Resource } from '../model/resource.ts';
import { containerSecret, secretPayload } from '../model/secret.ts';
import { DECLARED } from './codec.ts';
import type { AuditRow } from './database.ts';
import type { Db, Store, Tx } from './store.ts';
import { columnsOf } from './table.ts';

/** Who writes, and from where. */
export interface Actor {
  readonly userId: string;
  readonly userName: string;
  readonly projectId: string | null;
  /** Address of the client. */
  readonly address: string;
  readonly requestId: string;
}

export const AUDIT_ACTIONS = ['create', 'update', 'delete', 'failover', 'reset'] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

const INNER: readonly Resource[] = [secretPayload, containerSecret];

/** Names of what the trail can be about. */
export const AUDITED: readonly string[] = [...DECLARED.filter((resource) => !INNER.includes(resource)), roleAssignment, token].map(({ name }) => name);

export interface Change {
  readonly action: AuditAction;
  readonly resource: Resource;
  readonly before: object | null;
  readonly after: object | null;
}

/** A transaction that keeps a record of what it does to whom. */
export interface AuditedTx extends Tx {
  /**
   * Notes the write of one object. Rows are given whole: attributes that no client sees are left out here. `before` is
   * null for what is made, `after` for what is gone.
   */
  record(action: AuditAction, resource: Resource, before: object | null, after: object | null): void;
}

/** As `store.transaction`, with an audit row for each recorded change. */
export function audited<T>(store: Store, actor: Actor, work: (tx: AuditedTx) => Promise<T>): Promise<T> {
  return store.transaction(async (tx) => {
    const { result, changes } = await recorded(tx, work);
    if (changes.length > 0) await write(tx, actor, changes);
    return result;
  });
}

/** Runs the work as if it were meant, and undoes it. What it returns and recorded tells what would have happened. */
export async function rehearse<T>(store: Store, work: (tx: AuditedTx) => Promise<T>): Promise<{ result: T; changes: readonly Change[] }> {
  try {
    await store.transaction(async (tx) => {
      throw new Rehearsal(await recorded(tx, work));
    });
  } catch (error) {
    if (error instanceof Rehearsal) return error.outcome as { result: T; changes: readonly Change[] };
    throw error;
  }
  throw new Error('a rehearsal ends by being undone');
}

class Rehearsal extends Error {
  readonly outcome: unknown;
  constructor(outcome: unknown) {
    super('undone on purpose');
    this.outcome = outcome;
  }
}

async function recorded<T>(tx: Tx, work: (tx: AuditedTx) => Promise<T>): Promise<{ result: T; changes: readonly Change[] }> {
  const changes: Change[] = [];
  const result = await work({
    ...tx,
    record: (action, resource, before, after) => void changes.push({ action, resource, before, after }),
  });
  return { result, changes };
}

const COLUMNS = 'at action resource resource_id project_id user_id user_name user_project_id address request_id before after'.split(' ');
const INTO = `insert into audit (${COLUMNS.map((name) => `"${name}"`).join(', ')})`;
const ONE = `${INTO} values (${COLUMNS.map(() => '?').join(', ')})`;
/** Any number of rows as one JSON text; what is an object in it is kept as JSON text. */
const MANY = `${INTO} select ${COLUMNS.map((_, index) => `value ->> ${index}`).join(', ')} from json_each(?)`;

/** One statement, whatever the number of rows, with texts that never vary: the trail must not make writes slow. */
async function write(tx: Tx, actor: Actor, changes: readonly Change[]): Promise<void> {
  const at = new Date().toISOString();
  for (let start = 0; start < changes.length; start += ROWS_AT_ONCE) {
    const rows = changes.slice(start, start + ROWS_AT_ONCE).map((change) => values(at, actor, change));
    const [only = []] = rows;
    await tx.db.executeQuery(rows.length === 1 ? CompiledQuery.raw(ONE, only) : CompiledQuery.raw(MANY, [JSON.stringify(rows)]));
  }
}

/** Few milliseconds' work; a batch of thousands is written in several statements. */
const ROWS_AT_ONCE = 100;

function values(at: string, actor: Actor, { action, resource, before, after }: Change): unknown[] {
  const object = (after ?? before ?? {}) as Row;
  const owner = typeof object['project_id'] === 'string' ? object['project_id'] : null;
  const { userId, userName, projectId, address, requestId } = actor;
  const who = [userId, userName, projectId, address, requestId];
  return [at, action, resource.name, nameOf(object), owner, ...who, visible(resource, before), visible(resource, after)];
}

type Row = Record<string, unknown>;

/** Most objects have an id; availability zones have their name instead. */
function nameOf({ id, name }: Row): string {
  const known = [id, name].find((value) => typeof value === 'string');
  return typeof known === 'string' ? known : '';
}

const names = new WeakMap<Resource, readonly string[]>();

/** Worked out once for each resource. */
function visibleNames(resource: Resource): readonly string[] {
  const known = names.get(resource) ?? [...columnsOf(resource).keys()].filter((name) => resource.fields[name]?.place !== 'internal');
  names.set(resource, known);
  return known;
}

/** Attributes that are stored and not internal: passwords and keys never reach the trail. */
export function visible(resource: Resource, row: object | null): Row | null {
  if (row === null) return null;
  const shown: Row = {};
  for (const name of visibleNames(resource)) if (name in row) shown[name] = (row as Row)[name];
  return shown;
}

export type StoredAudit = Selectable<AuditRow>;

/** What an entry must be; what is not given does not confine. */
export type AuditFilter = Partial<Record<'resource' | 'resource_id' | 'action' | 'user_id' | 'project_id' | 'request_id', string>>;

export interface AuditQuery {
  readonly filter: AuditFilter;
  /** ISO times with milliseconds and Z, both included; null is open. */
  readonly since: string | null;
  readonly until: string | null;
  /** Entries with lower numbers only; null begins with the newest. */
  readonly before: number | null;
  readonly limit: number;
}

/** Rows looked at before somebody else gets a turn: what few rows match is searched for in the whole trail. */
const WINDOW = 10_000;
/** With one of these an index finds few rows, and all may be looked at. */
const INDEXED = ['resource_id', 'request_id'] as const;

/** Entries of the trail, the newest first. */
export async function auditTrail(db: Db, query: AuditQuery): Promise<StoredAudit[]> {
  const { oldest, newest } = await trailBounds(db);
  const step = INDEXED.some((column) => query.filter[column] !== undefined) ? Number.MAX_SAFE_INTEGER : WINDOW;
  const found: StoredAudit[] = [];
  let top = Math.min(query.before ?? newest + 1, newest + 1);
  while (top > oldest && found.length < query.limit) {
    const bottom = Math.max(oldest, top - step);
    found.push(...(await matchesBetween(db, bottom, top, query, query.limit - found.length)));
    if (await startsBefore(db, bottom, query.since)) break;
    top = bottom;
    await turn();
  }
  return found;
}

/** Both asked for together would read every row. */
async function trailBounds(db: Db): Promise<{ oldest: number; newest: number }> {
  const rows = db.selectFrom('audit').select('seq').limit(1);
  const [first, last] = [await rows.orderBy('seq').executeTakeFirst(), await rows.orderBy('seq', 'desc').executeTakeFirst()];
  return { oldest: first?.seq ?? 1, newest: last?.seq ?? 0 };
}

/** Times rise with the numbers: below a row that is too old is nothing young enough. */
async function startsBefore(db: Db, seq: number, since: string | null): Promise<boolean> {
  if (since === null) return false;
  const row = await db.selectFrom('audit').select('at').where('seq', '>=', seq).orderBy('seq').limit(1).executeTakeFirst();
  return row !== undefined && row.at < since;
}

function matchesBetween(db: Db, bottom: number, top: number, { filter, since, until }: AuditQuery, limit: number): Promise<StoredAudit[]> {
  let query = db.selectFrom('audit').selectAll().where('seq', '>=', bottom).where('seq', '<', top);
  for (const [column, value] of Object.entries(filter) as [keyof AuditFilter, string][]) query = query.where(column, '=', value);
  if (since !== null) query = query.where('at', '>=', since);
  if (until !== null) query = query.where('at', '<=', until);
  return query.orderBy('seq', 'desc').limit(limit).execute();
}
