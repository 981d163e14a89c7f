/** What no face has to look at: requests that are wrong whatever they are about. */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import { METHODS } from './other-methods.ts';

const KNOWN: ReadonlySet<string> = new Set(METHODS);

/** A name or address and perhaps a port, or nothing (RFC 9110 §7.2); the longest name there is has 255 characters. */
const HOST = /^(\[[\w:.%~-]{2,255}\]|[\w.~!$&'()*+,;=%-]{0,255})(:\d{0,5})?$/;

/** Throws 501 for a method that nothing here knows, and 400 where it is open whom the request is for. */
export function refuseUnsound({ method, headers, raw }: FastifyRequest): void {
  if (!KNOWN.has(method)) throw fault.unknownMethod(method);
  // RFC 9112 §3.2. Names and values take turns in the list.
  if (raw.rawHeaders.filter((word, index) => index % 2 === 0 && word.toLowerCase() === 'host').length > 1)
    throw fault.validation('There must be one Host header.');
  if (!HOST.test(headers.host ?? '')) throw fault.validation('The Host header is neither a name nor an address.');
}
