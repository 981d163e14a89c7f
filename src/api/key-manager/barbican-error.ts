/** Errors in Barbican's shape, `{"code", "title", "description"}`, and those whose words are its own. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { type OwnWords, frameworkFault } from '../http/framework-fault.ts';

/** Longest part of a request that a message repeats, characters. Payloads are never repeated at all. */
const MAX_SHOWN = 255;

const shown = (value: string): string => (value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);

export const barbican = {
  notFound: (title: string): Fault => new Fault('key_manager_not_found', 404, `${title} not found.`),
  noPayload: (): Fault => new Fault('key_manager_no_payload', 404, 'The secret has no payload yet.'),
  noSuchSecret: (name: string): Fault => new Fault('key_manager_no_such_secret', 404, `Secret provided for '${shown(name)}' doesn't exist.`),
  /** `operation`: Barbican's name of it, such as `Secret retrieval`. */
  notAllowed: (operation: string): Fault =>
    new Fault('key_manager_not_allowed', 403, `${operation} attempt not allowed - please review your user/project privileges`),
  invalid: (schema: string, reason: string, property: string): Fault =>
    new Fault('key_manager_invalid', 400, `Provided object does not match schema '${schema}': ${shown(reason)}. Invalid property: '${shown(property)}'`),
  invalidQuery: (name: string, reason: string): Fault => new Fault('key_manager_query', 400, `Invalid value of ${name}: ${reason}`),
  noData: (): Fault => new Fault('key_manager_no_data', 400, 'No data supplied to process.'),
  undecodable: (): Fault => new Fault('key_manager_undecodable', 400, 'Unable to decode request data.'),
  tooLarge: (): Fault => new Fault('key_manager_too_large', 413, 'Provided information too large to process'),
  hasPayload: (): Fault => new Fault('key_manager_has_payload', 409, 'Secret already has data, cannot modify it.'),
  alreadyContained: (): Fault => new Fault('key_manager_contained', 409, 'The container already has this secret, or another one under this name.'),
  metadataExists: (): Fault => new Fault('key_manager_metadata_exists', 409, 'The secret already has metadata under this key.'),
  otherKey: (): Fault => new Fault('key_manager_other_key', 409, 'The key in the body is not the one in the path.'),
  onlyGeneric: (): Fault => new Fault('key_manager_only_generic', 400, 'Only generic containers can be modified.'),
  wrongType: (type: string, expected: readonly string[]): Fault =>
    new Fault('key_manager_type', 415, `Unexpected content type: ${shown(type)}. Expected content types are: ${expected.join(', ')}`),
  notAcceptable: (type: string): Fault => new Fault('key_manager_accept', 406, `The payload of this secret is ${type}: ask for that in the Accept header.`),
  notYours: (): Fault => new Fault('key_manager_consumer', 403, 'Only the projects of the consumer and of what it uses can delete it.'),
  versionUnsupported: (version: string): Fault => new Fault('key_manager_version', 406, `Version ${shown(version)} is not supported: 1.0 to 1.1 are.`),
  notOffered: (what: string): Fault => new Fault('key_manager_not_offered', 405, `${what} cannot be written here.`),
} as const;

const WORDS: OwnWords = {
  tooLarge: barbican.tooLarge,
  bad: (status, message) => new Fault('bad_request', status, message),
  internal: () => new Fault('internal', 500, 'The key manager failed - please contact site administrator.'),
};

export function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = error instanceof Fault ? error : frameworkFault(error, request, WORDS);
  return reply
    .code(status)
    .type('application/json')
    .send({ code: status, title: STATUS_CODES[status] ?? 'Error', description: message });
}
