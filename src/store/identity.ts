/** Users, projects and domains: look-ups, what a token stands for, and the one way to write to any of them. */
import type { ApplicationCredential, Domain, Project, Role, User } from '../model/identity.ts';
import { type Actor, type AuditedTx, audited } from './audit.ts';
import { rolesOf } from './identity-assignments.ts';
import { credentialById, rolesOfCredential } from './identity-credentials.ts';
import type { Db, Store, Tx } from './store.ts';

/** What a token is for: a user, alone or in a project or a domain, perhaps by way of an application credential. */
export interface Bearing {
  readonly userId: string;
  readonly projectId: string | null;
  readonly domainId: string | null;
  readonly credentialId: string | null;
}

/** What a bearing amounts to at one moment. `project` and `scopeDomain` are null for a token without scope. */
export interface Standing {
  readonly user: User;
  readonly domain: Domain;
  readonly project: Project | null;
  readonly projectDomain: Domain | null;
  readonly scopeDomain: Domain | null;
  readonly credential: ApplicationCredential | null;
  readonly roles: readonly Pick<Role, 'id' | 'name'>[];
}

/** Who writes when the server itself does. */
export const SYSTEM: Actor = { userId: '', userName: 'edgeweir', projectId: null, address: '', requestId: '' };

const listeners = new WeakMap<Store, Set<() => void>>();

/** Calls back after every committed write through `writeIdentity`. Returns what ends it. */
export function onIdentityChange(store: Store, listener: () => void): () => void {
  const known = listeners.get(store) ?? new Set();
  listeners.set(store, known.add(listener));
  return () => void known.delete(listener);
}

/**
 * The only way to write to the identity tables: what is recorded of it goes to the audit trail under the actor's name,
 * and who remembers users or tokens is told, whether it went well or not.
 */
export async function writeIdentity<T>(store: Store, actor: Actor, work: (tx: AuditedTx) => Promise<T>): Promise<T> {
  try {
    return await audited(store, actor, work);
  } finally {
    listeners.get(store)?.forEach((listener) => listener());
  }
}

export function userById(db: Db, id: string): Promise<User | undefined> {
  return db.selectFrom('user_account').selectAll().where('id', '=', id).executeTakeFirst();
}

export function userByName(db: Db, name: string, domainId: string): Promise<User | undefined> {
  return db.selectFrom('user_account').selectAll().where('name', '=', name).where('domain_id', '=', domainId).executeTakeFirst();
}

export function domainById(db: Db, id: string): Promise<Domain | undefined> {
  return db.selectFrom('domain').selectAll().where('id', '=', id).executeTakeFirst();
}

export function domainByName(db: Db, name: string): Promise<Domain | undefined> {
  return db.selectFrom('domain').selectAll().where('name', '=', name).executeTakeFirst();
}

export function projectById(db: Db, id: string): Promise<Project | undefined> {
  return db.selectFrom('project').selectAll().where('id', '=', id).executeTakeFirst();
}

export function projectByName(db: Db, name: string, domainId: string): Promise<Project | undefined> {
  return db.selectFrom('project').selectAll().where('name', '=', name).where('domain_id', '=', domainId).executeTakeFirst();
}

/** Everything a token stands for; undefined if the user, the scope or the credential is gone. */
export async function standingOf(db: Db, bearing: Bearing): Promise<Standing | undefined> {
  const user = await userById(db, bearing.userId);
  const domain = user && (await domainById(db, user.domain_id));
  if (!user || !domain) return undefined;
  const credential = bearing.credentialId === null ? null : await credentialById(db, bearing.credentialId);
  const scope = credential === undefined ? undefined : await scopeOf(db, bearing);
  return scope && { user, domain, credential: credential ?? null, ...scope };
}

type ScopeStanding = Pick<Standing, 'project' | 'projectDomain' | 'scopeDomain' | 'roles'>;
const UNSCOPED: ScopeStanding = { project: null, projectDomain: null, scopeDomain: null, roles: [] };

