/**
 * Lines of one pipe. Read as they come, each would wake this thread, and whoever writes the next would find the pipe locked: it was
 * measured to cost a proxy up to 10 of its 50 microseconds for a request. So after the first line the pipe is left alone for some
 * milliseconds, and then read at once.
 */
import { constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { LineSplitter } from './line-splitter.ts';

/** Milliseconds in which a pipe fills up with some 26,000 lines a second, or 100,000 when it was enlarged. */
const ALONE = 5;
const CHUNK = 65_536;
/** Bytes that are read at most at once: more than a pipe holds, so that nobody who writes without end keeps the others from being read. */
const AT_ONCE = 1024 * 1024;

export class PipeReader {
  readonly #splitter = new LineSplitter();
  readonly #take: (lines: readonly string[]) => void;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #chunk = Buffer.alloc(CHUNK);
  #timer: NodeJS.Timeout | null = null;

  /** Throws when it cannot be opened. */
  constructor(path: string, take: (lines: readonly string[]) => void) {
    this.#take = take;
    // For writing too: without it the last writer's end would be the pipe's.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const onread = { buffer: this.#chunk, callback: (length: number) => this.#came(length) };
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false, onread });
    this.#socket.on('error', () => {});
  }

  /** Reads what is left, and closes. */
  finish(): void {
    this.#drain();
    this.close();
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  /** False: no more is read until `resume`. */
  #came(length: number): boolean {
    this.#take(this.#splitter.push(this.#chunk.subarray(0, length)));
    this.#timer = setTimeout(() => {
      this.#drain();
      this.#socket.resume();
    }, ALONE);
    return false;
  }

  #drain(): void {
    for (let left = AT_ONCE; left > 0; left -= CHUNK) {
      const length = this.#read();
      if (length === 0) return;
      this.#take(this.#splitter.push(this.#chunk.subarray(0, length)));
    }
  }

  /** 0 when there is nothing, which is an error of its own here (EAGAIN). */
  #read(): number {
    try {
      return readSync(this.#fd, this.#chunk);
    } catch {
      return 0;
    }
  }
}
