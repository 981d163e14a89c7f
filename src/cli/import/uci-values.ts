/** Options of a section as texts, whichever way they are written. */
import type { UciSection } from '../../render/uci/package.ts';

/** Of a list, its items with blanks between. */
export function textIn({ options }: UciSection, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'object' ? value.join(' ') : value;
}

export function listIn({ options }: UciSection, name: string): readonly string[] {
  const value = options.get(name);
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** `enabled '0'`, in any of the spellings. */
export function isSwitchedOff(section: UciSection): boolean {
  return ['0', 'off', 'no', 'false'].includes((textIn(section, 'enabled') ?? '1').toLowerCase());
}
