/** `/`: where the faces are, for somebody who opens the address in a browser. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';

export function root(baseUrl: (request: FastifyRequest) => string): FastifyPluginAsync {
  return async (app) => {
    app.get('/', async (request) => {
      const base = baseUrl(request);
      return { edgeweir: { identity: `${base}/identity/v3`, network: `${base}/network`, 'load-balancer': `${base}/load-balancer` } };
    });
  };
}
