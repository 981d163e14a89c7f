import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Caller } from '../identity/caller.ts';

/** Who sent a request. Throws 401 when nobody was authenticated. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (!caller) throw fault.unauthorized();
  return caller;
}
