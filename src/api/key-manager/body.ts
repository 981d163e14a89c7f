/** Bodies of requests: bytes as they came; JSON where a route wants JSON. Messages name attributes and never repeat values. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ValueError, isPlainObject } from '../../model/field.ts';
import type { Field, Resource } from '../../model/resource.ts';
import { parseJson } from '../http/json-body.ts';
import { readBodies } from '../http/read-body.ts';
import { barbican } from './barbican-error.ts';

const JSON_TYPE = 'application/json';

/** Payloads are bytes of any kind; so here nothing is read before its route says what it should be. */
export function readBytes(app: FastifyInstance): void {
  readBodies(app, (_request, bytes) => bytes);
}

export function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** `text/plain; charset=utf-8` → `text/plain`; '' when there is none. */
export function typeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The object in the body of a request; `schema` is Barbican's name of it. */
export function objectOf(request: FastifyRequest, schema: string): Record<string, unknown> {
  const type = typeOf(request.headers['content-type']);
  if (type !== '' && type !== JSON_TYPE) throw barbican.wrongType(type, [JSON_TYPE]);
  const bytes = bytesOf(request);
  if (bytes.length === 0) throw barbican.noData();
  const value = parseJson(bytes);
  if (!isPlainObject(value)) throw barbican.invalid(schema, 'Value should be an object', 'None');
  return value;
}

type Values<R extends Resource> = {
  [K in keyof R['fields'] as R['fields'][K]['place'] extends 'stored' ? K : never]: R['fields'][K] extends Field<infer T> ? T : never;
};

/** The attributes that a creator may set, by the declaration. Others are left out, as Barbican does. */
export function settable<R extends Resource>(resource: R, schema: string, object: Record<string, unknown>): Values<R> {
  const fields = Object.entries(resource.fields).filter(([, field]) => field.settable === 'create' && field.place === 'stored');
  return Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, schema, name, object[name])])) as Values<R>;
}

function valueOf(field: Field, schema: string, name: string, value: unknown): unknown {
  if (value === undefined || value === null) {
    if (field.required) throw barbican.invalid(schema, `'${name}' is a required property`, name);
    return field.initial;
  }
  try {
    return field.type.parse(value);
  } catch (error) {
    throw error instanceof ValueError ? barbican.invalid(schema, error.reason, name) : error;
  }
}
