/** A known path with another method is 405, which the router itself does not tell from an unknown path. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

/**
 * Watches the routes that are registered from now on, children's included. Call the result when all are there: it
 * registers the missing methods of each path, which throw the refusal and name the allowed ones.
 */
export function refuseOtherMethods(app: FastifyInstance, refusal: (method: string) => Error): () => void {
  const known = new Map<string, Set<string>>();
  let watching = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!watching) return;
    const path = url.slice(app.prefix.length).replace(/\/$/, '') || '/';
    known.set(path, new Set([...(known.get(path) ?? []), ...[method].flat()]));
  });
  return () => {
    watching = false;
    for (const [url, allowed] of known) refuse(app, url, allowed, refusal);
  };
}

function refuse(app: FastifyInstance, url: string, allowed: ReadonlySet<string>, refusal: (method: string) => Error): void {
  const method = METHODS.filter((name) => !allowed.has(name));
  if (method.length === 0) return;
  const refused = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header('Allow', [...allowed].join(', '));
    throw refusal(request.method);
  };
  // Whatever is in the body: it is not waited for.
  app.route({ method, url, onRequest: refused, handler: refused });
}
