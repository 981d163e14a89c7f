/**
 * The routes every resource has: list, show, create, update, delete. What differs between resources is in its
 * `Collection`; how requests are read and answered is here, once.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { type ListQuery, byId, list } from '../../store/rows.ts';
import type { Actor } from '../../store/audit.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { asksForPlan } from '../http/dry-run-header.ts';
import type { Caller } from '../identity/caller.ts';
import { inTurns } from '../http/turns.ts';
import { refuseConditions } from '../http/conditions.ts';
import { type RawQuery, pageLinks, parseFields, parseListQuery } from '../http/list-query.ts';
import type { OctaviaOptions } from './context.ts';
import { checkMatch, etagOf } from './etag.ts';
import { longJson } from './long-json.ts';
import { type Rule, authorize, listScope, policyName, ruleOf } from './policy.ts';
import { type View, select } from './view.ts';

export type Params = Readonly<Record<string, string>>;

/** Everything a handler needs of one request. */
export interface Call {
  readonly options: OctaviaOptions;
  readonly caller: Caller;
  readonly params: Params;
  readonly query: RawQuery;
  readonly body: unknown;
  /** Who is written down as the author. */
  readonly actor: Actor;
  /** Asks for the plan instead of the change. */
  readonly dryRun: boolean;
  /** What the writer saw last; null does not ask. */
  readonly ifMatch: string | null;
}

export interface Collection<R extends Resource = Resource> {
  readonly resource: R;
  /** Below its face's version, with parameters of parents: `/pools/:pool_id/members`. */
  readonly path: string;
  /** Version and root of its face, as they stand in addresses; Octavia's if not given. */
  readonly root?: string;
  view(db: OctaviaOptions['store']['db'], rows: readonly RowOf<R>[]): Promise<View[]>;
  /** Conditions that a parent in the path adds; checks that the parent is there and that the caller may list what is below it. */
  within?(call: Call): Promise<{ column: string; anyOf: unknown[] }[]>;
  /** Attributes that other rows give and lists are filtered by: what a row must be to have one of the values. */
  readonly elsewhere?: Readonly<Record<string, (db: OctaviaOptions['store']['db'], values: readonly string[]) => Promise<ListQuery['where'][number]>>>;
  /** A body for a created object that is more than its attributes: a whole tree. */
  viewCreated?(db: OctaviaOptions['store']['db'], row: RowOf<R>): Promise<View>;
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
  app.get(path, async (request, reply) => {
    return sendLong(reply, await listRows(collection, callOf(options, request), selfOf(collection, options, request)));
  });
  app.get(`${path}/:id`, async (request, reply) => showRow(collection, callOf(options, request), reply));
  app.post(path, async (request, reply) => {
    refuseConditions(request);
    const row = await collection.create(callOf(options, request));
    reply.code(201).header('ETag', etagOf(resource, row));
    if (!collection.viewCreated) return answer(reply, resource, await shown(collection, options, row));
    return sendLong(reply, { [resource.name]: await collection.viewCreated(options.store.db, row) });
  });
  app.put(`${path}/:id`, async (request, reply) => {
    const call = callOf(options, request);
    const row = await collection.update(call, idOf(call));
    return answer(reply.header('ETag', etagOf(resource, row)), resource, await shown(collection, options, row));
  });
  app.delete(`${path}/:id`, async (request, reply) => {
    const call = callOf(options, request);
    await collection.remove(call, idOf(call));
    return reply.code(204).send();
  });
}

/** The address it was asked at, in the one spelling that links have. */
function selfOf({ root = '/v2.0/lbaas' }: Pick<Collection, 'root'>, { baseUrl }: OctaviaOptions, request: FastifyRequest): string {
  const last = root.slice(root.lastIndexOf('/'));
  const [path = ''] = request.url.split('?');
  return `${baseUrl(request)}${root}${path.slice(path.indexOf(`${last}/`) + last.length)}`;
}

export function callOf(options: OctaviaOptions, request: FastifyRequest): Call {
  const { params, query, body, headers } = request;
  return {
    options,
    caller: callerOf(request),
    params: params as Params,
    query: query as RawQuery,
    body,
    actor: actorOf(request),
    dryRun: asksForPlan(request),
    ifMatch: headers['if-match'] ?? null,
  };
}

function idOf({ params }: Call): string {
  return params['id'] ?? '';
}

