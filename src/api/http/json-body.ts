/**
 * Reads JSON bodies the way OpenStack's servers do: an absent content type is JSON, an empty body is no body (clients
 * send DELETE with a JSON content type and nothing in it), anything else must parse.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { checkJsonBounds } from './json-bounds.ts';
import { readBodies } from './read-body.ts';

const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

export function readJsonBodies(app: FastifyInstance): void {
  readBodies(app, ({ headers: { 'content-type': type } }, bytes) => {
    if (bytes.length === 0) return undefined;
    if (type !== undefined && !JSON_TYPE.test(type)) throw fault.unsupportedMediaType(type);
    return parseJson(bytes);
  });
}

/** Throws 400 for what is no JSON, in UTF-8, and for what would take long to parse. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw fault.invalidJson();
  const text = bytes.toString('utf8');
  checkJsonBounds(text);
  try {
    return JSON.parse(text);
  } catch {
    throw fault.invalidJson();
  }
}
