/** A syslog receiver over UDP (RFC 5426): a datagram a line. Nobody tells whether it arrived. */
import { type Socket, createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { SyslogOptions } from './options.ts';
import { syslogMessage } from './syslog-message.ts';
import { Counter, type Counts, type Line, type Target } from './target.ts';

const CLOSE_AT_MOST = 1000;

export class UdpTarget implements Target {
  readonly #options: SyslogOptions;
  readonly #socket: Socket;
  readonly #counter = new Counter();
  #waiting = 0;
  #idle: (() => void) | null = null;

  constructor(options: SyslogOptions) {
    this.#options = options;
    this.#socket = createSocket(isIP(options.targets[0]?.host ?? '') === 6 ? 'udp6' : 'udp4');
    this.#socket.on('error', (error) => this.#counter.troubled(error.message));
  }

  write(lines: readonly Line[]): void {
    const now = new Date();
    for (const line of lines) this.#send(syslogMessage(line, this.#options.facility, now));
  }

  counts(): Counts {
    return this.#counter.take();
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    if (this.#waiting > 0) await Promise.race([promise, new Promise((done) => void setTimeout(done, CLOSE_AT_MOST))]);
    this.#socket.close();
  }

  #send(message: Buffer): void {
    const [target] = this.#options.targets;
    if (!target || this.#waiting >= this.#options.queueSize) return this.#counter.lost(1, 'the queue is full');
    this.#waiting += 1;
    this.#socket.send(message, target.port, target.host, (error) => {
      this.#waiting -= 1;
      if (error) this.#counter.lost(1, error.message);
      else this.#counter.wrote(1);
      if (this.#waiting === 0) this.#idle?.();
    });
  }
}
