/** Which TLS this HAProxy and its OpenSSL can do; what they cannot is named, so that it can be refused. */
import { ALPN_PROTOCOLS } from '../../model/listener.ts';
import type { TlsOptions } from '../../model/topology.ts';
import { CIPHERS } from './argument.ts';

/** What OpenSSL 3 speaks as Debian builds it; the older versions need signatures that it refuses. */
export const CARRIED_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

const SUITES: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
];

/** The parts of a cipher string: HAProxy takes those of TLS 1.3 under a keyword of their own. null where there are none. */
export interface Ciphers {
  readonly suites: string | null;
  readonly older: string | null;
}

export function ciphersIn(text: string | null): Ciphers {
  const names = (text ?? '').split(':').filter((name) => name !== '');
  const joined = (part: readonly string[]): string | null => (part.length === 0 ? null : part.join(':'));
  return { suites: joined(names.filter((name) => SUITES.includes(name))), older: joined(names.filter((name) => !SUITES.includes(name))) };
}

/** What cannot be done, in words; null when all can. */
export function unsupportedTls({ ciphers, versions, alpn }: TlsOptions): string | null {
  const carried: readonly string[] = CARRIED_VERSIONS;
  const other = (versions ?? []).find((version) => !carried.includes(version));
  if (other !== undefined) return `the TLS version ${/^[A-Za-z0-9.]{1,10}$/.test(other) ? other : 'asked for'}`;
  if ((alpn ?? []).some((protocol) => !ALPN_PROTOCOLS.includes(protocol))) return 'an unknown ALPN protocol';
  return unsupportedCiphers(ciphers, versions ?? CARRIED_VERSIONS);
}

function unsupportedCiphers(text: string | null, versions: readonly string[]): string | null {
  if (text === null || text === '') return null;
  if (!CIPHERS.test(text)) return 'a list of ciphers with characters that none has';
  return ciphersIn(text).older === null && versions.includes('TLSv1.2') ? 'TLS 1.2 without a cipher for it' : null;
}
