/**
 * What Barbican has and this key manager has not: orders (keys made for the asker), authorities, transport keys, other
 * stores. Lists are empty, quotas are without limits; writing is refused.
 */
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../http/caller-of.ts';
import { barbican } from './barbican-error.ts';
import { reachOf, require } from './policy.ts';

const LISTS = { orders: 'Orders', cas: 'Certificate authorities', transport_keys: 'Transport keys' } as const;
const UNLIMITED = -1;
const QUOTAS = { secrets: UNLIMITED, orders: UNLIMITED, containers: UNLIMITED, consumers: UNLIMITED, cas: UNLIMITED } as const;
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

export function notOfferedRoutes(app: FastifyInstance): void {
  for (const [name, title] of Object.entries(LISTS)) {
    app.get(`/${name}`, async (request) => {
      reachOf(callerOf(request), `${title} retrieval`);
      return { [name]: [], total: 0 };
    });
    app.get(`/${name}/*`, async () => {
      throw barbican.notFound(title);
    });
    refuseWrites(app, `/${name}`, title);
    refuseWrites(app, `/${name}/*`, title);
  }
  quotaRoutes(app);
  app.get('/secret-stores', async () => {
    throw barbican.notFound('Secret stores');
  });
  refuseWrites(app, '/secret-stores', 'Secret stores');
}

function quotaRoutes(app: FastifyInstance): void {
  app.get('/quotas', async (request) => {
    reachOf(callerOf(request), 'Quotas');
    return { quotas: QUOTAS };
  });
  app.get('/project-quotas', async (request) => {
    require(callerOf(request).isAdmin, 'Project Quotas');
    return { project_quotas: [], total: 0 };
  });
  app.get('/project-quotas/:project', async (request) => {
    require(callerOf(request).isAdmin, 'Project Quotas');
    throw barbican.notFound('Project quotas');
  });
  for (const path of ['/quotas', '/project-quotas', '/project-quotas/:project']) refuseWrites(app, path, 'Quotas');
}

function refuseWrites(app: FastifyInstance, url: string, title: string): void {
  app.route({
    method: [...WRITES],
    url,
    handler: async (_request, reply) => {
      reply.header('Allow', 'GET');
      throw barbican.notOffered(title);
    },
  });
}
