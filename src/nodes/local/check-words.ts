/**
 * What HAProxy's checks answered, in words for people. Pure; columns of `show stat` and the codes of `check_status` are in its
 * management guide, §9.1. A server's own text gets in only where nothing else tells what happened, and cut.
 */
import type { Row } from './proxy-answers.ts';

const DETAIL_AT_MOST = 100;

/** "connection refused", "HTTP 503", "connecting timed out after 5 s"; empty before the first answer. */
export function checkWords(row: Row): string {
  const status = checkStatus(row);
  return WORDS[status]?.(row) ?? unknown(row);
}

/** A star marks that the next check is under way. */
export function checkStatus(row: Row): string {
  return (row['check_status'] ?? '').replace(/^\* /, '');
}

/** Whether the last word came from requests that failed, not from a check. */
export function isObservation(row: Row): boolean {
  return checkStatus(row) === 'HANA';
}

const nothing = (): string => '';

const WORDS: Readonly<Record<string, (row: Row) => string>> = {
  '': nothing,
  UNK: nothing,
  INI: nothing,
  HANA: observed,
  L4OK: () => 'accepts connections',
  L4CON: connection,
  SOCKERR: connection,
  L4TOUT: (row) => `connecting timed out after ${seconds(row)}`,
  L6OK: () => 'TLS handshake done',
  L6TOUT: (row) => `TLS handshake timed out after ${seconds(row)}`,
  L6RSP: () => 'TLS handshake failed',
  L7OK: http,
  L7OKC: http,
  L7STS: http,
  L7TOUT: (row) => `answer timed out after ${seconds(row)}`,
  L7RSP: () => 'the answer is not HTTP',
  // Programs that ping a member, or send it a datagram.
  PROCOK: () => 'answers',
  PROCERR: () => 'no answer',
  PROCTOUT: (row) => `no answer within ${seconds(row)}`,
};

function connection(row: Row): string {
  const detail = detailOf(row);
  // "General socket error (No route to host)": what is in the parentheses says it.
  const [, inner = detail] = /\((.+)\)$/.exec(detail) ?? [];
  return inner === '' ? 'connection failed' : inner.charAt(0).toLowerCase() + inner.slice(1);
}

function http(row: Row): string {
  const code = row['check_code'] ?? '';
  return /^[1-9]\d{2}$/.test(code) ? `HTTP ${code}` : 'answers HTTP';
}

function observed(row: Row): string {
  const [, count] = /(\d+) consecutive errors/.exec(detailOf(row)) ?? [];
  return `${count ?? 'several'} connections in a row failed`;
}

function seconds(row: Row): string {
  return `${Math.round(Number(row['check_duration'] ?? 0) / 1000)} s`;
}

function unknown(row: Row): string {
  return [row['check_desc'] ?? '', detailOf(row)].filter((words) => words !== '').join(': ');
}

function detailOf(row: Row): string {
  return (row['last_chk'] ?? '').replaceAll(/[^\x20-\x7e]/g, '?').slice(0, DETAIL_AT_MOST);
}
