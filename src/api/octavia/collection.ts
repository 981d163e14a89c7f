/**
 * The routes every resource has: list, show, create, update, delete. What differs between resources is in its
 * `Collection`; how requests are read and answered is here, once.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { byId, list } from '../../store/rows.ts';
import type { Caller } from '../identity/caller.ts';
import { type RawQuery, pageLinks, parseFields, parseListQuery } from '../http/list-query.ts';
import { type OctaviaOptions, callerOf } from './context.ts';
import { authorize, listScope } from './policy.ts';
import { type View, select } from './view.ts';

export type Params = Readonly<Record<string, string>>;

/** Everything a handler needs of one request. */
export interface Call {
  readonly options: OctaviaOptions;
  readonly caller: Caller;
  readonly params: Params;
  readonly query: RawQuery;
  readonly body: unknown;
}

export interface Collection<R extends Resource = Resource> {
  readonly resource: R;
  /** Below /v2.0/lbaas, with parameters of parents: `/pools/:pool_id/members`. */
  readonly path: string;
  view(db: OctaviaOptions['store']['db'], rows: readonly RowOf<R>[]): Promise<View[]>;
  /** Conditions that a parent in the path adds; checks that the parent is there. */
  within?(call: Call): Promise<{ column: string; anyOf: unknown[] }[]>;
  create(call: Call): Promise<RowOf<R>>;
  update(call: Call, id: string): Promise<RowOf<R>>;
  remove(call: Call, id: string): Promise<void>;
}

/** Rows that clients may list have an owner. */
interface Owned {
  id: string;
  project_id: string | null;
}

export function registerCollection<R extends Resource>(app: FastifyInstance, options: OctaviaOptions, collection: Collection<R>): void {
  const { path, resource } = collection;
  app.get(path, async (request) =>
    listRows(
      collection,
      callOf(options, request),
      `${options.baseUrl(request)}/v2.0/lbaas${request.url.slice(request.url.indexOf('/lbaas') + 6).split('?')[0]}`,
    ),
  );
  app.get(`${path}/:id`, async (request) => showRow(collection, callOf(options, request)));
  app.post(path, async (request, reply) =>
    answer(reply.code(201), resource, await shown(collection, options, await collection.create(callOf(options, request)))),
  );
  app.put(`${path}/:id`, async (request, reply) => {
    const call = callOf(options, request);
    return answer(reply, resource, await shown(collection, options, await collection.update(call, idOf(call))));
  });
  app.delete(`${path}/:id`, async (request, reply) => {
    const call = callOf(options, request);
    await collection.remove(call, idOf(call));
    return reply.code(204).send();
  });
}

export function callOf(options: OctaviaOptions, request: FastifyRequest): Call {
  return { options, caller: callerOf(request), params: request.params as Params, query: request.query as RawQuery, body: request.body };
}

function idOf({ params }: Call): string {
  return params['id'] ?? '';
}

function answer(reply: FastifyReply, resource: Resource, shown: View): FastifyReply {
  return reply.send({ [resource.name]: shown });
}

async function shown<R extends Resource>(collection: Collection<R>, { store }: OctaviaOptions, row: RowOf<R>): Promise<View> {
  const [only] = await collection.view(store.db, [row]);
  return only ?? {};
}

async function listRows<R extends Resource>(collection: Collection<R>, call: Call, self: string): Promise<View> {
  const { resource } = collection;
  const { options, caller, query } = call;
  const request = parseListQuery(resource, query, options.maxLimit);
  const project = listScope(caller, request.projectId);
  const scope = [...((await collection.within?.(call)) ?? []), ...(project === null ? [] : [{ column: 'project_id', anyOf: [project] }])];
  const rows = await list(options.store.db, resource, { ...request.query, where: [...request.query.where, ...scope] });
  const views = await collection.view(options.store.db, rows);
  const ids = rows.map((row) => (row as unknown as Owned).id);
  return { [resource.collection]: views.map((view) => select(view, request.fields)), [resource.links]: pageLinks(self, query, request, ids) };
}

async function showRow<R extends Resource>(collection: Collection<R>, call: Call): Promise<View> {
  const row = await rowFor(collection.resource, call, idOf(call), 'read', await collection.within?.(call));
  const view = await shown(collection, call.options, row);
  return { [collection.resource.name]: select(view, parseFields(collection.resource, call.query['fields'])) };
}

/** A row the caller may act on: 404 when it is not there, 403 when it is somebody else's. */
export async function rowFor<R extends Resource>(
  resource: R,
  call: Call,
  id: string,
  action: 'read' | 'write',
  within: readonly { column: string; anyOf: unknown[] }[] = [],
  db = call.options.store.db,
): Promise<RowOf<R>> {
  const row = await byId(db, resource, id);
  const outside = row && within.some(({ column, anyOf }) => !anyOf.includes((row as Record<string, unknown>)[column]));
  if (!row || outside) throw fault.notFound(resource.title, id);
  authorize(call.caller, action, (row as unknown as Owned).project_id);
  return row;
}
