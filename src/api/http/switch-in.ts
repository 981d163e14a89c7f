/** Switches in a query string: cascade, additive_only, page_reverse. */
import { fault } from '../../model/fault.ts';
import { ValueError, boolean } from '../../model/field.ts';
import type { RawQuery } from './list-query.ts';

/**
 * True for a switch that is on, in any of Octavia's spellings (oslo's: `true`, `t`, `yes`, `y`, `on`, `1`, whatever the case, blanks around
 * them aside); false when it is off or not given. Octavia takes what is no boolean for off. Here that is a 400, as is a switch that is given
 * more than once: off is what deletes members that nobody named.
 */
export function switchIn(query: RawQuery, name: string): boolean {
  const value = query[name];
  if (value === undefined) return false;
  if (Array.isArray(value)) throw fault.doubleParameter(name);
  try {
    return boolean.parse(value);
  } catch (error) {
    throw error instanceof ValueError ? fault.invalidInput(name, value, error.reason) : error;
  }
}
