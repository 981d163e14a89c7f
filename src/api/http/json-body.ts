/**
 * Reads JSON bodies the way OpenStack's servers do: an absent content type is JSON, an empty body is no body (clients
 * send DELETE with a JSON content type and nothing in it), anything else must parse.
 */
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';

const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type'];
    if (body.length === 0) done(null, undefined);
    else if (type !== undefined && !JSON_TYPE.test(type)) done(fault.unsupportedMediaType(type), undefined);
    else parse(String(body), done);
  });
}

function parse(text: string, done: (error: Error | null, body: unknown) => void): void {
  try {
    done(null, JSON.parse(text));
  } catch {
    done(fault.invalidJson(), undefined);
  }
}
