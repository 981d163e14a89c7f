/**
 * The HTTP server: all faces on one port under the usual prefixes, and, if asked for, the identity face alone on
 * Keystone's port.
 */
import { randomUUID } from 'node:crypto';
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';
import { OPTIONS } from '../config/options.ts';
import type { GatewayExporter } from '../control/gateway-export.ts';
import type { Planner } from '../control/planner.ts';
import type { Log } from '../model/log.ts';
import type { QuotaLimits } from '../model/quota.ts';
import type { ServerSource } from '../model/server.ts';
import type { Store } from '../store/store.ts';
import { auditFace } from './audit/face.ts';
import { edgeFace } from './edge/face.ts';
import type { GatewayDesk } from './edge/gateways.ts';
import type { HostDoor } from './edge/hosts.ts';
import { eventsFace } from './events/face.ts';
import { limitConnections } from './connection-limit.ts';
import { computeFace } from './compute/face.ts';
import { imageFace } from './compute/image-face.ts';
import { answerError } from './http/answer-error.ts';
import { baseUrl } from './http/base-url.ts';
import { OPEN_BODY } from './http/bearers-only.ts';
import { refuseDryRun } from './http/dry-run-header.ts';
import { fastifyLog } from './http/fastify-log.ts';
import { noSuchPath } from './http/no-such-path.ts';
import { readJsonBodies } from './http/json-body.ts';
import { SEGMENT_AT_MOST, soundPath } from './http/sound-path.ts';
import { refuseUnsound } from './http/sound-request.ts';
import { refuseConditions } from './http/conditions.ts';
import { authenticate } from './identity/authenticate.ts';
import { type IdentityOptions, identityFace } from './identity/face.ts';
import type { LoginLimit } from './identity/login-limit.ts';
import type { Tokens } from './identity/tokens.ts';
import { keyManagerFace } from './key-manager/face.ts';
import type { SecretKeys } from './key-manager/secret-keys.ts';
import { networkFace } from './network/face.ts';
import type { Provider } from './octavia/context.ts';
import type { CertificateStore } from './octavia/certificates.ts';
import { type FaceOptions, octaviaFace } from './octavia/face.ts';
import type { Limits } from './octavia/limits.ts';
import { neutronLbaasFace } from './octavia/neutron-lbaas.ts';
import { canonicalPath } from './octavia/paths.ts';
import type { RoleSet } from './octavia/policy.ts';
import { FACES, root } from './root.ts';

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
  /** On each port; the option's default if not given. */
  readonly maxConnections?: number;
  /** Application credentials of one user; the option's default if not given. */
  readonly credentialLimit?: number;
  readonly maxLimit: number;
  readonly healthcheckEnabled: boolean;
  readonly limits: Limits;
  /** `unchecked`: the networks are somebody else's. */
  readonly networkMode: 'embedded' | 'unchecked';
  /** What the key manager's face encrypts with; there is no such face if not given. */
  readonly secretKeys?: SecretKeys;
  /** null: the key manager is somebody else's. */
  readonly certificates: CertificateStore | null;
  readonly roleSet: RoleSet;
  readonly planner: Planner;
  readonly defaultProvider: string;
  readonly providers: ReadonlyMap<string, Provider>;
  /** What projects may have that have no quota of their own. */
  readonly quotas: QuotaLimits;
  /** Names that networks may be mapped to. */
  readonly physicalNetworks: readonly string[];
  /** Who lets hosts in; nobody if not given. */
  readonly door?: HostDoor | null;
  /** Who asks gateways; nobody if not given. */
  readonly desk?: GatewayDesk | null;
  /** Says what gateways should have; nobody if not given. */
  readonly exporter?: GatewayExporter;
  /** What the compute face lists; nothing if not given. */
  readonly servers?: readonly ServerSource[];
}

