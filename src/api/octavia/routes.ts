/** Everything below `/lbaas`, whatever it is mounted under. */
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { callerOf } from '../http/caller-of.ts';
import { registerAvailabilityZoneProfiles } from './availability-zone-profiles.ts';
import { registerAvailabilityZones } from './availability-zones.ts';
import { callOf, registerCollection, sendLong } from './collection.ts';
import type { OctaviaOptions } from './context.ts';
import { registerFailover } from './failover.ts';
import { registerFlavorProfiles } from './flavor-profiles.ts';
import { registerFlavors } from './flavors.ts';
import { healthMonitors } from './health-monitors.ts';
import { l7Policies } from './l7-policies.ts';
import { l7Rules } from './l7-rules.ts';
import { listeners } from './listeners.ts';
import { loadBalancers } from './load-balancers.ts';
import { replaceMembers } from './member-batch.ts';
import { members } from './members.ts';
import { pools } from './pools.ts';
import { registerProviders } from './providers.ts';
import { registerQuotas } from './quotas.ts';
import { resetState } from './reset-state.ts';
import { balancerStatistics, listenerStatistics } from './statistics.ts';
import { statusTree } from './status-tree.ts';

export interface FaceOptions extends OctaviaOptions {
  readonly authenticate: Authenticate;
}

/** What an answer in JSON satisfies; clients that name nothing take anything. */
const ACCEPTABLE = /(^|[\s,])(\*\/\*|application\/(\*|json))($|[\s,;])/i;

/** Who may come in at all: clients with a token that says for whom they come, which take JSON. */
export function guard(app: FastifyInstance, { authenticate }: FaceOptions): void {
  bearersOnly(app, authenticate);
  app.addHook('onRequest', async ({ headers: { accept } }) => {
    // openstacksdk sends an empty header with some requests: to it, as to Octavia, that names nothing.
    if (accept !== undefined && accept.trim() !== '' && !ACCEPTABLE.test(accept)) throw fault.notAcceptable();
  });
  app.addHook('preHandler', async (request) => {
    // An unscoped token says who, not for whom: Octavia refuses it everywhere.
    if (callerOf(request).projectId === null) throw fault.forbidden();
  });
}

export function lbaasRoutes(app: FastifyInstance, options: FaceOptions): void {
  registerCollection(app, options, loadBalancers);
  registerCollection(app, options, listeners);
  registerCollection(app, options, pools);
  registerCollection(app, options, members);
  registerCollection(app, options, healthMonitors);
  registerCollection(app, options, l7Policies);
  registerCollection(app, options, l7Rules);
  registerQuotas(app, options);
  registerProviders(app, options);
  registerFlavorProfiles(app, options);
  registerFlavors(app, options);
  registerAvailabilityZoneProfiles(app, options);
  registerAvailabilityZones(app, options);
  registerFailover(app, options);
  special(app, options);
}

function special(app: FastifyInstance, options: FaceOptions): void {
  app.put('/pools/:pool_id/members', async (request, reply) => {
    await replaceMembers(callOf(options, request));
    return reply.code(202).send();
  });
  app.put('/loadbalancers/:id/reset-state', async (request, reply) => {
    await resetState(callOf(options, request));
    return reply.code(202).send();
  });
  for (const path of ['/loadbalancers/:id/status', '/loadbalancers/:id/statuses'])
    app.get(path, async (request, reply) => sendLong(reply, await statusTree(callOf(options, request))));
  app.get('/loadbalancers/:id/stats', async (request) => balancerStatistics(callOf(options, request)));
  app.get('/listeners/:id/stats', async (request) => listenerStatistics(callOf(options, request)));
}
