/** /healthcheck for balancers in front of this server: no token; does the database answer (reference §1.1). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ping } from '../../store/ping.ts';
import type { Store } from '../../store/store.ts';

const DOWN = 'The Octavia database is unavailable.';

export function healthcheck(store: Store): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const healthy = await ping(store);
    if (request.method === 'HEAD') return reply.code(healthy ? 204 : 503).send();
    const reason = healthy ? 'OK' : DOWN;
    reply.code(healthy ? 200 : 503);
    if (request.headers.accept?.includes('application/json')) return reply.send({ detailed: false, reasons: [reason] });
    return reply.type('text/html').send(reason);
  };
}
