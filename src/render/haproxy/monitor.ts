/** Health monitor → check directives of a backend and check keywords of its servers. */
import type { MonitorTopology } from '../../model/topology.ts';
import { type Argument, checkedName, format, integer, milliseconds, text, word } from './argument.ts';
import { CompileError, shown } from './compile-error.ts';
import type { Directive } from './directive.ts';
import { unsupportedMonitor } from './support.ts';

type HttpCheck = NonNullable<MonitorTopology['http']>;

const METHOD = /^[A-Z]{1,20}$/;
/** Origin form (RFC 9112 §3.2.1); a blank would end it within the request line. */
const PATH = /^\/[\x21-\x7e]*$/;
const HOST = /^[\x21-\x7e]+$/;
const CODES = /^\d{3}(-\d{3}|(,\d{3})*)$/;
const HTTP_DEFAULTS: HttpCheck = { method: 'GET', path: '/', expectedCodes: '200', version: null, domainName: null };

/** Lines of the backend. */
export function checkDirectives(monitor: MonitorTopology | null): Directive[] {
  if (monitor === null) return [];
  const unsupported = unsupportedMonitor({ type: monitor.type });
  if (unsupported !== null) throw new CompileError(`monitor ${checkedName(monitor.id)}: ${unsupported} is not carried`);
  const timeout: Directive = [word('timeout'), word('check'), seconds(monitor.timeout)];
  return monitor.type === 'HTTP' || monitor.type === 'HTTPS' ? [timeout, ...httpCheck(monitor.http ?? HTTP_DEFAULTS)] : [timeout];
}

/** Keywords of each server line. */
export function checkKeywords(monitor: MonitorTopology | null): Argument[] {
  if (monitor === null) return [];
  const pace = [word('inter'), seconds(monitor.delay), word('fall'), integer(monitor.fall, 1, 1000), word('rise'), integer(monitor.rise, 1, 1000)];
  return [word('check'), ...pace, ...transport(monitor)];
}

/**
 * TLS-HELLO is a whole handshake: HAProxy's `ssl-hello-chk` says hello in SSLv3, which today's servers turn down. Whose
 * certificate it is does not matter for health.
 */
function transport({ type }: MonitorTopology): Argument[] {
  return type === 'HTTPS' || type === 'TLS-HELLO' ? [word('check-ssl'), word('verify'), word('none')] : [];
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
