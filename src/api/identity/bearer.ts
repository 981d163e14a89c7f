/**
 * Writes by right of a token. Between the first look at it and the write may lie a body that comes slowly or a hash that
 * waits for its turn: so the right is asked for again inside the transaction that writes, by what this one sees.
 */
import type { FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { writeIdentity } from '../../store/identity.ts';
import { actorOf } from '../http/actor.ts';
import { refuseOthers } from './access.ts';
import type { IdentityOptions } from './face.ts';
import type { Verified } from './tokens.ts';

/** Throws 401 without one. */
export function tokenIn({ headers }: FastifyRequest): string {
  const token = headers['x-auth-token'];
  if (typeof token !== 'string') throw fault.unauthorized();
  return token;
}

/** Keystone's rule `identity:<action>`, which the role `admin` grants, and with `owner` being that user. */
export interface Right {
  readonly action: string;
  readonly owner?: string;
}

/** Throws 401 for a token that holds no longer, 403 for one that no longer has the right; nothing is written then. */
export function writeAsBearer<T>(
  { store, tokens }: IdentityOptions,
  request: FastifyRequest,
  { action, owner }: Right,
  work: (tx: AuditedTx, bearer: Verified) => Promise<T>,
): Promise<T> {
  return writeIdentity(store, actorOf(request), async (tx) => {
    const bearer = await tokens.inspectIn(tx.db, tokenIn(request));
    refuseOthers(bearer.caller, action, bearer.caller.userId === owner);
    return work(tx, bearer);
  });
}
