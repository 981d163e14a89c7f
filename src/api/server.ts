/**
 * The HTTP server: all faces on one port under the usual prefixes, and, if asked for, the identity face alone on
 * Keystone's port.
 */
import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';
import { fault } from '../model/fault.ts';
import type { Log } from '../model/log.ts';
import type { Store } from '../store/store.ts';
import { baseUrl } from './http/base-url.ts';
import { fastifyLog } from './http/fastify-log.ts';
import { readJsonBodies } from './http/json-body.ts';
import { authenticate } from './identity/authenticate.ts';
import { identityFace } from './identity/face.ts';
import type { LoginLimit } from './identity/login-limit.ts';
import type { Tokens } from './identity/tokens.ts';
import { networkFace } from './network/face.ts';
import { octaviaFace } from './octavia/face.ts';
import { canonicalPath } from './octavia/paths.ts';
import { root } from './root.ts';

export interface ServerOptions {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly authStrategy: 'keystone' | 'noauth';
  /** As configured; empty: from the request. */
  readonly publicUrl: string;
  readonly bindHost: string;
  readonly bindPort: number;
  readonly region: string;
  readonly log: Log;
  /** Shared by both ports, so that a second port gives no further guesses. */
  readonly loginLimit: LoginLimit;
  /** Bytes. */
  readonly maxBodySize: number;
  readonly maxLimit: number;
  readonly healthcheckEnabled: boolean;
  readonly defaultProvider: string;
  readonly enabledProviders: readonly string[];
  /** Names that networks may be mapped to. */
  readonly physicalNetworks: readonly string[];
}

const LOAD_BALANCER = '/load-balancer';
/** A client may keep a connection idle this long, ms; longer than what proxies in front usually do. */
const KEEP_ALIVE_MS = 75_000;
/** Bounds of one request, ms: slow senders do not hold connections for ever. */
const REQUEST_MS = 60_000;

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = bare(options);
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ code: 404, title: 'Not Found', description: fault.noSuchPath().message }));
  const base = (request: FastifyRequest): string => baseUrl(request, options.publicUrl, options.bindHost, options.bindPort);
  const check = authenticate({ strategy: options.authStrategy, store: options.store, tokens: options.tokens, baseUrl: base });
  await app.register(root(base));
  await app.register(identityFace({ ...identityOptions(options), baseUrl: base }), { prefix: '/identity' });
  await app.register(networkFace({ store: options.store, authenticate: check, baseUrl: base, physicalNetworks: options.physicalNetworks }), {
    prefix: '/network',
  });
  await app.register(
    octaviaFace({
      store: options.store,
      authenticate: check,
      defaultProvider: options.defaultProvider,
      enabledProviders: options.enabledProviders,
      maxLimit: options.maxLimit,
      healthcheckEnabled: options.healthcheckEnabled,
      baseUrl: (request) => `${base(request)}${LOAD_BALANCER}`,
    }),
    { prefix: LOAD_BALANCER },
  );
  return app;
}

/** Keystone's own port: the identity face without a prefix. */
export async function buildKeystoneServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = bare(options);
  await app.register(
    identityFace({ ...identityOptions(options), baseUrl: (request) => baseUrl(request, options.publicUrl, options.bindHost, options.bindPort) }),
  );
  return app;
}

function identityOptions({ store, tokens, region, loginLimit }: ServerOptions): Pick<ServerOptions, 'store' | 'tokens' | 'region'> & { limit: LoginLimit } {
  return { store, tokens, region, limit: loginLimit };
}

function bare({ maxBodySize, log }: ServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: fastifyLog(log),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodySize,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    genReqId: () => `req-${randomUUID()}`,
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    rewriteUrl: ({ url = '/' }) => rewrite(url),
    exposeHeadRoutes: false,
  });
  readJsonBodies(app);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Openstack-Request-Id', request.id);
  });
  return app;
}

/** The load-balancer face's many spellings of a path become one. */
function rewrite(url: string): string {
  if (!url.startsWith(LOAD_BALANCER)) return url;
  const [path = '', query] = url.split('?', 2);
  const canonical = `${LOAD_BALANCER}${canonicalPath(path.slice(LOAD_BALANCER.length))}`;
  return query === undefined ? canonical : `${canonical}?${url.slice(url.indexOf('?') + 1)}`;
}
