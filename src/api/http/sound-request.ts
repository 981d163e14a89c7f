/** What no face has to look at: requests that are wrong whatever they are about. */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import { METHODS } from './other-methods.ts';

const KNOWN: ReadonlySet<string> = new Set(METHODS);

/** Throws 501 for a method that nothing here knows, and 400 where two Host lines leave it open whom the request is for. */
export function refuseUnsound({ method, raw }: FastifyRequest): void {
  if (!KNOWN.has(method)) throw fault.unknownMethod(method);
  // RFC 9112 §3.2. Names and values take turns in the list.
  if (raw.rawHeaders.filter((word, index) => index % 2 === 0 && word.toLowerCase() === 'host').length > 1)
    throw fault.validation('There must be one Host header.');
}
