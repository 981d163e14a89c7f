/**
 * The routes that all resources of the network face have in common: list, show, create (one or many), update, delete.
 * What differs is in each one's `Collection`. Every write is one transaction with its trace in the audit trail.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { NetworkQuotaName } from '../../model/network-quota.ts';
import { type Resource, type RowOf, shownFields } from '../../model/resource.ts';
import { type AuditedTx, audited } from '../../store/audit.ts';
import { isOverQuota } from '../../store/network-quotas.ts';
import { type ListQuery, byId, list } from '../../store/rows.ts';
import type { Db, Store } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { type RawQuery, pageLinks, parseFields, parseListQuery } from '../http/list-query.ts';
import type { Caller } from '../identity/caller.ts';
import { bulkIn } from './body.ts';
import { neutron } from './neutron-error.ts';

export interface NetworkContext {
  readonly store: Store;
  /** Address of the server, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
  /** Names a network's creator may give as `provider:physical_network`; null: any. */
  readonly physicalNetworks: readonly string[] | null;
}

export type View = Record<string, unknown>;
export type Conditions = ListQuery['where'];

/** One write: what it may use, who asks for it and with which body. */
export interface Write {
  readonly tx: AuditedTx;
  readonly context: NetworkContext;
  readonly caller: Caller;
  readonly body: unknown;
}

export interface Collection<R extends Resource = Resource> {
  readonly resource: R;
  readonly quota: NetworkQuotaName;
  /** Makes what must be there before anybody looks. */
  prepare?(context: NetworkContext, request: FastifyRequest): Promise<void>;
  /** What confines a list to the rows the caller sees. */
  visible(db: Db, caller: Caller): Promise<Conditions>;
  /** The same for one row. */
  sees(db: Db, caller: Caller, row: RowOf<R>): Promise<boolean>;
  /** Filters of its own: takes them out of the query and returns what they ask. */
  filters?(db: Db, query: RawQuery): Promise<{ rest: RawQuery; where: Conditions }>;
  /** Attributes besides the columns, for any number of rows at once. */
  views(db: Db, caller: Caller, rows: readonly RowOf<R>[]): Promise<View[]>;
  /** Writes and returns the row. It and what follows from it is traced by `registerCollection`, other rows by the collection. */
  create(write: Write): Promise<RowOf<R>>;
  /** Absent where nothing may change. */
  update?(write: Write, row: RowOf<R>): Promise<RowOf<R>>;
  remove(write: Write, row: RowOf<R>): Promise<void>;
}

/** `security_groups` is at `/security-groups`. */
export function pathOf({ collection }: Resource): string {
  return collection.replaceAll('_', '-');
}

export function registerCollection<R extends Resource>(app: FastifyInstance, context: NetworkContext, collection: Collection<R>): void {
  const { resource } = collection;
  const path = `/${pathOf(resource)}`;
  // Old clients put .json behind every path.
  for (const spelling of [path, `${path}.json`]) {
    app.get(spelling, { exposeHeadRoute: true }, async (request) => listRows(collection, context, request));
    app.post(spelling, async (request, reply) => reply.code(201).send(await createRows(collection, context, request)));
  }
  const { db } = context.store;
  app.get(`${path}/:id`, { exposeHeadRoute: true }, async (request) => {
    const row = await rowFor(collection, db, request);
    return { [resource.name]: select(await viewOf(collection, db, request, row), parseFields(resource, (request.query as RawQuery)['fields'])) };
  });
  if (collection.update) {
    app.put(`${path}/:id`, async (request) => {
      const row = await changeRow(collection, context, request, async (write, before) => (await collection.update?.(write, before)) ?? before);
      return { [resource.name]: await viewOf(collection, db, request, row) };
    });
  }
  app.delete(`${path}/:id`, async (request, reply) => {
    await removeRow(collection, context, request);
    return reply.code(204).send();
  });
}

function writeOf(context: NetworkContext, request: FastifyRequest, tx: AuditedTx, body: unknown = request.body): Write {
  return { tx, context, caller: callerOf(request), body };
}

async function createRows<R extends Resource>(collection: Collection<R>, context: NetworkContext, request: FastifyRequest): Promise<View> {
  const { resource } = collection;
  const bodies = bulkIn(resource, request.body);
  const rows = await audited(context.store, actorOf(request), async (tx) => {
    const made: RowOf<R>[] = [];
    for (const body of bodies ?? [request.body]) made.push(await createRow(collection, writeOf(context, request, tx, body)));
    return made;
  });
  const views = await collection.views(context.store.db, callerOf(request), rows);
  return bodies === null ? { [resource.name]: views[0] } : { [resource.collection]: views };
}

