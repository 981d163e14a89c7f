/**
 * Arguments of directives: typed values, each with one encoding, which is the only way into the file.
 *
 * HAProxy's parser cuts a line into words itself (configuration manual §2.2): outside quotes blanks separate, `#` starts
 * a comment and a backslash escapes; inside double quotes environment variables are expanded; inside single quotes
 * nothing is special but the closing quote. So a word is written bare when it consists of harmless characters only, and
 * in single quotes otherwise. Everything but printable ASCII is refused: no option carried here needs it, and there is no
 * way to write a line end inside single quotes.
 */
import { isIP } from 'node:net';
import { isPlainAddress, networkParts } from '../address.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';

export type Argument =
  /** A word of HAProxy's own language. */
  | { readonly kind: 'word'; readonly value: string }
  /** Resource ids as names of sections and servers. */
  | { readonly kind: 'name'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number; readonly min: number; readonly max: number }
  | { readonly kind: 'milliseconds'; readonly value: number }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'endpoint'; readonly address: string; readonly port: number }
  | { readonly kind: 'network'; readonly cidr: string }
  /** A number as a sample: `int(80)`. */
  | { readonly kind: 'integer-sample'; readonly value: number }
  /** A string of somebody else's, taken by HAProxy as it is. */
  | { readonly kind: 'text'; readonly value: string }
  /** The same where HAProxy reads a log-format: percent signs are doubled. */
  | { readonly kind: 'format'; readonly value: string }
  /** A sample fetch with a string of somebody else's in its parentheses, and the converters after it. */
  | { readonly kind: 'fetch'; readonly name: string; readonly argument: string; readonly converters: string }
  /** An OpenSSL cipher string; bare, because the runtime socket knows no quotes. */
  | { readonly kind: 'ciphers'; readonly value: string }
  /** Names of protocols as ALPN has them; bare, for the same reason. */
  | { readonly kind: 'protocols'; readonly names: readonly string[] }
  /** Where a variable of the environment stands, which is the driver's to say. */
  | { readonly kind: 'variable'; readonly name: string }
  /** An ACL in a condition: that it holds, or that it does not. */
  | { readonly kind: 'condition'; readonly acl: string; readonly negated: boolean };

/** A type that only a literal in the source satisfies: a string that came from somewhere does not compile. */
type Literal<K extends string> = string extends K ? never : K;

const WORD = /^[A-Za-z0-9_.:/@=,|!{}%[\]()-]+$/;
const BARE = /^[A-Za-z0-9_.:/@=?&~+-]+$/;
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;
/** `pool:listener`, `rule:id`; the colon joins what names.ts has checked one by one. */
const JOINED_NAME = /^[A-Za-z0-9_.-]{1,128}(:[A-Za-z0-9_.-]{1,128})?$/;
/** An OpenSSL cipher string, as far as its characters go. */
export const CIPHERS = /^[A-Za-z0-9\-+!:@=_.]{1,2048}$/;
const PROTOCOLS = /^[a-z0-9./]{1,20}(,[a-z0-9./]{1,20})*$/;
const VARIABLE = /^[A-Z_]{1,40}$/;
const PRINTABLE = /^[\x20-\x7e]+$/;
/** Every string the API lets through is shorter; a longer one is a mistake upstream. */
const LONGEST_TEXT = 1024;
/** 24 days: HAProxy's longest timer, in milliseconds. */
export const LONGEST_TIMER = 2_073_600_000;

export function word<const K extends string>(value: Literal<K>): Argument {
  return { kind: 'word', value };
}

export function name(value: string): Argument {
  return { kind: 'name', value };
}

export function integer(value: number, min: number, max: number): Argument {
  return { kind: 'integer', value, min, max };
}

export function integerSample(value: number): Argument {
  return { kind: 'integer-sample', value };
}

export function milliseconds(value: number): Argument {
  return { kind: 'milliseconds', value };
}

export function address(value: string): Argument {
  return { kind: 'address', address: value };
}

export function endpoint(host: string, port: number): Argument {
  return { kind: 'endpoint', address: host, port };
}

