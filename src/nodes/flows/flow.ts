/** One finished request or connection, read from the line that HAProxy wrote of it (render/haproxy/flow-log.ts). */
import { FLOW_FIELDS, FLOW_TAG, type FlowField } from '../../render/haproxy/flow-log.ts';

export interface Flow {
  /** As HAProxy wrote them, where it says them in one word; a dash is kept as one. */
  readonly raw: Readonly<Record<FlowField, string>>;
  /** The request line with HAProxy's encoding in it; null where no requests are read. */
  readonly request: string | null;
  /** Milliseconds since 1970, when the connection came, or the request before on the same connection ended. */
  readonly accepted: number;
  /** What clients and their certificates say: bytes that are no UTF-8 are replaced. null: not said. */
  readonly said: Readonly<Record<SaidField, string | null>>;
}

type SaidField = 'error' | 'alpn' | 'serverName' | 'subject' | 'issuer' | 'host' | 'userAgent' | 'referrer';

const SAID: readonly SaidField[] = ['error', 'alpn', 'serverName', 'subject', 'issuer', 'host', 'userAgent', 'referrer'];
/** All but the request line. */
const WORDS = FLOW_FIELDS.length - 1;
const PRINTABLE = /^[\x20-\x7e]*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** A plus tells that a request was given to another member than the first. */
const WHOLE = /^[+-]?\d{1,15}$/;
/** Fields that are whole numbers or a dash. */
const NUMBERS: readonly FlowField[] = [
  'seconds',
  'milliseconds',
  'verify',
  'retries',
  'clientPort',
  'vipPort',
  'serverPort',
  'status',
  'bytesOut',
  'bytesIn',
  'handshakeTime',
  'idleTime',
  'requestTime',
  'queueTime',
  'connectTime',
  'responseTime',
  'activeTime',
  'totalTime',
];

/** True for a line that means to be one of ours; HAProxy writes some in words, about its proxies. */
export function isFlowLine(line: string): boolean {
  return line.startsWith(`${FLOW_TAG} `);
}

/** The flow that a line is about, which may be anything; null when it is not whole. */
export function parseFlow(line: string): Flow | null {
  if (!isFlowLine(line) || !PRINTABLE.test(line)) return null;
  const words = line.split(' ', WORDS);
  const request = requestOf(line.slice(words.join(' ').length + 1));
  if (words.length < WORDS || words.includes('') || request === undefined) return null;
  const raw = Object.fromEntries(FLOW_FIELDS.map((field, index) => [field, words[index] ?? '-'])) as Record<FlowField, string>;
  const accepted = Number(raw.seconds) * 1000 + Number(raw.milliseconds);
  if (!Number.isSafeInteger(accepted) || accepted < 0 || accepted > LATEST || !NUMBERS.every((field) => isNumber(raw[field]))) return null;
  const said = saidBy(raw);
  return said && { raw, request, accepted, said };
}

/** The last moment that a date can name (ECMA-262 §21.4.1.1). */
const LATEST = 8.64e15;

/** The number that a field says; null where it says none, or that there is nothing to measure (-1). */
export function numberIn(flow: Flow, field: FlowField): number | null {
  const value = flow.raw[field];
  return value === '-' || value.startsWith('-') ? null : Number(value);
}

/** What a field says in a word; null where it says nothing. */
export function wordIn(flow: Flow, field: FlowField): string | null {
  const value = flow.raw[field];
  return value === '-' ? null : value;
}

function isNumber(value: string): boolean {
  return value === '-' || WHOLE.test(value);
}

/** A request line that was too long lacks its closing quote. undefined: it is neither that nor a dash. */
function requestOf(rest: string): string | null | undefined {
  if (rest === '-') return null;
  if (!rest.startsWith('"')) return undefined;
  const end = rest.indexOf('"', 1);
  if (end === -1) return rest.slice(1);
  return end === rest.length - 1 ? rest.slice(1, -1) : undefined;
}

function saidBy(raw: Readonly<Record<FlowField, string>>): Record<SaidField, string | null> | null {
  if (!SAID.every((field) => raw[field] === '-' || BASE64.test(raw[field]))) return null;
  return Object.fromEntries(SAID.map((field) => [field, decoded(raw[field])])) as Record<SaidField, string | null>;
}

function decoded(value: string): string | null {
  return value === '-' ? null : Buffer.from(value, 'base64').toString('utf8');
}

/** Undoes HAProxy's encoding of request lines: `#22` is a double quote. */
export function decodeRequest(request: string): string {
  if (!request.includes('#')) return request;
  const bytes = request.replaceAll(/#([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
