import { blankOf } from '../../model/blank.ts';
import { type Resource, shownFields } from '../../model/resource.ts';

export type View = Record<string, unknown>;

/**
 * Makes what clients see of a row: the declared attributes in the declared order, `computed` before the row's own, null
 * for what is in neither. One that is computed and undefined is not there for clients.
 */
export function viewer(resource: Resource): (row: object, computed: View) => View {
  const names = shownFields(resource);
  const blank = blankOf(names);
  return (row, computed) => {
    const shown = { ...blank };
    for (const name of names) shown[name] = Object.hasOwn(computed, name) ? computed[name] : ((row as View)[name] ?? null);
    return shown;
  };
}
