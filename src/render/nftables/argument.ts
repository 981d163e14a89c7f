/**
 * What may stand in a table, as typed values with one encoding each: the only way into it. nft reads its input much as a
 * shell would be read (`;` and line ends separate, `#` comments, `$` and `@` name things), so nothing is quoted: a value
 * is of its type, written in the one form that type has, or it is refused. No option carried here needs free text.
 */
import { isIP } from 'node:net';
import { isPlainAddress, networkParts } from '../address.ts';
import { shown } from '../shown.ts';
import { PacketError } from './compile-error.ts';

export type Family = 4 | 6;

/** The expression of the family's headers. */
export type Header = 'ip' | 'ip6';

export function familyOf(address: string): Family {
  const family = isIP(checkedAddress(address));
  return family === 6 ? 6 : 4;
}

export function headerOf(family: Family): Header {
  return family === 6 ? 'ip6' : 'ip';
}

/** Throws a PacketError for what is no address. */
export function checkedAddress(value: string): string {
  if (!isPlainAddress(value)) throw refusal('IP address', value);
  return value;
}

/** An address of that family and no other: one map holds one family. */
export function address(value: string, family: Family): string {
  if (familyOf(value) !== family) throw refusal(`IPv${family} address`, value);
  return value;
}

/** A CIDR of that family. */
export function network(cidr: string, family: Family): string {
  const parts = networkParts(cidr);
  if (!parts) throw refusal('network', cidr);
  return `${address(parts.address, family)}/${parts.length}`;
}

export function port(value: number): string {
  return integer(value, 1, 65_535);
}

/** A number of a service or of a member: never 0, which is a packet's mark when nobody set one. */
export function mark(value: number): string {
  return integer(value, 1, 0xffff_ffff);
}

export function integer(value: number, min: number, max: number): string {
  if (!Number.isSafeInteger(value) || value < min || value > max) throw refusal(`integer from ${min} to ${max}`, value);
  return String(value);
}

const NAME = /^[A-Za-z0-9-]{1,64}$/;

/** The counter of a listener: its id with a letter in front, for a name of nft begins with one. */
export function counterName(listenerId: string, what: 'in' | 'out' | 'new'): string {
  if (typeof listenerId !== 'string' || !NAME.test(listenerId)) throw refusal('id', listenerId);
  return `${what}_${listenerId.replaceAll('-', '_')}`;
}

function refusal(what: string, value: unknown): PacketError {
  return new PacketError(`not a valid ${what} for nftables: ${shown(value)}`);
}