async function scopeOf(db: Db, { userId, projectId, domainId, credentialId }: Bearing): Promise<ScopeStanding | undefined> {
  if (domainId !== null) {
    const scopeDomain = await domainById(db, domainId);
    return scopeDomain && { ...UNSCOPED, scopeDomain, roles: await rolesOf(db, userId, { kind: 'domain', id: domainId }) };
  }
  if (projectId === null) return UNSCOPED;
  const project = await projectById(db, projectId);
  const projectDomain = project && (await domainById(db, project.domain_id));
  if (!project || !projectDomain) return undefined;
  const roles = await rolesOf(db, userId, { kind: 'project', id: projectId });
  return { ...UNSCOPED, project, projectDomain, roles: credentialId === null ? roles : await within(db, roles, credentialId) };
}

/** Of the roles, those the credential has, too. */
async function within(db: Db, roles: ScopeStanding['roles'], credentialId: string): Promise<ScopeStanding['roles']> {
  const given = new Set((await rolesOfCredential(db, credentialId)).map(({ id }) => id));
  return roles.filter(({ id }) => given.has(id));
}

/** Enabled projects, of enabled domains, in which the user has any role. */
export function projectsOf(db: Db, userId: string): Promise<Project[]> {
  return db
    .selectFrom('project')
    .selectAll()
    .where('enabled', '=', true)
    .where('id', 'in', (query) => query.selectFrom('role_assignment').select('project_id').where('user_id', '=', userId))
    .where('domain_id', 'in', (query) => query.selectFrom('domain').select('id').where('enabled', '=', true))
    .orderBy('name')
    .orderBy('id')
    .execute();
}

/** Enabled domains in which the user has any role. */
export function domainsOf(db: Db, userId: string): Promise<Domain[]> {
  return db
    .selectFrom('domain')
    .selectAll()
    .where('enabled', '=', true)
    .where('id', 'in', (query) => query.selectFrom('domain_role_assignment').select('domain_id').where('user_id', '=', userId))
    .orderBy('name')
    .orderBy('id')
    .execute();
}

export function allProjects(db: Db): Promise<Project[]> {
  return db.selectFrom('project').selectAll().orderBy('name').orderBy('id').execute();
}

export function allUsers(db: Db): Promise<User[]> {
  return db.selectFrom('user_account').selectAll().orderBy('name').orderBy('id').execute();
}

export function allDomains(db: Db): Promise<Domain[]> {
  return db.selectFrom('domain').selectAll().orderBy('name').orderBy('id').execute();
}

export function allRoles(db: Db): Promise<Role[]> {
  return db.selectFrom('role').selectAll().orderBy('name').orderBy('id').execute();
}

/**
 * Sets a new hash and refuses every token issued until now; those of a login that is under way with the old password,
 * too. `version`: the one under which the caller proved the old password; false if it has changed since.
 */
export async function setPassword(tx: AuditedTx, userId: string, hash: string | null, version?: number): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('user_account')
    .set((row) => ({ password_hash: hash, credential_version: row('credential_version', '+', 1) }))
    .where('id', '=', userId)
    .$if(version !== undefined, (query) => query.where('credential_version', '=', version as number))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Refuses a token for the rest of its life. `expiresAt` in milliseconds. */
export async function revokeToken(tx: Tx, auditId: string, expiresAt: number): Promise<void> {
  await tx.db
    .insertInto('revoked_token')
    .values({ audit_id: auditId, expires_at: new Date(expiresAt).toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Forgets revocations of tokens that have expired by themselves. */
export async function forgetExpiredRevocations(tx: Tx, now: number): Promise<void> {
  await tx.db.deleteFrom('revoked_token').where('expires_at', '<', new Date(now).toISOString()).execute();
}

export async function isRevoked(db: Db, auditId: string): Promise<boolean> {
  return (await db.selectFrom('revoked_token').select('audit_id').where('audit_id', '=', auditId).executeTakeFirst()) !== undefined;
}

/** Audit id → expiry in milliseconds. */
export async function revokedTokens(db: Db): Promise<Map<string, number>> {
  const rows = await db.selectFrom('revoked_token').selectAll().execute();
  return new Map(rows.map((row) => [row.audit_id, Date.parse(row.expires_at)]));
}