async function createRow<R extends Resource>(collection: Collection<R>, write: Write): Promise<RowOf<R>> {
  const row = await collection.create(write);
  const projectId = (row as View)['project_id'];
  if (typeof projectId === 'string' && (await isOverQuota(write.tx.db, projectId, collection.quota))) throw neutron.overQuota(collection.quota);
  write.tx.record('create', collection.resource, null, row);
  return row;
}

/** Changes the row of the path, as `change` says, in one traced transaction. */
export async function changeRow<R extends Resource>(
  collection: Collection<R>,
  context: NetworkContext,
  request: FastifyRequest,
  change: (write: Write, before: RowOf<R>) => Promise<RowOf<R>>,
): Promise<RowOf<R>> {
  return audited(context.store, actorOf(request), async (tx) => {
    const before = await rowFor(collection, tx.db, request);
    const after = await change(writeOf(context, request, tx), before);
    tx.record('update', collection.resource, before, after);
    return after;
  });
}

async function removeRow<R extends Resource>(collection: Collection<R>, context: NetworkContext, request: FastifyRequest): Promise<void> {
  await audited(context.store, actorOf(request), async (tx) => {
    const row = await rowFor(collection, tx.db, request);
    await collection.remove(writeOf(context, request, tx), row);
    tx.record('delete', collection.resource, row, null);
  });
}

/** The row of the path, if the caller sees it; 404 if not. */
export async function rowFor<R extends Resource>(collection: Collection<R>, db: Db, request: FastifyRequest): Promise<RowOf<R>> {
  const id = (request.params as { id: string }).id.replace(/\.json$/, '');
  const row = await byId(db, collection.resource, id);
  if (!row || !(await collection.sees(db, callerOf(request), row))) throw neutron.notFound(collection.resource.title, id);
  return row;
}

async function listRows<R extends Resource>(collection: Collection<R>, context: NetworkContext, request: FastifyRequest): Promise<View> {
  const { resource } = collection;
  const { db } = context.store;
  await collection.prepare?.(context, request);
  const caller = callerOf(request);
  const raw = request.query as RawQuery;
  const own = (await collection.filters?.(db, raw)) ?? { rest: raw, where: [] };
  const { rest, where } = projectFilter(own.rest);
  const { query, fields } = parseListQuery(resource, rest, 0);
  const visible = caller.isAdmin ? [] : await collection.visible(db, caller);
  const rows = await list(db, resource, { ...query, where: [...query.where, ...own.where, ...where], scope: visible });
  const views = await collection.views(db, caller, rows);
  const links = pageLinks(
    `${context.baseUrl(request)}/network/v2.0/${pathOf(resource)}`,
    raw,
    { query, fields, projectId: null },
    rows.map((row) => String((row as View)['id'])),
  );
  return { [resource.collection]: views.map((view) => select(view, fields)), ...(links.length > 0 ? { [resource.links]: links } : {}) };
}

/** Everybody may filter by any project, under its old name too: what they see is confined all the same. */
function projectFilter(raw: RawQuery): { rest: RawQuery; where: Conditions } {
  const { project_id, tenant_id, ...rest } = raw;
  const wanted = [project_id, tenant_id].filter((value) => value !== undefined);
  return { rest, where: wanted.map((value) => ({ column: 'project_id', anyOf: [value].flat() })) };
}

export async function viewOf<R extends Resource>(collection: Collection<R>, db: Db, request: FastifyRequest, row: RowOf<R>): Promise<View> {
  const [view] = await collection.views(db, callerOf(request), [row]);
  return view ?? {};
}

/** The declared attributes in the declared order, then what else Neutron shows. */
export function viewRow(resource: Resource, row: object, computed: View, constants: View): View {
  const source: View = { ...row, ...computed };
  return { ...Object.fromEntries(shownFields(resource).map((name) => [name, source[name]])), ...constants };
}

function select(view: View, fields: readonly string[] | null): View {
  if (fields === null) return view;
  return Object.fromEntries(fields.filter((name) => Object.hasOwn(view, name)).map((name) => [name, view[name]]));
}
