/** What a write did to an object, attribute by attribute. */

export type Attributes = Readonly<Record<string, unknown>>;

/** Values of one attribute, null where there was none. */
export interface Difference {
  readonly before: unknown;
  readonly after: unknown;
}

/** Only what differs. */
export function differences(before: Attributes, after: Attributes): Record<string, Difference> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const pairs = names.map((name) => [name, { before: before[name] ?? null, after: after[name] ?? null }] as const);
  return Object.fromEntries(pairs.filter(([, pair]) => JSON.stringify(pair.before) !== JSON.stringify(pair.after)));
}
