/**
 * Faults → bodies. Inside a resource clients read `faultstring`; what the router itself refuses has a shape of its
 * own, and so has a missing token (octavia-api reference §2.9).
 */
import { STATUS_CODES } from 'node:http';
import type { Fault } from '../../model/fault.ts';

/** Codes that Octavia's router answers, before any resource is reached. */
const ROUTED = new Set(['no_such_path', 'no_such_parent', 'method_not_allowed', 'not_acceptable']);

export function errorBody({ code, status, message }: Fault): object | string {
  if (ROUTED.has(code)) return { code: status, title: STATUS_CODES[status] ?? 'Error', description: message };
  if (status === 401) return { error: { code: 401, title: 'Unauthorized', message } };
  if (status === 413) return message;
  return { faultcode: status >= 500 ? 'Server' : 'Client', faultstring: message, debuginfo: null };
}
