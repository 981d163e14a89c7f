/** Secrets, containers and consumers: lists as Barbican's clients ask for them, and what hangs together. */
import { type ExpressionBuilder, type SqlBool, type Expression, sql } from 'kysely';
import {
  type Container,
  type ContainerConsumer,
  type ContainerSecret,
  type Secret,
  type SecretConsumer,
  type SecretPayload,
  container,
  containerConsumer,
  containerSecret,
  secret,
  secretConsumer,
  secretPayload,
} from '../model/secret.ts';
import type { Database } from './database.ts';
import { elementsOf } from './elements.ts';
import { byId, insert, insertMany } from './rows.ts';
import type { Db } from './store.ts';

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

export interface Found<T> {
  readonly rows: T[];
  /** Without the page's bounds. */
  readonly total: number;
}

/** Whose: a project's, all of it or without what is private and somebody else's; or shared with a user, wherever it is. */
export type Reach = { readonly projectId: string; readonly privateOf: string | null } | { readonly sharedWith: string };

export const SECRET_SORT_KEYS = ['created', 'expiration', 'mode', 'name', 'secret_type', 'status', 'updated'] as const;
export type SecretSortKey = (typeof SECRET_SORT_KEYS)[number];
export const SECRET_TIMES = ['created', 'updated', 'expiration'] as const;
export type TimeComparison = '=' | '>' | '>=' | '<' | '<=';

export interface SecretQuery extends Page {
  readonly equal: Readonly<Partial<Pick<Secret, 'name' | 'algorithm' | 'mode' | 'bit_length' | 'secret_type'>>>;
  readonly times: readonly { readonly column: (typeof SECRET_TIMES)[number]; readonly comparison: TimeComparison; readonly time: string }[];
  readonly sort: readonly { readonly column: SecretSortKey; readonly descending: boolean }[];
}

type Builder = ExpressionBuilder<Database, 'secret' | 'secret_container'>;

/** Secrets that have expired by `now` are not there. */
export async function listSecrets(db: Db, reach: Reach, query: SecretQuery, now: string): Promise<Found<Secret>> {
  let matching = db.selectFrom('secret').where((builder) => builder.and([unexpired(builder, now), within(builder as Builder, reach)]));
  for (const [column, value] of Object.entries(query.equal)) matching = matching.where(column as 'name', '=', value as string);
  for (const { column, comparison, time } of query.times) matching = matching.where(column, comparison, time);
  let page = matching.selectAll().limit(query.limit).offset(query.offset);
  for (const { column, descending } of query.sort) page = page.orderBy(column, descending ? 'desc' : 'asc');
  const [rows, { total }] = [
    await page.orderBy('created').orderBy('id').execute(),
    await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ];
  return { rows, total };
}

function unexpired(builder: ExpressionBuilder<Database, 'secret'>, now: string): Expression<SqlBool> {
  return builder.or([builder('expiration', 'is', null), builder('expiration', '>', now)]);
}

function within(builder: Builder, reach: Reach): Expression<SqlBool> {
  if ('sharedWith' in reach) return sql<SqlBool>`acl_users <> '[]' and exists (select 1 from json_each(acl_users) where value = ${reach.sharedWith})`;
  const own = builder('project_id', '=', reach.projectId);
  if (reach.privateOf === null) return own;
  return builder.and([own, builder.or([builder('acl_project_access', '=', true), builder('creator_id', '=', reach.privateOf)])]);
}

export interface ContainerQuery extends Page {
  readonly equal: Readonly<Partial<Pick<Container, 'name' | 'type'>>>;
}

export async function listContainers(db: Db, reach: Reach, query: ContainerQuery): Promise<Found<Container>> {
  let matching = db.selectFrom('secret_container').where((builder) => within(builder as Builder, reach));
  for (const [column, value] of Object.entries(query.equal)) matching = matching.where(column as 'name', '=', value as string);
  const [rows, { total }] = [
    await matching.selectAll().orderBy('created').orderBy('id').limit(query.limit).offset(query.offset).execute(),
    await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ];
  return { rows, total };
}

/** Undefined, too, for one that has expired by `now`. */
export async function secretById(db: Db, id: string, now: string): Promise<Secret | undefined> {
  const row = await byId(db, secret, id);
  return row === undefined || (row.expiration !== null && row.expiration <= now) ? undefined : row;
}

export function containerById(db: Db, id: string): Promise<Container | undefined> {
  return byId(db, container, id);
}

export function payloadOf(db: Db, secretId: string): Promise<SecretPayload | undefined> {
  return byId(db, secretPayload, secretId);
}

export async function insertPayload(db: Db, row: SecretPayload): Promise<void> {
  await insert(db, secretPayload, row);
}

export async function replacePayload(db: Db, { id, key_number, sealed }: SecretPayload): Promise<void> {
  await db.updateTable('secret_payload').set({ key_number, sealed }).where('id', '=', id).execute();
}

