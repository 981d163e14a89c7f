/**
 * What this compiler cannot carry yet. The API asks before it writes a row and refuses with 501, so that nothing is
 * accepted that would not be served. Each check takes the attributes it is given, absent ones count as not asked for, and
 * answers with the option in words, or null.
 */
import { type HealthMonitor, MONITOR_TYPES } from '../../model/health-monitor.ts';
import { type L7Rule, RULE_TYPES } from '../../model/l7-rule.ts';
import { LISTENER_PROTOCOLS, type Listener, type ListenerProtocol } from '../../model/listener.ts';
import { ALGORITHMS, PERSISTENCE_TYPES, POOL_PROTOCOLS, type Pool } from '../../model/pool.ts';
import { shown } from '../shown.ts';
import { isDatagram } from '../datagram.ts';
import { unsupportedByPackets } from '../nftables/support.ts';
import type { TlsOptions } from '../../model/topology.ts';
import { comparedValue } from './rule-value.ts';
import { unsupportedTls } from './tls-support.ts';

/** Headers a listener can add, in the order they are written. */
export const INSERTED_HEADERS = ['X-Forwarded-For', 'X-Forwarded-Port', 'X-Forwarded-Proto'] as const;

/** The same about the client's certificate, where the listener ends TLS. */
export const CLIENT_HEADERS = [
  'X-SSL-Client-Verify',
  'X-SSL-Client-Has-Cert',
  'X-SSL-Client-DN',
  'X-SSL-Client-CN',
  'X-SSL-Issuer',
  'X-SSL-Client-SHA1',
  'X-SSL-Client-Not-Before',
  'X-SSL-Client-Not-After',
] as const;

/** What argument.ts can write. */
const PRINTABLE = /^[\x20-\x7e]+$/;

type Asked<T> = { readonly [K in keyof T]?: T[K] | undefined };

export function unsupportedListener(listener: Asked<Listener>): string | null {
  const { protocol } = listener;
  if (protocol !== undefined && !LISTENER_PROTOCOLS.includes(protocol)) return `the listener protocol ${plain(protocol)}`;
  return foreignHeader(protocol, listener.insert_headers ?? {}) ?? (endsTls(listener) ? unsupportedTls(tlsOptions(listener)) : strayTls(listener));
}

export function unsupportedPool(pool: Asked<Pool>): string | null {
  const { protocol, lb_algorithm: algorithm } = pool;
  if (protocol !== undefined && !POOL_PROTOCOLS.includes(protocol)) return `the pool protocol ${plain(protocol)}`;
  if (algorithm !== undefined && !ALGORITHMS.includes(algorithm)) return `the algorithm ${plain(algorithm)}`;
  if (protocol !== undefined && isDatagram(protocol)) return unsupportedByPackets(pool);
  return unsupportedPersistence(pool) ?? (pool.tls_enabled ? unsupportedTls(tlsOptions(pool)) : null);
}

function endsTls({ protocol, default_tls_container_ref: own, sni_container_refs: others }: Asked<Listener>): boolean {
  return protocol === undefined || protocol === 'TERMINATED_HTTPS' || (protocol === 'PROMETHEUS' && (typeof own === 'string' || (others ?? []).length > 0));
}

function strayTls({ tls_ciphers, tls_versions, alpn_protocols }: Asked<Listener>): string | null {
  const isSet = (tls_ciphers ?? '') !== '' || [tls_versions, alpn_protocols].some((list) => (list ?? []).length > 0);
  return isSet ? 'TLS options of a listener that does not end TLS' : null;
}

function tlsOptions({ tls_ciphers, tls_versions, alpn_protocols }: Asked<Pick<Listener, 'tls_ciphers' | 'tls_versions' | 'alpn_protocols'>>): TlsOptions {
  return { ciphers: tls_ciphers ?? null, versions: tls_versions ?? null, alpn: alpn_protocols ?? null };
}

function unsupportedPersistence({ protocol, session_persistence: persistence }: Asked<Pool>): string | null {
  if (!persistence || persistence.type === 'SOURCE_IP') return null;
  const type = plain(persistence.type);
  if (!PERSISTENCE_TYPES.includes(persistence.type)) return `session persistence ${type}`;
  return protocol === 'TCP' || protocol === 'HTTPS' ? `session persistence ${type} for a pool of protocol ${protocol}, whose requests are not read` : null;
}

export function unsupportedMonitor(monitor: Asked<HealthMonitor>): string | null {
  const { type } = monitor;
  return type === undefined || MONITOR_TYPES.includes(type) ? null : `the health monitor type ${plain(type)}`;
}

export function unsupportedRule({ type, compare_type: compareType, value }: Asked<L7Rule>): string | null {
  if (type !== undefined && !RULE_TYPES.includes(type)) return `the L7 rule type ${plain(type)}`;
  if (value === undefined) return null;
  const compared = comparedValue({ type: type ?? 'HEADER', compareType: compareType ?? 'EQUAL_TO', value });
  if (compared === '') return 'an L7 rule with nothing to compare with';
  return PRINTABLE.test(compared) ? null : 'an L7 rule with characters other than printable ASCII';
}

/** A value of an enumeration as it is; anything else as a message may show it. */
function plain(value: string): string {
  return /^[A-Z0-9_-]{1,40}$/.test(value) ? value : shown(value);
}

/** X-Forwarded-IP and its like, which Octavia lets pass and its amphora ignores. */
function foreignHeader(protocol: ListenerProtocol | undefined, headers: Readonly<Record<string, string>>): string | null {
  const known: readonly string[] = protocol === 'TERMINATED_HTTPS' ? [...INSERTED_HEADERS, ...CLIENT_HEADERS] : INSERTED_HEADERS;
  const header = Object.keys(headers).find((key) => !known.includes(key) && headers[key]?.toLowerCase() === 'true');
  return header === undefined ? null : `inserting the header ${shown(header)}`;
}