function answer(reply: FastifyReply, resource: Resource, shown: View): FastifyReply {
  return reply.send({ [resource.name]: shown });
}

/** What may be megabytes: a whole tree, a list without a limit. */
export async function sendLong(reply: FastifyReply, body: View): Promise<FastifyReply> {
  return reply.type('application/json; charset=utf-8').send(await longJson(body));
}

async function shown<R extends Resource>(collection: Collection<R>, { store }: OctaviaOptions, row: RowOf<R>): Promise<View> {
  const [only] = await collection.view(store.db, [row]);
  return only ?? {};
}

async function listRows<R extends Resource>(collection: Collection<R>, call: Call, self: string): Promise<View> {
  const { resource } = collection;
  const { options, query } = call;
  const { own, others } = await partedFilters(collection.elsewhere ?? {}, call);
  const request = parseListQuery(resource, own, options.maxLimit);
  const within = await collection.within?.(call);
  // Who may see what hangs below the parent has been asked, and that need not be somebody of the owner's project.
  const project = within ? request.projectId : ownerScope(call, resource, request.projectId);
  const scope = [...(within ?? []), ...(project === null ? [] : [{ column: 'project_id', anyOf: [project] }])];
  const rows = await list(options.store.db, resource, { ...request.query, where: [...request.query.where, ...others], scope });
  const views = await collection.view(options.store.db, rows);
  const ids = rows.map((row) => (row as unknown as Owned).id);
  const { fields } = request;
  const selected = fields === null ? views : await inTurns(views, (view) => select(view, fields));
  return { [resource.collection]: selected, [resource.links]: pageLinks(self, query, request, ids) };
}

/** What the rows' own columns answer, and conditions for what others do. */
async function partedFilters(
  elsewhere: NonNullable<Collection['elsewhere']>,
  { options: { store }, query }: Call,
): Promise<{ own: RawQuery; others: ListQuery['where'] }> {
  const known = new Map(Object.entries(elsewhere));
  const others = [...known].flatMap(([name, condition]) => (query[name] === undefined ? [] : [condition(store.db, [query[name]].flat())]));
  return { own: Object.fromEntries(Object.entries(query).filter(([name]) => !known.has(name))), others: await Promise.all(others) };
}

/** The project a list is confined to; what belongs to nobody in particular is the same for all who may read it. */
function ownerScope(call: Call, resource: Resource, wanted: string | null): string | null {
  if (isOwned(resource)) return listScope(call, policyName(resource), wanted);
  authorize(call, `${policyName(resource)}:get_all` as Rule, call.caller.projectId);
  return null;
}

function isOwned({ fields }: Resource): boolean {
  return Object.hasOwn(fields, 'project_id');
}

async function showRow<R extends Resource>(collection: Collection<R>, call: Call, reply: FastifyReply): Promise<View> {
  const { resource } = collection;
  const row = await rowFor(resource, call, idOf(call), ruleOf(resource, 'get_one'), await collection.within?.(call));
  reply.header('ETag', etagOf(resource, row));
  const view = await shown(collection, call.options, row);
  return { [resource.name]: select(view, parseFields(resource, call.query['fields'])) };
}

/**
 * A row the caller may act on: 404 when it is not there, 403 when it is somebody else's. What belongs to nobody is not
 * even looked for, as in Octavia, for those who may not.
 */
export async function rowFor<R extends Resource>(
  resource: R,
  call: Call,
  id: string,
  rule: Rule,
  within: readonly { column: string; anyOf: unknown[] }[] = [],
  db = call.options.store.db,
): Promise<RowOf<R>> {
  if (!isOwned(resource)) authorize(call, rule, call.caller.projectId);
  const row = await byId(db, resource, id);
  const outside = row && within.some(({ column, anyOf }) => !anyOf.includes((row as Record<string, unknown>)[column]));
  if (!row || outside) throw fault.notFound(resource.title, id);
  if (isOwned(resource)) authorize(call, rule, (row as unknown as Owned).project_id);
  return row;
}

/** The row a write is for: as `rowFor`, and still what the writer last saw of it. */
export async function targetFor<R extends Resource>(
  resource: R,
  call: Call,
  id: string,
  rule: Rule,
  within: readonly { column: string; anyOf: unknown[] }[],
  db: OctaviaOptions['store']['db'],
): Promise<RowOf<R>> {
  const row = await rowFor(resource, call, id, rule, within, db);
  checkMatch(resource, row, call.ifMatch);
  return row;
}
