/** What makes a listener valid beyond its attributes' types (octavia-api reference §3.4). Pure. */
import { isIPv6 } from 'node:net';
import { fault } from '../../model/fault.ts';
import type { Listener } from '../../model/listener.ts';
import { isDatagram } from '../../render/datagram.ts';
import { CLIENT_HEADERS, INSERTED_HEADERS } from '../../render/haproxy/support.ts';
import { type Limits, checkTlsOptions } from './limits.ts';

/** Octavia lets these through its validation though its amphora ignores them. */
const TOLERATED_HEADERS = ['X-Forwarded-IP', 'X-Client-IP', 'X-Real-IP'];
const TLS_HEADERS: readonly string[] = CLIENT_HEADERS;
const HEADERS: readonly string[] = [...INSERTED_HEADERS, ...TOLERATED_HEADERS, ...TLS_HEADERS];

type Rules = Pick<
  Listener,
  | 'protocol'
  | 'insert_headers'
  | 'allowed_cidrs'
  | 'hsts_max_age'
  | 'hsts_include_subdomains'
  | 'hsts_preload'
  | 'tls_ciphers'
  | 'tls_versions'
  | 'alpn_protocols'
  | 'default_tls_container_ref'
  | 'sni_container_refs'
  | 'client_authentication'
  | 'client_ca_tls_container_ref'
  | 'client_crl_container_ref'
>;

/** `vipAddresses`: the VIP and the additional ones. */
export function checkListener(listener: Rules, vipAddresses: readonly string[], limits: Limits): void {
  checkProtocol(listener, limits);
  checkHeaders(listener);
  checkCertificates(listener);
  checkClientAuthentication(listener);
  checkTlsOptions(listener, limits);
  checkHsts(listener);
  checkCidrs(listener, vipAddresses);
}

function checkProtocol({ protocol }: Rules, limits: Limits): void {
  const disabled = (protocol === 'TERMINATED_HTTPS' && !limits.allowTlsTerminatedListeners) || (protocol === 'PROMETHEUS' && !limits.allowPrometheusListeners);
  if (disabled) throw fault.disabledOption('protocol', protocol);
}

function checkHeaders({ protocol, insert_headers: headers }: Rules): void {
  const names = Object.keys(headers);
  if (names.length === 0 || isDatagram(protocol)) return;
  if (protocol !== 'HTTP' && protocol !== 'TERMINATED_HTTPS') throw fault.invalidOption('insert-headers', `a ${protocol} protocol listener.`);
  const unknown = names.filter((name) => !HEADERS.includes(name));
  if (unknown.length > 0) throw fault.invalidOption(quotedList(unknown), 'insert_headers');
  const forTls = names.filter((name) => TLS_HEADERS.includes(name));
  if (protocol === 'HTTP' && forTls.length > 0) throw fault.invalidOption(quotedList(forTls), 'HTTP protocol listener.');
  const wrong = Object.entries(headers).find(([, value]) => !/^(true|false)$/i.test(value));
  if (wrong) throw fault.invalidOption(wrong[1], wrong[0]);
}

/** Names that a message gives back: a body may hold tens of thousands. */
const SHOWN = 10;

function quotedList(names: readonly string[]): string {
  const quoted = names.slice(0, SHOWN).map((name) => `'${name}'`);
  return `[${[...quoted, ...(names.length > SHOWN ? ['…'] : [])].join(', ')}]`;
}

function checkCertificates(listener: Rules): void {
  const { protocol, client_ca_tls_container_ref: ca } = listener;
  const hasOwn = hasCertificate(listener);
  if (isDatagram(protocol) && (hasOwn || ca !== null || Object.keys(listener.insert_headers).length > 0)) {
    throw fault.validation(`${protocol} protocol listener does not support TLS or header insertion.`);
  }
  if (protocol !== 'TERMINATED_HTTPS' && protocol !== 'PROMETHEUS' && (hasOwn || ca !== null)) {
    throw fault.validation('Certificate container references are only allowed on TERMINATED_HTTPS or PROMETHEUS protocol listeners.');
  }
  if (ca !== null && !hasOwn) {
    throw fault.validation('An SNI or default certificate container reference must be provided with a client CA container reference.');
  }
  if (protocol === 'TERMINATED_HTTPS' && !hasOwn) {
    throw fault.validation('An SNI or default certificate container reference must be provided for TERMINATED_HTTPS protocol listeners.');
  }
}

function hasCertificate({ default_tls_container_ref: own, sni_container_refs: others }: Rules): boolean {
  return own !== null || others.length > 0;
}

function checkClientAuthentication({ client_authentication: mode, client_ca_tls_container_ref: ca, client_crl_container_ref: crl }: Rules): void {
  if (mode !== 'NONE' && ca === null) throw fault.validation(`Client authentication setting ${mode} requires a client CA container reference.`);
  if (crl !== null && ca === null) {
    throw fault.validation('A client authentication CA reference is required to specify a client authentication revocation list.');
  }
}

function checkHsts({ protocol, hsts_max_age: maxAge, hsts_include_subdomains: subdomains, hsts_preload: preload }: Rules): void {
  if ((subdomains || preload) && maxAge === null) {
    throw fault.validation('HSTS configuration options hsts_include_subdomains and hsts_preload only make sense if hsts_max_age is set as well.');
  }
  if (maxAge !== null && protocol !== 'TERMINATED_HTTPS') {
    throw fault.validation('The HSTS feature can only be used for listeners using the TERMINATED_HTTPS protocol.');
  }
}

/** A range must be of the family of one of the addresses, or it could let nobody in. */
function checkCidrs({ allowed_cidrs: cidrs }: Rules, vipAddresses: readonly string[]): void {
  const stranger = (cidrs ?? []).find((cidr) => !vipAddresses.some((address) => cidr.includes(':') === isIPv6(address)));
  if (stranger === undefined) return;
  throw fault.validation(`CIDR ${stranger} IP version incompatible with all VIPs [${vipAddresses.join(', ')}] IP version.`);
}
