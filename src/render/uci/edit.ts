/**
 * Changes to a package as rpcd's `uci` object makes them (openwrt reference §1.2, seen on 24.10.8): the same for who plans changes
 * and for a gateway that only pretends to be one. Each returns the package as it is then, or the ubus status of the refusal.
 */
import { type UciPackage, type UciSection, type UciValue, idsOf, isName, isType } from './package.ts';

/** Statuses of ubus. */
export const INVALID_ARGUMENT = 2;
export const NOT_FOUND = 4;

export type Edited = UciPackage | typeof INVALID_ARGUMENT | typeof NOT_FOUND;

export type Values = Readonly<Record<string, UciValue>>;

/** Options set one after the other: an empty text removes; a list, or what was one, is removed and added at the end. */
function withValues(before: ReadonlyMap<string, UciValue>, values: Values): Map<string, UciValue> {
  const options = new Map(before);
  for (const [name, value] of Object.entries(values)) {
    if (value === '' || typeof value !== 'string' || typeof options.get(name) === 'object') options.delete(name);
    if (value !== '') options.set(name, value);
  }
  return options;
}

function areWritable(values: Values): boolean {
  return Object.entries(values).every(([name, value]) => isName(name) && value.length >= (typeof value === 'string' ? 0 : 1));
}

/** A name that is taken gets the type, in silence, and the values on top of its own. */
export function addSection(one: UciPackage, { name, type, values = {} }: { readonly name?: string; readonly type: string; readonly values?: Values }): Edited {
  if (!isType(type) || (name !== undefined && !isName(name)) || !areWritable(values)) return INVALID_ARGUMENT;
  const at = name === undefined ? -1 : one.sections.findIndex((section) => section.name === name);
  const known = one.sections[at];
  if (known) return replaced(one, at, { ...known, type, options: withValues(known.options, values) });
  return { ...one, sections: [...one.sections, { name, type, options: withValues(new Map(), values) }] };
}

/** Never makes a section. */
export function setOptions(one: UciPackage, section: string, values: Values): Edited {
  const at = positionOf(one, section);
  const known = one.sections[at];
  if (!known) return NOT_FOUND;
  if (!areWritable(values)) return INVALID_ARGUMENT;
  return replaced(one, at, { ...known, options: withValues(known.options, values) });
}

/** The whole section without `options`; with them, it is enough that one of them was there. */
export function deleteFrom(one: UciPackage, section: string, options?: readonly string[]): Edited {
  const at = positionOf(one, section);
  const known = one.sections[at];
  if (!known) return NOT_FOUND;
  if (options === undefined) return { ...one, sections: one.sections.filter((_, index) => index !== at) };
  if (!options.some((name) => known.options.has(name))) return NOT_FOUND;
  return replaced(one, at, { ...known, options: new Map([...known.options].filter(([name]) => !options.includes(name))) });
}

/** Of a section, or of one of its options. `@type[n]` is taken, and nothing happens. */
export function rename(one: UciPackage, section: string, name: string, option?: string): Edited {
  if (section.startsWith('@')) return one;
  const at = positionOf(one, section);
  const known = one.sections[at];
  if (!known) return NOT_FOUND;
  if (!isName(name)) return INVALID_ARGUMENT;
  if (option === undefined) return replaced(one, at, { ...known, name });
  if (!known.options.has(option)) return NOT_FOUND;
  return replaced(one, at, { ...known, options: new Map([...known.options].map(([key, value]) => [key === option ? name : key, value])) });
}

/** Moves the sections to the front, in this order; those that are not there are passed over. */
export function order(one: UciPackage, sections: readonly string[]): Edited {
  const first = sections.flatMap((id) => one.sections[positionOf(one, id)] ?? []);
  if (first.length === 0) return NOT_FOUND;
  return { ...one, sections: [...first, ...one.sections.filter((section) => !first.includes(section))] };
}

function replaced(one: UciPackage, at: number, section: UciSection): UciPackage {
  return { ...one, sections: one.sections.with(at, section) };
}

const NTH = /^@([^[]+)\[(-?\d+)\]$/;

/** By name, by libuci's name of an anonymous one, or as `@type[n]`; -1 where there is none. */
export function positionOf(one: UciPackage, id: string): number {
  const [, type, nth] = NTH.exec(id) ?? [];
  if (type === undefined || nth === undefined) return idsOf(one).indexOf(id);
  const positions = one.sections.flatMap((section, index) => (section.type === type ? [index] : []));
  return positions.at(Number(nth)) ?? -1;
}
