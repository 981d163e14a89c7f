/** Whether OpenSSL takes a list of ciphers: a proxy that is told one it does not take would not start. */
import { createSecureContext } from 'node:tls';
import type { Listener } from '../../model/listener.ts';
import type { Pool } from '../../model/pool.ts';
import { ciphersIn } from '../../render/haproxy/tls-support.ts';

/** What is wrong with the list, in words, or null. Node's OpenSSL and HAProxy's read such lists alike: at least one cipher must be known, and every command. */
export function unsupportedCiphers({ tls_ciphers: ciphers }: Pick<Listener | Pool, 'tls_ciphers'>): string | null {
  const { suites, older } = ciphersIn(ciphers);
  return [suites, older].every((list) => list === null || isKnown(list)) ? null : 'a list of ciphers that OpenSSL does not take';
}

function isKnown(ciphers: string): boolean {
  try {
    createSecureContext({ ciphers });
    return true;
  } catch {
    return false;
  }
}
