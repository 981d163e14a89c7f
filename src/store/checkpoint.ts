/**
 * Copying SQLite's write-ahead log back into the database, off the event loop. By itself SQLite does that at the end of
 * the commit that makes the log long, which after a large transaction takes longer than the commit. Here a thread with
 * a connection of its own does it between two groups of transactions: nobody writes meanwhile, so that the log starts
 * over with the next write and stays as short as SQLite would keep it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Log } from '../model/log.ts';

/** Pages that wait in the log before they are copied: SQLite's own measure. */
const PAGES = 1000;

export class Checkpoint {
  readonly #file: string;
  readonly #log: Log;
  readonly #waiting: StatementSync;
  readonly #here: StatementSync;
  #thread: Worker | null = null;

  /** `writer`: the connection that writes, as long as this is used. */
  constructor(writer: DatabaseSync, file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#waiting = writer.prepare('pragma wal_checkpoint(noop)');
    this.#here = writer.prepare('pragma wal_checkpoint(passive)');
  }

  /** To be called when no transaction is open; resolves when the next may begin. Never rejects. */
  async keepShort(): Promise<void> {
    try {
      const state = this.#waiting.get();
      if (Number(state?.['log']) - Number(state?.['checkpointed']) >= PAGES) await this.#copy();
    } catch (error) {
      // As with SQLite's own: the log is whole, and the next commit tries again.
      this.#log.warn({ err: error }, 'The write-ahead log could not be copied into the database');
    }
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  async #copy(): Promise<void> {
    try {
      await this.#copyInThread();
    } catch {
      // Why is logged where the thread's end is noticed.
      this.#here.get();
    }
  }

  async #copyInThread(): Promise<void> {
    const thread = (this.#thread ??= this.#start());
    // Only while it works does it keep the process alive.
    thread.ref();
    try {
      await answerOf(thread);
    } finally {
      thread.unref();
    }
  }

  #start(): Worker {
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const thread = new Worker(new URL('checkpoint-thread.ts', import.meta.url), { workerData: this.#file, execArgv });
    // Between two askings nobody else listens: one that has ended must not be asked again, and its error is no crash.
    return thread.on('error', (error) => this.#forget(error)).on('exit', () => this.#forget(null));
  }

  #forget(error: Error | null): void {
    this.#thread = null;
    if (error) this.#log.warn({ err: error }, 'The thread that copies the write-ahead log has failed');
  }
}

/** Asks once and waits; rejects when the thread ends instead. */
function answerOf(thread: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = (): void => reject(new Error('it has ended'));
  thread.once('message', resolve).once('error', reject).once('exit', ended);
  thread.postMessage(null, []);
  return promise.finally(() => thread.off('message', resolve).off('error', reject).off('exit', ended));
}
