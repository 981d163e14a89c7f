/** What the HTTP library finds wrong with a request, as one of the faults that a face knows how to answer. */
import type { FastifyError, FastifyRequest } from 'fastify';
import { type Fault, fault } from '../../model/fault.ts';

/** Where a face has words of its own. */
export interface OwnWords {
  readonly tooLarge?: () => Fault;
  /** @param message the library's */
  readonly bad?: (status: number, message: string) => Fault;
  readonly internal?: () => Fault;
}

/** The client's errors get their status; all others are ours: 500, and logged. */
export function frameworkFault(error: FastifyError, request: FastifyRequest, own: OwnWords = {}): Fault {
  const { code, statusCode: status = 500, message } = error;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return (own.tooLarge ?? fault.bodyTooLarge)();
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return fault.unsupportedMediaType(request.headers['content-type'] ?? '');
  if (status >= 400 && status < 500) return own.bad?.(status, message) ?? fault.validation(message);
  request.log.error({ err: error }, 'request failed');
  return (own.internal ?? fault.internal)();
}
