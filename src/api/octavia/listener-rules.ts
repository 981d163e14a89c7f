/** What makes a listener valid beyond its attributes' types (octavia-api reference §3.4). Pure. */
import { isIPv6 } from 'node:net';
import { fault } from '../../model/fault.ts';
import type { Listener } from '../../model/listener.ts';

const HTTP_HEADERS = ['X-Forwarded-For', 'X-Forwarded-Port', 'X-Forwarded-Proto'];
/** Octavia lets these through its validation though its amphora ignores them. */
const TOLERATED_HEADERS = ['X-Forwarded-IP', 'X-Client-IP', 'X-Real-IP'];
const TLS_HEADERS = ['Verify', 'Has-Cert', 'DN', 'CN', 'SHA1', 'Not-Before', 'Not-After'].map((name) => `X-SSL-Client-${name}`).concat('X-SSL-Issuer');

type Rules = Pick<
  Listener,
  'protocol' | 'insert_headers' | 'allowed_cidrs' | 'hsts_max_age' | 'tls_versions' | 'alpn_protocols' | 'default_tls_container_ref' | 'sni_container_refs'
>;

export function checkListener(listener: Rules, vipAddress: string): void {
  checkHeaders(listener);
  checkCidrs(listener, vipAddress);
  if (listener.hsts_max_age !== null && listener.protocol !== 'TERMINATED_HTTPS') {
    throw fault.validation('The HSTS feature can only be used for listeners using the TERMINATED_HTTPS protocol.');
  }
  if (listener.tls_versions?.length === 0)
    throw fault.validation('Empty TLS version list. Either specify at least one TLS version or remove this parameter to use the default.');
  if (listener.alpn_protocols?.length === 0)
    throw fault.validation('Empty ALPN protocol list. Either specify at least one ALPN protocol or remove this parameter to use the default.');
  const hasCertificate = listener.default_tls_container_ref !== null || listener.sni_container_refs.length > 0;
  if (listener.protocol === 'TERMINATED_HTTPS' && !hasCertificate) {
    throw fault.validation('An SNI or default certificate container reference must be provided for TERMINATED_HTTPS listeners.');
  }
  if (hasCertificate && listener.protocol !== 'TERMINATED_HTTPS' && listener.protocol !== 'PROMETHEUS') {
    throw fault.validation(`Certificate container references are only allowed on TERMINATED_HTTPS or PROMETHEUS protocol listeners.`);
  }
}

function checkHeaders({ protocol, insert_headers: headers }: Rules): void {
  const names = Object.keys(headers);
  if (names.length === 0) return;
  if (protocol !== 'HTTP' && protocol !== 'TERMINATED_HTTPS') throw fault.invalidOption('insert-headers', `a ${protocol} protocol listener.`);
  const allowed = [...HTTP_HEADERS, ...TOLERATED_HEADERS, ...(protocol === 'TERMINATED_HTTPS' ? TLS_HEADERS : [])];
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw fault.invalidOption(unknown, 'insert_headers');
  const wrong = Object.entries(headers).find(([, value]) => !/^(true|false)$/i.test(value));
  if (wrong) throw fault.invalidOption(wrong[1], wrong[0]);
}

function checkCidrs({ allowed_cidrs: cidrs }: Rules, vipAddress: string): void {
  const stranger = (cidrs ?? []).find((cidr) => cidr.includes(':') !== isIPv6(vipAddress));
  if (stranger !== undefined) throw fault.validation(`The IP version of allowed_cidr ${stranger} does not match the IP version of the VIP.`);
}
