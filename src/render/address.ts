/** What every compiler takes for an address or a network; each refuses the rest in words of its own. */
import { isIP } from 'node:net';

/** An IP address and nothing else: a zone (fe80::1%eth0) is a free string and means nothing on another host. */
export function isPlainAddress(value: unknown): value is string {
  return typeof value === 'string' && isIP(value) !== 0 && !value.includes('%');
}

/** The two parts of a CIDR (RFC 4632 §3.1, RFC 4291 §2.3); null for anything else. */
export function networkParts(value: unknown): { readonly address: string; readonly length: number } | null {
  const [, address, digits] = (typeof value === 'string' && /^([^/]+)\/(\d{1,3})$/.exec(value)) || [];
  const length = Number(digits);
  return isPlainAddress(address) && length <= (isIP(address) === 6 ? 128 : 32) ? { address, length } : null;
}
