/** /servers: what there is can be looked up; making and changing it is refused. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServerInfo } from '../../model/server.ts';
import { inTurns } from '../http/turns.ts';
import { type Ask, type ComputeContext, allServers, askOf, isOwn, sees } from './context.ts';
import type { View } from './flavor-view.ts';
import { nova } from './nova-error.ts';
import { behindMarker, pageOf } from './page.ts';
import { serverTests, wantsAllProjects } from './server-filters.ts';
import { serverOrder } from './server-order.ts';
import { serverReference, serverView } from './server-view.ts';

export function registerServers(app: FastifyInstance, context: ComputeContext): void {
  lists(app, context);
  app.get('/servers/:id', { exposeHeadRoute: true }, async (request) => {
    const ask = askOf(context, request);
    return { server: serverView(ask, await serverFor(ask, context, idIn(request)), true) };
  });
  app.get('/servers/:id/ips', { exposeHeadRoute: true }, async (request) => {
    const ask = askOf(context, request);
    const { addresses } = serverView(ask, await serverFor(ask, context, idIn(request)), true);
    return { addresses };
  });
  app.get('/servers/:id/metadata', { exposeHeadRoute: true }, async (request) => {
    const { metadata } = await serverFor(askOf(context, request), context, idIn(request));
    return { metadata };
  });
  writes(app);
}

function lists(app: FastifyInstance, context: ComputeContext): void {
  app.get('/servers', { exposeHeadRoute: true }, async (request) => list(askOf(context, request), context, '/servers', 'index', serverReference));
  app.get('/servers/detail', { exposeHeadRoute: true }, async (request) =>
    list(askOf(context, request), context, '/servers/detail', 'detail', (ask, info) => serverView(ask, info, false)),
  );
}

async function list(ask: Ask, context: ComputeContext, path: string, rule: string, view: (ask: Ask, info: ServerInfo) => View): Promise<View> {
  const [everything, tests, order] = [wantsAllProjects(ask, rule), serverTests(ask), serverOrder(ask)];
  const visible = (await allServers(context)).filter((info) => everything || isOwn(ask.caller, info)).toSorted(order);
  const candidates = behindMarker(ask, visible);
  const passing = await inTurns(candidates, (info) => tests.every((passes) => passes(info)));
  const found = candidates.filter((_info, index) => passing[index]);
  const { items, links } = pageOf(ask, path, found);
  return { servers: items.map((info) => view(ask, info)), ...(links.length > 0 ? { servers_links: links } : {}) };
}

function idIn(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

async function serverFor({ caller }: Ask, context: ComputeContext, id: string): Promise<ServerInfo> {
  const found = (await allServers(context)).find((info) => info.id === id);
  if (!found || !sees(caller, found)) throw nova.serverNotFound(id);
  return found;
}

/** Servers come from elsewhere: nobody's role allows to make or change them here. */
function writes(app: FastifyInstance): void {
  const refuse = (rule: string) => async () => {
    throw nova.readOnly(rule);
  };
  app.post('/servers', refuse('servers:create'));
  app.put('/servers/:id', refuse('servers:update'));
  app.delete('/servers/:id', refuse('servers:delete'));
  app.post('/servers/:id/action', refuse('os-admin-actions'));
  for (const method of ['POST', 'PUT'] as const) app.route({ method, url: '/servers/:id/metadata', handler: refuse('server-metadata:update') });
}
