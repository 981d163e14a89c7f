/** A syslog receiver on a port of its own. */
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SyslogOptions } from './options.ts';

export class Receiver {
  /** Messages, without their lengths. */
  readonly messages: string[] = [];
  readonly connections = new Set<Socket>();
  #server: Server | null = null;
  port = 0;

  /** @param reads false: takes connections, and nothing from them */
  async listen(t: TestContext, reads = true): Promise<this> {
    const server = createServer((socket) => {
      this.connections.add(socket);
      socket.on('error', () => {}).on('close', () => this.connections.delete(socket));
      if (reads) this.#read(socket);
      else socket.pause();
    });
    this.#server = server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    this.port = typeof address === 'object' && address ? address.port : 0;
    t.after(() => this.close());
    return this;
  }

  close(): void {
    for (const socket of this.connections) socket.destroy();
    this.#server?.close();
  }

  #read(socket: Socket): void {
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let next = this.#take(rest); next; next = this.#take(rest)) rest = next;
    });
  }

  /** Octet counting (RFC 6587): what is left behind the first message; null when there is no whole one. */
  #take(bytes: Buffer): Buffer<ArrayBuffer> | null {
    const [head = '', digits = ''] = /^(\d+) /.exec(bytes.toString('latin1', 0, 10)) ?? [];
    const end = head.length + Number(digits);
    if (head === '' || bytes.length < end) return null;
    this.messages.push(bytes.toString('utf8', head.length, end));
    return Buffer.from(bytes.subarray(end));
  }
}

export function syslogOptions(ports: readonly number[], change: Partial<SyslogOptions> = {}): SyslogOptions {
  const targets = ports.map((port) => ({ host: '127.0.0.1', port }));
  return { targets, protocol: 'TCP', facility: 0, queueSize: 100, retryCount: -1, retryInterval: 20, ...change };
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await pause(5);
  }
}
