/** The key manager's face: as much of Barbican v1 as keeps certificates for load balancers, and what goes with them. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { accessListRoutes } from './access-lists.ts';
import { answerError } from './barbican-error.ts';
import { readBytes } from './body.ts';
import { consumerRoutes } from './consumers.ts';
import { containerRoutes } from './containers.ts';
import type { KeyManagerContext } from './context.ts';
import { negotiateVersion } from './microversion.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { metadataRoutes } from './secret-metadata.ts';
import { secretRoutes } from './secrets.ts';
import { versionView, versionsView } from './versions.ts';

export interface KeyManagerOptions extends KeyManagerContext {
  readonly authenticate: Authenticate;
}

export function keyManagerFace(options: KeyManagerOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    readBytes(app);
    negotiateVersion(app);
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    discovery(app, options);
    await app.register(async (inner) => resources(inner, options), { prefix: '/v1' });
    refuse();
  };
}

/** Open, as Barbican's: clients look for versions before they have a token. */
function discovery(app: FastifyInstance, { baseUrl }: KeyManagerOptions): void {
  app.get('/', { exposeHeadRoute: true }, async (request, reply) => reply.code(300).send(versionsView(baseUrl(request), request.keyManagerMinor)));
  app.get('/v1', { exposeHeadRoute: true }, async (request) => ({ version: versionView(baseUrl(request), request.keyManagerMinor) }));
}

async function resources(app: FastifyInstance, options: KeyManagerOptions): Promise<void> {
  bearersOnly(app, options.authenticate);
  secretRoutes(app, options);
  metadataRoutes(app, options);
  containerRoutes(app, options);
  accessListRoutes(app, options);
  consumerRoutes(app, options);
  notOfferedRoutes(app);
}
