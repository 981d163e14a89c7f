/**
 * Routes that nobody reaches without a token. It is looked at before anything of a body is read, so that strangers can make
 * the server keep nothing; and once more when the body is there, which may come for as long as a request may take: a token
 * that was revoked meanwhile writes nothing. What is remembered of tokens makes the second look a matter of microseconds.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Puts the caller on the request, or throws. */
export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Largest body of a request that comes without a token, bytes: a new and an old password of the greatest length, both in
 * JSON's longest spelling, and room for the rest. Such bodies are kept while they come, and nobody knows whose they are.
 */
export const OPEN_BODY = 65_536;

declare module 'fastify' {
  interface FastifyInstance {
    /** Largest body of a request that comes with a token, bytes; as much as without one if not given. */
    largestBody?: number;
  }
}

/** To be called before the part's routes are registered: their bodies may be larger than those of strangers. */
export function bearersOnly(app: FastifyInstance, authenticate: Authenticate): void {
  const { largestBody } = app;
  app.addHook('onRoute', (route) => {
    if (largestBody !== undefined) route.bodyLimit = largestBody;
  });
  app.addHook('onRequest', authenticate);
  app.addHook('preHandler', authenticate);
}
