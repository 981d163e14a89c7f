/** The store: one SQLite database that one server process owns. */
import { Kysely } from 'kysely';
import type { Log } from '../model/log.ts';
import { Checkpoint } from './checkpoint.ts';
import type { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { instanceOf } from './instance.ts';
import { type Connections, openDatabase } from './open-database.ts';
import { TransactionScope, sqliteDialect } from './sqlite-driver.ts';
import { prepareDirectory } from './state-files.ts';
import { lockState } from './state-lock.ts';

export { instanceOf } from './instance.ts';
export { StoreLockedError } from './state-lock.ts';
export { StoreDamagedError, StoreTooNewError } from './store-error.ts';

/** Where rows are read and written: the store's own, or a transaction's. */
export type Db = Kysely<Database>;

export interface Tx {
  /** The transaction. All queries of the work must go through it. */
  readonly db: Db;
  /** Ids of balancers that the work touched; announced after the commit. */
  readonly changed: Set<string>;
  /** Types of the notifications that the work wrote; who reads notifications is told after the commit. */
  readonly events: Set<string>;
}

export type ChangeListener = (loadBalancerIds: ReadonlySet<string>) => void;

export interface Store {
  /** For reading: sees the last commit and waits for no transaction. Writes through it are refused. */
  readonly db: Db;
  /** Six hex digits made from the real state path. */
  readonly instance: string;
  /**
   * Runs the work alone; a throw rolls it back; resolved means durable. Everybody else waits meanwhile, so the work
   * must await nothing but the database and, in long work, the event loop's turn. Those that wait share a commit
   * (group-commit.ts); when that fails each is run again alone, so the work must be fit to run twice.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Calls back after each commit that touched balancers. Returns what ends it. */
  onChange(listener: ChangeListener): () => void;
  /** Calls back after each commit that wrote notifications; they are read with `eventsAfter`. Returns what ends it. */
  onEvents(listener: () => void): () => void;
  /** Waits for the transactions that were asked for, then lets go of the files. Further queries are refused. */
  close(): Promise<void>;
}

/** Rejects with a StoreLockedError, StoreDamagedError or StoreTooNewError; nothing is held then. */
export async function openStore(options: { statePath: string; log: Log }): Promise<Store> {
  const statePath = prepareDirectory(options.statePath, options.log);
  const unlock = lockState(statePath);
  try {
    return new SqliteStore(instanceOf(statePath), openDatabase(statePath, options.log), unlock, options.log);
  } catch (error) {
    unlock();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly db: Db;
  readonly instance: string;
  readonly #connections: Connections;
  readonly #writer: Db;
  readonly #unlock: () => void;
  readonly #log: Log;
  readonly #scope = new TransactionScope();
  readonly #listeners = new Set<ChangeListener>();
  readonly #eventListeners = new Set<() => void>();
  readonly #checkpoint: Checkpoint;
  readonly #commits: GroupCommit;
  #closing: Promise<void> | null = null;

  constructor(instance: string, connections: Connections, unlock: () => void, log: Log) {
    this.instance = instance;
    this.#connections = connections;
    this.#unlock = unlock;
    this.#log = log;
    this.db = new Kysely<Database>({ dialect: sqliteDialect(connections.reader, this.#scope) });
    this.#writer = new Kysely<Database>({ dialect: sqliteDialect(connections.writer, this.#scope) });
    this.#checkpoint = new Checkpoint(connections.writer, connections.file, log);
    this.#commits = new GroupCommit(this.#writer, () => this.#checkpoint.keepShort());
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    this.#scope.refuseInside();
    const [changed, events] = [new Set<string>(), new Set<string>()];
    const result = await this.#commits.run((db) => {
      // A first run that was undone announces nothing.
      changed.clear();
      events.clear();
      return this.#scope.run(() => work({ db, changed, events }));
    });
    if (changed.size > 0) this.#announce(this.#listeners, (listener) => listener(changed));
    if (events.size > 0) this.#announce(this.#eventListeners, (listener) => listener());
    return result;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onEvents(listener: () => void): () => void {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#commits.close();
    await this.#checkpoint.close();
    await Promise.all([this.#writer.destroy(), this.db.destroy()]);
    this.#connections.reader.close();
    this.#connections.writer.close();
    this.#unlock();
  }

  /** The write is committed: a listener's failure is no failure of the write. */
  #announce<L>(listeners: ReadonlySet<L>, call: (listener: L) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#log.error({ err: error }, 'A listener for changes failed');
      }
    }
  }
}
