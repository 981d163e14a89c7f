/** What the measuring process says to its client process, and what it hears. Milliseconds are on the kernel's monotonic clock. */
import type { Target } from './http.ts';

export interface LoadOrder {
  readonly kind: 'load';
  readonly target: Target;
  readonly method: string;
  /** Taken in turn by each client. */
  readonly paths: readonly string[];
  readonly headers: Record<string, string>;
  readonly body: string;
  /** Clients that each send the next request when the last is answered. */
  readonly clients: number;
  /** Seconds to go on; null is until told to stop. */
  readonly seconds: number | null;
  readonly keepAlive: boolean;
  /** Milliseconds each client waits between requests. */
  readonly pace: number;
  readonly timeout: number;
}

export interface LoadReport {
  readonly answered: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Everything that was not a 2xx: by status or error code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Asks each target over new connections until it answers 200, with this text in it. */
export interface ProbeOrder {
  readonly kind: 'probe';
  readonly targets: readonly Target[];
  readonly wanted: string;
  readonly timeout: number;
}

export interface ProbeReport {
  /** When the last of them had its answer. */
  readonly at: number;
}

export type Order = LoadOrder | ProbeOrder | { readonly kind: 'stop' };
export type Report = LoadReport | ProbeReport | { readonly error: string };

export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
