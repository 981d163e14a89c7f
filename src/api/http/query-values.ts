/** Query strings of the faces that list what happened: every name is known and comes once, or the request is refused. */
import { fault } from '../../model/fault.ts';
import type { RawQuery } from './list-query.ts';

const TRUE = new Set(['', 'true', '1', 'yes', 'on', 't', 'y']);
const FALSE = new Set(['false', '0', 'no', 'off', 'f', 'n']);

/** Throws 400 for a name that is not among `names`, or given more than once. */
export function valuesOf<N extends string>(raw: RawQuery, names: readonly N[]): Partial<Record<N, string>> {
  for (const [name, value] of Object.entries(raw)) {
    if (!names.includes(name as N)) throw fault.unknownParameter(name, names);
    if (typeof value !== 'string') throw fault.doubleParameter(name);
  }
  return raw as Partial<Record<N, string>>;
}

/** null when it is not given; without a value it is true. */
export function flag(name: string, value: string | undefined): boolean | null {
  if (value === undefined) return null;
  const word = value.toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw fault.invalidInput(name, value, 'Value should be true or false');
}

/** Rows of one page: at least one, at most `max`. */
export function pageSize(value: string | undefined, initial: number, max: number): number {
  if (value === undefined) return Math.min(initial, max);
  if (!/^\d{1,9}$/.test(value) || Number(value) === 0) throw fault.invalidLimit(value);
  return Math.min(Number(value), max);
}
