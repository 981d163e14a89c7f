/**
 * A level-triggered work queue: keys, not messages. However often a key is added while it waits or runs, it runs once
 * more after that; never twice at a time. What the work was is read from the store when it runs, so nothing is lost
 * with the queue.
 */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * `held`: somebody else says when it goes on. `sound`: all that can be done was done, and what is left waits for somebody else; a later
 * attempt is as good as a first. `after`: nothing failed, and the rest can be done in so many milliseconds.
 */
export type Outcome =
  | { readonly done: true; readonly held?: boolean }
  | { readonly done: false; readonly reason: string; readonly sound?: boolean; readonly after?: number };

export interface WorkQueueOptions {
  readonly workers: number;
  /** First delay after a failure, doubled up to `retryMaxMs`, with up to a quarter of jitter. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /**
   * Does the work of one key. What it throws counts as a failure too, and is told to `onError`.
   * @param aside - to be called by work that waits more than it works: from then on it is none of the `workers`
   */
  work(key: string, attempt: number, aside: () => void): Promise<Outcome>;
  onError?(key: string, error: unknown): void;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  /** Added again while running. */
  readonly #again = new Set<string>();
  /** Runs since one that was done, and those of them that failed. */
  readonly #attempts = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Since when a key waits for quiet. */
  readonly #quietSince = new Map<string, number>();
  /** Of those that run, how many work. */
  #working = 0;
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#quietSince.delete(key);
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#pump();
  }

  /**
   * Adds a key once nothing more was added for `quiet` milliseconds, and after `most` in any case: for work that is
   * dear to do twice and usually asked for several times in a row.
   */
  addWhenQuiet(key: string, quiet: number, most: number): void {
    if (this.#stopped || this.#running.has(key) || this.#waiting.has(key)) return this.add(key);
    const since = this.#quietSince.get(key) ?? performance.now();
    this.#quietSince.set(key, since);
    clearTimeout(this.#timers.get(key));
    const delay = Math.min(quiet, Math.max(0, since + most - performance.now()));
    this.#timers.set(
      key,
      setTimeout(() => this.add(key), delay),
    );
  }

  /** Adds a key unless a retry of it is already on its way: used by the clock, which must not defeat the backoff. */
  addGently(key: string): void {
    if (!this.#timers.has(key) && !this.#running.has(key)) this.add(key);
  }

  /** Takes no more work and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#quietSince.clear();
    await Promise.all(this.#running.values());
  }

  /** Resolves when nothing waits or runs; keys in backoff do not count. */
  async idle(): Promise<void> {
    while (this.#running.size + this.#waiting.size + this.#quietSince.size > 0) await Promise.race([...this.#running.values(), pause(1)]);
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#stopped || this.#working >= this.#options.workers) return;
      this.#waiting.delete(key);
      this.#working++;
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    const attempt = this.#attempts.get(key) ?? 0;
    const failures = this.#failures.get(key) ?? 0;
    let works = true;
    const aside = (): void => {
      if (!works) return;
      works = false;
      this.#working--;
      this.#pump();
    };
    const outcome = await this.#attempt(key, failures, aside);
    aside();
    this.#running.delete(key);
    if (outcome.done) this.#attempts.delete(key);
    else if (outcome.after === undefined) this.#attempts.set(key, attempt + 1);
    if (outcome.done || outcome.sound) this.#failures.delete(key);
    else if (outcome.after === undefined) this.#failures.set(key, failures + 1);
    if (this.#again.delete(key)) this.add(key);
    else if (!outcome.done) this.#addAfter(key, outcome.after ?? this.#backoff(attempt));
    this.#pump();
  }

  async #attempt(key: string, attempt: number, aside: () => void): Promise<Outcome> {
    try {
      return await this.#options.work(key, attempt, aside);
    } catch (error) {
      this.#options.onError?.(key, error);
      return { done: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  #backoff(attempt: number): number {
    const { retryFirstMs, retryMaxMs } = this.#options;
    return Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(attempt, 20)) * (1 + Math.random() / 4);
  }

  #addAfter(key: string, delay: number): void {
    if (this.#stopped) return;
    this.#timers.set(
      key,
      setTimeout(() => this.add(key), delay),
    );
  }
}
