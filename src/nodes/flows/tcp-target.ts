/**
 * Syslog receivers over TCP (RFC 6587), of which one at a time is used: the next when it fails, from the first again after the last.
 * Lines wait in a queue with a bound. What was written when a connection broke may have arrived or not: it is sent again, so
 * a receiver may see it twice.
 */
import { type Socket, connect } from 'node:net';
import type { SyslogOptions } from './options.ts';
import { counted, syslogMessage } from './syslog-message.ts';
import { Counter, type Counts, type Line, type Target } from './target.ts';

/** Milliseconds: to connect, and to take what was written. */
const PATIENCE = 10_000;
const CLOSE_AT_MOST = 1000;
const LONGEST_PAUSE = 60_000;
/** Messages in one write. */
const BATCH = 256;

export class TcpTarget implements Target {
  readonly #options: SyslogOptions;
  readonly #counter = new Counter();
  #queue: Buffer[] = [];
  /** Handed to the socket, and not yet taken by the kernel. */
  #written: Buffer[] = [];
  #socket: Socket | null = null;
  #connected = false;
  /** Which of the targets is tried. */
  #index = 0;
  /** Rounds in a row in which none could be used. */
  #failures = 0;
  #pause: NodeJS.Timeout | null = null;
  #closed = false;
  #idle: (() => void) | null = null;

  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#connect();
  }

  write(lines: readonly Line[]): void {
    const now = new Date();
    const room = Math.max(0, this.#options.queueSize - this.#queue.length - this.#written.length);
    for (const line of lines.slice(0, room)) this.#queue.push(counted(syslogMessage(line, this.#options.facility, now)));
    if (lines.length > room) this.#counter.lost(lines.length - room, 'the queue is full');
    this.#flush();
  }

  counts(): Counts {
    return this.#counter.take();
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    if (this.#queue.length + this.#written.length > 0) await Promise.race([promise, new Promise((done) => void setTimeout(done, CLOSE_AT_MOST))]);
    this.#closed = true;
    if (this.#pause) clearTimeout(this.#pause);
    this.#socket?.destroy();
  }

  #connect(): void {
    const target = this.#options.targets[this.#index];
    if (!target || this.#closed) return;
    const socket = connect({ host: target.host, port: target.port, noDelay: true, keepAlive: true });
    this.#socket = socket;
    socket.setTimeout(PATIENCE);
    socket.on('connect', () => {
      this.#connected = true;
      this.#flush();
    });
    // Nobody writes to us; what is not read would keep the end of the connection from being seen.
    socket.resume();
    socket.on('timeout', () => void (!this.#connected || this.#written.length > 0 ? socket.destroy(new Error('no answer in time')) : null));
    socket.on('error', (error) => this.#counter.troubled(`${target.host}:${target.port}: ${error.message}`));
    socket.on('close', () => this.#lost());
  }

  #flush(): void {
    if (!this.#connected || this.#written.length > 0) return;
    if (this.#queue.length === 0) return this.#idle?.();
    const batch = this.#queue.slice(0, BATCH);
    this.#queue = this.#queue.slice(BATCH);
    this.#written = batch;
    this.#socket?.write(Buffer.concat(batch), (error) => void (error ? null : this.#took(batch)));
  }

  #took(batch: readonly Buffer[]): void {
    if (this.#written !== batch) return;
    this.#written = [];
    this.#failures = 0;
    this.#counter.wrote(batch.length);
    this.#flush();
  }

  /** What it had not taken goes first on the next connection. */
  #lost(): void {
    this.#socket = null;
    this.#connected = false;
    this.#queue = [...this.#written, ...this.#queue];
    this.#written = [];
    if (this.#closed) return;
    this.#index = (this.#index + 1) % this.#options.targets.length;
    if (this.#index !== 0) return this.#connect();
    this.#failures += 1;
    if (this.#options.retryCount >= 0 && this.#failures > this.#options.retryCount) this.#giveUp();
    this.#pause = setTimeout(() => this.#connect(), Math.min(LONGEST_PAUSE, this.#options.retryInterval * 2 ** Math.min(this.#failures - 1, 20)));
  }

  #giveUp(): void {
    if (this.#queue.length > 0) this.#counter.lost(this.#queue.length, 'no receiver could be reached');
    this.#queue = [];
  }
}
