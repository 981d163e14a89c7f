/**
 * The one queue for password hashes. They run on libuv's threads, of which there are four for the whole process, files
 * included; without a bound anybody who may send passwords would keep everybody else from logging in. So two run at a
 * time, few wait, and those that wait take turns by where they come from, not by when they came.
 */
import { keystone } from './keystone-error.ts';

export interface HashSource {
  /** Whose turns they are: a client's address, or the user of a token. */
  readonly key: string;
  /** True for one that failed lately: it comes after the others, and makes room for them. */
  readonly suspect: boolean;
}

export interface HashBounds {
  /** Hashes that run at the same time. */
  readonly running: number;
  /** Hashes that wait, of all sources. */
  readonly waiting: number;
  /** Hashes that wait, of one source. */
  readonly perSource: number;
}

const DEFAULTS: HashBounds = { running: 2, waiting: 64, perSource: 8 };

/** One turn of so many is a suspect's, if one waits: who mistyped a password must not wait for ever behind busy others. */
const SUSPECTS_SHARE = 4;

interface Job {
  start(): void;
  refuse(): void;
}

interface Line {
  suspect: boolean;
  readonly jobs: Job[];
}

export class HashQueue {
  readonly #bounds: HashBounds;
  /** Those with jobs; the first is the next whose turn it is. */
  readonly #lines = new Map<string, Line>();
  #running = 0;
  #waiting = 0;
  #turns = 0;

  constructor(bounds: Partial<HashBounds> = {}) {
    this.#bounds = { ...DEFAULTS, ...bounds };
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Does the work when it is the source's turn. Throws 429 at once when too many wait, or later when others need the room. */
  async run<T>(source: HashSource, work: () => Promise<T>): Promise<T> {
    await this.#slot(source);
    try {
      return await work();
    } finally {
      this.#handOver();
    }
  }

  async #slot({ key, suspect }: HashSource): Promise<void> {
    if (this.#running < this.#bounds.running) {
      this.#running += 1;
      return;
    }
    const line: Line = this.#lines.get(key) ?? { suspect, jobs: [] };
    line.suspect = suspect;
    if (line.jobs.length >= this.#bounds.perSource || !this.#hasRoomFor(line)) throw keystone.busy();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    line.jobs.push({ start: resolve, refuse: () => reject(keystone.busy()) });
    this.#lines.set(key, line);
    this.#waiting += 1;
    return promise;
  }

  /** The slot of one that is done goes to the next, without being free in between. */
  #handOver(): void {
    const next = this.#next();
    if (next) next.start();
    else this.#running -= 1;
  }

  #next(): Job | undefined {
    this.#turns += 1;
    const suspectsTurn = this.#turns % SUSPECTS_SHARE === 0;
    const lines = [...this.#lines];
    const [key, line] = lines.find(([, { suspect }]) => suspect === suspectsTurn) ?? lines[0] ?? [];
    if (key === undefined || !line) return undefined;
    const job = line.jobs.shift();
    this.#lines.delete(key);
    if (line.jobs.length > 0) this.#lines.set(key, line);
    this.#waiting -= 1;
    return job;
  }

  /** When all places are taken, whoever takes most of them gives one up: a suspect before the others, and never for one. */
  #hasRoomFor(newcomer: Line): boolean {
    if (this.#waiting < this.#bounds.waiting) return true;
    const rank = ({ suspect, jobs }: Line): number => (suspect ? this.#bounds.waiting : 0) + jobs.length;
    const [key, greediest] = [...this.#lines].toSorted(([, one], [, other]) => rank(other) - rank(one))[0] ?? [];
    if (key === undefined || !greediest || rank(greediest) <= rank(newcomer) + 1) return false;
    greediest.jobs.pop()?.refuse();
    if (greediest.jobs.length === 0) this.#lines.delete(key);
    this.#waiting -= 1;
    return true;
  }
}

/** The process's: both its ports share it, as they share the threads. */
export const PROCESS_HASHES = new HashQueue();

/** Of one who has proved to be this user: never suspect. */
export function provenSource(userId: string): HashSource {
  return { key: `user ${userId}`, suspect: false };
}
