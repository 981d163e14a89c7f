/** What users note about a secret: short texts under short names. Anybody who may see the secret's own data sees them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isPlainObject } from '../../model/field.ts';
import { type Secret, secret } from '../../model/secret.ts';
import { audited } from '../../store/audit.ts';
import { update } from '../../store/rows.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { barbican } from './barbican-error.ts';
import { objectOf } from './body.ts';
import { type KeyManagerContext, now } from './context.ts';
import { require, seesMetadata, writes } from './policy.ts';
import { refOf } from './refs.ts';
import { secretIn } from './secrets.ts';

type Notes = ReadonlyMap<string, string>;

const SCHEMA = 'SecretMetadata';
const KEY = /^[A-Za-z0-9_-]{1,255}$/;
const MAX_VALUE = 255;
const MAX_NOTES = 100;

export function metadataRoutes(app: FastifyInstance, context: KeyManagerContext): void {
  const [all, one] = ['/secrets/:id/metadata', '/secrets/:id/metadata/:key'];
  app.get(all, async (request) => ({ metadata: Object.fromEntries(await notesSeen(context, request)) }));
  app.put(all, (request, reply) => replaceAll(context, request, reply));
  app.post(all, (request, reply) => add(context, request, reply));
  app.get(one, async (request) => pairIn(await notesSeen(context, request), keyIn(request)));
  app.put(one, (request) => replaceOne(context, request));
  app.delete(one, (request, reply) => removeOne(context, request, reply));
}

function notesOf({ user_metadata: notes }: Secret): Notes {
  return new Map(Object.entries(notes));
}

async function notesSeen({ store: { db } }: KeyManagerContext, request: FastifyRequest): Promise<Notes> {
  const row = await secretIn(db, request);
  require(seesMetadata(callerOf(request), row), 'Secret metadata retrieval');
  return notesOf(row);
}

function keyIn({ params }: FastifyRequest): string {
  return (params as { key: string }).key.toLowerCase();
}

function pairIn(notes: Notes, key: string): { key: string; value: string } {
  const value = notes.get(key);
  if (value === undefined) throw barbican.notFound('Secret metadatum');
  return { key, value };
}

async function change({ store }: KeyManagerContext, request: FastifyRequest, changed: (notes: Notes) => Notes): Promise<Secret> {
  return audited(store, actorOf(request), async (tx) => {
    const before = await secretIn(tx.db, request);
    require(writes(callerOf(request), before), 'Secret metadata update');
    const notes = changed(notesOf(before));
    if (notes.size > MAX_NOTES) throw invalid(`at most ${MAX_NOTES} keys are kept`, 'metadata');
    const after = await update(tx.db, secret, before.id, { user_metadata: Object.fromEntries(notes), updated: now() });
    tx.record('update', secret, before, after ?? null);
    return before;
  });
}

async function replaceAll(context: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const { metadata } = objectOf(request, SCHEMA);
  if (!isPlainObject(metadata)) throw invalid('Value should be an object', 'metadata');
  const notes = new Map(Object.entries(metadata).map(([key, value]) => [checkedKey(key), checkedValue(value)]));
  const { id } = await change(context, request, () => notes);
  const ref = `${refOf(context.baseUrl(request), 'secrets', id)}/metadata`;
  reply.code(201).header('Location', ref);
  return { metadata_ref: ref };
}

async function add(context: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const { key, value } = pairOfBody(request);
  const { id } = await change(context, request, (notes) => {
    if (notes.has(key)) throw barbican.metadataExists();
    return new Map([...notes, [key, value]]);
  });
  reply.code(201).header('Location', `${refOf(context.baseUrl(request), 'secrets', id)}/metadata/${key}`);
  return { key, value };
}

async function replaceOne(context: KeyManagerContext, request: FastifyRequest): Promise<object> {
  const { key, value } = pairOfBody(request);
  if (key !== keyIn(request)) throw barbican.otherKey();
  await change(context, request, (notes) => {
    pairIn(notes, key);
    return new Map([...notes, [key, value]]);
  });
  return { key, value };
}

async function removeOne(context: KeyManagerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const key = keyIn(request);
  await change(context, request, (notes) => {
    pairIn(notes, key);
    return new Map([...notes].filter(([name]) => name !== key));
  });
  return reply.code(204).send();
}

function pairOfBody(request: FastifyRequest): { key: string; value: string } {
  const { key, value } = objectOf(request, SCHEMA);
  return { key: checkedKey(key), value: checkedValue(value) };
}

/** Keys are kept in lower case, as in Barbican. */
function checkedKey(key: unknown): string {
  if (typeof key !== 'string' || !KEY.test(key)) throw invalid('Keys are up to 255 letters, digits, _ and -', 'key');
  return key.toLowerCase();
}

function checkedValue(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_VALUE || value.includes('\0') || !value.isWellFormed()) {
    throw invalid(`Values are texts of at most ${MAX_VALUE} characters`, 'value');
  }
  return value;
}

function invalid(reason: string, property: string): Error {
  return barbican.invalid(SCHEMA, reason, property);
}
