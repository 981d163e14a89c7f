/**
 * A file that lines are appended to, a batch with one write. It may be moved away at any time: within a second the file is made
 * anew. Writing waits for the disk; whoever uses this has a thread for it.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from '../../config/make-directory.ts';
import { Counter, type Counts, type Line, type Target } from './target.ts';

/** Milliseconds between two looks whether the file is still the one with that name. */
const LOOK_EVERY = 1000;

export class FileTarget implements Target {
  readonly #path: string;
  readonly #counter = new Counter();
  #fd: number | null = null;
  #lookedAt = 0;
  /** The last write was cut off in a line. */
  #torn = false;

  constructor(path: string) {
    this.#path = path;
    // Who cannot be written to should be known before the first line comes.
    try {
      this.#file();
    } catch (error) {
      this.#counter.troubled(messageOf(error));
    }
  }

  write(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    try {
      const fd = this.#file();
      const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${lines.map(({ text }) => text).join('\n')}\n`);
      this.#torn = true;
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      this.#torn = false;
      this.#counter.wrote(lines.length);
    } catch (error) {
      this.#counter.lost(lines.length, messageOf(error));
    }
  }

  /** The next write opens the file by its name. */
  reopen(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  counts(): Counts {
    return this.#counter.take();
  }

  async close(): Promise<void> {
    this.reopen();
    await Promise.resolve();
  }

  #file(): number {
    if (this.#fd !== null && Date.now() - this.#lookedAt >= LOOK_EVERY && !this.#isInPlace(this.#fd)) this.reopen();
    this.#fd ??= this.#open();
    return this.#fd;
  }

  #isInPlace(fd: number): boolean {
    this.#lookedAt = Date.now();
    const [there, open] = [statSync(this.#path, { throwIfNoEntry: false }), fstatSync(fd)];
    return there?.ino === open.ino && there.dev === open.dev;
  }

  /** Not readable for everybody: there are addresses of people in it. */
  #open(): number {
    makeDirectory(dirname(this.#path), 0o755);
    const fd = openSync(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o640);
    this.#torn = !endsWithLine(fd);
    this.#lookedAt = Date.now();
    return fd;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whoever wrote before may have been killed, or the disk was full. */
function endsWithLine(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() === '\n');
}