const LOAD_BALANCER = '/load-balancer';
const COMPUTE = '/compute';
const IMAGE = '/image';
const KEY_MANAGER = '/key-manager';
const EDGE = '/edge';
const NEUTRON_LBAAS = '/network/v2.0/lbaas';
/** A client may keep a connection idle this long, ms; longer than what proxies in front usually do. */
const KEEP_ALIVE_MS = 75_000;
/** Bounds of one request, ms: slow senders do not hold connections for ever. */
const REQUEST_MS = 60_000;
const MAX_CONNECTIONS = OPTIONS.api_settings.max_connections.initial;

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = bare(options);
  app.setNotFoundHandler(async (request, reply) => {
    const description = `${noSuchPath(request).message} There are: ${Object.values(FACES).join(', ')}`;
    return reply.code(404).send({ code: 404, title: 'Not Found', description });
  });
  const base = (request: FastifyRequest): string => baseUrl(request, options.publicUrl, options.bindHost, options.bindPort);
  const check = authenticate({ strategy: options.authStrategy, store: options.store, tokens: options.tokens, baseUrl: base });
  await app.register(root(base));
  await app.register(identityFace({ ...identityOptions(options), baseUrl: base }), { prefix: '/identity' });
  await app.register(networkFace({ store: options.store, authenticate: check, baseUrl: base, physicalNetworks: options.physicalNetworks }), {
    prefix: '/network',
  });
  await app.register(computeFace({ sources: options.servers ?? [], authenticate: check, baseUrl: (request) => `${base(request)}${COMPUTE}` }), {
    prefix: COMPUTE,
  });
  await app.register(imageFace({ authenticate: check, baseUrl: (request) => `${base(request)}${IMAGE}` }), { prefix: IMAGE });
  if (options.secretKeys) {
    const keyManager = { store: options.store, keys: options.secretKeys, authenticate: check };
    await app.register(keyManagerFace({ ...keyManager, baseUrl: (request) => `${base(request)}${KEY_MANAGER}` }), { prefix: KEY_MANAGER });
  }
  const octavia = { ...octaviaOptions(options), authenticate: check };
  await app.register(octaviaFace({ ...octavia, baseUrl: (request) => `${base(request)}${LOAD_BALANCER}` }), { prefix: LOAD_BALANCER });
  await app.register(neutronLbaasFace({ ...octavia, baseUrl: (request) => `${base(request)}/network` }), { prefix: NEUTRON_LBAAS });
  await app.register(
    edgeFace({
      ...octavia,
      door: options.door ?? null,
      desk: options.desk ?? null,
      exporter: options.exporter ?? null,
      secretKeys: options.secretKeys ?? null,
      baseUrl: (request) => `${base(request)}${EDGE}`,
    }),
    { prefix: EDGE },
  );
  const records = { store: options.store, authenticate: check, roleSet: options.roleSet, maxLimit: options.maxLimit, baseUrl: base };
  await app.register(eventsFace({ ...records, log: options.log, maxConnections: options.maxConnections ?? MAX_CONNECTIONS }), { prefix: '/events' });
  await app.register(auditFace(records), { prefix: '/audit' });
  return app;
}

function octaviaOptions(options: ServerOptions): Omit<FaceOptions, 'authenticate' | 'baseUrl'> {
  return {
    store: options.store,
    defaultProvider: options.defaultProvider,
    providers: options.providers,
    // Without a token nobody says whose an object is: Octavia, too, then limits nobody.
    quotas: options.authStrategy === 'noauth' ? null : options.quotas,
    maxLimit: options.maxLimit,
    limits: options.limits,
    network: options.networkMode,
    certificates: options.certificates,
    roleSet: options.roleSet,
    planner: options.planner,
    healthcheckEnabled: options.healthcheckEnabled,
  };
}

/** Keystone's own port: the identity face without a prefix. */
export async function buildKeystoneServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = bare(options);
  await app.register(
    identityFace({ ...identityOptions(options), baseUrl: (request) => baseUrl(request, options.publicUrl, options.bindHost, options.bindPort) }),
  );
  return app;
}

function identityOptions({ store, tokens, region, loginLimit, credentialLimit }: ServerOptions): Omit<IdentityOptions, 'baseUrl'> {
  return { store, tokens, region, limit: loginLimit, ...(credentialLimit === undefined ? {} : { credentialLimit }) };
}

function bare({ maxBodySize, maxConnections = MAX_CONNECTIONS, log }: ServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: fastifyLog(log),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: Math.min(OPEN_BODY, maxBodySize),
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    genReqId: () => `req-${randomUUID()}`,
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: SEGMENT_AT_MOST },
    rewriteUrl: ({ url = '/' }) => rewrite(soundPath(url)),
    exposeHeadRoutes: false,
  });
  app.decorate('largestBody', maxBodySize);
  limitConnections(app, maxConnections, log);
  readJsonBodies(app);
  app.setErrorHandler(answerError);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Openstack-Request-Id', request.id);
    refuseUnsound(request);
    if (isLoadBalancing(request.url)) return;
    refuseDryRun(request);
    refuseConditions(request);
  });
  return app;
}

/** Whether its face rehearses writes and compares ETags. */
function isLoadBalancing(path: string): boolean {
  return [LOAD_BALANCER, NEUTRON_LBAAS, EDGE].some((prefix) => path.startsWith(prefix));
}

/** The load-balancer face's many spellings of a path become one. */
function rewrite(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (path.startsWith(`${NEUTRON_LBAAS}/`)) return query === undefined ? path.replace(/\.json$/, '') : url.replace('.json?', '?');
  if (!path.startsWith(LOAD_BALANCER)) return url;
  const canonical = `${LOAD_BALANCER}${canonicalPath(path.slice(LOAD_BALANCER.length))}`;
  return query === undefined ? canonical : `${canonical}?${url.slice(url.indexOf('?') + 1)}`;
}
