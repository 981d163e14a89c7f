/** When to try again what fails: after pauses that grow, for each node by itself. */
export class RetryPace {
  readonly #now: () => number;
  readonly #pauses = new Map<string, { readonly pause: number; readonly next: number }>();

  /** @param now - milliseconds on a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether it is time; if so, it is not again before a pause, the longer the more often this said so since it was done. */
  isTime(key: string): boolean {
    const known = this.#pauses.get(key);
    if (known && known.next > this.#now()) return false;
    const pause = known ? Math.min(known.pause * 2, LONGEST) : SHORTEST;
    this.#pauses.set(key, { pause, next: this.#now() + pause });
    return true;
  }

  /** Nothing is to be tried any more. */
  done(key: string): void {
    this.#pauses.delete(key);
  }
}

/** Milliseconds. */
const SHORTEST = 1000;
const LONGEST = 60_000;
