/**
 * Field types: what a value of an attribute may be, said once.
 * Each type checks and normalises input the way Octavia's type layer (wsme) does, in its words, and carries the
 * JSON Schema and the storage class that the documents, the OpenAPI file and the store derive from it.
 * Contract: octavia-api reference §2.1 and §2.9.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** How the store keeps a value; the only fact about storage the model knows. */
export type Storage = 'text' | 'integer' | 'real' | 'boolean' | 'json';

/** Thrown by a field type; the resource layer adds the attribute's name and turns it into a fault. */
export class ValueError extends Error {
  readonly reason: string;
  readonly path: string;
  constructor(reason: string, path = '') {
    super(reason);
    this.reason = reason;
    this.path = path;
  }
}

export interface FieldType<T> {
  readonly name: string;
  readonly storage: Storage;
  readonly schema: JsonSchema;
  /** Returns the normalised value or throws a ValueError with the reason alone. */
  parse(value: unknown): T;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const INTEGER = /^[+-]?\d{1,16}$/;
const HOST_BITS = { ipv4: 32, ipv6: 128 } as const;

function wrongType(expected: string, value: unknown): ValueError {
  return new ValueError(`Wrong type. Expected '<${expected}>', got '<${typeName(value)}>'`);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * A string of at most `max` characters (code points, as JSON Schema and Octavia count them). Lone surrogates and NUL are refused for every string: they cannot be
 * written to all stores and logs, and no name needs them.
 */
export function text(limits: { max: number; min?: number; pattern?: RegExp; hint?: string }): FieldType<string> {
  const { max, min = 0, pattern, hint } = limits;
  return {
    name: 'string',
    storage: 'text',
    schema: { type: 'string', maxLength: max, ...(min > 0 ? { minLength: min } : {}), ...(pattern ? { pattern: pattern.source } : {}) },
    parse(value) {
      if (typeof value !== 'string') throw wrongType('string', value);
      if (isLonger(value, max)) throw new ValueError(`Value should have a maximum character requirement of ${max}`);
      if (value.length < min) throw new ValueError(`Value should have a minimum character requirement of ${min}`);
      if (value.includes('\0') || !value.isWellFormed()) throw new ValueError('Value should be text without NUL characters or lone surrogates');
      if (pattern && !pattern.test(value)) throw new ValueError(hint ?? `Value should match the pattern ${pattern.source}`);
      return value;
    },
  };
}

function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false;
  // A character takes two units at most: what is longer than that needs no counting.
  return value.length > 2 * max || Array.from(value).length > max;
}

/** An integer; a string of digits is accepted, as by wsme. */
export function integer(limits: { min?: number; max?: number } = {}): FieldType<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    name: 'integer',
    storage: 'integer',
    schema: { type: 'integer', ...(limits.min === undefined ? {} : { minimum: min }), ...(limits.max === undefined ? {} : { maximum: max }) },
    parse(value) {
      const number = typeof value === 'string' && INTEGER.test(value.trim()) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw wrongType('integer', value);
      if (number < min) throw new ValueError(`Value should be greater or equal to ${min}`);
      if (number > max) throw new ValueError(`Value should be lower or equal to ${max}`);
      return number;
    },
  };
}

const TRUE = new Set<unknown>([true, 1, '1', 'true', 't', 'yes', 'y', 'on']);
const FALSE = new Set<unknown>([false, 0, '0', 'false', 'f', 'no', 'n', 'off']);

export const boolean: FieldType<boolean> = {
  name: 'boolean',
  storage: 'boolean',
  schema: { type: 'boolean' },
  parse(value) {
    const key = typeof value === 'string' ? value.trim().toLowerCase() : value;
    if (TRUE.has(key)) return true;
    if (FALSE.has(key)) return false;
    throw wrongType('boolean', value);
  },
};

/** A UUID; one without dashes is accepted and normalised. */
export const uuid: FieldType<string> = {
  name: 'uuid',
  storage: 'text',
  schema: { type: 'string', format: 'uuid' },
  parse(value) {
    if (typeof value !== 'string' || !UUID.test(value)) throw new ValueError('Value should be UUID format');
    const hex = value.replaceAll('-', '').toLowerCase();
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  },
};

/**
 * What a creator may say where an id is kept: the id, or a name that the API has put the id in the place of before this
 * checks it. A name that fits nothing is refused as what is no UUID, as it is where only ids are taken.
 */
export const uuidOrName: FieldType<string> = {
  ...uuid,
  name: 'uuid or name',
  schema: { type: 'string', anyOf: [{ format: 'uuid' }, { minLength: 1, maxLength: 255 }], description: 'uuid or name' },
};

export function oneOf<const V extends string>(...values: readonly V[]): FieldType<V> {
  return {
    name: 'enum',
    storage: 'text',
    schema: { type: 'string', enum: values },
    parse(value) {
      const found = values.find((candidate) => candidate === value);
      if (found === undefined) throw new ValueError(`Value should be one of: ${values.join(', ')}`);
      return found;
    },
  };
}

/** An IPv4 or IPv6 address in its canonical form; zone identifiers and IPv4-mapped forms are refused. */
export const ipAddress: FieldType<string> = {
  name: 'ip address',
  storage: 'text',
  schema: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  parse(value) {
    if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) throw new ValueError('Value should be IPv4 or IPv6 format');
    const address = ipaddr.parse(value);
    if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) throw new ValueError('Value should be IPv4 or IPv6 format');
    return address.toString();
  },
};

