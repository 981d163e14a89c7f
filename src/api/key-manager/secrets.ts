/** Secrets: list, create in one step or two, show, read, delete. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Secret, secret } from '../../model/secret.ts';
import { audited } from '../../store/audit.ts';
import { insert, remove, update } from '../../store/rows.ts';
import { insertPayload, listSecrets, payloadOf, secretById, secretConsumers } from '../../store/secrets.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { type RawQuery, lastOf } from '../http/list-query.ts';
import { barbican } from './barbican-error.ts';
import { bytesOf, objectOf, settable } from './body.ts';
import { type KeyManagerContext, now, parseTime } from './context.ts';
import { pageView } from './paging.ts';
import { payloadIn, payloadOfBody, requireAcceptable, wantsMetadata } from './payload.ts';
import { deletes, projectForNew, reachOf, readsPayload, require, seesMetadata, writes } from './policy.ts';
import { refOf, uuidIn } from './refs.ts';
import { secretQuery } from './secret-query.ts';
import { secretView } from './views.ts';

export function secretRoutes(app: FastifyInstance, context: KeyManagerContext): void {
  app.get('/secrets', (request) => listView(context, request));
  app.post('/secrets', (request, reply) => create(context, request, reply));
  app.get('/secrets/:id', (request, reply) => show(context, request, reply));
  app.get('/secrets/:id/payload', (request, reply) => read(context, request, reply));
  app.put('/secrets/:id', (request, reply) => addPayload(context, request, reply));
  app.delete('/secrets/:id', (request, reply) => removeSecret(context, request, reply));
}

/** The secret in the path. 404 when it is not there or has expired. */
export async function secretIn(db: Db, { params }: FastifyRequest): Promise<Secret> {
  const id = uuidIn((params as { id: string }).id);
  const row = id === null ? undefined : await secretById(db, id, now());
  if (!row) throw barbican.notFound('Secret');
  return row;
}

async function listView({ store: { db }, baseUrl }: KeyManagerContext, request: FastifyRequest): Promise<object> {
  const raw = request.query as RawQuery;
  const caller = callerOf(request);
  const shared = /^true$/i.test(lastOf(raw['acl_only']) ?? '');
  const own = reachOf(caller, 'Secret(s) retrieval');
  const query = secretQuery(raw);
  const found = await listSecrets(db, shared ? { sharedWith: caller.userId } : own, query, now());
  const views = await viewsOf(db, baseUrl(request), found.rows, request);
  return pageView(`${baseUrl(request)}/v1/secrets`, raw, 'secrets', query, found, views);
}

async function viewsOf(db: Db, base: string, rows: readonly Secret[], { keyManagerMinor: minor }: FastifyRequest): Promise<object[]> {
  if (minor === 0) return rows.map((row) => secretView(base, row, null));
  const consumers = await secretConsumers(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => secretView(base, row, consumers.get(row.id) ?? []));
}

export async function secretAnswer({ store: { db }, baseUrl }: KeyManagerContext, request: FastifyRequest, row: Secret): Promise<object> {
  const [view = {}] = await viewsOf(db, baseUrl(request), [row], request);
  return view;
}

async function create({ store, keys, baseUrl }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const caller = callerOf(request);
  const projectId = projectForNew(caller, 'Secret creation');
  const object = objectOf(request, 'Secret');
  const payload = payloadIn(object);
  const row = newSecret(object, projectId, caller.userId, payload?.type ?? null);
  if (payload) await keys.ready();
  await audited(store, actorOf(request), async (tx) => {
    await insert(tx.db, secret, row);
    // Sealed here, not before: a key that encrypts can then not be replaced between the two.
    if (payload) await insertPayload(tx.db, keys.seal(row, payload.bytes));
    tx.record('create', secret, null, row);
  });
  const ref = refOf(baseUrl(request), 'secrets', row.id);
  reply.code(201).header('Location', ref);
  return { secret_ref: ref };
}

function newSecret(object: Record<string, unknown>, projectId: string, creatorId: string, contentType: Secret['content_type']): Secret {
  const time = now();
  return {
    ...settable(secret, 'Secret', object),
    id: randomUUID(),
    expiration: expirationIn(object, time),
    content_type: contentType,
    status: 'ACTIVE',
    user_metadata: {},
    project_id: projectId,
    creator_id: creatorId,
    created: time,
    updated: time,
    ...NO_ACCESS_LIST,
  };
}

/** Until somebody says otherwise, the project may and nobody else. */
export const NO_ACCESS_LIST = { acl_users: [], acl_project_access: true, acl_created: null, acl_updated: null } as const;

function expirationIn({ expiration }: Record<string, unknown>, current: string): string | null {
  if (expiration === undefined || expiration === null) return null;
  const text = typeof expiration === 'string' ? expiration.trim() : null;
  if (text === '') return null;
  const time = text === null ? null : parseTime(text);
  if (time === null) throw barbican.invalid('Secret', "Invalid date for 'expiration'", 'expiration');
  if (time <= current) throw barbican.invalid('Secret', "'expiration' is before current time", 'expiration');
  return time;
}

/** What is said about it; or, to clients of Barbican's first versions that ask for its type, the payload. */
async function show(context: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  if (!wantsMetadata(request.headers.accept)) return read(context, request, reply);
  const row = await secretIn(context.store.db, request);
  require(seesMetadata(callerOf(request), row), 'Secret retrieval');
  return secretAnswer(context, request, row);
}

async function read({ store: { db }, keys }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const row = await secretIn(db, request);
  require(readsPayload(callerOf(request), row), 'Secret payload retrieval');
  const sealed = await payloadOf(db, row.id);
  if (!sealed || row.content_type === null) throw barbican.noPayload();
  requireAcceptable(request.headers.accept, row.content_type);
  reply.header('Cache-Control', 'no-store');
  return reply.type(row.content_type).send(keys.open(row, sealed));
}

async function addPayload({ store, keys }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  require(writes(caller, await secretIn(store.db, request)), 'Secret update');
  const { type, bytes } = payloadOfBody(bytesOf(request), request.headers['content-type'], headerOf(request, 'content-encoding'));
  await keys.ready();
  await audited(store, actorOf(request), async (tx) => {
    const before = await secretIn(tx.db, request);
    require(writes(caller, before), 'Secret update');
    if (before.content_type !== null) throw barbican.hasPayload();
    await insertPayload(tx.db, keys.seal(before, bytes));
    const after = await update(tx.db, secret, before.id, { content_type: type, updated: now() });
    tx.record('update', secret, before, after ?? null);
  });
  return reply.code(204).send();
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  return [headers[name] ?? []].flat().at(-1);
}

async function removeSecret({ store }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await audited(store, actorOf(request), async (tx) => {
    const row = await secretIn(tx.db, request);
    require(deletes(callerOf(request), row), 'Secret deletion');
    await remove(tx.db, secret, row.id);
    tx.record('delete', secret, row, null);
  });
  return reply.code(204).send();
}
