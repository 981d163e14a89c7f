/** Health monitor → check directives of a backend and check keywords of its servers. */
import type { ProxyFile } from '../../model/node-config.ts';
import type { MonitorTopology, PoolTls } from '../../model/topology.ts';
import { type Argument, checkedName, format, integer, milliseconds, protocols, text, word } from './argument.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';
import type { Directive } from './directive.ts';
import { PROGRAM_PATH } from './ping-program.ts';
import { unsupportedMonitor } from './support.ts';

type HttpCheck = NonNullable<MonitorTopology['http']>;

/** Seconds between checks of a member whose state is in doubt; never more than the monitor's own delay. */
const FASTEST_S = 1;

const METHOD = /^[A-Z]{1,20}$/;
/** Origin form (RFC 9112 §3.2.1); a blank would end it within the request line. */
const PATH = /^\/[\x21-\x7e]*$/;
const HOST = /^[\x21-\x7e]+$/;
const CODES = /^\d{3}(-\d{3}|(,\d{3})*)$/;
const HTTP_DEFAULTS: HttpCheck = { method: 'GET', path: '/', expectedCodes: '200', version: null, domainName: null };

/** The path is relative to HAProxy's working directory; it takes one without a leading slash only where a search path is given. */
function externalCheck({ path }: ProxyFile): Directive[] {
  return [
    [word('option'), word('external-check')],
    [word('external-check'), word('path'), word(PROGRAM_PATH)],
    [word('external-check'), word('command'), text(`./${path}`)],
  ];
}

/**
 * Lines of the backend.
 *
 * @param program what is run for a check, null where HAProxy asks by itself
 */
export function checkDirectives(monitor: MonitorTopology | null, program: ProxyFile | null, tls: PoolTls | undefined): Directive[] {
  if (monitor === null) return [];
  const unsupported = unsupportedMonitor({ type: monitor.type });
  if (unsupported !== null) throw new CompileError(`monitor ${checkedName(monitor.id)}: ${unsupported} is not carried`);
  const timeout: Directive = [word('timeout'), word('check'), seconds(monitor.timeout)];
  if (program !== null) return [timeout, ...externalCheck(program)];
  return isHttp(monitor) ? [timeout, ...httpCheck(versionFor(monitor.http ?? HTTP_DEFAULTS, tls))] : [timeout];
}

/** Keywords of each server line. */
export function checkKeywords(monitor: MonitorTopology | null, tls: PoolTls | undefined): Argument[] {
  if (monitor === null) return [];
  const pace = [word('inter'), seconds(monitor.delay), word('fall'), integer(monitor.fall, 1, 1000), word('rise'), integer(monitor.rise, 1, 1000)];
  return [word('check'), ...pace, ...transport(monitor, tls), ...checkAlpn(monitor, tls), ...observation(monitor, tls)];
}

/**
 * Clients' own connections are watched as well: after three in a row that failed the member is down, long before the next
 * check. It is checked again at once, and comes back when the monitor's number of checks succeeded. Only failed connections
 * count: what a member answers may be a client's doing. Towards members that speak TLS a connection may fail by a client's
 * doing, too: its server name is passed on, and no certificate fits a wrong one.
 */
function observation({ delay }: MonitorTopology, tls: PoolTls | undefined): Argument[] {
  const often = [word('fastinter'), milliseconds(Math.min(Math.max(delay, 1), FASTEST_S) * 1000)];
  if (tls) return often;
  return [...often, word('observe'), word('layer4'), word('error-limit'), word('3'), word('on-error'), word('mark-down')];
}

/**
 * TLS-HELLO is a whole handshake: HAProxy's `ssl-hello-chk` says hello in SSLv3, which today's servers turn down. Whose
 * certificate it is does not matter for health, unless it does for the traffic: a server has one answer for both.
 */
function transport({ type }: MonitorTopology, tls: PoolTls | undefined): Argument[] {
  if (type !== 'HTTPS' && type !== 'TLS-HELLO') return [];
  return tls ? [word('check-ssl')] : [word('check-ssl'), word('verify'), word('none')];
}

/**
 * HAProxy asks in HTTP/1 whatever the handshake ended with, unless it is told to. So a check announces only what it speaks, and
 * HTTP/2 where there is nothing else.
 */
function checkAlpn(monitor: MonitorTopology, tls: PoolTls | undefined): Argument[] {
  const asked = tls?.alpn ?? [];
  if (!isHttp(monitor) || !asked.includes('h2')) return [];
  const older = asked.filter((name) => name !== 'h2');
  return [word('check-alpn'), protocols(older.length === 0 ? ['h2'] : older)];
}

function isHttp({ type }: MonitorTopology): boolean {
  return type === 'HTTP' || type === 'HTTPS';
}

/** Over HTTP/2 HAProxy sends no request of HTTP 1.0. */
function versionFor(http: HttpCheck, tls: PoolTls | undefined): HttpCheck {
  return tls?.alpn?.length === 1 && tls.alpn[0] === 'h2' ? { ...http, version: 1.1 } : http;
}

/** At least a second: a delay of 0 would check without pause, and a timeout of 0 would wait for ever. */
function seconds(value: number): Argument {
  return milliseconds(Math.max(value, 1) * 1000);
}

function httpCheck(http: HttpCheck): Directive[] {
  const codes = http.expectedCodes.replaceAll(/\s/g, '');
  return [
    [word('option'), word('httpchk')],
    [
      word('http-check'),
      word('send'),
      word('meth'),
      checked('method', http.method, METHOD),
      word('uri'),
      checked('URL path', http.path, PATH),
      ...version(http),
    ],
    [word('http-check'), word('expect'), word('status'), checked('list of codes', codes, CODES)],
  ];
}

/** HTTP 1.1 demands a Host; without a name of its own it is the address that is checked. */
function version({ version: number, domainName }: HttpCheck): Argument[] {
  if (number !== 1.1) return [word('ver'), word('HTTP/1.0'), ...(domainName === null ? [] : host(domainName))];
  return [word('ver'), word('HTTP/1.1'), ...(domainName === null ? [word('hdr'), word('Host'), word('%[bc_dst]')] : host(domainName))];
}

function host(domainName: string): Argument[] {
  if (!HOST.test(domainName)) throw new CompileError(`not a valid host name: ${shown(domainName)}`);
  return [word('hdr'), word('Host'), format(domainName)];
}

function checked(what: string, value: string, pattern: RegExp): Argument {
  if (!pattern.test(value)) throw new CompileError(`not a valid ${what} of a health monitor: ${shown(value)}`);
  return text(value);
}
