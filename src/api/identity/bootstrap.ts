/**
 * What every installation has from its first start: the default domain, the roles, the configured projects and the
 * administrator. Every start runs it: it adds what is missing and changes nothing else, so that being killed in the
 * middle of one costs nothing.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Domain, type Project, ROLES, type User, domain, project, role, user } from '../../model/identity.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { assignRoles } from '../../store/identity-assignments.ts';
import { SYSTEM, allRoles, domainById, projectByName, setPassword, userByName, writeIdentity } from '../../store/identity.ts';
import { insert } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';
import { newId } from './new-id.ts';
import { hashPassword, passwordMatches } from './password.ts';
import { writeSecret } from '../../config/secret-file.ts';

export const DEFAULT_DOMAIN = { id: 'default', name: 'Default' } as const;
const ADMIN = 'admin';
const ADMIN_ROLES: readonly string[] = ['admin', 'member', 'reader', 'load-balancer_admin', 'load-balancer_member'];

export interface BootstrapOptions {
  /** As configured; null or empty: generated once and kept in `<statePath>/admin-password`. */
  readonly adminPassword: string | null;
  /** Names of projects in the default domain. The first is the administrator's default; `admin` is always among them. */
  readonly projects: readonly string[];
  readonly statePath: string;
}

export interface Bootstrapped {
  readonly adminUserId: string;
  readonly adminPassword: string;
  /** Name → id, of the projects named in the options and `admin`. */
  readonly projects: ReadonlyMap<string, string>;
}

/** Idempotent. A configured password that is not the stored one replaces it and invalidates every token of the administrator. */
export async function bootstrapIdentity(store: Store, options: BootstrapOptions): Promise<Bootstrapped> {
  const password = options.adminPassword || (await keptPassword(options.statePath));
  const existing = await userByName(store.db, ADMIN, DEFAULT_DOMAIN.id);
  // Hashing takes thirty milliseconds: done before the transaction, which everybody else waits for.
  const current = existing !== undefined && (await keepsPassword(existing, password, Boolean(options.adminPassword)));
  const hash = current ? null : await hashPassword(password);
  const names = [...new Set([...options.projects, ADMIN])];
  return writeIdentity(store, SYSTEM, async (tx) => {
    await ensureDomain(tx);
    const roleIds = await ensureRoles(tx);
    const projects = new Map<string, string>();
    for (const name of names) projects.set(name, await ensureProject(tx, name));
    const adminUserId = await ensureAdmin(tx, projects.get(names[0] ?? ADMIN) ?? null, hash);
    for (const projectId of projects.values()) await assignRoles(tx, adminUserId, projectId, roleIds);
    return { adminUserId, adminPassword: password, projects };
  });
}

/** A generated password is only the first one: who has changed it since must not get it back with a restart. */
async function keepsPassword({ password_hash: hash }: User, password: string, configured: boolean): Promise<boolean> {
  return hash !== null && (!configured || (await passwordMatches(password, hash)));
}

/** The file is written before the hash: killed between the two, the next start finds the file and catches up. */
async function keptPassword(statePath: string): Promise<string> {
  const path = join(statePath, 'admin-password');
  const kept = await readIfThere(path);
  if (kept) return kept;
  const password = randomBytes(18).toString('base64url');
  await writeSecret(path, `${password}\n`);
  return password;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function ensureDomain(tx: AuditedTx): Promise<void> {
  if (await domainById(tx.db, DEFAULT_DOMAIN.id)) return;
  const row: Domain = { ...DEFAULT_DOMAIN, description: 'The default domain', enabled: true, tags: [], extra: {} };
  await create(tx, domain, row);
}

async function create<R extends Resource>(tx: AuditedTx, resource: R, row: RowOf<R>): Promise<void> {
  await insert(tx.db, resource, row);
  tx.record('create', resource, null, row);
}

/** Ids of the roles that the administrator gets. */
async function ensureRoles(tx: AuditedTx): Promise<string[]> {
  const present = new Set((await allRoles(tx.db)).map(({ name }) => name));
  for (const name of ROLES) if (!present.has(name)) await create(tx, role, { id: newId(), name, description: '', extra: {} });
  return (await allRoles(tx.db)).filter(({ name }) => ADMIN_ROLES.includes(name)).map(({ id }) => id);
}

async function ensureProject(tx: AuditedTx, name: string): Promise<string> {
  const present = await projectByName(tx.db, name, DEFAULT_DOMAIN.id);
  if (present) return present.id;
  const row: Project = { id: newId(), name, description: '', enabled: true, domain_id: DEFAULT_DOMAIN.id, tags: [], extra: {} };
  await create(tx, project, row);
  return row.id;
}

async function ensureAdmin(tx: AuditedTx, defaultProjectId: string | null, hash: string | null): Promise<string> {
  const present = await userByName(tx.db, ADMIN, DEFAULT_DOMAIN.id);
  if (!present) return createAdmin(tx, defaultProjectId, hash);
  if (hash !== null && (await setPassword(tx, present.id, hash))) tx.record('update', user, present, present);
  return present.id;
}

async function createAdmin(tx: AuditedTx, defaultProjectId: string | null, hash: string | null): Promise<string> {
  const row: User = {
    id: newId(),
    name: ADMIN,
    description: 'Administrator',
    enabled: true,
    domain_id: DEFAULT_DOMAIN.id,
    default_project_id: defaultProjectId,
    password_hash: hash,
    created_at: new Date().toISOString(),
    credential_version: 0,
    extra: {},
  };
  await create(tx, user, row);
  return row.id;
}
