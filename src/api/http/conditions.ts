/** `If-Match`, which must not be passed over: who sends it wants nothing done otherwise (RFC 9110 §13.1.1). */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** For faces whose objects have no ETags: throws 501 for a write under a condition. A star only asks for the object to exist. */
export function refuseConditions({ method, headers }: FastifyRequest): void {
  const condition = headers['if-match'];
  if (condition !== undefined && condition.trim() !== '*' && !READING.has(method)) throw fault.ifMatchElsewhere();
}
