/** The compute face: as much of Nova v2.1 as a script needs that looks for machines to balance onto or to balance for. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import type { ComputeContext } from './context.ts';
import { registerFlavors } from './flavors.ts';
import { OLDEST, negotiateVersion } from './microversion.ts';
import { answerError } from './nova-error.ts';
import { registerServers } from './servers.ts';
import { registerSurroundings } from './surroundings.ts';
import { version, versionDetail } from './versions.ts';

export interface ComputeOptions extends ComputeContext {
  readonly authenticate: Authenticate;
}

export function computeFace(options: ComputeOptions): FastifyPluginAsync {
  return async (app) => {
    app.decorateRequest('computeMinor', OLDEST);
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    app.addHook('onRequest', async (request, reply) => {
      reply.header('X-Compute-Request-Id', request.id);
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    discovery(app, options);
    await app.register(async (inner) => resources(inner, options), { prefix: '/v2.1' });
    refuse();
  };
}

/** Open, as Nova's: clients look for versions before they have a token. */
function discovery(app: FastifyInstance, { baseUrl }: ComputeOptions): void {
  app.get('/', { exposeHeadRoute: true }, async (request) => ({ versions: [version(baseUrl(request))] }));
  app.register(async (open) => {
    negotiateVersion(open);
    open.get('/v2.1', { exposeHeadRoute: true }, async (request) => ({ version: versionDetail(baseUrl(request)) }));
  });
}

async function resources(app: FastifyInstance, options: ComputeOptions): Promise<void> {
  bearersOnly(app, options.authenticate);
  negotiateVersion(app);
  registerServers(app, options);
  registerFlavors(app, options);
  registerSurroundings(app, options);
}
