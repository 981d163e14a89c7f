/**
 * Questions and answers between two machines, both ways over one stream, and news that nobody answers. Each side says now and
 * then that it is there; from one that stays silent nothing more is expected.
 */
import type { Duplex } from 'node:stream';
import { isPlainObject } from '../../model/field.ts';
import { NodeError, NotYetError } from '../node.ts';
import { FrameError, FrameReader, frame } from './frames.ts';

export interface ChannelOptions {
  /** Who is at the other end, for messages: `host rack-1`. */
  readonly peer: string;
  /** Answers a question; what it throws is told to the other side. */
  answer(method: string, params: unknown): Promise<unknown>;
  /** Takes news. What it throws ends the conversation. */
  hear(news: string, params: unknown): void;
  /** Milliseconds between two signs of life; after three of them without any from the other side it is gone. */
  readonly beat: number;
  /** Bytes of one message. */
  readonly longest: number;
}

/** A question that waits for its answer. */
interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const SILENT_BEATS = 3;
/** Questions of the other side that are being answered; one that asks more at a time is no peer of ours. */
const MOST_AT_A_TIME = 1000;
/** Bytes that wait to be sent; whoever takes them so slowly is gone. */
const MOST_UNSENT = 256 * 1024 * 1024;

export class Channel {
  readonly #stream: Duplex;
  readonly #options: ChannelOptions;
  readonly #reader: FrameReader;
  readonly #open = new Map<number, Open>();
  readonly #closed = Promise.withResolvers<string>();
  readonly #beats: NodeJS.Timeout;
  #answering = 0;
  #next = 1;
  #heard = performance.now();
  #reason: string | null = null;

  constructor(stream: Duplex, options: ChannelOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new FrameReader(options.longest);
    this.#beats = setInterval(() => this.#beat(), options.beat);
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', (error) => this.close(error.message));
    stream.on('close', () => this.close('the connection was closed'));
    stream.on('end', () => this.close('the other side has ended the connection'));
  }

  /** Resolves to the reason, once nothing more can be asked. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  /** Rejects with a NodeError: what the other side says, that it does not answer within `within` milliseconds, or that it is gone. */
  ask(method: string, params: unknown, within: number): Promise<unknown> {
    if (this.#reason !== null) return Promise.reject(this.#gone());
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => this.#settle(id, (open) => open.reject(this.#late(method, within))), within);
    this.#open.set(id, { resolve, reject, timer });
    this.#send({ id, method, params });
    return promise;
  }

  tell(news: string, params: unknown): void {
    if (this.#reason === null) this.#send({ news, params });
  }

  close(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    clearInterval(this.#beats);
    for (const id of this.#open.keys()) this.#settle(id, (open) => open.reject(this.#gone()));
    this.#stream.destroy();
    this.#closed.resolve(reason);
  }

  #gone(): NodeError {
    return new NodeError(`${this.#options.peer} is gone: ${this.#reason}`);
  }

  #late(method: string, within: number): NodeError {
    return new NodeError(`${this.#options.peer} has not answered '${method}' within ${within / 1000} s`);
  }

  #beat(): void {
    if (performance.now() - this.#heard > SILENT_BEATS * this.#options.beat) this.close('it is silent');
    else this.#send({});
  }

  #send(message: object): void {
    if (this.#reason !== null) return;
    if (this.#stream.writableLength > MOST_UNSENT) return this.close('it takes nothing any more');
    try {
      this.#stream.write(frame(message, this.#options.longest));
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  #read(chunk: Buffer): void {
    this.#heard = performance.now();
    try {
      for (const message of this.#reader.push(chunk)) this.#take(message);
    } catch (error) {
      this.close(error instanceof FrameError ? `it does not speak as agreed: ${error.message}` : (error as Error).message);
    }
  }

  #take(message: unknown): void {
    if (!isPlainObject(message)) throw new FrameError('a message is no object');
    const { id, method, news, params } = message;
    if (typeof news === 'string') return this.#options.hear(news, params);
    if (typeof id !== 'number') return undefined;
    if (typeof method === 'string') return this.#answer(id, method, params);
    const error = refusalIn(message);
    return this.#settle(id, (open) => (error ? open.reject(error) : open.resolve(message['result'])));
  }

  #answer(id: number, method: string, params: unknown): void {
    if (++this.#answering > MOST_AT_A_TIME) throw new FrameError('too many questions at a time');
    this.#options
      .answer(method, params)
      .then(
        (result) => this.#send({ id, result }),
        (error: unknown) => this.#send({ id, ...told(error) }),
      )
      .finally(() => this.#answering--);
  }

  /** An answer to nothing is one that came too late. */
  #settle(id: number, how: (open: Open) => void): void {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    clearTimeout(open.timer);
    how(open);
  }
}

/** What was refused, in words; and, where it is only too soon, for how long. */
function told(error: unknown): object {
  const words = error instanceof Error ? error.message : String(error);
  return error instanceof NotYetError ? { error: words, after: error.after } : { error: words };
}

function refusalIn({ error, after }: Record<string, unknown>): Error | null {
  if (typeof error !== 'string') return null;
  return typeof after === 'number' ? new NotYetError(error, after) : new NodeError(error);
}
