/** Listener → frontend. */
import { isIP } from 'node:net';
import type { ListenerTopology, PolicyTopology, Vip } from '../../model/topology.ts';
import { type Argument, LONGEST_TIMER, checkedName, endpoint, integer, milliseconds, name, network, word } from './argument.ts';
import { CompileError } from './compile-error.ts';
import { type Directive, MOST_WORDS, type Section } from './directive.ts';
import { MOST_CONNECTIONS } from './global.ts';
import { insertedHeaders } from './inserted-headers.ts';
import { metricsAnswer } from './metrics-frontend.ts';
import { frontendMode } from './mode.ts';
import { policyDirectives } from './policy.ts';
import { unsupportedListener } from './support.ts';
import { bindTls, strictTransport } from './tls.ts';

/** What an unlimited listener gets, as in Octavia: HAProxy has to know how much to set aside. */
const UNLIMITED = 50_000;

/** Connections at a time the listener may hold. */
export function connectionLimit(listener: ListenerTopology): number {
  return Math.min(listener.connectionLimit ?? UNLIMITED, MOST_CONNECTIONS);
}

/**
 * @param policies those that are carried
 * @param backend name of the backend that serves all other requests, null when nothing does: 503 in HTTP, a closed
 * connection in TCP
 * @param log what is written of its requests, and how
 */
export function frontendSection(
  vips: readonly Vip[],
  listener: ListenerTopology,
  policies: readonly PolicyTopology[],
  backend: string | null,
  log: readonly Directive[] = [],
): Section {
  const unsupported = unsupportedListener({ protocol: listener.protocol, insert_headers: { ...listener.insertHeaders } });
  if (unsupported !== null) throw new CompileError(`listener ${checkedName(listener.id)}: ${unsupported} is not carried`);
  if (listener.protocol === 'TERMINATED_HTTPS' && !listener.tls) throw new CompileError(`listener ${checkedName(listener.id)} has no certificate`);
  return {
    head: [word('frontend'), name(checkedName(listener.id))],
    body: [
      ...modeOptions(listener),
      ...vips.map((vip) => [word('bind'), ...bindAddress(vip.address, listener.port), ...(listener.tls ? bindTls(listener.tls) : [])]),
      [word('maxconn'), integer(connectionLimit(listener), 1, MOST_CONNECTIONS)],
      [word('timeout'), word('client'), timer(listener.timeouts.client)],
      ...inspectDelay(listener.timeouts.inspect),
      ...admission(listener.allowedCidrs ?? []),
      ...log,
      ...(listener.tls ? strictTransport(listener.tls) : []),
      // With policies it is the backends that insert: the rules are about the request that the client sent.
      ...(policies.length === 0 ? insertedHeaders(listener) : policyDirectives(listener, policies)),
      ...(listener.protocol === 'PROMETHEUS' ? metricsAnswer() : []),
      ...(backend === null ? [] : [[word('default_backend'), name(backend)]]),
    ],
  };
}

function modeOptions(listener: ListenerTopology): Directive[] {
  return frontendMode(listener) === 'http'
    ? // The old worker answers one more request on an idle connection instead of cutting it: no error during a reload.
      [
        [word('mode'), word('http')],
        [word('option'), word('idle-close-on-response')],
      ]
    : [
        [word('mode'), word('tcp')],
        [word('option'), word('splice-auto')],
      ];
}

function bindAddress(vip: string, port: number): Argument[] {
  // v6only: otherwise a bind to :: would take the IPv4 side as well.
  return isIP(vip) === 6 ? [endpoint(vip, port), word('v6only')] : [endpoint(vip, port)];
}

/** HAProxy warns of a missing timeout when it is 0, which means never; so the longest it knows is written instead. */
export function timer(value: number): Argument {
  return milliseconds(value === 0 ? LONGEST_TIMER : value);
}

function inspectDelay(delay: number): Directive[] {
  return delay === 0 ? [] : [[word('tcp-request'), word('inspect-delay'), milliseconds(delay)]];
}

/** ACLs of one name are alternatives, so a list longer than a line goes into several. An empty list is no list, as in Octavia. */
function admission(cidrs: readonly string[]): Directive[] {
  if (cidrs.length === 0) return [];
  const perLine = MOST_WORDS - 3;
  const lines = Math.ceil(cidrs.length / perLine);
  const acls = Array.from({ length: lines }, (_, line): Directive => [
    word('acl'),
    word('allowed'),
    word('src'),
    ...cidrs.slice(line * perLine, (line + 1) * perLine).map(network),
  ]);
  return [...acls, [word('tcp-request'), word('connection'), word('reject'), word('unless'), word('allowed')]];
}
