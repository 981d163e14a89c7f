/**
 * The same objects under Neutron's own address, `/v2.0/lbaas/…`, for tools that still speak Neutron-LBaaS v2
 * (octavia-api reference §8). Only the bodies of errors differ: those clients read `NeutronError`.
 */
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { DryRun } from './dry-run.ts';
import { frameworkFault } from '../http/framework-fault.ts';
import { type FaceOptions, guard, lbaasRoutes } from './routes.ts';

/** Registered under `<network face>/v2.0/lbaas`; `baseUrl` is the network face's. */
export function neutronLbaasFace(options: FaceOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    await app.register(async (inner) => {
      guard(inner, options);
      lbaasRoutes(inner, options);
    });
    refuse();
  };
}

/** Exceptions by the names that Neutron-LBaaS gave them; some clients match on them. */
const TYPES: Readonly<Record<string, string>> = {
  not_found: 'EntityNotFound',
  no_such_parent: 'EntityNotFound',
  immutable: 'StateInvalid',
  invalid_state: 'StateInvalid',
  duplicate_listener: 'LoadBalancerListenerProtocolPortExists',
  duplicate_member: 'MemberExists',
  duplicate_monitor: 'OneHealthMonitorPerPool',
  default_pool_taken: 'OnePoolPerListener',
  pool_in_use: 'EntityInUse',
  quota_met: 'OverQuota',
  forbidden: 'PolicyNotAuthorized',
  no_such_path: 'HTTPNotFound',
  method_not_allowed: 'HTTPMethodNotAllowed',
};

async function answerError(error: FastifyError | Fault | DryRun, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (error instanceof DryRun) return reply.code(200).send({ plan: error.plan });
  const { code, status, message } = error instanceof Fault ? error : frameworkFault(error, request);
  if (status === 401) return reply.code(401).send({ error: { code: 401, title: 'Unauthorized', message } });
  const type = TYPES[code] ?? (status < 500 ? 'HTTPBadRequest' : 'HTTPInternalServerError');
  return reply.code(status).send({ NeutronError: { type, message, detail: '' } });
}
