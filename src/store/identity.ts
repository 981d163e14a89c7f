/** Users, projects, roles and revoked tokens: queries, and the writes that invalidate what was remembered of them. */
import type { Domain, Project, Role, User } from '../model/identity.ts';
import type { Db, Store, Tx } from './store.ts';

/** A user's standing in a project, at one moment. `project` is null for a token without scope. */
export interface Standing {
  readonly user: User;
  readonly domain: Domain;
  readonly project: Project | null;
  readonly projectDomain: Domain | null;
  readonly roles: readonly Pick<Role, 'id' | 'name'>[];
}

export interface Assignment {
  readonly user: Pick<User, 'id' | 'name' | 'domain_id'>;
  readonly project: Pick<Project, 'id' | 'name' | 'domain_id'>;
  readonly role: Pick<Role, 'id' | 'name'>;
}

const listeners = new WeakMap<Store, Set<() => void>>();

/** Calls back after every committed write through `writeIdentity`. Returns what ends it. */
export function onIdentityChange(store: Store, listener: () => void): () => void {
  const known = listeners.get(store) ?? new Set();
  listeners.set(store, known.add(listener));
  return () => void known.delete(listener);
}

/** The only way to write to the identity tables: who remembers users or tokens is told, whether it went well or not. */
export async function writeIdentity<T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await store.transaction(work);
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

/** Everything a token stands for; undefined if the user or the project is gone. */
export async function standingOf(db: Db, userId: string, projectId: string | null): Promise<Standing | undefined> {
  const user = await userById(db, userId);
  const domain = user && (await domainById(db, user.domain_id));
  if (!user || !domain) return undefined;
  if (projectId === null) return { user, domain, project: null, projectDomain: null, roles: [] };
  const project = await projectById(db, projectId);
  const projectDomain = project && (await domainById(db, project.domain_id));
  if (!project || !projectDomain) return undefined;
  return { user, domain, project, projectDomain, roles: await rolesOf(db, userId, projectId) };
}

export function rolesOf(db: Db, userId: string, projectId: string): Promise<Pick<Role, 'id' | 'name'>[]> {
  return db
    .selectFrom('role_assignment')
    .innerJoin('role', 'role.id', 'role_assignment.role_id')
    .select(['role.id as id', 'role.name as name'])
    .where('role_assignment.user_id', '=', userId)
    .where('role_assignment.project_id', '=', projectId)
    .orderBy('role.name')
    .execute();
}

/** Enabled projects in which the user has any role. */
export function projectsOf(db: Db, userId: string): Promise<Project[]> {
  return db
    .selectFrom('project')
    .selectAll()
    .where('enabled', '=', true)
    .where('id', 'in', (query) => query.selectFrom('role_assignment').select('project_id').where('user_id', '=', userId))
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

/** Assignments with the names of what they join; null does not filter. */
export async function assignments(db: Db, filter: { userId: string | null; projectId: string | null; roleId: string | null }): Promise<Assignment[]> {
  const rows = await db
    .selectFrom('role_assignment')
    .innerJoin('user_account', 'user_account.id', 'role_assignment.user_id')
    .innerJoin('project', 'project.id', 'role_assignment.project_id')
    .innerJoin('role', 'role.id', 'role_assignment.role_id')
    .select(['user_account.id as user_id', 'user_account.name as user_name', 'user_account.domain_id as user_domain'])
    .select(['project.id as project_id', 'project.name as project_name', 'project.domain_id as project_domain', 'role.id as role_id', 'role.name as role_name'])
    .$if(filter.userId !== null, (query) => query.where('role_assignment.user_id', '=', filter.userId))
    .$if(filter.projectId !== null, (query) => query.where('role_assignment.project_id', '=', filter.projectId))
    .$if(filter.roleId !== null, (query) => query.where('role_assignment.role_id', '=', filter.roleId))
    .orderBy('user_account.name')
    .orderBy('project.name')
    .orderBy('role.name')
    .execute();
  return rows.map((row) => ({
    user: { id: row.user_id, name: row.user_name, domain_id: row.user_domain },
    project: { id: row.project_id, name: row.project_name, domain_id: row.project_domain },
    role: { id: row.role_id, name: row.role_name },
  }));
}

/** Sets a new hash and refuses every token issued until now. */
export async function setPassword(tx: Tx, userId: string, hash: string, at: Date): Promise<void> {
  await tx.db.updateTable('user_account').set({ password_hash: hash, tokens_valid_after: at.toISOString() }).where('id', '=', userId).execute();
}

/** Gives the user the roles in the project; those it has are left. */
export async function assignRoles(tx: Tx, userId: string, projectId: string, roleIds: readonly string[]): Promise<void> {
  if (roleIds.length === 0) return;
  const rows = roleIds.map((roleId) => ({ user_id: userId, project_id: projectId, role_id: roleId }));
  await tx.db
    .insertInto('role_assignment')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
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

/** Audit id → expiry in milliseconds. */
export async function revokedTokens(db: Db): Promise<Map<string, number>> {
  const rows = await db.selectFrom('revoked_token').selectAll().execute();
  return new Map(rows.map((row) => [row.audit_id, Date.parse(row.expires_at)]));
}
