/** Types of option values: how a text becomes a value, what the sample says about it, and back. */
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { parseLogFormat } from '../model/log-format.ts';

export interface ValueType<T> {
  /** As the sample shows it: `integer value`. */
  readonly name: string;
  /** Bounds or choices, for people; empty when there are none. */
  readonly range: string;
  /** Throws an Error with the reason alone. */
  parse(text: string): T;
  format(value: T): string;
}

const TRUE = ['true', '1', 'on', 'yes'];
const FALSE = ['false', '0', 'off', 'no'];

export const boolean: ValueType<boolean> = {
  name: 'boolean value',
  range: '',
  parse(text) {
    const word = text.toLowerCase();
    if (TRUE.includes(word)) return true;
    if (FALSE.includes(word)) return false;
    throw new Error(`'${text}' is neither true nor false`);
  },
  format: String,
};

export function integer(min: number, max: number): ValueType<number> {
  return bounded('integer value', /^[+-]?\d{1,15}$/, min, max);
}

/** Seconds or another measure, with fractions. */
export function decimal(min: number, max: number): ValueType<number> {
  return bounded('floating point value', /^[+-]?\d{1,15}(\.\d{1,9})?$/, min, max);
}

function bounded(name: string, pattern: RegExp, min: number, max: number): ValueType<number> {
  return {
    name,
    range: `${min} to ${max}`,
    parse(text) {
      if (!pattern.test(text)) throw new Error(`'${text}' is not ${name === 'integer value' ? 'a whole number' : 'a number'}`);
      const number = Number(text);
      if (number < min || number > max) throw new Error(`${text} is not within ${min} and ${max}`);
      return number;
    },
    format: String,
  };
}

/** One line without control characters. */
export const string: ValueType<string> = {
  name: 'string value',
  range: '',
  parse(text) {
    if (/\p{Cc}/u.test(text)) throw new Error('Line breaks and control characters are not allowed');
    return text;
  },
  format: (value) => value,
};

/** Never shown by `weir config show` or a log. */
export const secret: ValueType<string> = { ...string, name: 'secret string value' };

/** An absolute path, or nothing where `optional`. */
export function path(use: { optional: boolean } = { optional: false }): ValueType<string> {
  return {
    name: 'path',
    range: use.optional ? 'absolute, or empty' : 'absolute',
    parse(text) {
      if (string.parse(text) === '' && use.optional) return '';
      if (!isAbsolute(text)) throw new Error(`'${text}' is not an absolute path`);
      return text.length > 1 ? text.replace(/\/+$/, '') : text;
    },
    format: (value) => value,
  };
}

/** An address to listen on. */
export const ipAddress: ValueType<string> = {
  name: 'IP address',
  range: '',
  parse(text) {
    if (isIP(text) === 0) throw new Error(`'${text}' is not an IPv4 or IPv6 address`);
    return text;
  },
  format: (value) => value,
};

/** An http or https URL without a slash at the end, or nothing. */
export const url: ValueType<string> = {
  name: 'URL',
  range: 'http or https, or empty',
  parse(text) {
    if (text === '') return '';
    if (!/^https?:\/\/\S+$/.test(text) || !URL.canParse(text)) throw new Error(`'${text}' is not an http or https URL`);
    return text.replace(/\/+$/, '');
  },
  format: (value) => value,
};

export function choice<const V extends string>(...values: readonly V[]): ValueType<V> {
  return {
    name: 'string value',
    range: values.join(', '),
    parse(text) {
      const found = values.find((value) => value === text);
      if (found === undefined) throw new Error(`'${text}' is none of ${values.join(', ')}`);
      return found;
    },
    format: (value) => value,
  };
}

/** Values separated by commas. */
export function list<T>(item: ValueType<T>): ValueType<readonly T[]> {
  return {
    name: 'list value',
    range: item.range === '' ? '' : `each: ${item.range}`,
    parse: (text) => (text.trim() === '' ? [] : text.split(',').map((part) => item.parse(part.trim()))),
    format: (values) => values.map((value) => item.format(value)).join(','),
  };
}

/** Where a physical network is on this host. */
export interface BridgeMapping {
  readonly physicalNetwork: string;
  /** null is the host's own namespace. */
  readonly namespace: string | null;
  readonly bridge: string;
}

/** Interface names have at most 15 bytes; namespaces and physical networks are ours to restrict. */
const MAPPING = /^([A-Za-z0-9_.-]{1,64}):(?:([A-Za-z0-9_.-]{1,64})\/)?([A-Za-z0-9_.-]{1,15})$/;

export const bridgeMapping: ValueType<BridgeMapping> = {
  name: 'bridge mapping',
  range: 'physnet:bridge or physnet:namespace/bridge',
  parse(text) {
    const [, physicalNetwork, namespace, bridge] = MAPPING.exec(text) ?? [];
    if (physicalNetwork === undefined || bridge === undefined) throw new Error(`'${text}' is not physnet:bridge or physnet:namespace/bridge`);
    return { physicalNetwork, namespace: namespace ?? null, bridge };
  },
  format: ({ physicalNetwork, namespace, bridge }) => `${physicalNetwork}:${namespace === null ? '' : `${namespace}/`}${bridge}`,
};

/** Somebody's socket. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** An address and a port. As in Octavia the last colon is the port's, and IPv6 addresses need no brackets. */
export const target: ValueType<Target> = {
  name: 'address and port',
  range: '',
  parse(text) {
    const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|(.+)):(\d{1,5})$/.exec(text) ?? [];
    const host = bracketed ?? bare ?? '';
    const port = Number(digits);
    if (isIP(host) === 0 || port < 1 || port > 65_535) throw new Error(`'${text}' is not an IP address and a port, as in 192.0.2.1:10514`);
    return { host, port };
  },
  format: ({ host, port }) => `${host}:${port}`,
};

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** A name or an address, and a port; empty is none. */
export const serverAddress: ValueType<Target> = {
  name: 'host and port',
  range: '',
  parse(text) {
    if (text === '') return { host: '', port: 0 };
    const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|(.+)):(\d{1,5})$/.exec(text) ?? [];
    const host = bracketed ?? bare ?? '';
    const port = Number(digits);
    const isHost = isIP(host) !== 0 || (HOST_NAME.test(host) && !/^[\d.]+$/.test(host));
    if (!isHost || port < 1 || port > 65_535) throw new Error(`'${text}' is not a host and a port, as in edgeweir.example:9879`);
    return { host, port };
  },
  format: ({ host, port }) => (host === '' ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`),
};

/** A line in HAProxy's log-format language (model/log-format.ts). */
export const logFormat: ValueType<string> = {
  ...string,
  range: 'HAProxy log-format',
  parse(text) {
    parseLogFormat(string.parse(text));
    return text;
  },
};
