/** Errors of the faces that are no OpenStack service's: `{"error": {"code", "title", "message"}}`, as keystonemiddleware's. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { frameworkFault } from './framework-fault.ts';

export function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = error instanceof Fault ? error : frameworkFault(error, request);
  return reply.code(status).send({ error: { code: status, title: STATUS_CODES[status] ?? 'Error', message } });
}
