/**
 * The load-balancer face: Octavia's v2 API. Registered under a prefix; its paths are canonical (paths.ts).
 */
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { frameworkFault } from '../http/framework-fault.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { registerAmphorae } from './amphorae.ts';
import { DryRun } from './dry-run.ts';
import { errorBody } from './error-body.ts';
import { healthcheck } from './healthcheck.ts';
import { type FaceOptions, guard, lbaasRoutes } from './routes.ts';
import { versions } from './versions.ts';

export type { FaceOptions } from './routes.ts';

export function octaviaFace(options: FaceOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    app.get('/', async (request) => ({ versions: versions(options.baseUrl(request)) }));
    if (options.healthcheckEnabled) app.route({ method: ['GET', 'HEAD'], url: '/healthcheck', handler: healthcheck(options.store) });
    await app.register(
      async (v2) => {
        guard(v2, options);
        v2.get('/', async (_request, reply) => reply.type('text/plain').send('v2'));
        await v2.register(async (lbaas) => lbaasRoutes(lbaas, options), { prefix: '/lbaas' });
        registerAmphorae(v2, options);
      },
      { prefix: '/v2.0' },
    );
    refuse();
  };
}

/** For every face that speaks this one's dialect. */
export async function answerError(error: FastifyError | Fault | DryRun, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (error instanceof DryRun) return reply.code(200).send({ plan: error.plan });
  const known = error instanceof Fault ? error : frameworkFault(error, request);
  const body = errorBody(known);
  return reply
    .code(known.status)
    .type(typeof body === 'string' ? 'text/plain' : 'application/json')
    .send(body);
}
