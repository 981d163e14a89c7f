/**
 * Kysely on node:sqlite. One connection, handed out in order of asking; statements are prepared once and kept, which
 * triples the speed of small queries.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  type TransactionSettings,
} from 'kysely';
import { blankOf } from '../model/blank.ts';
import { type Decode, decoderOf, encode } from './codec.ts';
import { SteadyQueryCompiler } from './sqlite-compiler.ts';

/** Statement shapes are few; the bound only guards against a caller that makes a new one each time. */
const STATEMENTS_KEPT = 500;

export function sqliteDialect(database: DatabaseSync, scope: TransactionScope): Dialect {
  return {
    createAdapter: () => new OwnQueueAdapter(),
    createDriver: () => new SqliteDriver(database, scope),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SteadyQueryCompiler(),
  };
}

/** Kysely's own queue for single connections asks the driver too late: who waits inside a transaction waits forever. */
class OwnQueueAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/**
 * Knows whether the running code is inside a transaction. There, a query that does not go through the transaction
 * would wait for it while it waits for the query; it gets an error instead.
 */
export class TransactionScope {
  readonly #open = new AsyncLocalStorage<{ open: boolean }>();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const state = { open: true };
    try {
      return await this.#open.run(state, work);
    } finally {
      // Timers and promises that outlive the transaction inherited the state; they may query again.
      state.open = false;
    }
  }

  refuseInside(): void {
    if (this.#open.getStore()?.open)
      throw new Error('A query or transaction outside the open transaction was started inside it: use the db of the transaction');
  }
}

class SqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #scope: TransactionScope;
  readonly #connection: SqliteConnection;
  readonly #queue = new Queue();
  #closed = false;

  constructor(database: DatabaseSync, scope: TransactionScope) {
    this.#database = database;
    this.#scope = scope;
    this.#connection = new SqliteConnection(database);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#scope.refuseInside();
    await this.#queue.enter();
    if (!this.#closed) return this.#connection;
    this.#queue.leave();
    throw new Error('The store is closed');
  }

  async releaseConnection(): Promise<void> {
    this.#queue.leave();
  }

  /** `immediate`: a transaction that reads first and writes later would fail when another writer came in between. */
  async beginTransaction(_connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    this.#database.exec(settings.accessMode === 'read only' ? 'begin' : 'begin immediate');
    this.#connection.begun = true;
  }

  /** A large commit takes as long as one may: a turn before it, for what was done until then, and one behind it. */
  async commitTransaction(): Promise<void> {
    await stretch.breathe();
    this.#database.exec('commit');
    this.#connection.begun = false;
    await stretch.breathe();
  }

  /** SQLite has already rolled back by itself after some errors, such as a full disk. */
  async rollbackTransaction(): Promise<void> {
    this.#connection.begun = false;
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  /** Waits for whoever is at work, then turns everybody away. Closing the database is its owner's. */
  async destroy(): Promise<void> {
    await this.#queue.enter();
    this.#closed = true;
    this.#queue.leave();
  }
}

/** First come, first served. */
class Queue {
  #last: Promise<void> = Promise.resolve();
  #leave: () => void = () => {};

  async enter(): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    this.#leave = resolve;
  }

  leave(): void {
    this.#leave();
  }
}

/** A prepared statement with what is needed to make objects of its rows. */
interface Prepared {
  readonly statement: StatementSync;
  readonly names: readonly string[];
  readonly decoders: readonly (Decode | null)[];
  readonly blank: Record<string, unknown>;
}

/** Milliseconds of queries before the event loop turns. */
const STRETCH_MS = 8;

/**
 * Queries are answered at once, so work made of many never lets the event loop turn by itself. After some milliseconds
 * one waits for a turn: requests that need nothing of the database, or only read, are served between two queries of a
 * transaction of thousands.
 */
class Stretch {
  #since: number | null = null;

  async breathe(): Promise<void> {
    if (this.#since === null) {
      this.#since = performance.now();
      setImmediate(() => (this.#since = null));
    } else if (performance.now() - this.#since > STRETCH_MS) await turn();
  }
}

const stretch = new Stretch();

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  /** A transaction was begun and neither committed nor rolled back by us. */
  begun = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await stretch.breathe();
    this.#refuseLost();
    const prepared = this.#recall(query.sql);
    const parameters = query.parameters.map(encode);
    if (prepared.names.length > 0) {
      const values = prepared.statement.all(...parameters) as unknown as Values[];
      return { rows: values.map((row) => toRow<R>(prepared, row)), numAffectedRows: BigInt(values.length) };
    }
    const { changes, lastInsertRowid } = prepared.statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  /** Prepared afresh: a kept statement could be asked again while its rows are still being read. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    this.#refuseLost();
    const prepared = prepare(this.#database, query.sql);
    for (const row of prepared.statement.iterate(...query.parameters.map(encode))) {
      yield { rows: [toRow<R>(prepared, row as unknown as Values)] };
    }
  }

  /** After SQLite rolled back by itself each further statement would be a transaction of its own, and stay. */
  #refuseLost(): void {
    if (this.begun && !this.#database.isTransaction) throw new Error('The database has rolled the transaction back');
  }

  /** Least recently used statements go first: a Map keeps the order of insertion. */
  #recall(sql: string): Prepared {
    const prepared = this.#prepared.get(sql) ?? prepare(this.#database, sql);
    this.#prepared.delete(sql);
    this.#prepared.set(sql, prepared);
    if (this.#prepared.size > STATEMENTS_KEPT) this.#prepared.delete(this.#prepared.keys().next().value ?? sql);
    return prepared;
  }
}

type Values = Parameters<Decode>[0][];

/** Rows come as arrays: node's own row objects have no prototype and are slower to change than these are to make. */
function prepare(database: DatabaseSync, sql: string): Prepared {
  const statement = database.prepare(sql, { returnArrays: true });
  const columns = statement.columns();
  const names = columns.map((column) => column.name);
  return { statement, names, decoders: columns.map((column) => decoderOf(column.column ?? column.name)), blank: blankOf(names) };
}

function toRow<R>({ names, decoders, blank }: Prepared, values: Values): R {
  const row = { ...blank };
  for (let index = 0; index < names.length; index++) {
    const value = values[index] ?? null;
    const decode = decoders[index];
    row[names[index] as string] = decode ? decode(value) : value;
  }
  return row as R;
}
