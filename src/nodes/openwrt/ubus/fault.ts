/** What goes wrong between here and a gateway: one error, whose kind says what to do about it. */
import { NodeError } from '../../node.ts';

/**
 * unreachable: refused, cut off, or no route. silent: no answer in time. untrusted: another certificate than the pinned one, or one
 * that nobody vouches for. nonsense: an answer that is none of ubus. http: a status of HTTP that is no success. login: it does not know
 * the user or the password. denied: the user lacks a right. refused: ubus answers with a status.
 */
export type GatewayFaultKind = 'unreachable' | 'silent' | 'untrusted' | 'nonsense' | 'http' | 'login' | 'denied' | 'refused';

export class GatewayFault extends NodeError {
  readonly kind: GatewayFaultKind;
  /** Of a refusal, the status of ubus. */
  readonly status: number | null;
  /** Of an untrusted one, the pin of the certificate that it came with. */
  readonly pin: string | null;

  constructor(kind: GatewayFaultKind, message: string, more: { readonly status?: number; readonly pin?: string; readonly cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'GatewayFault';
    this.kind = kind;
    this.status = more.status ?? null;
    this.pin = more.pin ?? null;
  }
}

/** ubus's statuses in its own words (libubus: ubus_strerror). */
const STATUSES: readonly string[] = [
  'success',
  'invalid command',
  'invalid argument',
  'method not found',
  'not found',
  'no response',
  'permission denied',
  'request timed out',
  'operation not supported',
  'unknown error',
  'connection failed',
  'out of memory',
  'parsing message data failed',
  'system error',
];

export function statusWords(status: number): string {
  return STATUSES[status] ?? `status ${status}`;
}

export const OK = 0;
export const NOT_FOUND = 4;
export const NO_DATA = 5;
export const PERMISSION_DENIED = 6;
