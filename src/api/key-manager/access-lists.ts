/** Access lists of secrets and containers: who may read besides the project, and whether the project may. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isPlainObject } from '../../model/field.ts';
import { type Container, type Secret, container, secret } from '../../model/secret.ts';
import { type AuditedTx, audited } from '../../store/audit.ts';
import { update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { barbican } from './barbican-error.ts';
import { objectOf } from './body.ts';
import { containerIn } from './containers.ts';
import { type KeyManagerContext, now } from './context.ts';
import { require, writes } from './policy.ts';
import { type Kind, refOf } from './refs.ts';
import { NO_ACCESS_LIST, secretIn } from './secrets.ts';

const SCHEMA = 'ACL';
const MAX_USERS = 1000;
const MAX_ID = 255;

interface Guarded {
  readonly kind: Kind;
  /** Barbican's name of it in refusals: `SecretACL(s)`. */
  readonly title: string;
  find(db: Db, request: FastifyRequest): Promise<Secret | Container>;
  write(tx: AuditedTx, before: Secret | Container, list: AccessList): Promise<void>;
}

type AccessList = Pick<Secret, 'acl_users' | 'acl_project_access' | 'acl_created' | 'acl_updated'>;

const SECRETS: Guarded = {
  kind: 'secrets',
  title: 'SecretACL(s)',
  find: secretIn,
  write: async (tx, before, list) => tx.record('update', secret, before, (await update(tx.db, secret, before.id, list)) ?? null),
};
const CONTAINERS: Guarded = {
  kind: 'containers',
  title: 'ContainerACL(s)',
  find: containerIn,
  write: async (tx, before, list) => tx.record('update', container, before, (await update(tx.db, container, before.id, list)) ?? null),
};

export function accessListRoutes(app: FastifyInstance, context: KeyManagerContext): void {
  for (const guarded of [SECRETS, CONTAINERS]) {
    const path = `/${guarded.kind}/:id/acl`;
    app.get(path, (request) => show(context, guarded, request));
    app.put(path, (request) => write(context, guarded, request, replaced));
    app.patch(path, (request) => write(context, guarded, request, changed));
    app.delete(path, (request, reply) => forget(context, guarded, request, reply));
  }
}

async function show({ store: { db } }: KeyManagerContext, guarded: Guarded, request: FastifyRequest): Promise<object> {
  const row = await guarded.find(db, request);
  require(writes(callerOf(request), row), `${guarded.title} retrieval`);
  if (row.acl_created === null) return { read: { 'project-access': true } };
  const { acl_users: users, acl_created: created, acl_updated: updated } = row;
  return { read: { created, updated, users, 'project-access': row.acl_project_access } };
}

/** What a body says of the only operation there is; null when it says nothing. */
interface Wanted {
  readonly users: readonly string[] | null;
  readonly projectAccess: boolean | null;
}

type Change = (before: Secret | Container, wanted: Wanted) => AccessList;

async function write({ store, baseUrl }: KeyManagerContext, guarded: Guarded, request: FastifyRequest, change: Change): Promise<object> {
  const wanted = wantedIn(objectOf(request, SCHEMA));
  const id = await audited(store, actorOf(request), async (tx) => {
    const before = await guarded.find(tx.db, request);
    require(writes(callerOf(request), before), `${guarded.title} Update`);
    await guarded.write(tx, before, wanted === null ? keptOrGone(change, before) : change(before, wanted));
    return before.id;
  });
  return { acl_ref: `${refOf(baseUrl(request), guarded.kind, id)}/acl` };
}

/** A body without the operation changes nothing, and replaces what there is by nothing. */
function keptOrGone(change: Change, before: Secret | Container): AccessList {
  const { acl_users, acl_project_access, acl_created, acl_updated } = before;
  return change === replaced ? NO_ACCESS_LIST : { acl_users, acl_project_access, acl_created, acl_updated };
}

function replaced({ acl_created }: Secret | Container, { users, projectAccess }: Wanted): AccessList {
  const time = now();
  return { acl_users: users ?? [], acl_project_access: projectAccess ?? true, acl_created: acl_created ?? time, acl_updated: time };
}

function changed(before: Secret | Container, { users, projectAccess }: Wanted): AccessList {
  const time = now();
  return {
    acl_users: users ?? before.acl_users,
    acl_project_access: projectAccess ?? before.acl_project_access,
    acl_created: before.acl_created ?? time,
    acl_updated: time,
  };
}

async function forget({ store }: KeyManagerContext, guarded: Guarded, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await audited(store, actorOf(request), async (tx) => {
    const before = await guarded.find(tx.db, request);
    require(writes(callerOf(request), before), `${guarded.title} deletion`);
    await guarded.write(tx, before, NO_ACCESS_LIST);
  });
  return reply.code(200).send();
}

function wantedIn(object: Record<string, unknown>): Wanted | null {
  const { read, ...rest } = object;
  refuseOthers(rest);
  if (read === undefined) return null;
  if (!isPlainObject(read)) throw invalid('Value should be an object', 'read');
  const { users = null, 'project-access': access = null, ...others } = read;
  refuseOthers(others);
  if (access !== null && typeof access !== 'boolean') throw invalid('Value should be true or false', 'project-access');
  return { users: usersIn(users), projectAccess: access };
}

function refuseOthers(rest: object): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) throw invalid('Additional properties are not allowed', name);
}

function usersIn(value: unknown): string[] | null {
  if (value === null) return null;
  if (!Array.isArray(value) || value.length > MAX_USERS || !value.every(isUserId)) {
    throw invalid(`Value should be a list of at most ${MAX_USERS} user ids`, 'users');
  }
  return [...new Set(value)];
}

function isUserId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID && !value.includes('\0') && value.isWellFormed();
}

function invalid(reason: string, property: string): Error {
  return barbican.invalid(SCHEMA, reason, property);
}
