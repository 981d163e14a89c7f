/** The identity face: as much of Keystone v3 as clients need to log in, to find the other faces and to set themselves up. */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { OPTIONS } from '../../config/options.ts';
import type { Store } from '../../store/store.ts';
import { bearersOnly } from '../http/bearers-only.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { applicationCredentialRoutes } from './application-credentials.ts';
import { tokenIn } from './bearer.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { directoryRoutes } from './directory.ts';
import { grantRoutes } from './grants.ts';
import { PROCESS_HASHES, type HashQueue } from './hash-queue.ts';
import { answerError, keystone } from './keystone-error.ts';
import { LoginLimit } from './login-limit.ts';
import { ownPasswordRoute } from './own-password.ts';
import { loginRoute, tokenRoutes } from './token-routes.ts';
import type { Tokens } from './tokens.ts';
import { version } from './versions.ts';

export interface IdentityOptions {
  readonly store: Store;
  readonly tokens: Tokens;
  /** Region in the catalogue. */
  readonly region: string;
  /** Address of the server with all faces, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
  /** Give all listeners the same one; this face has one of its own if not given. */
  readonly limit?: LoginLimit;
  /** Of the whole process if not given. */
  readonly hashes?: HashQueue;
  /** Application credentials a user may have; -1 is no limit. The option's default if not given. */
  readonly credentialLimit?: number;
}

/** The same with everything that may be left out. */
export type IdentityContext = Required<IdentityOptions>;

const CREDENTIAL_LIMIT = OPTIONS.application_credential.user_limit.initial;

export function identityFace(given: IdentityOptions): FastifyPluginAsync {
  const options: IdentityContext = { limit: new LoginLimit(), hashes: PROCESS_HASHES, credentialLimit: CREDENTIAL_LIMIT, ...given };
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler(() => {
      throw keystone.noSuchPath();
    });
    const refuse = refuseOtherMethods(app, keystone.methodNotAllowed);
    // Caches in between must not give one user's answer to another.
    app.addHook('onRequest', async (_request, reply) => void reply.header('Vary', 'X-Auth-Token'));
    versionRoutes(app, options);
    loginRoute(app, options);
    ownPasswordRoute(app, options);
    await app.register(async (inner) => {
      bearersOnly(inner, async (request) => verify(options.tokens, request));
      tokenRoutes(inner, options);
      directoryRoutes(inner, options);
      grantRoutes(inner, options);
      catalogRoutes(inner, options);
      applicationCredentialRoutes(inner, options);
    });
    refuse();
  };
}

/** The documents that clients ask for before they have a token. */
function versionRoutes(app: FastifyInstance, { baseUrl }: IdentityOptions): void {
  app.get('/', { exposeHeadRoute: true }, async (request, reply) => reply.code(300).send({ versions: { values: [version(baseUrl(request))] } }));
  app.get('/v3', { exposeHeadRoute: true }, async (request) => ({ version: version(baseUrl(request)) }));
}

async function verify(tokens: Tokens, request: FastifyRequest): Promise<void> {
  request.caller = await tokens.verify(tokenIn(request));
}
