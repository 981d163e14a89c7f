/** What every handler of the Octavia face works with. */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Store } from '../../store/store.ts';
import type { Caller } from '../identity/caller.ts';

export interface OctaviaOptions {
  readonly store: Store;
  /** Provider of a balancer whose creator names none. */
  readonly defaultProvider: string;
  readonly enabledProviders: readonly string[];
  /** Largest page; 0 is no limit. */
  readonly maxLimit: number;
  readonly healthcheckEnabled: boolean;
  /** Address this face is reached under, for links. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

export function callerOf(request: FastifyRequest): Caller {
  const { caller } = request;
  if (!caller) throw fault.unauthorized();
  return caller;
}

/** A time as Octavia prints it: UTC, second precision, no zone. */
export function timestamp(date: Date = new Date()): string {
  return date.toISOString().slice(0, 19);
}
