/**
 * Reading values that another machine sent. Each reader takes a value and where it stands, and returns it with its type or
 * throws a ShapeError; nothing is believed by a cast. Members that no reader asks for are left out.
 */
import { isIP } from 'node:net';
import { isPlainObject } from '../../model/field.ts';

export type Read<T> = (value: unknown, at: string) => T;

/** Something is not as agreed. Names the place, never the value: it may be a secret. */
export class ShapeError extends Error {}

export function wrong(at: string, expected: string): never {
  throw new ShapeError(`${at} is not ${expected}`);
}

export function text({ pattern, longest = 1024 }: { readonly pattern?: RegExp; readonly longest?: number } = {}): Read<string> {
  return (value, at) => {
    if (typeof value !== 'string' || value.length > longest || (pattern && !pattern.test(value))) return wrong(at, 'a text as it should be');
    return value;
  };
}

export const flag: Read<boolean> = (value, at) => (typeof value === 'boolean' ? value : wrong(at, 'true or false'));

export function whole(least: number, most: number): Read<number> {
  return (value, at) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most ? value : wrong(at, `a number from ${least} to ${most}`);
}

export function oneOf<const V extends string>(...values: readonly V[]): Read<V> {
  return (value, at) => values.find((known) => known === value) ?? wrong(at, `one of ${values.join(', ')}`);
}

export function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, at) => (value === null ? null : read(value, at));
}

export function list<T>(read: Read<T>, most = 1_000_000): Read<T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > most) return wrong(at, 'a list as it should be');
    return value.map((item, index) => read(item, `${at}[${index}]`));
  };
}

export function mapOf<T>(read: Read<T>): Read<Record<string, T>> {
  return (value, at) => {
    if (!isPlainObject(value)) return wrong(at, 'an object');
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, read(item, `${at}.${name.slice(0, 64)}`)]));
  };
}

type Readers = Readonly<Record<string, Read<unknown>>>;
type Values<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> };

export function object<R extends Readers>(required: R): Read<Values<R>> {
  return objectWith(required, NOTHING_MORE);
}

const NOTHING_MORE: Readers = {};

/** @param optional members that may be left out, and then are not there */
export function objectWith<R extends Readers, O extends Readers>(required: R, optional: O): Read<Values<R> & Partial<Values<O>>> {
  return (value, at) => {
    if (!isPlainObject(value)) return wrong(at, 'an object');
    const given = Object.entries(optional).filter(([name]) => value[name] !== undefined);
    const entries = [...Object.entries(required), ...given].map(([name, read]): [string, unknown] => [name, read(value[name], `${at}.${name}`)]);
    return Object.fromEntries(entries) as Values<R> & Partial<Values<O>>;
  };
}

export const uuid: Read<string> = text({ pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/ });

export const address: Read<string> = (value, at) =>
  typeof value === 'string' && isIP(value) !== 0 && !value.includes('%') ? value : wrong(at, 'an IP address');

/** An address with the length of its prefix. */
export const network: Read<string> = (value, at) => {
  const [, host = '', length = ''] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(typeof value === 'string' ? value : '') ?? [];
  const bits = isIP(host) === 4 ? 32 : 128;
  return isIP(host) !== 0 && Number(length) <= bits ? (value as string) : wrong(at, 'an address with a prefix length');
};

export const mac: Read<string> = text({ pattern: /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/ });

/** Without line ends and other controls, which could begin another command. */
export const line: Read<string> = text({ pattern: /^\P{Cc}*$/u, longest: 100_000 });
