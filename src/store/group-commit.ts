/**
 * Group commit. Waiting for the disk is the dearest part of a small transaction, so those that wait while one runs
 * share the next commit: each runs alone, one after the other, behind a savepoint of its own, and all hear of their
 * success only after the one commit that makes them durable. Before committing the event loop turns once, so that
 * requests which have already arrived can join; a lone transaction is delayed by that turn, some microseconds.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
  sql,
} from 'kysely';
import type { Db } from './store.ts';

/** Bounds how long the first of a group waits for the last. */
const GROUP_MAX = 32;

interface Job {
  readonly run: (db: Db) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** How a job ended, not yet told: before the commit nothing is certain. */
type Settle = () => void;

export class GroupCommit {
  readonly #db: Db;
  readonly #between: () => Promise<void>;
  readonly #waiting: Job[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  /** `between` runs after each commit, and nothing is written before it resolves; it never rejects. */
  constructor(db: Db, between: () => Promise<void>) {
    this.#db = db;
    this.#between = between;
  }

  /** Rejects with what the work throws, or with why the commit failed. */
  async run<T>(work: (db: Db) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('The store is closed');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ run: work, resolve: (value) => resolve(value as T), reject });
    this.#draining ??= this.#drain();
    return promise;
  }

  /** Refuses new work; resolves when all that was taken on has been told how it ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#group();
      await this.#between();
      // Nothing here leaves the current turn of the event loop: without this, whoever is done waits for all the others.
      if (this.#waiting.length > 0) await turn();
    }
    this.#draining = null;
  }

  async #group(): Promise<void> {
    const taken: Job[] = [];
    try {
      const settled = await this.#db.transaction().execute((db) => this.#runAll(db, taken));
      for (const settle of settled) settle();
    } catch (error) {
      await this.#fail(taken, error);
    }
  }

  /** Nothing of the group is written. One job's fault, such as a foreign key checked at commit, must not be the others'. */
  async #fail(taken: readonly Job[], error: unknown): Promise<void> {
    if (taken.length > 1) for (const job of taken) await this.#alone(job);
    // When not even the first could start, all that wait would fare the same.
    else for (const { reject } of taken.length === 1 ? taken : this.#waiting.splice(0)) reject(error);
  }

  async #alone({ run, resolve, reject }: Job): Promise<void> {
    await this.#db.transaction().execute(run).then(resolve, reject);
  }

  /** Takes jobs as long as there are any; those that come meanwhile ride along. */
  async #runAll(db: Db, taken: Job[]): Promise<Settle[]> {
    const settled: Settle[] = [];
    for (let job = await this.#next(taken); job; job = await this.#next(taken)) {
      taken.push(job);
      settled.push(await runOne(db, job));
    }
    return settled;
  }

  async #next(taken: readonly Job[]): Promise<Job | undefined> {
    if (taken.length >= GROUP_MAX) return undefined;
    // Between two jobs the event loop turns: it accepts one new connection a turn, so that with a whole group in one turn
    // newcomers would wait for seconds behind those that are there.
    if (taken.length > 0) await turn();
    return this.#waiting.shift();
  }
}

async function runOne(db: Db, job: Job): Promise<Settle> {
  await sql`savepoint job`.execute(db);
  const access = new Access();
  try {
    const value = await job.run(db.withPlugin(access)).finally(() => access.end());
    await sql`release job`.execute(db);
    return () => job.resolve(value);
  } catch (error) {
    await undo(db, error);
    return () => job.reject(error);
  }
}

async function undo(db: Db, cause: unknown): Promise<void> {
  try {
    await sql`rollback to job`.execute(db);
    await sql`release job`.execute(db);
  } catch {
    // After some errors, such as a full disk, SQLite has rolled back the whole transaction by itself.
    throw cause;
  }
}

/**
 * Kysely refuses queries of a transaction that is over. Within a group the transaction goes on, and what a job left
 * behind would be written with the next one's; so each job's access ends with it.
 */
class Access implements KyselyPlugin {
  #over = false;

  end(): void {
    this.#over = true;
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    if (this.#over) throw new Error('The transaction is over: all its queries must be awaited within it');
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
