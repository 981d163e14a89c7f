/**
 * Brings committed notifications to all readers. Those that are up to date share one read of the store per commit; those
 * that resume read for themselves until they have caught up.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { fault } from '../../model/fault.ts';
import type { Log } from '../../model/log.ts';
import { type EventFilter, eventBounds, eventsAfter } from '../../store/events.ts';
import { onIdentityChange } from '../../store/identity.ts';
import type { Store } from '../../store/store.ts';
import type { EventStream } from './event-stream.ts';
import { gapAfter } from './event-view.ts';
import { OneByOne } from './one-by-one.ts';

export interface HubOptions {
  readonly store: Store;
  readonly log: Log;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  /** That the server takes, all in all. */
  readonly maxConnections: number;
}

const EVERYTHING: EventFilter = { projectId: null, type: null, loadBalancerId: null };
const BATCH = 100;
/** Of the connections, so that the others stay free for everything else. */
const SHARE_OF_READERS = 1 / 2;
/** Of the readers, so that others can read, too; at least one. */
const SHARE_OF_ONE_USER = 1 / 16;

export class EventHub {
  readonly #options: HubOptions;
  /** All readers, and those of them that have everything up to `#head`. */
  readonly #streams = new Set<EventStream>();
  readonly #live = new Set<EventStream>();
  /** Reading and writing a batch is work that nothing interrupts; all that resume take turns, batch by batch. */
  readonly #batches = new OneByOne();
  readonly #unsubscribe: (() => void)[];
  readonly #heartbeat: NodeJS.Timeout;
  #head = 0;
  /** Rises with every commit that wrote notifications. */
  #notices = 0;
  #pulling = false;
  #checking = false;
  #identityChanges = 0;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#unsubscribe = [options.store.onEvents(() => this.#noticed()), onIdentityChange(options.store, () => this.#identityChanged())];
    this.#heartbeat = setInterval(() => this.#streams.forEach((stream) => stream.heartbeat()), options.heartbeat).unref();
  }

  /** Throws 503 when there are too many already, or as many of this user as one may have. */
  refuseCrowd(userId: string): void {
    const most = Math.floor(this.#options.maxConnections * SHARE_OF_READERS);
    if (this.#closed || this.#streams.size >= most) throw fault.unavailable('Too many readers of notifications at present.');
    const ofOne = Math.max(1, Math.floor(most * SHARE_OF_ONE_USER));
    const own = [...this.#streams].filter((stream) => stream.userId === userId).length;
    if (own >= ofOne) throw fault.unavailable(`Readers of notifications that one user may have at a time: ${ofOne}. End one first.`);
  }

  /** Sends what came behind `since`, or only what comes from now on, until the reader leaves or is sent away. */
  async serve(stream: EventStream, since: number | null): Promise<void> {
    // It may have left while its token was looked at; then nobody will say so again.
    if (stream.over) return;
    this.#streams.add(stream);
    stream.onceOver(() => {
      this.#streams.delete(stream);
      this.#live.delete(stream);
    });
    try {
      const { newest } = await eventBounds(this.#options.store.db);
      stream.begin(since ?? newest);
      await this.#catchUp(stream);
    } catch (error) {
      this.#failed(error, [stream]);
    }
  }

  /** Ends all streams at once. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    for (const stop of this.#unsubscribe) stop();
    for (const stream of this.#streams) stream.end();
  }

  async #catchUp(stream: EventStream): Promise<void> {
    while (!stream.over) {
      await this.#batches.next();
      const notices = this.#notices;
      const read = await this.#replay(stream);
      // Nothing was committed since before the last read, which found nothing more: from here on it is told of commits.
      if (read === 'all' && notices === this.#notices) return this.#join(stream);
    }
  }

  async #replay(stream: EventStream): Promise<'all' | 'some'> {
    const { db } = this.#options.store;
    const bounds = await eventBounds(db);
    const gap = gapAfter(stream.position, bounds);
    if (gap) stream.gap(gap);
    const rows = await eventsAfter(db, stream.position, stream.filter, BATCH);
    const full = rows.length === BATCH;
    await stream.replay(rows, full ? (rows.at(-1)?.seq ?? bounds.newest) : Math.max(bounds.newest, rows.at(-1)?.seq ?? 0));
    return full ? 'some' : 'all';
  }

  #join(stream: EventStream): void {
    if (stream.over) return;
    if (this.#live.size === 0) this.#head = stream.position;
    this.#live.add(stream);
  }

  #noticed(): void {
    this.#notices += 1;
    if (!this.#pulling && this.#live.size > 0) void this.#pull();
  }

  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      for (let seen = -1; seen !== this.#notices;) {
        seen = this.#notices;
        await this.#dispatch();
      }
    } catch (error) {
      this.#failed(error, this.#live);
    } finally {
      this.#pulling = false;
    }
  }

  async #dispatch(): Promise<void> {
    for (let full = true; full && this.#live.size > 0;) {
      const rows = await eventsAfter(this.#options.store.db, this.#head, EVERYTHING, BATCH);
      this.#head = rows.at(-1)?.seq ?? this.#head;
      for (const stream of this.#live) stream.push(rows);
      full = rows.length === BATCH;
      // Sockets take what they were given only between turns.
      if (full) await turn();
    }
  }

  /** Readers that are sent away come back and resume. */
  #failed(error: unknown, streams: Iterable<EventStream>): void {
    if (!this.#closed) this.#options.log.error({ err: error }, 'notifications could not be read');
    for (const stream of streams) stream.end();
  }

  #identityChanged(): void {
    this.#identityChanges += 1;
    if (!this.#checking && this.#streams.size > 0) void this.#recheck();
  }

  async #recheck(): Promise<void> {
    this.#checking = true;
    for (let seen = -1; seen !== this.#identityChanges;) {
      seen = this.#identityChanges;
      for (const stream of this.#streams) await stream.recheck();
    }
    this.#checking = false;
  }
}
