/** Where lines go. */
export interface Target {
  /** Takes lines, in their order; never waits for anybody else. */
  write(lines: readonly Line[]): void;
  /** Lines that it has written, and lines that it has lost, since the last time it was asked. */
  counts(): Counts;
  /** Writes what waits, within a second or so, and lets go of everything. */
  close(): Promise<void>;
}

export interface Line {
  /** In UTF-8, without a line end. */
  readonly text: string;
  /** Id of the node it comes from, and the number of the process; a dash where they are not known. */
  readonly node: string;
  readonly pid: string;
}

export interface Counts {
  readonly written: number;
  readonly lost: number;
  /** The last that went wrong; null: nothing did. */
  readonly trouble: string | null;
}

/** Counts up, and starts over when it is asked. */
export class Counter {
  #written = 0;
  #lost = 0;
  #trouble: string | null = null;

  wrote(lines: number): void {
    this.#written += lines;
  }

  lost(lines: number, trouble: string): void {
    this.#lost += lines;
    this.#trouble = trouble;
  }

  troubled(trouble: string): void {
    this.#trouble = trouble;
  }

  take(): Counts {
    const counts = { written: this.#written, lost: this.#lost, trouble: this.#trouble };
    this.#written = 0;
    this.#lost = 0;
    this.#trouble = null;
    return counts;
  }
}
