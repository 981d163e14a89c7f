/**
 * The one queue for keys that are derived from passwords. A derivation may take a second or two of a thread, and libuv has four
 * for the whole process, files and passwords of users included: so one runs at a time. Those that wait take turns by
 * whose they are, not by when they came.
 */
import { fault } from '../../../model/fault.ts';

/** Derivations of one asker that wait: what it sends at the same time, for a file derives one after the other. */
const MOST_WAITING = 64;

/** Runs a derivation when it is its turn. */
export type InTurn = <T>(derivation: () => Promise<T>) => Promise<T>;

export class DerivationQueue {
  /** Askers that wait, with what starts each derivation; the first is the next whose turn it is. */
  readonly #lines = new Map<string, (() => void)[]>();
  #busy = false;

  /**
   * What to derive with on behalf of somebody. It throws 503 at once when too many of the asker's wait already.
   * @param asker - whose turns they are; null is the service itself, which is never sent away
   */
  turnsOf(asker: string | null): InTurn {
    return async (derivation) => {
      await this.#slot(asker);
      try {
        return await derivation();
      } finally {
        this.#handOver();
      }
    };
  }

  async #slot(asker: string | null): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
      return;
    }
    const key = JSON.stringify(asker);
    const line = this.#lines.get(key) ?? [];
    if (asker !== null && line.length >= MOST_WAITING) throw fault.unavailable('Too many certificates are being opened for you. Try again later.');
    const { promise, resolve } = Promise.withResolvers<void>();
    line.push(resolve);
    this.#lines.set(key, line);
    return promise;
  }

  /** The slot goes to the next without being free in between, and who has more waiting goes behind the others. */
  #handOver(): void {
    const [[key, line] = ['', []]] = this.#lines;
    const start = line.shift();
    this.#lines.delete(key);
    if (line.length > 0) this.#lines.set(key, line);
    if (start) start();
    else this.#busy = false;
  }
}
