/**
 * What HAProxy writes of every finished request or connection: one line of our own, from which the formats that people read
 * are made elsewhere (src/nodes/flows/). Its fields stand in the order of FLOW_FIELDS, separated by blanks. What a client can
 * choose is base64, but for the request line, which is last, in quotes, and encoded by HAProxy (`"`, `#` and what is not
 * printable as `#` and two hexadecimal digits): nothing in it can be mistaken for a field, or for the end of the line.
 */
import type { ListenerTopology, Topology } from '../../model/topology.ts';
import { text, word } from './argument.ts';
import type { Directive } from './directive.ts';
import { frontendMode } from './mode.ts';

/** First word of each line, so that HAProxy's own messages are told from it, and lines of another version too. */
export const FLOW_TAG = 'weir1';
/**
 * The file descriptor that HAProxy writes to: a named pipe that the driver opens for it. A `ring` would be the other way to
 * write without ever waiting, but in 2.6 a worker that was replaced closes it at once, and what its sessions do until they
 * end is lost.
 */
export const FLOW_DESCRIPTOR = 3;
/** Set to the node's id where the pipe is open; a process that was started without it must not write to the descriptor. */
export const FLOW_VARIABLE = 'WEIR_NODE';
/** Workers of a proxy share the pipe: up to this length, with the line feed, lines are written in one piece (PIPE_BUF), or not at all. */
export const LONGEST_LINE = 4096;

/** [name, expression in HTTP, expression where bytes are only moved]; a dash is a field that there is nothing for. */
const EXPRESSIONS = [
  ['node', `%[env(${FLOW_VARIABLE})]`],
  ['pid', '%pid'],
  ['listener', '%f'],
  ['clientAddress', '%ci'],
  ['clientPort', '%cp'],
  ['vipAddress', '%fi'],
  ['vipPort', '%fp'],
  ['seconds', '%Ts'],
  ['milliseconds', '%ms'],
  ['date', '%t'],
  ['status', '%ST', '-'],
  ['bytesOut', '%B'],
  ['bytesIn', '%U'],
  ['verify', '%[ssl_c_verify]'],
  ['backend', '%b'],
  ['server', '%s'],
  ['serverAddress', '%si'],
  ['serverPort', '%sp'],
  ['handshakeTime', '%Th'],
  ['idleTime', '%Ti', '-'],
  ['requestTime', '%TR', '-'],
  ['queueTime', '%Tw'],
  ['connectTime', '%Tc'],
  ['responseTime', '%Tr', '-'],
  ['activeTime', '%Ta', '-'],
  ['totalTime', '%Tt'],
  ['termination', '%tsc'],
  ['retries', '%rc'],
  ['tlsVersion', '%sslv'],
  ['tlsCipher', '%sslc'],
  ['error', '%[fc_err_str,base64]'],
  ['alpn', '%[ssl_fc_alpn,base64]'],
  ['serverName', '%[ssl_fc_sni,base64]'],
  ['subject', '%[ssl_c_s_dn,bytes(0,600),base64]'],
  ['issuer', '%[ssl_c_i_dn,bytes(0,300),base64]'],
  ['host', '%[capture.req.hdr(0),base64]', '-'],
  ['userAgent', '%[capture.req.hdr(1),base64]', '-'],
  ['referrer', '%[capture.req.hdr(2),base64]', '-'],
  ['request', '%{+Q}r', '-'],
] as const;

export type FlowField = 'tag' | 'project' | 'balancer' | (typeof EXPRESSIONS)[number][0];

/** Names of the fields of a line, in their order. */
export const FLOW_FIELDS: readonly FlowField[] = ['tag', 'project', 'balancer', ...EXPRESSIONS.map(([field]) => field)];

/** Lines of a frontend whose requests are logged. They come after rules for connections, which HAProxy applies before them. */
export function flowLogDirectives({ id, projectId }: Pick<Topology, 'id' | 'projectId'>, listener: ListenerTopology): Directive[] {
  const isHttp = frontendMode(listener) === 'http';
  const format = text([FLOW_TAG, fieldOf(projectId), fieldOf(id), ...EXPRESSIONS.map(([, http, tcp = http]) => (isHttp ? http : tcp))].join(' '));
  return [
    [word('.if'), word(`defined(${FLOW_VARIABLE})`)],
    [word('log'), word(`fd@${FLOW_DESCRIPTOR}`), word('len'), word(`${LONGEST_LINE - 1}`), word('format'), word('raw'), word('local0'), word('info')],
    [word('log-format'), format],
    // A handshake that failed has no request; without this line HAProxy would tell of it in words.
    [word('error-log-format'), format],
    ...(isHttp ? CAPTURES : []),
    [word('.endif')],
  ];
}

/** Headers are gone when a request is finished: what is to be said of them is kept. */
const CAPTURES: readonly Directive[] = [
  [word('http-request'), word('capture'), word('req.hdr(Host)'), word('len'), word('255')],
  [word('http-request'), word('capture'), word('req.hdr(User-Agent)'), word('len'), word('256')],
  [word('http-request'), word('capture'), word('req.hdr(Referer)'), word('len'), word('256')],
];

const PLAIN = /^[A-Za-z0-9_.-]{1,128}$/;

/** Of an id that is none of ours the beginning is enough. */
const LONGEST_STRANGER = 20;

/** Ids are written as they are. Whatever else a project is called must neither be a variable nor two fields. */
function fieldOf(id: string): string {
  if (id === '') return '-';
  if (PLAIN.test(id) && id !== '-') return id;
  const escaped = encodeURIComponent(id.slice(0, LONGEST_STRANGER).toWellFormed());
  return escaped.replaceAll(/[-']/g, (character) => (character === '-' ? '%2D' : '%27')).replaceAll('%', '%%');
}
