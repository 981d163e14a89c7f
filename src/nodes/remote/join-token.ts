/**
 * What an agent joins with, once: which host it is, a secret that only whoever was given it knows, and the fingerprint of the
 * authority, so that it can tell the server from everybody else before it shows the secret.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface JoinToken {
  readonly hostId: string;
  readonly secret: string;
  /** Of the authority's certificate. */
  readonly fingerprint: string;
}

const TOKEN = /^weir1\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export function newJoinToken(hostId: string, fingerprint: string): { readonly token: string; readonly digest: string } {
  const secret = randomBytes(32).toString('base64url');
  return { token: `weir1.${hostId}.${secret}.${fingerprint}`, digest: digestOf(secret) };
}

/** null for what is no token. */
export function parseJoinToken(text: string): JoinToken | null {
  const [, hostId = '', secret = '', fingerprint = ''] = TOKEN.exec(text.trim()) ?? [];
  return hostId === '' ? null : { hostId, secret, fingerprint };
}

/** What the server keeps. The secret has 256 bits: nobody finds it by trying, and a plain digest does. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
