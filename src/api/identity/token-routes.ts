/** `/v3/auth/…`: logging in, and what a bearer may ask about tokens. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { domain, project } from '../../model/identity.ts';
import { domainsOf, projectsOf } from '../../store/identity.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import type { Caller } from './caller.ts';
import { catalog } from './catalog.ts';
import { directoryList, listLinks } from './directory-view.ts';
import type { IdentityOptions } from './face.ts';
import { keystone } from './keystone-error.ts';
import { type LoginContext, login } from './login.ts';
import { parseLogin } from './login-request.ts';
import { tokenView } from './token-view.ts';
import type { Verified } from './tokens.ts';

type View = Record<string, unknown>;

/** Open to everybody: this is where tokens come from. */
export function loginRoute(app: FastifyInstance, options: IdentityOptions & LoginContext): void {
  app.post('/v3/auth/tokens', async (request, reply) => {
    const verified = await login(options, parseLogin(request.body), request.ip);
    return reply
      .code(201)
      .header('X-Subject-Token', verified.token)
      .send(await bodyOf(options, request, verified));
  });
}

/** For bearers of a token only. */
export function tokenRoutes(app: FastifyInstance, options: IdentityOptions): void {
  app.get('/v3/auth/tokens', { exposeHeadRoute: true }, async (request, reply) => {
    const subject = await subjectOf(options, request, 'validate_token');
    return reply.header('X-Subject-Token', subject.token).send(await bodyOf(options, request, subject));
  });
  app.delete('/v3/auth/tokens', async (request, reply) => {
    const subject = await subjectOf(options, request, 'revoke_token');
    await options.tokens.revoke(subject.token, actorOf(request));
    return reply.code(204).send();
  });
  app.get('/v3/auth/catalog', { exposeHeadRoute: true }, async (request) => catalogFor(options, request));
  app.get('/v3/auth/projects', { exposeHeadRoute: true }, async (request) => {
    const rows = await projectsOf(options.store.db, callerOf(request).userId);
    return directoryList(project, rows, request, options.baseUrl(request), '/auth/projects');
  });
  app.get('/v3/auth/domains', { exposeHeadRoute: true }, async (request) => {
    const rows = await domainsOf(options.store.db, callerOf(request).userId);
    return directoryList(domain, rows, request, options.baseUrl(request), '/auth/domains');
  });
  // Nobody has a role in the system: roles are held in projects and domains.
  app.get('/v3/auth/system', { exposeHeadRoute: true }, async (request) => ({ system: [], ...listLinks(options.baseUrl(request), '/auth/system') }));
}

async function bodyOf({ store, baseUrl, region }: IdentityOptions, request: FastifyRequest, verified: Verified): Promise<View> {
  const { caller } = verified;
  const wanted = isScoped(caller) && !Object.hasOwn(request.query as object, 'nocatalog');
  return { token: tokenView(verified, wanted ? await catalog(store.db, baseUrl(request), region, caller) : null) };
}

async function catalogFor({ store, baseUrl, region }: IdentityOptions, request: FastifyRequest): Promise<View> {
  const caller = callerOf(request);
  if (!isScoped(caller)) throw keystone.notAuthorized('get_auth_catalog');
  const base = baseUrl(request);
  return { catalog: await catalog(store.db, base, region, caller), ...listLinks(base, '/auth/catalog') };
}

function isScoped({ projectId, scopeDomainId }: Caller): boolean {
  return projectId !== null || (scopeDomainId ?? null) !== null;
}

/** The token asked about: the caller's own user's, or anybody's for an administrator. */
async function subjectOf({ tokens }: IdentityOptions, request: FastifyRequest, action: string): Promise<Verified> {
  const caller = callerOf(request);
  const token = request.headers['x-subject-token'];
  if (typeof token !== 'string') throw keystone.expecting('X-Subject-Token', 'the headers');
  const subject = await holding(() => tokens.inspect(token));
  if (!subject) throw keystone.notFound('token', 'the subject token');
  if (!caller.isAdmin && subject.caller.userId !== caller.userId) throw keystone.notAuthorized(action);
  return subject;
}

/** null for a token that does not hold: here that is an answer, not a refusal. */
async function holding(inspect: () => Promise<Verified>): Promise<Verified | null> {
  try {
    return await inspect();
  } catch (error) {
    if (error instanceof Fault && error.status === 401) return null;
    throw error;
  }
}
