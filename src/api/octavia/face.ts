/**
 * The load-balancer face: Octavia's v2 API. Registered under a prefix; its paths are canonical (paths.ts).
 */
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { callOf, registerCollection } from './collection.ts';
import { type OctaviaOptions, callerOf } from './context.ts';
import { errorBody } from './error-body.ts';
import { healthMonitors } from './health-monitors.ts';
import { healthcheck } from './healthcheck.ts';
import { listeners } from './listeners.ts';
import { loadBalancers } from './load-balancers.ts';
import { replaceMembers } from './member-batch.ts';
import { members } from './members.ts';
import { pools } from './pools.ts';
import { balancerStatistics, listenerStatistics } from './statistics.ts';
import { statusTree } from './status-tree.ts';
import { versions } from './versions.ts';

export interface FaceOptions extends OctaviaOptions {
  /** Puts the caller on the request, or throws. */
  readonly authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

export function octaviaFace(options: FaceOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler(() => {
      throw fault.noSuchPath();
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    app.get('/', async (request) => ({ versions: versions(options.baseUrl(request)) }));
    if (options.healthcheckEnabled) app.route({ method: ['GET', 'HEAD'], url: '/healthcheck', handler: healthcheck(options.store) });
    await app.register(async (authenticated) => resources(authenticated, options), { prefix: '/v2.0' });
    refuse();
  };
}

async function resources(app: FastifyInstance, options: FaceOptions): Promise<void> {
  app.addHook('preHandler', options.authenticate);
  app.addHook('preHandler', async (request) => {
    // An unscoped token says who, not for whom: Octavia refuses it everywhere.
    if (callerOf(request).projectId === null) throw fault.forbidden();
  });
  app.get('/', async (_request, reply) => reply.type('text/plain').send('v2'));
  await app.register(
    async (lbaas) => {
      registerCollection(lbaas, options, loadBalancers);
      registerCollection(lbaas, options, listeners);
      registerCollection(lbaas, options, pools);
      registerCollection(lbaas, options, members);
      registerCollection(lbaas, options, healthMonitors);
      lbaas.put('/pools/:pool_id/members', async (request, reply) => {
        await replaceMembers(callOf(options, request));
        return reply.code(202).send();
      });
      for (const path of ['/loadbalancers/:id/status', '/loadbalancers/:id/statuses']) lbaas.get(path, async (request) => statusTree(callOf(options, request)));
      lbaas.get('/loadbalancers/:id/stats', async (request) => balancerStatistics(callOf(options, request)));
      lbaas.get('/listeners/:id/stats', async (request) => listenerStatistics(callOf(options, request)));
    },
    { prefix: '/lbaas' },
  );
}

async function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const known = error instanceof Fault ? error : fromFastify(error, request);
  const body = errorBody(known);
  return reply
    .code(known.status)
    .type(typeof body === 'string' ? 'text/plain' : 'application/json')
    .send(body);
}

/** Errors of the HTTP library that are the client's; all others are ours, and logged. */
export function fromFastify(error: FastifyError, request: FastifyRequest): Fault {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return fault.bodyTooLarge();
  if (error.statusCode !== undefined && error.statusCode < 500) return fault.validation(error.message);
  request.log.error({ err: error }, 'request failed');
  return fault.internal();
}
