/** Errors in Nova's shape, `{"<kind>": {"code", "message"}}`, and those whose words are its own. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { type OwnWords, frameworkFault } from '../http/framework-fault.ts';

/** Longest part of a request that a message repeats, characters. */
const MAX_SHOWN = 255;

function shown(value: string): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
}

export const nova = {
  serverNotFound: (id: string): Fault => new Fault('nova_not_found', 404, `Instance ${shown(id)} could not be found.`),
  flavorNotFound: (id: string): Fault => new Fault('nova_not_found', 404, `Flavor ${shown(id)} could not be found.`),
  markerNotFound: (id: string): Fault => new Fault('nova_marker', 400, `marker [${shown(id)}] not found`),
  invalidQuery: (name: string, value: string, reason: string): Fault =>
    new Fault('nova_query', 400, `Invalid input for query parameters ${name}. Value: ${shown(value)}. ${reason}`),
  invalidStatus: (): Fault => new Fault('nova_status', 400, 'Invalid status value'),
  /** `rule`: Nova's name of the action, below os_compute_api. */
  notAllowed: (rule: string): Fault => new Fault('nova_policy', 403, `Policy doesn't allow os_compute_api:${rule} to be performed.`),
  /** Whoever asks: what there is comes from elsewhere. */
  readOnly: (rule: string): Fault =>
    new Fault(
      'nova_read_only',
      403,
      `Policy doesn't allow os_compute_api:${rule} to be performed. Servers are only shown here; those of the lab stop and start with: weir lab stop, weir lab start`,
    ),
  versionMalformed: (version: string): Fault =>
    new Fault('nova_version', 400, `API Version String ${shown(version)} is of invalid format. Must be of format MajorNum.MinorNum.`),
  versionUnsupported: (version: string, oldest: string, newest: string): Fault =>
    new Fault('nova_version', 406, `Version ${shown(version)} is not supported by the API. Minimum is ${oldest} and maximum is ${newest}.`),
} as const;

/** Nova's names for kinds of errors; any other is a computeFault. */
const KINDS: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  413: 'overLimit',
  415: 'badMediaType',
  503: 'serviceUnavailable',
};

const WORDS: OwnWords = {
  bad: (status, message) => new Fault('nova_request', status, message),
  internal: () => new Fault('nova_internal', 500, 'Unexpected API Error.'),
};

export function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof Fault ? error : frameworkFault(error, request, WORDS);
  return reply.code(known.status).send(bodyOf(known));
}

/** A missing token is refused in front of Nova, by keystonemiddleware, in that one's shape. */
function bodyOf({ status, message }: Fault): object {
  if (status === 401) return { error: { code: 401, title: 'Unauthorized', message } };
  return { [KINDS[status] ?? 'computeFault']: { code: status, message } };
}
