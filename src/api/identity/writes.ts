/** Create, update and delete of a resource of the identity face: what they have in common. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Resource, RowOf } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { byId, insert, isUniqueViolation, update } from '../../store/rows.ts';
import { requireAdmin } from './access.ts';
import { writeAsBearer } from './bearer.ts';
import { type Body, objectIn } from './bodies.ts';
import { directoryView } from './directory-view.ts';
import type { IdentityOptions } from './face.ts';
import { keystone } from './keystone-error.ts';

/** Work is prepared before the transaction (parsing, hashing) and run inside it, perhaps twice. */
export interface Writer<R extends Resource> {
  readonly resource: R;
  /** The new row, from a body's object. */
  draft(object: Body, request: FastifyRequest): Promise<(tx: AuditedTx) => Promise<RowOf<R>>>;
  /** The changes of a row. */
  revise(object: Body, request: FastifyRequest): Promise<(tx: AuditedTx, row: RowOf<R>) => Promise<Partial<RowOf<R>>>>;
  remove(tx: AuditedTx, row: RowOf<R>): Promise<void>;
  /** What must not exist twice, in Keystone's words. */
  duplicate(row: RowOf<R>): string;
}

type Refusal = (id: string, request: FastifyRequest) => void;

/** `refuse` throws for what is no row of the store: objects that the server itself carries. */
export function writeRoutes<R extends Resource>(app: FastifyInstance, options: IdentityOptions, writer: Writer<R>, refuse: Refusal = () => {}): void {
  const { resource } = writer;
  const one = `/v3/${resource.collection}/:id`;
  const view = (request: FastifyRequest, row: RowOf<R>): Body => ({ [resource.name]: directoryView(resource, row, options.baseUrl(request)) });
  app.post(`/v3/${resource.collection}`, async (request, reply) => {
    requireAdmin(request, `create_${resource.name}`);
    return reply.code(201).send(view(request, await create(options, writer, request, objectIn(request.body, resource.name))));
  });
  app.patch(one, async (request) => {
    requireAdmin(request, `update_${resource.name}`);
    refuse(idOf(request), request);
    return view(request, await revise(options, writer, request));
  });
  app.delete(one, async (request, reply) => {
    requireAdmin(request, `delete_${resource.name}`);
    refuse(idOf(request), request);
    const right = { action: `delete_${resource.name}` };
    await writeAsBearer(options, request, right, async (tx) => writer.remove(tx, await existing(tx, resource, idOf(request))));
    return reply.code(204).send();
  });
}

export async function create<R extends Resource>(options: IdentityOptions, writer: Writer<R>, request: FastifyRequest, object: Body): Promise<RowOf<R>> {
  const draft = await writer.draft(object, request);
  return writeAsBearer(options, request, { action: `create_${writer.resource.name}` }, async (tx) => {
    const row = await draft(tx);
    await once(writer, row, () => insert(tx.db, writer.resource, row));
    tx.record('create', writer.resource, null, row);
    return row;
  });
}

async function revise<R extends Resource>(options: IdentityOptions, writer: Writer<R>, request: FastifyRequest): Promise<RowOf<R>> {
  const change = await writer.revise(objectIn(request.body, writer.resource.name), request);
  return writeAsBearer(options, request, { action: `update_${writer.resource.name}` }, async (tx) => {
    const before = await existing(tx, writer.resource, idOf(request));
    const changes = await change(tx, before);
    const after = { ...before, ...changes };
    await once(writer, after, () => update(tx.db, writer.resource, idOf(request), changes));
    tx.record('update', writer.resource, before, after);
    return after;
  });
}

async function once<R extends Resource>(writer: Writer<R>, row: RowOf<R>, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw isUniqueViolation(error) ? keystone.conflict(writer.resource.name, writer.duplicate(row)) : error;
  }
}

export async function existing<R extends Resource>(tx: AuditedTx, resource: R, id: string): Promise<RowOf<R>> {
  const row = await byId(tx.db, resource, id);
  if (!row) throw keystone.notFound(resource.name, id);
  return row;
}

export function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}
