/** What clients ask for around servers: zones and limits. */
import type { FastifyInstance } from 'fastify';
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
  app.get<{ Params: { project: string } }>('/os-quota-sets/:project', { exposeHeadRoute: true }, async (request) => {
    const { caller } = askOf(context, request);
    const { project } = request.params;
    if (!caller.isAdmin && caller.projectId !== project) throw nova.notAllowed('os-quota-sets:show');
    const own = (await allServers(context)).filter(({ projectId }) => projectId === project);
    return { quota_set: { id: project, ...quotaOf(own) } };
  });
  app.get('/limits', { exposeHeadRoute: true }, async (request) => {
    const { caller } = askOf(context, request);
    return { limits: { rate: [], absolute: limitsOf((await allServers(context)).filter((info) => isOwn(caller, info))) } };
  });
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
