/** `/v3/users/{id}/application_credentials`: made by the user for a program, shown whole once, deleted again. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isPlainObject } from '../../model/field.ts';
import { type ApplicationCredential, type Role, applicationCredential } from '../../model/identity.ts';
import { parseCreateObject } from '../../model/resource.ts';
import { countCredentials, credentialById, credentialsOf, dropCredentials, insertCredential, rolesOfCredential } from '../../store/identity-credentials.ts';
import { isUniqueViolation } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { callerOf } from '../http/caller-of.ts';
import type { RawQuery } from '../http/list-query.ts';
import { requireAdmin } from './access.ts';
import { tokenIn, writeAsBearer } from './bearer.ts';
import { type Body, objectIn } from './bodies.ts';
import { type View, directoryView, listLinks } from './directory-view.ts';
import { parseExpiry } from './expiry.ts';
import type { IdentityContext } from './face.ts';
import { type HashQueue, provenSource } from './hash-queue.ts';
import { assignmentWords, keystone } from './keystone-error.ts';
import { newId } from './new-id.ts';
import { hashPassword } from './password.ts';
import { checkedPassword } from './users.ts';
import type { Verified } from './tokens.ts';
import { idOf } from './writes.ts';

const COLLECTION = '/v3/users/:id/application_credentials';
const SECRET_BYTES = 64;

export function applicationCredentialRoutes(app: FastifyInstance, options: IdentityContext): void {
  const { store, baseUrl } = options;
  app.get(COLLECTION, { exposeHeadRoute: true }, async (request) => {
    requireOwner(request, 'list_application_credentials');
    const name = [(request.query as RawQuery)['name']].flat().at(-1);
    const rows = (await credentialsOf(store.db, idOf(request))).filter((row) => name === undefined || row.name === name);
    const views = await Promise.all(rows.map((row) => shown(store.db, row, baseUrl(request))));
    return { application_credentials: views, ...listLinks(baseUrl(request), pathOf(idOf(request))) };
  });
  app.get(`${COLLECTION}/:credentialId`, { exposeHeadRoute: true }, async (request) => {
    requireOwner(request, 'get_application_credential');
    return { application_credential: await shown(store.db, await existing(store.db, request), baseUrl(request)) };
  });
  app.post(COLLECTION, async (request, reply) => {
    const { row, secret } = await create(options, request);
    return reply.code(201).send({ application_credential: { ...(await shown(store.db, row, baseUrl(request))), secret } });
  });
  app.delete(`${COLLECTION}/:credentialId`, async (request, reply) => {
    requireOwner(request, 'delete_application_credential');
    await writeAsBearer(options, request, { action: 'delete_application_credential', owner: idOf(request) }, async (tx, bearer) => {
      refuseRestricted(bearer);
      await dropCredentials(tx, { id: (await existing(tx.db, request)).id });
    });
    return reply.code(204).send();
  });
  app.get('/v3/users/:id/access_rules', { exposeHeadRoute: true }, async (request) => {
    requireOwner(request, 'list_access_rules');
    return { access_rules: [], ...listLinks(baseUrl(request), `/users/${encodeURIComponent(idOf(request))}/access_rules`) };
  });
}

function requireOwner(request: FastifyRequest, action: string): void {
  requireAdmin(request, action, callerOf(request).userId === idOf(request));
}

/** A credential that is not unrestricted cannot make others, which would outlive it. */
function refuseRestricted({ standing: { credential } }: Verified): void {
  if (credential && !credential.unrestricted)
    throw keystone.forbiddenAction("Using method 'application_credential' is not allowed for managing additional application credentials.");
}

async function existing(db: Db, request: FastifyRequest): Promise<ApplicationCredential> {
  const { id, credentialId } = request.params as { id: string; credentialId: string };
  const row = await credentialById(db, credentialId);
  if (!row || row.user_id !== id) throw keystone.notFound(applicationCredential.title, credentialId);
  return row;
}

