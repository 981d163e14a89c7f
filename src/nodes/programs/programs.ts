/** How other programs are run: what is asked for, and what comes of it. Plain values, so that another process can do it. */

/** A program that does one thing and ends. */
export interface Order {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Outcome {
  /** null when a signal ended it, or it never began. */
  readonly code: number | null;
  /** Why it could not be run, or what ended it; empty when it ended by itself. */
  readonly failure: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that outlives whoever starts it. */
export interface DaemonOrder {
  readonly command: readonly string[];
  /** Where it works. */
  readonly directory: string;
  /** File that takes what it says. */
  readonly log: string;
  /** Named pipes that it has open, both ways, by the number that each has there, from 3 without gaps. */
  readonly pipes: Readonly<Record<number, string>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface Daemon {
  readonly pid: number;
  /** Whether it has ended since. */
  hasEnded(): boolean;
  /** Settled when it ends. */
  readonly ended: Promise<void>;
  /** Nobody asks any more whether it has. */
  release(): void;
}

/** Is waited for before the next chunk comes. */
export type Taker = (chunk: Buffer) => void | Promise<void>;

export interface Programs {
  /** Never rejects for what the program does. `input` may be awaited: the program is begun at once; none comes if that is rejected. */
  execute(order: Order, input: string | Promise<string>): Promise<Outcome>;
  /** Hands over what it writes as it comes, at the pace that `take` sets; one that throws ends the program. null: nobody wants it. */
  stream(order: Order, take: Taker | null): Promise<Outcome>;
  launch(order: DaemonOrder): Promise<Daemon>;
}

/** Of a program that does one thing, milliseconds. */
export const TIME_AT_MOST = 30_000;
/** Bytes. */
export const OUTPUT_AT_MOST = 64 * 1024 * 1024;
/** Bytes of what a program says to stderr that are kept. */
export const WORDS_AT_MOST = 64 * 1024;
