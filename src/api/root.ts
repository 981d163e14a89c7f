/** `/`: where the faces are, for somebody who opens the address in a browser. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';

export const FACES = {
  identity: '/identity/v3',
  network: '/network',
  'load-balancer': '/load-balancer',
  compute: '/compute/v2.1',
  image: '/image',
  'key-manager': '/key-manager',
  edge: '/edge',
  events: '/events',
  audit: '/audit',
} as const;

export function root(baseUrl: (request: FastifyRequest) => string): FastifyPluginAsync {
  return async (app) => {
    app.get('/', async (request) => {
      const base = baseUrl(request);
      return { edgeweir: Object.fromEntries(Object.entries(FACES).map(([name, path]) => [name, `${base}${path}`])) };
    });
  };
}
