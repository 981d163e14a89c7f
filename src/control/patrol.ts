/**
 * Goes round, one after the other, for as long as there is somebody to visit: all within the wanted time as far as they are
 * few, and evenly in any case. Looking at a node costs some milliseconds of programs that are started; many at once would
 * keep clients waiting.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface PatrolOptions {
  /** Whom to visit in the round that begins. */
  readonly round: () => Promise<readonly string[]>;
  readonly visit: (id: string) => void;
  /** Within which time everybody should be visited, ms: two rounds, for those that come when one has begun. */
  readonly everyMs: number;
  readonly onError: (error: unknown) => void;
}

/** The shortest time between two visits, ms: 20 are a round of two seconds, 400 one of forty. */
const SHORTEST_PAUSE_MS = 100;
/** As long as there is nobody, ms. */
const IDLE_PAUSE_MS = 1000;

export class Patrol {
  readonly #stopped = new AbortController();

  constructor(options: PatrolOptions) {
    void this.#walk(options);
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #walk({ round, visit, everyMs, onError }: PatrolOptions): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        const ids = await round();
        if (ids.length === 0) await this.#pause(IDLE_PAUSE_MS);
        for (const id of ids) {
          // Who has come since the round began is visited in the next one: hence two in the time.
          await this.#pause(Math.max(SHORTEST_PAUSE_MS, everyMs / 2 / ids.length));
          if (!this.#stopped.signal.aborted) visit(id);
        }
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        onError(error);
        await this.#pause(everyMs).catch(() => {});
      }
    }
  }

  /** Rejects when it is over. */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopped.signal, ref: false });
  }
}
