/** A pool that a listener sends requests to → backend. */
import type { ProxyFile, Server } from '../../model/node-config.ts';
import type { ListenerTopology, MemberTopology, PoolTopology, Vip } from '../../model/topology.ts';
import { type Argument, checkedName, name, word } from './argument.ts';
import { CompileError } from './compile-error.ts';
import { type Directive, type Section, encodeWords } from './directive.ts';
import { timer } from './frontend.ts';
import { insertedHeaders } from './inserted-headers.ts';
import { type Mode, backendMode } from './mode.ts';
import { backendName } from './names.ts';
import { hasTable, persistenceDirectives } from './persistence.ts';
import { checkOf } from './pool-check.ts';
import { type ServerKind, serverOf } from './server-line.ts';
import { unsupportedPool } from './support.ts';
import { loadedForServers, serverTls } from './tls.ts';

export interface Backend {
  readonly name: string;
  readonly section: Section;
  readonly servers: readonly Server[];
  /** Of every server, also of those that come later. */
  readonly keywords: string;
  readonly hasTable: boolean;
  /** What HAProxy runs for each of its checks; null where they are HAProxy's own. */
  readonly program: ProxyFile | null;
}

/** What a backend does that is not its pool's to say. */
export interface Duties {
  /** Whether it is here that the listener's headers are added, rather than in the frontend. */
  readonly inserts: boolean;
  /** Whether requests that a dying member took are given to another. */
  readonly retries: boolean;
}

export function compileBackend(vips: readonly Vip[], listener: ListenerTopology, pool: PoolTopology, { inserts, retries }: Duties): Backend {
  const unsupported = unsupportedPool({ protocol: pool.protocol, lb_algorithm: pool.algorithm, session_persistence: pool.persistence });
  if (unsupported !== null) throw new CompileError(`pool ${checkedName(pool.id)}: ${unsupported} is not carried`);
  const mode = backendMode(listener, pool);
  const { tls } = pool;
  const { directives: checks, keywords: checkWords, program } = checkOf(pool);
  const kind: ServerKind = {
    backend: backendName(pool.id, listener.id),
    keywords: encodeWords([...reuse(mode), ...proxyProtocol(listener, pool), ...(tls ? serverTls(tls, mode) : []), ...checkWords]),
    checked: pool.monitor !== null,
    dynamic: program === null && !tls?.certificate,
    tls,
  };
  const body = [
    ...directives(vips, listener, pool, mode),
    ...(retries && mode === 'http' ? askAgain() : []),
    ...checks,
    ...(inserts ? insertedHeaders(listener) : []),
  ];
  return backendOf(kind, pool.members, { body, hasTable: hasTable(pool, mode), program });
}

/** The parts put together; `kind` is what all its servers have in common. */
export function backendOf(
  kind: ServerKind,
  members: readonly MemberTopology[],
  { body, hasTable: table, program }: Pick<Section, 'body'> & Pick<Backend, 'hasTable' | 'program'>,
): Backend {
  const { backend, keywords } = kind;
  const section = { head: [word('backend'), name(backend)], body };
  return { name: backend, section, servers: members.map((member) => serverOf(member, kind)), keywords, hasTable: table, program };
}

function directives(vips: readonly Vip[], listener: ListenerTopology, pool: PoolTopology, mode: Mode): Directive[] {
  return [
    [word('mode'), mode === 'http' ? word('http') : word('tcp')],
    ...balance(pool),
    // Octavia's backup members serve together, not one after the other.
    [word('option'), word('allbackups')],
    ...(mode === 'http' ? [[word('http-reuse'), word('safe')]] : []),
    [word('timeout'), word('connect'), timer(listener.timeouts.connect)],
    [word('timeout'), word('server'), timer(listener.timeouts.member)],
    ...(pool.tls ? loadedForServers(pool.tls) : []),
    ...persistenceDirectives(pool, vips, mode),
  ];
}

/**
 * A request that a dying member took without answering is given to another one, but only where asking twice is the same as
 * asking once (RFC 9110 §9.2.2). HAProxy copies its whole buffer for each request that it may have to send again, so nobody
 * has this who has not asked for it (docs/tuning.md).
 */
function askAgain(): Directive[] {
  return [
    [word('retry-on'), word('conn-failure'), word('empty-response')],
    [word('http-request'), word('disable-l7-retry'), word('unless'), word('METH_GET')],
  ];
}

function balance({ algorithm }: PoolTopology): Directive[] {
  if (algorithm === 'ROUND_ROBIN') return [[word('balance'), word('roundrobin')]];
  if (algorithm === 'LEAST_CONNECTIONS') return [[word('balance'), word('leastconn')]];
  if (algorithm === 'SOURCE_IP_PORT') return [...balanceByFlow(), CONSISTENT];
  // With the default map HAProxy 2.6 refuses to add servers at runtime; the consistent hash also moves fewer clients.
  return [[word('balance'), word('source')], CONSISTENT];
}

const CONSISTENT: Directive = [word('hash-type'), word('consistent')];

/** Address and port of the client as one text: a hash is made of one. */
function balanceByFlow(): Directive[] {
  return [
    [word('tcp-request'), word('content'), word('set-var(sess.client_port)'), word('src_port')],
    [word('balance'), word('hash'), word('src,concat(:,sess.client_port)')],
  ];
}

/** HAProxy 2.6 gives these defaults to servers of the file only; one added at runtime would connect anew for each request. */
function reuse(mode: Mode): Argument[] {
  return mode === 'http' ? [word('pool-max-conn'), word('-1'), word('pool-purge-delay'), word('5s')] : [];
}

/** In version 2 members are told of the client's certificate, where TLS ends here. */
function proxyProtocol({ tls }: ListenerTopology, { protocol }: PoolTopology): Argument[] {
  if (protocol === 'PROXY') return [word('send-proxy')];
  if (protocol !== 'PROXYV2') return [];
  return [tls ? word('send-proxy-v2-ssl-cn') : word('send-proxy-v2')];
}
