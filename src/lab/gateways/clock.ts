/** Time as a virtual gateway knows it: a test can make an hour of a moment. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after that many; returns what prevents it. */
  after(milliseconds: number, work: () => void): () => void;
}

/** Timers do not keep the process from ending. */
export const realClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** Stands still until it is told to go on. */
export class SetClock implements Clock {
  #time: number;
  #waiting: { readonly at: number; readonly work: () => void }[] = [];

  constructor(time = 1_800_000_000_000) {
    this.#time = time;
  }

  now(): number {
    return this.#time;
  }

  after(milliseconds: number, work: () => void): () => void {
    const one = { at: this.#time + milliseconds, work };
    this.#waiting.push(one);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== one));
  }

  advance(milliseconds: number): void {
    const until = this.#time + milliseconds;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      const due = next;
      this.#time = Math.max(this.#time, due.at);
      this.#waiting = this.#waiting.filter((other) => other !== due);
      due.work();
    }
    this.#time = until;
  }

  #next(until: number): { readonly at: number; readonly work: () => void } | undefined {
    return this.#waiting.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  }
}