export function network(cidr: string): Argument {
  return { kind: 'network', cidr };
}

export function text(value: string): Argument {
  return { kind: 'text', value };
}

export function format(value: string): Argument {
  return { kind: 'format', value };
}

export function fetch<const N extends string, const C extends string>(fetchName: Literal<N>, argument: string, converters: Literal<C>): Argument {
  return { kind: 'fetch', name: fetchName, argument, converters };
}

export function ciphers(value: string): Argument {
  return { kind: 'ciphers', value };
}

export function protocols(names: readonly string[]): Argument {
  return { kind: 'protocols', names };
}

export function variable<const N extends string>(variableName: Literal<N>): Argument {
  return { kind: 'variable', name: variableName };
}

export function condition(acl: string, negated: boolean): Argument {
  return { kind: 'condition', acl, negated };
}

/** The argument as exactly one word of the file. Throws a CompileError for a value outside its type. */
export function encode(argument: Argument): string {
  switch (argument.kind) {
    case 'word':
      return matching(argument.value, WORD, 'word');
    case 'name':
      return matching(argument.value, JOINED_NAME, 'name');
    case 'integer':
      return encodeInteger(argument.value, argument.min, argument.max);
    case 'integer-sample':
      return `int(${encodeInteger(argument.value, 0, 65_535)})`;
    case 'milliseconds':
      return `${encodeInteger(argument.value, 0, LONGEST_TIMER)}ms`;
    case 'address':
      return bracketed(argument.address);
    case 'endpoint':
      return encodeEndpoint(argument.address, argument.port);
    case 'network':
      return encodeNetwork(argument.cidr);
    case 'text':
      return quoted(printable(argument.value));
    case 'format':
      return quoted(printable(argument.value).replaceAll('%', '%%'));
    case 'fetch':
      // The parser reads the parentheses a second time, by the same rules: hence two levels of quotes.
      return quoted(`${matching(argument.name, WORD, 'word')}(${quoted(printable(argument.argument))})${argument.converters}`);
    case 'ciphers':
      return matching(argument.value, CIPHERS, 'list of ciphers');
    case 'protocols':
      return matching(argument.names.join(','), PROTOCOLS, 'list of protocols');
    case 'variable':
      return `"\${${matching(argument.name, VARIABLE, 'name of a variable')}}"`;
    case 'condition':
      return `${argument.negated ? '!' : ''}${matching(argument.acl, JOINED_NAME, 'name')}`;
  }
}

/** Throws unless an id can name a section or a server on its own. */
export function checkedName(value: string): string {
  return matching(value, NAME, 'name');
}

function quoted(value: string): string {
  // Nothing ends single quotes but a single quote, which therefore has to stand outside them.
  return BARE.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function printable(value: string): string {
  // An empty word would end the line for many of HAProxy's parsers, and the rest of it would be ignored in silence.
  if (typeof value !== 'string' || value.length > LONGEST_TEXT || !PRINTABLE.test(value)) throw refusal('text of printable ASCII', value);
  return value;
}

function matching(value: string, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw refusal(what, value);
  return value;
}

function encodeInteger(value: number, min: number, max: number): string {
  if (!Number.isSafeInteger(value) || value < min || value > max) throw refusal(`integer from ${min} to ${max}`, value);
  return String(value);
}

function encodeAddress(value: string): string {
  if (!isPlainAddress(value)) throw refusal('IP address', value);
  return value;
}

function encodeEndpoint(host: string, port: number): string {
  return `${bracketed(host)}:${encodeInteger(port, 1, 65_535)}`;
}

/** Without brackets HAProxy takes the last group of an IPv6 address for a port, even where no port may stand. */
function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${encodeAddress(host)}]` : encodeAddress(host);
}

function encodeNetwork(cidr: string): string {
  const parts = networkParts(cidr);
  if (!parts) throw refusal('network', cidr);
  return `${parts.address}/${parts.length}`;
}

function refusal(what: string, value: unknown): CompileError {
  return new CompileError(`not a valid ${what} for haproxy.cfg: ${shown(value)}`);
}
