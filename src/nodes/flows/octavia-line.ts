/**
 * A flow as Octavia's amphora writes it: the words that HAProxy itself would have written for `user_log_format`. Only what HAProxy
 * would have written without care is encoded, in the way it encodes request lines: a certificate's subject may have quotes
 * and line ends in it.
 */
import type { LogPiece, LogVariable } from '../../model/log-format.ts';
import type { FlowField } from '../../render/haproxy/flow-log.ts';
import { type Flow, wordIn } from './flow.ts';

const FIELDS: Readonly<Partial<Record<LogVariable, FlowField>>> = {
  project_id: 'project',
  lb_id: 'balancer',
  f: 'listener',
  b: 'backend',
  s: 'server',
  ci: 'clientAddress',
  cp: 'clientPort',
  fi: 'vipAddress',
  fp: 'vipPort',
  si: 'serverAddress',
  sp: 'serverPort',
  t: 'date',
  Ts: 'seconds',
  ms: 'milliseconds',
  B: 'bytesOut',
  U: 'bytesIn',
  Th: 'handshakeTime',
  Ti: 'idleTime',
  TR: 'requestTime',
  Tw: 'queueTime',
  Tc: 'connectTime',
  Tr: 'responseTime',
  Ta: 'activeTime',
  Tt: 'totalTime',
  tsc: 'termination',
  rc: 'retries',
  pid: 'pid',
  sslv: 'tlsVersion',
  sslc: 'tlsCipher',
  '[ssl_c_verify]': 'verify',
};

/** Without a line end. */
export function octaviaLine(flow: Flow, format: readonly LogPiece[]): string {
  return format.map((piece) => (piece.kind === 'text' ? piece.text : written(flow, piece.variable, piece.quoted))).join('');
}

function written(flow: Flow, variable: LogVariable, quoted: boolean): string {
  // Octavia takes these out of the formats of listeners whose requests are not read.
  if ((variable === 'r' || variable === 'ST') && flow.request === null) return '-';
  const value = valueOf(flow, variable);
  if (quoted) return `"${value ?? ''}"`;
  return value ?? '-';
}

function valueOf(flow: Flow, variable: LogVariable): string | null {
  const field = FIELDS[variable];
  if (field !== undefined) return wordIn(flow, field);
  switch (variable) {
    case 'r':
      return flow.request;
    case 'ST':
      return flow.raw.status;
    case '[ssl_c_s_dn]':
      return harmless(flow.said.subject);
    case '[ssl_c_i_dn]':
      return harmless(flow.said.issuer);
    default:
      return harmless(flow.said.serverName);
  }
}

/** Neither ends the quotes nor the line, and can be decoded like a request line. */
function harmless(value: string | null): string | null {
  return value && value.replaceAll(/["#\p{Cc}\p{Zl}\p{Zp}]/gu, encoded);
}

function encoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `#${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
