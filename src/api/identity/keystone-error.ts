/** Errors in Keystone's shape and words: `{"error": {"code", "message", "title"}}`. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { type OwnWords, frameworkFault } from '../http/framework-fault.ts';

export const MALFORMED =
  'The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.';
/** Seconds after which the oldest failures no longer count. */
const RETRY_AFTER = 60;
/** Seconds in which what waits for a hash has had its turn. */
const BUSY_RETRY_AFTER = 1;
const BUSY = 'busy';

export const keystone = {
  expecting: (what: string, where: string): Fault => new Fault('expecting', 400, `Expecting to find ${what} in ${where}. ${MALFORMED}`),
  unsupportedMethod: (): Fault => new Fault('unsupported_method', 401, 'Attempted to authenticate with an unsupported method.'),
  unsupportedScope: (scope: string): Fault => new Fault('unsupported_scope', 401, `There are no ${scope}-scoped tokens here: ask for a project or a domain.`),
  credentialScope: (): Fault => new Fault('credential_scope', 401, 'Application credentials cannot request a scope.'),
  tooManyLogins: (): Fault => new Fault('too_many_logins', 429, `Too many failed logins. Try again in ${RETRY_AFTER} seconds.`),
  busy: (): Fault => new Fault(BUSY, 429, 'Too many passwords are waiting to be checked or stored. Try again in a moment.'),
  notFound: (kind: string, id: string): Fault => new Fault('not_found', 404, `Could not find ${kind}: ${shortened(id)}.`),
  noAssignment: (roleId: string, userId: string, targetId: string): Fault =>
    new Fault('not_found', 404, `Could not find role assignment with ${assignmentWords(roleId, userId, targetId)}.`),
  notAuthorized: (action: string): Fault => new Fault('forbidden', 403, `You are not authorized to perform the requested action: identity:${action}.`),
  forbiddenAction: (action: string): Fault => new Fault('forbidden', 403, `You are not authorized to perform the requested action: ${action}.`),
  /** 403 that says why. */
  refused: (why: string): Fault => new Fault('refused', 403, why),
  /** 400 that says why. */
  invalid: (why: string): Fault => new Fault('invalid', 400, why),
  passwordTooLong: (): Fault =>
    new Fault(
      'password_too_long',
      403,
      'The password length must be less than or equal to 4096. The server could not comply with the request because the password is invalid.',
    ),
  invalidCredential: (why: string): Fault => new Fault('invalid', 400, `Invalid application credential: ${why}`),
  tooManyCredentials: (limit: number): Fault =>
    new Fault('too_many_credentials', 403, `The user may have ${limit} application credentials, and has as many: delete one first.`),
  conflict: (kind: string, detail: string): Fault => new Fault('conflict', 409, `Conflict occurred attempting to store ${kind} - ${detail}.`),
  notImplemented: (what: string): Fault => new Fault('not_implemented', 501, `The action you have requested has not been implemented: ${what}.`),
  noSuchPath: (): Fault =>
    new Fault('no_such_path', 404, 'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.'),
  methodNotAllowed: (): Fault => new Fault('method_not_allowed', 405, 'The method is not allowed for the requested URL.'),
} as const;

export function assignmentWords(roleId: string, userId: string, targetId: string): string {
  return `role: ${shortened(roleId)}, user or group: ${shortened(userId)}, project, domain, or system: ${shortened(targetId)}`;
}

/** An error must not echo a megabyte back. */
export function shortened(value: string): string {
  return value.slice(0, 255);
}

const WORDS: OwnWords = {
  bad: (status, message) => new Fault('bad_request', status, message),
  internal: () => new Fault('internal', 500, 'An unexpected error prevented the server from fulfilling your request.'),
};

export function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message, code } = error instanceof Fault ? error : frameworkFault(error, request, WORDS);
  if (status === 429) reply.header('Retry-After', String(code === BUSY ? BUSY_RETRY_AFTER : RETRY_AFTER));
  return reply.code(status).send({ error: { code: status, message, title: STATUS_CODES[status] ?? 'Error' } });
}
