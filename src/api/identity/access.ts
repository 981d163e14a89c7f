/** Who may: in this face the role `admin` may everything, others only what is their own. */
import type { FastifyRequest } from 'fastify';
import { callerOf } from '../http/caller-of.ts';
import type { Caller } from './caller.ts';
import { keystone } from './keystone-error.ts';

/** Throws 403 in the name of Keystone's rule `identity:<action>`. `otherwise`: why somebody else may all the same. */
export function requireAdmin(request: FastifyRequest, action: string, otherwise = false): void {
  refuseOthers(callerOf(request), action, otherwise);
}

/** The same of a caller who is known. */
export function refuseOthers({ isAdmin }: Caller, action: string, otherwise = false): void {
  if (!isAdmin && !otherwise) throw keystone.notAuthorized(action);
}
