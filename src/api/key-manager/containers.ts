/** Containers: list, create, show, delete; and the secrets that a generic one takes in later. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CONTAINER_TYPES, type Container, type ContainerSecret, container } from '../../model/secret.ts';
import { type AuditedTx, audited } from '../../store/audit.ts';
import { isUniqueViolation, remove, update } from '../../store/rows.ts';
import {
  addToContainer,
  containerById,
  containerConsumers,
  insertContainer,
  listContainers,
  removeFromContainer,
  secretById,
  secretsIn,
} from '../../store/secrets.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { type RawQuery, lastOf } from '../http/list-query.ts';
import { barbican } from './barbican-error.ts';
import { objectOf, settable } from './body.ts';
import { type Named, namedSecret, namedSecrets } from './container-body.ts';
import { type KeyManagerContext, now } from './context.ts';
import { pageOf, pageView } from './paging.ts';
import { deletes, projectForNew, reachOf, require, seesMetadata, writes } from './policy.ts';
import { refOf, uuidIn } from './refs.ts';
import { NO_ACCESS_LIST } from './secrets.ts';
import { containerView } from './views.ts';

export function containerRoutes(app: FastifyInstance, context: KeyManagerContext): void {
  app.get('/containers', (request) => listView(context, request));
  app.post('/containers', (request, reply) => create(context, request, reply));
  app.get('/containers/:id', async (request) => {
    const row = await containerIn(context.store.db, request);
    require(seesMetadata(callerOf(request), row), 'Container retrieval');
    return containerAnswer(context, request, row);
  });
  app.delete('/containers/:id', (request, reply) => removeContainer(context, request, reply));
  app.post('/containers/:id/secrets', (request, reply) => takeIn(context, request, reply));
  app.delete('/containers/:id/secrets', (request, reply) => takeOut(context, request, reply));
}

/** The container in the path; 404 when it is not there. */
export async function containerIn(db: Db, { params }: FastifyRequest): Promise<Container> {
  const id = uuidIn((params as { id: string }).id);
  const row = id === null ? undefined : await containerById(db, id);
  if (!row) throw barbican.notFound('Container');
  return row;
}

async function viewsOf(db: Db, base: string, rows: readonly Container[]): Promise<object[]> {
  const ids = rows.map(({ id }) => id);
  const [secrets, consumers] = [await secretsIn(db, ids), await containerConsumers(db, ids)];
  return rows.map((row) => containerView(base, row, secrets.get(row.id) ?? [], consumers.get(row.id) ?? []));
}

export async function containerAnswer({ store: { db }, baseUrl }: KeyManagerContext, request: FastifyRequest, row: Container): Promise<object> {
  const [view = {}] = await viewsOf(db, baseUrl(request), [row]);
  return view;
}

async function listView({ store: { db }, baseUrl }: KeyManagerContext, request: FastifyRequest): Promise<object> {
  const raw = request.query as RawQuery;
  const [name, wanted] = [lastOf(raw['name']), lastOf(raw['type'])];
  const type = CONTAINER_TYPES.find((known) => known === wanted?.toLowerCase());
  if (wanted && !type) throw barbican.invalidQuery('type', `one of ${CONTAINER_TYPES.join(', ')}`);
  const query = { ...pageOf(raw), equal: { ...(name ? { name } : {}), ...(type ? { type } : {}) } };
  const found = await listContainers(db, reachOf(callerOf(request), 'Containers(s) retrieval'), query);
  return pageView(`${baseUrl(request)}/v1/containers`, raw, 'containers', query, found, await viewsOf(db, baseUrl(request), found.rows));
}

async function create({ store, baseUrl }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const caller = callerOf(request);
  const projectId = projectForNew(caller, 'Container creation');
  const object = objectOf(request, 'Container');
  const [time, values] = [now(), settable(container, 'Container', object)];
  const common = { id: randomUUID(), status: 'ACTIVE', project_id: projectId, creator_id: caller.userId, created: time, updated: time } as const;
  const row: Container = { ...values, ...common, ...NO_ACCESS_LIST };
  const named = namedSecrets(object['secret_refs'], row.type);
  await audited(store, actorOf(request), async (tx) => {
    for (const one of named) await requireSecret(tx.db, projectId, one);
    await insertContainer(
      tx.db,
      row,
      named.map((one, position) => contained(row.id, one, position)),
    );
    tx.record('create', container, null, row);
  });
  const ref = refOf(baseUrl(request), 'containers', row.id);
  reply.code(201).header('Location', ref);
  return { container_ref: ref };
}

function contained(containerId: string, { name, secretId }: Named, position: number): ContainerSecret {
  return { container_id: containerId, secret_id: secretId, name, position };
}

/** Containers hold what is the project's own: reading through them would otherwise reach further than reading itself. */
async function requireSecret(db: Db, projectId: string, { name, secretId }: Named): Promise<void> {
  const row = await secretById(db, secretId, now());
  if (row?.project_id !== projectId) throw barbican.noSuchSecret(name ?? '');
}

async function removeContainer({ store }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await audited(store, actorOf(request), async (tx) => {
    const row = await containerIn(tx.db, request);
    require(deletes(callerOf(request), row), 'Container deletion');
    await remove(tx.db, container, row.id);
    tx.record('delete', container, row, null);
  });
  return reply.code(204).send();
}

/** A generic container that the caller may change. */
async function changeable(tx: AuditedTx, request: FastifyRequest): Promise<Container> {
  const row = await containerIn(tx.db, request);
  require(writes(callerOf(request), row), 'Container update');
  if (row.type !== 'generic') throw barbican.onlyGeneric();
  return row;
}

async function takeIn({ store, baseUrl }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const one = namedSecret(objectOf(request, 'ContainerSecret'));
  try {
    const { id } = await audited(store, actorOf(request), async (tx) => {
      const row = await changeable(tx, request);
      await requireSecret(tx.db, row.project_id, one);
      const present = (await secretsIn(tx.db, [row.id])).get(row.id) ?? [];
      await addToContainer(tx.db, contained(row.id, one, (present.at(-1)?.position ?? -1) + 1));
      return touched(tx, row);
    });
    const ref = refOf(baseUrl(request), 'containers', id);
    reply.code(201).header('Location', ref);
    return { container_ref: ref };
  } catch (error) {
    throw isUniqueViolation(error) ? barbican.alreadyContained() : error;
  }
}

async function takeOut({ store }: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { secretId, name } = namedSecret(objectOf(request, 'ContainerSecret'));
  await audited(store, actorOf(request), async (tx) => {
    const row = await changeable(tx, request);
    const held = (await secretsIn(tx.db, [row.id])).get(row.id)?.find((one) => one.secret_id === secretId);
    if (!held || (name !== null && held.name !== name)) throw barbican.notFound('Secret in the container');
    await removeFromContainer(tx.db, row.id, secretId);
    await touched(tx, row);
  });
  return reply.code(204).send();
}

async function touched(tx: AuditedTx, before: Container): Promise<Container> {
  const after = (await update(tx.db, container, before.id, { updated: now() })) ?? before;
  tx.record('update', container, before, after);
  return after;
}
