/** Who sent a request, as the audit trail names them. */
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../store/audit.ts';
import { callerOf } from './caller-of.ts';

/** Throws 401 when nobody was authenticated. */
export function actorOf(request: FastifyRequest): Actor {
  const { userId, userName, projectId } = callerOf(request);
  return { userId, userName, projectId, address: request.ip, requestId: request.id };
}