/** Some payloads under this key, with the project of each. */
export function payloadsOfKey(db: Db, number: number, limit: number): Promise<(SecretPayload & Pick<Secret, 'project_id'>)[]> {
  return db
    .selectFrom('secret_payload')
    .innerJoin('secret', 'secret.id', 'secret_payload.id')
    .select(['secret_payload.id', 'secret_payload.key_number', 'secret_payload.sealed', 'secret.project_id'])
    .where('secret_payload.key_number', '=', number)
    .limit(limit)
    .execute();
}

/** Of payloads, and of passwords of gateways. */
export async function countOfKey(db: Db, number: number): Promise<number> {
  const counts = (['secret_payload', 'gateway'] as const).map((table) =>
    db
      .selectFrom(table)
      .where('key_number', '=', number)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
  );
  return (await Promise.all(counts)).reduce((sum, { count }) => sum + count, 0);
}

/** 0 when nothing is encrypted. */
export async function highestKeyNumber(db: Db): Promise<number> {
  const numbers = (['secret_payload', 'gateway'] as const).map((table) =>
    db
      .selectFrom(table)
      .select(({ fn }) => fn.max('key_number').as('highest'))
      .executeTakeFirst(),
  );
  return Math.max(...(await Promise.all(numbers)).map((row) => row?.highest ?? 0));
}

/** The secrets of containers, in the order their creators gave them. */
export async function secretsIn(db: Db, containerIds: readonly string[]): Promise<Map<string, ContainerSecret[]>> {
  const known = new Map(containerIds.map((id) => [id, [] as ContainerSecret[]]));
  if (containerIds.length === 0) return known;
  const ids = elementsOf(containerIds);
  const rows = await db.selectFrom('container_secret').selectAll().where('container_id', 'in', ids).orderBy('position').execute();
  for (const row of rows) known.get(row.container_id)?.push(row);
  return known;
}

export async function insertContainer(db: Db, row: Container, secrets: readonly ContainerSecret[]): Promise<void> {
  await insert(db, container, row);
  if (secrets.length > 0) await insertMany(db, containerSecret, secrets);
}

export async function addToContainer(db: Db, row: ContainerSecret): Promise<void> {
  await insert(db, containerSecret, row);
}

/** False when it was not in there. */
export async function removeFromContainer(db: Db, containerId: string, secretId: string): Promise<boolean> {
  const removal = db.deleteFrom('container_secret').where('container_id', '=', containerId).where('secret_id', '=', secretId);
  return (await removal.executeTakeFirstOrThrow()).numDeletedRows > 0n;
}

/** Consumers of one secret or one container. */
export type ConsumerRow = ContainerConsumer | SecretConsumer;
const TABLES = { container_consumer: 'container_id', secret_consumer: 'secret_id' } as const;
export type ConsumerTable = keyof typeof TABLES;

export async function consumersOf(db: Db, table: ConsumerTable, ownerId: string, page: Page): Promise<Found<ConsumerRow>> {
  const matching = db.selectFrom(table).where(sql.ref(TABLES[table]), '=', ownerId);
  const [rows, { total }] = [
    await matching.selectAll().orderBy('created').orderBy('id').limit(page.limit).offset(page.offset).execute(),
    await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ];
  return { rows, total };
}

/** All consumers of containers, by container. */
export async function containerConsumers(db: Db, containerIds: readonly string[]): Promise<Map<string, ContainerConsumer[]>> {
  const known = new Map(containerIds.map((id) => [id, [] as ContainerConsumer[]]));
  const ids = elementsOf(containerIds);
  const rows = await db.selectFrom('container_consumer').selectAll().where('container_id', 'in', ids).orderBy('created').orderBy('id').execute();
  for (const row of rows) known.get(row.container_id)?.push(row);
  return known;
}

/** The same of secrets. */
export async function secretConsumers(db: Db, secretIds: readonly string[]): Promise<Map<string, SecretConsumer[]>> {
  const known = new Map(secretIds.map((id) => [id, [] as SecretConsumer[]]));
  const ids = elementsOf(secretIds);
  const rows = await db.selectFrom('secret_consumer').selectAll().where('secret_id', 'in', ids).orderBy('created').orderBy('id').execute();
  for (const row of rows) known.get(row.secret_id)?.push(row);
  return known;
}

export function containerConsumerNamed(db: Db, containerId: string, name: string, url: string): Promise<ContainerConsumer | undefined> {
  return db
    .selectFrom('container_consumer')
    .selectAll()
    .where('container_id', '=', containerId)
    .where('name', '=', name)
    .where('URL', '=', url)
    .executeTakeFirst();
}

export function secretConsumerNamed(
  db: Db,
  secretId: string,
  { service, resource_type, resource_id }: Pick<SecretConsumer, 'service' | 'resource_type' | 'resource_id'>,
): Promise<SecretConsumer | undefined> {
  const consumers = db.selectFrom('secret_consumer').selectAll().where('secret_id', '=', secretId).where('service', '=', service);
  return consumers.where('resource_type', '=', resource_type).where('resource_id', '=', resource_id).executeTakeFirst();
}

export async function insertContainerConsumer(db: Db, row: ContainerConsumer): Promise<void> {
  await insert(db, containerConsumer, row);
}

export async function insertSecretConsumer(db: Db, row: SecretConsumer): Promise<void> {
  await insert(db, secretConsumer, row);
}
