/** What clients ask for around servers: zones and limits. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServerInfo } from '../../model/server.ts';
import { type ComputeContext, allServers, askOf, isOwn, sees } from './context.ts';
import { nova } from './nova-error.ts';

export function registerSurroundings(app: FastifyInstance, context: ComputeContext): void {
  app.get('/os-availability-zone', { exposeHeadRoute: true }, async (request) => {
    const { caller } = askOf(context, request);
    const zones = new Set((await allServers(context)).filter((info) => sees(caller, info)).map(({ availabilityZone }) => availabilityZone));
    return { availabilityZoneInfo: [...zones].toSorted().map((zoneName) => ({ zoneName, zoneState: { available: true }, hosts: null })) };
  });
  // There are no compute services to tell about.
  app.get('/os-availability-zone/detail', { exposeHeadRoute: true }, async () => {
    throw nova.notAllowed('os-availability-zone:detail');
  });
  quotaSets(app, context);
  app.get('/limits', { exposeHeadRoute: true }, async (request) => {
    const { caller } = askOf(context, request);
    return { limits: { rate: [], absolute: limitsOf((await allServers(context)).filter((info) => isOwn(caller, info))) } };
  });
}

type OfProject = FastifyRequest<{ Params: { project: string } }>;

function quotaSets(app: FastifyInstance, context: ComputeContext): void {
  const quotaFor = async (request: OfProject, rule: string): Promise<Record<string, number>> => {
    const { caller } = askOf(context, request);
    const { project } = request.params;
    if (!caller.isAdmin && caller.projectId !== project) throw nova.notAllowed(`os-quota-sets:${rule}`);
    return quotaOf((await allServers(context)).filter(({ projectId }) => projectId === project));
  };
  app.get('/os-quota-sets/:project', { exposeHeadRoute: true }, async (request: OfProject) => ({
    quota_set: { id: request.params.project, ...(await quotaFor(request, 'show')) },
  }));
  app.get('/os-quota-sets/:project/detail', { exposeHeadRoute: true }, async (request: OfProject) => {
    const used = Object.entries(await quotaFor(request, 'detail')).map(([name, limit]) => [name, { limit, in_use: limit, reserved: 0 }]);
    return { quota_set: { id: request.params.project, ...Object.fromEntries(used) } };
  });
  // Open to all, as Nova's: what a project has that has nothing.
  app.get('/os-quota-sets/:project/defaults', { exposeHeadRoute: true }, async (request: OfProject) => ({
    quota_set: { id: request.params.project, ...quotaOf([]) },
  }));
}

/** Nothing can be made here, so what there is is what there may be, and of all else there is none. */
function quotaOf(servers: readonly ServerInfo[]): Record<string, number> {
  const { maxTotalInstances: instances = 0, maxTotalCores: cores = 0, maxTotalRAMSize: ram = 0 } = limitsOf(servers);
  return { instances, cores, ram, key_pairs: 0, metadata_items: 0, server_groups: 0, server_group_members: 0 };
}

/** Nothing can be made here, so what there is is what there may be. */
function limitsOf(servers: readonly ServerInfo[]): Record<string, number> {
  const total = (of: (info: ServerInfo) => number): number => servers.reduce((sum, info) => sum + of(info), 0);
  const [instances, cores, ram] = [servers.length, total(({ flavor }) => flavor.vcpus), total(({ flavor }) => flavor.ram)];
  return {
    maxTotalInstances: instances,
    maxTotalCores: cores,
    maxTotalRAMSize: ram,
    totalInstancesUsed: instances,
    totalCoresUsed: cores,
    totalRAMUsed: ram,
  };
}
