/**
 * Reads JSON bodies the way OpenStack's servers do: an absent content type is JSON, an empty body is no body (clients
 * send DELETE with a JSON content type and nothing in it), anything else must parse.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { checkJsonBounds } from './json-bounds.ts';

const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const type = request.headers['content-type'];
    if (body.length === 0) done(null, undefined);
    else if (type !== undefined && !JSON_TYPE.test(type)) done(fault.unsupportedMediaType(type), undefined);
    else if (!isUtf8(body as Buffer)) done(fault.invalidJson(), undefined);
    else parse(String(body), done);
  });
}

function parse(text: string, done: (error: Error | null, body: unknown) => void): void {
  try {
    checkJsonBounds(text);
    done(null, JSON.parse(text));
  } catch (error) {
    done(error instanceof Fault ? error : fault.invalidJson(), undefined);
  }
}
