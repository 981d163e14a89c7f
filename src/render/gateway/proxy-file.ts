/**
 * /etc/haproxy.cfg of a gateway: what is about the process, then the shares of all its balancers between marks, so that the file
 * itself says which there are. Pure.
 */
import { type MarkedFile, markedFile, presentParts } from './marked-file.ts';
import { DIRECTORY } from './names.ts';
import { endpoint, integer, milliseconds, name, text, word } from '../haproxy/argument.ts';
import { type Directive, type Section, encodeSection } from '../haproxy/directive.ts';
import { PEERS, loaded } from '../haproxy/global.ts';
import { settlingFile } from '../haproxy/settling.ts';

/** Where HAProxy tells what it counts; on the gateway itself only. */
export const STATUS_PORT = 8404;
/** Its frontend and backend. */
export const STATUS = 'weir-status';

export const PROXY: MarkedFile = {
  path: '/etc/haproxy.cfg',
  head: '# Written by Edgeweir. What is changed here by hand is written over.\n',
  samples: ['# Example configuration file for HAProxy', 'global\n\tmaxconn 32000\n'],
};

/** @param shares - by node */
export function proxyFile(shares: ReadonlyMap<string, string>, memoryKib: number): string {
  const tables = presentParts(shares).some(([, share]) => share.includes(` peers ${PEERS}\n`));
  const own = [globalSection(memoryKib, tables), ...(tables ? [peers()] : []), statusSection()].map((section) => encodeSection(section));
  return markedFile(PROXY, `\n${own.join('\n')}`, shares);
}

/** Megabytes of memory from which on buffers may be large. */
const ROOMY_KIB = 512 * 1024;
/** Of memory for each connection: two buffers, and what is kept of it. */
const CONNECTION_KIB = 48;
const HARD_STOP_MS = 600_000;

/** At most a quarter of the memory is for connections. */
function globalSection(memoryKib: number, tables: boolean): Section {
  const large = memoryKib >= ROOMY_KIB;
  const connections = Math.max(200, Math.min(50_000, Math.floor(memoryKib / 4 / (large ? 3 * CONNECTION_KIB : CONNECTION_KIB))));
  const body: Directive[] = [
    [word('user'), word('nobody')],
    [word('group'), word('nogroup')],
    [word('default-path'), word('origin'), text(DIRECTORY)],
    // It hands the listening sockets to the next worker: no connection is refused during a reload.
    [
      word('stats'),
      word('socket'),
      text('/var/run/weir-haproxy.sock'),
      word('mode'),
      word('600'),
      word('level'),
      word('admin'),
      word('expose-fd'),
      word('listeners'),
    ],
    [word('maxconn'), integer(connections, 1, 50_000)],
    [word('no'), word('strict-limits')],
    // With its number it tells this process from the one before, and its counters from those.
    [word('set-var'), word('proc.started'), word('date()')],
    ...(large ? [[word('tune.bufsize'), integer(65_536, 16_384, 65_536)] satisfies Directive] : []),
    [word('hard-stop-after'), milliseconds(HARD_STOP_MS)],
    ...(tables ? [[word('localpeer'), name(PEERS)] satisfies Directive, loaded(settlingFile())] : []),
  ];
  return { head: [word('global')], body };
}

/** With itself as a peer an old worker hands its stick tables to the new one at a reload. */
function peers(): Section {
  return { head: [word('peers'), name(PEERS)], body: [[word('peer'), name(PEERS), endpoint('127.0.0.1', 1025)]] };
}

const RETURNED: Directive = [word('http-request'), word('return'), word('status'), word('200'), word('content-type'), word('text/plain')];
/** Which process it is. */
const WORKER: Directive = [word('lf-string'), word('%pid-%[var(proc.started)]'), word('if'), word('{'), word('path'), word('/worker'), word('}')];

function statusSection(): Section {
  return {
    head: [word('frontend'), name(STATUS)],
    body: [
      [word('mode'), word('http')],
      [word('timeout'), word('client'), milliseconds(5000)],
      [word('bind'), endpoint('127.0.0.1', STATUS_PORT)],
      [word('maxconn'), integer(8, 1, 8)],
      [...RETURNED, ...WORKER],
      [word('stats'), word('enable')],
      [word('stats'), word('uri'), word('/')],
    ],
  };
}