/** The same, kept as it was written: Octavia gives members back the spelling they came with. */
export const ipAddressAsWritten: FieldType<string> = {
  ...ipAddress,
  parse(value) {
    ipAddress.parse(value);
    return value as string;
  },
};

/** A network in CIDR notation, normalised to its network address. */
export const cidr: FieldType<string> = {
  name: 'cidr',
  storage: 'text',
  // Clients that are made from the schema find most mistakes with it; the rest is told by parse.
  schema: { type: 'string', pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$', description: 'IPv4 or IPv6 network in CIDR notation' },
  parse(value) {
    const refusal = new ValueError('Value should be IPv4 or IPv6 CIDR format');
    if (typeof value !== 'string') throw refusal;
    const [address = '', length, ...rest] = value.split('/');
    if (isIP(address) === 0 || address.includes('%') || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) throw refusal;
    const bits = HOST_BITS[ipaddr.parse(address).kind()];
    const prefix = length === undefined ? bits : Number(length);
    if (prefix > bits) throw refusal;
    const family = bits === 32 ? ipaddr.IPv4 : ipaddr.IPv6;
    return `${family.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`;
  },
};

/** A list of values of one type; at most `max` of them. */
export function listOf<T>(type: FieldType<T>, max = 1000): FieldType<T[]> {
  return {
    name: `list of ${type.name}`,
    storage: 'json',
    schema: { type: 'array', items: type.schema, maxItems: max },
    parse(value) {
      if (!Array.isArray(value)) throw wrongType('array', value);
      if (value.length > max) throw new ValueError(`Value should have at most ${max} items`);
      return value.map((item) => type.parse(item));
    },
  };
}

/** An object from string to string, such as insert_headers. */
export function stringMap(max = 255): FieldType<Record<string, string>> {
  const value = text({ max });
  return {
    name: 'map of strings',
    storage: 'json',
    schema: { type: 'object', additionalProperties: value.schema },
    parse(input) {
      if (!isPlainObject(input)) throw wrongType('object', input);
      return Object.fromEntries(Object.entries(input).map(([key, item]) => [value.parse(key), value.parse(typeof item === 'boolean' ? String(item) : item)]));
    },
  };
}

/** An object with named members; unknown ones are refused, absent optional ones become null. */
export function record<F extends Record<string, { type: FieldType<unknown>; required?: boolean }>>(
  members: F,
): FieldType<{ [K in keyof F]: F[K]['type'] extends FieldType<infer T> ? (F[K] extends { required: true } ? T : T | null) : never }> {
  return {
    name: 'object',
    storage: 'json',
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, member.type.schema])),
      required: Object.keys(members).filter((name) => members[name]?.required),
    },
    parse(input) {
      if (!isPlainObject(input)) throw wrongType('object', input);
      const unknown = Object.keys(input).filter((name) => !Object.hasOwn(members, name));
      if (unknown.length > 0) throw new ValueError(`Unknown attribute(s): ${unknown.slice(0, 10).join(', ')}`);
      const parsed = Object.entries(members).map(([name, member]) => [name, parseMember(name, member, input[name])]);
      return Object.fromEntries(parsed) as never;
    },
  };
}

function parseMember(name: string, member: { type: FieldType<unknown>; required?: boolean }, value: unknown): unknown {
  if (value === undefined || value === null) {
    if (member.required) throw new ValueError('Mandatory field missing.', name);
    return null;
  }
  try {
    return member.type.parse(value);
  } catch (error) {
    throw error instanceof ValueError ? new ValueError(error.reason, error.path ? `${name}/${error.path}` : name) : error;
  }
}

/** A list of `{id}` references, as responses show children. Never an input. */
export const references: FieldType<{ id: string }[]> = {
  name: 'list of references',
  storage: 'json',
  schema: { type: 'array', items: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } }, required: ['id'] } },
  parse() {
    throw new ValueError('Value is read-only');
  },
};

/**
 * Objects of another resource inside a create body: checked by that resource's own declaration where they are made, here
 * only for their shape. `resource` names its schema.
 */
export function nestedObjects(resource: string, max = 1000): FieldType<Record<string, unknown>[]> {
  const one = nestedObject(resource);
  return {
    name: `list of ${resource}`,
    storage: 'json',
    schema: { type: 'array', items: one.schema, maxItems: max },
    parse(value) {
      if (!Array.isArray(value)) throw wrongType('array', value);
      if (value.length > max) throw new ValueError(`Value should have at most ${max} items`);
      return value.map((item) => one.parse(item));
    },
  };
}

export function nestedObject(resource: string): FieldType<Record<string, unknown>> {
  return {
    name: resource,
    storage: 'json',
    schema: { $ref: `#/components/schemas/${resource}Nested` },
    parse(value) {
      if (!isPlainObject(value)) throw wrongType('object', value);
      return value;
    },
  };
}

/** A time as Octavia prints it: UTC, second precision, no zone. */
export const time: FieldType<string> = {
  name: 'time',
  storage: 'text',
  schema: { type: 'string', description: 'UTC, second precision, no zone: 2026-11-22T17:51:50' },
  parse(value) {
    if (typeof value !== 'string') throw wrongType('string', value);
    return value;
  },
};

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
