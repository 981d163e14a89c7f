/**
 * Arguments of keepalived.conf: typed values, each with one encoding, which is the only way into the file. keepalived
 * cuts lines at blanks, starts comments at `#` and `!`, blocks at braces and variables at `$`; none of these can be
 * written here, because nothing that people name gets into the file.
 */
import { isIP } from 'node:net';
import { isPlainAddress } from '../address.ts';

export type Argument =
  /** A word of keepalived's own language, or a name that this compiler chose. */
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number; readonly min: number; readonly max: number }
  /** Seconds with hundredths, as VRRP version 3 counts time. */
  | { readonly kind: 'seconds'; readonly milliseconds: number }
  | { readonly kind: 'address'; readonly address: string }
  /** An address as an interface holds it, alone. */
  | { readonly kind: 'host'; readonly address: string }
  | { readonly kind: 'mac'; readonly mac: string };

/** A value of the topology that keepalived could not be given as it is. */
export class KeepalivedError extends Error {
  constructor(what: string, value: unknown) {
    super(`not a valid ${what} for keepalived.conf: ${JSON.stringify(value)?.slice(0, 100)}`);
    this.name = 'KeepalivedError';
  }
}

/** A type that only a literal in the source satisfies: a string that came from somewhere does not compile. */
type Literal<K extends string> = string extends K ? never : K;

const WORD = /^[A-Za-z][A-Za-z0-9_.]*$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
/** 40.95 s: the field in the packet has twelve bits (RFC 5798 §5.2.7). */
const LONGEST_MS = 40_950;
const SHORTEST_MS = 10;

export function word<const K extends string>(value: Literal<K>): Argument {
  return { kind: 'word', value };
}

export function integer(value: number, min: number, max: number): Argument {
  return { kind: 'integer', value, min, max };
}

export function seconds(milliseconds: number): Argument {
  return { kind: 'seconds', milliseconds };
}

export function address(value: string): Argument {
  return { kind: 'address', address: value };
}

export function host(value: string): Argument {
  return { kind: 'host', address: value };
}

export function mac(value: string): Argument {
  return { kind: 'mac', mac: value };
}

/** The argument as exactly one word of the file. Throws a KeepalivedError for a value outside its type. */
export function encode(argument: Argument): string {
  switch (argument.kind) {
    case 'word':
      return matching(argument.value, WORD, 'word');
    case 'integer':
      return encodeInteger(argument.value, argument.min, argument.max, 'integer');
    case 'seconds':
      return encodeSeconds(argument.milliseconds);
    case 'address':
      return encodeAddress(argument.address);
    case 'host':
      return `${encodeAddress(argument.address)}/${isIP(argument.address) === 6 ? 128 : 32}`;
    case 'mac':
      return matching(argument.mac, MAC, 'MAC');
  }
}

function matching(value: string, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new KeepalivedError(what, value);
  return value;
}

function encodeInteger(value: number, min: number, max: number, what: string): string {
  if (!Number.isSafeInteger(value) || value < min || value > max) throw new KeepalivedError(`${what} from ${min} to ${max}`, value);
  return String(value);
}

function encodeSeconds(milliseconds: number): string {
  encodeInteger(milliseconds, SHORTEST_MS, LONGEST_MS, 'number of milliseconds');
  return (milliseconds / 1000).toFixed(2);
}

function encodeAddress(value: string): string {
  if (!isPlainAddress(value)) throw new KeepalivedError('IP address', value);
  return value;
}
