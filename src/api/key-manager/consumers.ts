/** Who uses a secret or a container: Octavia, for one, notes its listeners here. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Resource } from '../../model/resource.ts';
import { type Container, type Secret, containerConsumer, secretConsumer } from '../../model/secret.ts';
import { type AuditedTx, audited } from '../../store/audit.ts';
import { byId, remove } from '../../store/rows.ts';
import {
  type ConsumerRow,
  type ConsumerTable,
  consumersOf,
  containerConsumerNamed,
  insertContainerConsumer,
  insertSecretConsumer,
  secretConsumerNamed,
} from '../../store/secrets.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import type { RawQuery } from '../http/list-query.ts';
import { barbican } from './barbican-error.ts';
import { objectOf, settable } from './body.ts';
import { containerAnswer, containerIn } from './containers.ts';
import { type KeyManagerContext, now } from './context.ts';
import { pageOf, pageView } from './paging.ts';
import { consumes, require } from './policy.ts';
import { type Kind, refOf, uuidIn } from './refs.ts';
import { secretAnswer, secretIn } from './secrets.ts';
import { consumerView } from './views.ts';

type Body = Record<string, unknown>;

/** What differs between the consumers of a secret and those of a container. */
interface Consumed<T extends Secret | Container> {
  readonly kind: Kind;
  readonly table: ConsumerTable;
  readonly resource: Resource;
  /** Barbican's name of it in refusals. */
  readonly title: string;
  find(db: Db, request: FastifyRequest): Promise<T>;
  named(db: Db, id: string, body: Body): Promise<ConsumerRow | undefined>;
  insert(tx: AuditedTx, id: string, body: Body, common: Common): Promise<void>;
  answer(context: KeyManagerContext, request: FastifyRequest, row: T): Promise<object>;
}

type Common = Pick<ConsumerRow, 'id' | 'status' | 'project_id' | 'created' | 'updated'>;

const OF_CONTAINERS: Consumed<Container> = {
  kind: 'containers',
  table: 'container_consumer',
  resource: containerConsumer,
  title: 'ContainerConsumer',
  find: containerIn,
  named: (db, id, body) => {
    const { name, URL } = settable(containerConsumer, 'Consumer', body);
    return containerConsumerNamed(db, id, name, URL);
  },
  insert: async (tx, id, body, common) => {
    const row = { ...common, container_id: id, ...settable(containerConsumer, 'Consumer', body) };
    await insertContainerConsumer(tx.db, row);
    tx.record('create', containerConsumer, null, row);
  },
  answer: containerAnswer,
};

const OF_SECRETS: Consumed<Secret> = {
  kind: 'secrets',
  table: 'secret_consumer',
  resource: secretConsumer,
  title: 'SecretConsumer',
  find: secretIn,
  named: (db, id, body) => secretConsumerNamed(db, id, settable(secretConsumer, 'Secret Consumer', body)),
  insert: async (tx, id, body, common) => {
    const row = { ...common, secret_id: id, ...settable(secretConsumer, 'Secret Consumer', body) };
    await insertSecretConsumer(tx.db, row);
    tx.record('create', secretConsumer, null, row);
  },
  answer: secretAnswer,
};

export function consumerRoutes(app: FastifyInstance, context: KeyManagerContext): void {
  register(app, context, OF_CONTAINERS);
  register(app, context, OF_SECRETS);
}

function register<T extends Secret | Container>(app: FastifyInstance, context: KeyManagerContext, consumed: Consumed<T>): void {
  const path = `/${consumed.kind}/:id/consumers`;
  app.get(path, (request) => listView(context, consumed, request));
  app.post(path, (request) => registerOne(context, consumed, request));
  app.delete(path, (request) => removeOne(context, consumed, request));
  app.get(`${path}/:consumer`, (request) => show(context, consumed, request));
}

async function usable<T extends Secret | Container>(db: Db, consumed: Consumed<T>, request: FastifyRequest, action: string): Promise<T> {
  const row = await consumed.find(db, request);
  require(consumes(callerOf(request), row), `${consumed.title} ${action}`);
  return row;
}

async function listView<T extends Secret | Container>(context: KeyManagerContext, consumed: Consumed<T>, request: FastifyRequest): Promise<object> {
  const { store, baseUrl } = context;
  const raw = request.query as RawQuery;
  const [page, row] = [pageOf(raw), await usable(store.db, consumed, request, 'retrieval')];
  const found = await consumersOf(store.db, consumed.table, row.id, page);
  const href = `${refOf(baseUrl(request), consumed.kind, row.id)}/consumers`;
  return pageView(href, raw, 'consumers', page, found, found.rows.map(consumerView));
}

async function show<T extends Secret | Container>({ store: { db } }: KeyManagerContext, consumed: Consumed<T>, request: FastifyRequest): Promise<object> {
  const owner = await usable(db, consumed, request, 'retrieval');
  const id = uuidIn((request.params as { consumer: string }).consumer);
  const row = id === null ? undefined : ((await byId(db, consumed.resource, id)) as ConsumerRow | undefined);
  if (!row || ownerOf(row) !== owner.id) throw barbican.notFound('Consumer');
  return consumerView(row);
}

function ownerOf(row: ConsumerRow): string {
  return 'container_id' in row ? row.container_id : row.secret_id;
}

/** Registering again changes nothing. */
async function registerOne<T extends Secret | Container>(context: KeyManagerContext, consumed: Consumed<T>, request: FastifyRequest): Promise<object> {
  const body = objectOf(request, consumed.title);
  const { projectId } = callerOf(request);
  const row = await audited(context.store, actorOf(request), async (tx) => {
    const owner = await usable(tx.db, consumed, request, 'creation');
    const time = now();
    const common: Common = { id: randomUUID(), status: 'ACTIVE', project_id: projectId ?? '', created: time, updated: time };
    if (!(await consumed.named(tx.db, owner.id, body))) await consumed.insert(tx, owner.id, body, common);
    return owner;
  });
  return consumed.answer(context, request, row);
}

async function removeOne<T extends Secret | Container>(context: KeyManagerContext, consumed: Consumed<T>, request: FastifyRequest): Promise<object> {
  const body = objectOf(request, consumed.title);
  const { projectId } = callerOf(request);
  const row = await audited(context.store, actorOf(request), async (tx) => {
    const owner = await usable(tx.db, consumed, request, 'deletion');
    const consumer = await consumed.named(tx.db, owner.id, body);
    if (!consumer) throw barbican.notFound('Consumer');
    if (consumer.project_id !== projectId && owner.project_id !== projectId) throw barbican.notYours();
    await remove(tx.db, consumed.resource, consumer.id);
    tx.record('delete', consumed.resource, consumer, null);
    return owner;
  });
  return consumed.answer(context, request, row);
}
