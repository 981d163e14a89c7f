/**
 * The routes that networks, subnets and ports have in common: list, show, create, update, delete. What differs is in
 * each one's `Collection`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import { isPlainObject } from '../../model/field.ts';
import { type Resource, type RowOf, shownFields } from '../../model/resource.ts';
import { list, byId, type ListQuery } from '../../store/rows.ts';
import type { Db, Store, Tx } from '../../store/store.ts';
import { type RawQuery, pageLinks, parseFields, parseListQuery } from '../http/list-query.ts';
import type { Caller } from '../identity/caller.ts';
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
  readonly tx: Tx;
  readonly context: NetworkContext;
  readonly caller: Caller;
  readonly body: unknown;
}

export interface Collection<R extends Resource = Resource> {
  readonly resource: R;
  /** What confines a list to the rows the caller sees. */
  visible(db: Db, caller: Caller): Promise<Conditions>;
  /** The same for one row. */
  sees(db: Db, caller: Caller, row: RowOf<R>): Promise<boolean>;
  /** Filters of its own: takes them out of the query and returns what they ask. */
  filters?(db: Db, query: RawQuery): Promise<{ rest: RawQuery; where: Conditions }>;
  /** Attributes besides the columns, for any number of rows at once. */
  views(db: Db, caller: Caller, rows: readonly RowOf<R>[]): Promise<View[]>;
  create(write: Write): Promise<RowOf<R>>;
  update(write: Write, row: RowOf<R>): Promise<RowOf<R>>;
  remove(write: Write, row: RowOf<R>): Promise<void>;
}

export function registerCollection<R extends Resource>(app: FastifyInstance, context: NetworkContext, collection: Collection<R>): void {
  const { resource } = collection;
  const { db } = context.store;
  // Old clients put .json behind every path.
  for (const path of [`/${resource.collection}`, `/${resource.collection}.json`]) {
    app.get(path, { exposeHeadRoute: true }, async (request) => listRows(collection, context, request));
    app.post(path, async (request, reply) => {
      const row = await context.store.transaction((tx) => collection.create(writeOf(context, request, tx)));
      return reply.code(201).send({ [resource.name]: await viewOf(collection, db, request, row) });
    });
  }
  const single = `/${resource.collection}/:id`;
  app.get(single, { exposeHeadRoute: true }, async (request) => {
    const row = await rowFor(collection, db, request);
    return { [resource.name]: select(await viewOf(collection, db, request, row), parseFields(resource, (request.query as RawQuery)['fields'])) };
  });
  app.put(single, async (request) => {
    const row = await context.store.transaction(async (tx) => collection.update(writeOf(context, request, tx), await rowFor(collection, tx.db, request)));
    return { [resource.name]: await viewOf(collection, db, request, row) };
  });
  app.delete(single, async (request, reply) => {
    await context.store.transaction(async (tx) => collection.remove(writeOf(context, request, tx), await rowFor(collection, tx.db, request)));
    return reply.code(204).send();
  });
}

function callerOf({ caller }: FastifyRequest): Caller {
  if (!caller) throw fault.unauthorized();
  return caller;
}

function writeOf(context: NetworkContext, request: FastifyRequest, tx: Tx): Write {
  return { tx, context, caller: callerOf(request), body: request.body };
}

/** A row the caller sees; 404 for any other. */
async function rowFor<R extends Resource>(collection: Collection<R>, db: Db, request: FastifyRequest): Promise<RowOf<R>> {
  const id = (request.params as { id: string }).id.replace(/\.json$/, '');
  const row = await byId(db, collection.resource, id);
  if (!row || !(await collection.sees(db, callerOf(request), row))) throw neutron.notFound(collection.resource.title, id);
  return row;
}

async function listRows<R extends Resource>(collection: Collection<R>, { store, baseUrl }: NetworkContext, request: FastifyRequest): Promise<View> {
  const { resource } = collection;
  const caller = callerOf(request);
  const raw = request.query as RawQuery;
  const own = (await collection.filters?.(store.db, raw)) ?? { rest: raw, where: [] };
  const { rest, where } = projectFilter(own.rest);
  const { query, fields } = parseListQuery(resource, rest, 0);
  const visible = caller.isAdmin ? [] : await collection.visible(store.db, caller);
  const rows = await list(store.db, resource, { ...query, where: [...query.where, ...own.where, ...where, ...visible] });
  const views = await collection.views(store.db, caller, rows);
  const links = pageLinks(
    `${baseUrl(request)}/network/v2.0/${resource.collection}`,
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

async function viewOf<R extends Resource>(collection: Collection<R>, db: Db, request: FastifyRequest, row: RowOf<R>): Promise<View> {
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
  return Object.fromEntries(fields.map((name) => [name, view[name]]));
}

/** The body with `tenant_id` under its present name. Anything odd is left for the declaration to refuse. */
export function withProject(name: string, body: unknown): unknown {
  const object = isPlainObject(body) ? body[name] : undefined;
  if (!isPlainObject(body) || !isPlainObject(object) || !('tenant_id' in object)) return body;
  const { tenant_id, ...rest } = object;
  return { ...body, [name]: { project_id: tenant_id, ...rest } };
}

/** Whether the creator named an attribute at all: to Neutron null and nothing are not the same. */
export function mentions(name: string, body: unknown, attribute: string): boolean {
  const object = isPlainObject(body) ? body[name] : undefined;
  return isPlainObject(object) && Object.hasOwn(object, attribute);
}