/** `secret`: the only time it is seen. */
async function create(options: IdentityContext, request: FastifyRequest): Promise<{ row: ApplicationCredential; secret: string }> {
  const object = objectIn(request.body, applicationCredential.name);
  const bearer = await options.tokens.inspect(tokenIn(request));
  refuseRestricted(bearer);
  if (callerOf(request).userId !== idOf(request)) throw keystone.forbiddenAction('Cannot create an application credential for another user.');
  const { project } = bearer.standing;
  if (!project) throw keystone.invalidCredential('it is for the project of the token, and this token has none.');
  refuseAccessRules(object['access_rules']);
  const roles = wantedRoles(object['roles'], bearer);
  const secret = object['secret'] ? checkedPassword(object['secret'], 'secret') : randomBytes(SECRET_BYTES).toString('base64url');
  // Asked before the hash, too: whoever has too many shall not have the work done.
  await refuseMore(options.store.db, options.credentialLimit, bearer.caller.userId);
  const row = await draft(options.hashes, object, bearer.caller.userId, project.id, secret);
  await insertOnce(options, request, row, roles);
  return { row, secret };
}

async function draft(hashes: HashQueue, object: Body, user_id: string, project_id: string, secret: string): Promise<ApplicationCredential> {
  const names = ['name', 'description', 'unrestricted'];
  const values = parseCreateObject(applicationCredential, Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name))));
  const expires_at = parseExpiry(object['expires_at'], Date.now());
  const secret_hash = await hashes.run(provenSource(user_id), () => hashPassword(secret));
  return { ...values, id: newId(), user_id, project_id, expires_at, secret_hash, created_at: new Date().toISOString() };
}

/** Roles are those of the token in the transaction: one taken away meanwhile is not given. */
async function insertOnce(options: IdentityContext, request: FastifyRequest, row: ApplicationCredential, roles: readonly Pick<Role, 'id'>[]): Promise<void> {
  await writeAsBearer(options, request, { action: 'create_application_credential', owner: row.user_id }, async (tx, { standing }) => {
    await refuseMore(tx.db, options.credentialLimit, row.user_id);
    const held = new Set(standing.roles.map(({ id }) => id));
    const missing = roles.find(({ id }) => !held.has(id));
    if (missing) throw notHeld(missing.id, row.user_id, row.project_id);
    await insertCredential(
      tx,
      row,
      roles.map(({ id }) => id),
    );
  }).catch((error: unknown) => {
    throw isUniqueViolation(error) ? keystone.conflict(applicationCredential.name, `Duplicate entry found with name ${row.name}`) : error;
  });
}

async function refuseMore(db: Db, limit: number, userId: string): Promise<void> {
  if (limit >= 0 && (await countCredentials(db, userId)) >= limit) throw keystone.tooManyCredentials(limit);
}

function notHeld(role: string, userId: string, projectId: string): Error {
  return keystone.invalidCredential(`Could not find role assignment with ${assignmentWords(role, userId, projectId)}.`);
}

/** Rules would have to be enforced by every face; none does, so none is taken. */
function refuseAccessRules(rules: unknown): void {
  if (rules === undefined || rules === null || (Array.isArray(rules) && rules.length === 0)) return;
  throw keystone.invalidCredential('access rules are not supported here.');
}

/** Those of the token, or the ones named by id or name among them. */
function wantedRoles(wanted: unknown, { standing, caller }: Verified): readonly Pick<Role, 'id' | 'name'>[] {
  if (wanted === undefined || wanted === null || (Array.isArray(wanted) && wanted.length === 0)) return standing.roles;
  if (!Array.isArray(wanted)) throw keystone.invalid("Invalid input for field 'roles': it should be a list");
  const found = wanted.map((reference: unknown) => {
    const { id, name } = isPlainObject(reference) ? reference : {};
    const role = standing.roles.find((each) => (id === undefined ? each.name === name : each.id === id));
    if (!role) throw notHeld(String(id ?? name), caller.userId, caller.projectId ?? '');
    return role;
  });
  return [...new Map(found.map((role) => [role.id, role])).values()];
}

/** Never with the secret or its hash. */
async function shown(db: Db, row: ApplicationCredential, base: string): Promise<View> {
  const roles = (await rolesOfCredential(db, row.id)).map(({ id, name, description }) => ({ id, name, description, domain_id: null }));
  const expires_at = row.expires_at === null ? null : row.expires_at.replace('Z', '000');
  return { ...directoryView(applicationCredential, row, base, pathOf(row.user_id)), expires_at, roles, system: null };
}

function pathOf(userId: string): string {
  return `/users/${encodeURIComponent(userId)}/application_credentials`;
}
