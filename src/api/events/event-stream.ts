/** One reader's stream: what it has been sent, and how far it lags behind. */
import type { ServerResponse } from 'node:http';
import { type EventFilter, type StoredEvent, matchesFilter } from '../../store/events.ts';
import { type Gap, eventFrame, gapFrame, restFrame } from './event-view.ts';

export interface Reader {
  readonly response: ServerResponse;
  readonly filter: EventFilter;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Whether the token still holds, and still stands for the same. */
  stillAllowed(): Promise<boolean>;
}

/** Bytes that may wait for a slow reader. */
const BACKLOG = 262_144;
/** Heartbeats in a row that found bytes waiting, after which the reader is taken for gone. */
const STALLED = 4;
/** Longer is not possible with one timer. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class EventStream {
  readonly #reader: Reader;
  #expiry: NodeJS.Timeout | undefined;
  #stalled = 0;
  /** Called when the reader has taken what there was, or has left. */
  #wake: () => void = () => {};
  /** Number of the last notification that was sent, or passed over because the reader does not want it. */
  position = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
    reader.response.on('drain', () => this.#wake()).once('close', () => this.#left());
    // A reader that went away is no failure.
    reader.response.on('error', () => {});
    this.#awaitExpiry();
  }

  get filter(): EventFilter {
    return this.#reader.filter;
  }

  get userId(): string {
    return this.#reader.userId;
  }

  get over(): boolean {
    const { response } = this.#reader;
    return response.writableEnded || response.destroyed;
  }

  onceOver(listener: () => void): void {
    this.#reader.response.once('close', listener);
  }

  begin(position: number): void {
    this.position = position;
    this.#write(restFrame('notifications', position));
  }

  gap(gap: Gap): void {
    this.position = gap.resumed;
    this.#write(gapFrame(gap));
  }

  /** Rows as they are committed. A reader that has not taken the earlier ones is closed; it can resume. */
  push(rows: readonly StoredEvent[]): void {
    if (this.#reader.response.writableLength > BACKLOG) this.#reader.response.destroy();
    else for (const row of rows) if (row.seq > this.position && matchesFilter(row, this.filter)) this.#write(eventFrame(row));
    this.position = Math.max(this.position, rows.at(-1)?.seq ?? 0);
  }

  /** Rows from the store: resolves when the reader has taken them, so that it sets the pace. */
  async replay(rows: readonly StoredEvent[], upTo: number): Promise<void> {
    for (const row of rows) {
      const taken = this.#write(eventFrame(row));
      this.position = row.seq;
      if (!taken && !this.over) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.position = upTo;
  }

  heartbeat(): void {
    const waiting = this.#reader.response.writableLength > 0;
    this.#stalled = waiting ? this.#stalled + 1 : 0;
    if (this.#stalled >= STALLED) this.#reader.response.destroy();
    else if (!waiting) this.#write(restFrame('heartbeat', this.position));
  }

  /** Ends it when the token was revoked, or no longer stands for what it did. */
  async recheck(): Promise<void> {
    if (!this.over && !(await this.#reader.stillAllowed())) this.end();
  }

  /** At once: what a slow reader has not taken is lost to it until it resumes. */
  end(): void {
    const { response } = this.#reader;
    response.end();
    if (response.writableLength > 0) response.destroy();
  }

  /** False when the reader should take what there is before more is sent. */
  #write(bytes: Buffer): boolean {
    return this.over || this.#reader.response.write(bytes);
  }

  #left(): void {
    clearTimeout(this.#expiry);
    this.#wake();
  }

  #awaitExpiry(): void {
    if (this.over) return;
    const left = this.#reader.expiresAt - Date.now();
    if (left <= 0) this.end();
    else this.#expiry = setTimeout(() => this.#awaitExpiry(), Math.min(left, TIMER_MAX_MS)).unref();
  }
}
