/**
 * An object to be copied for rows and views of many attributes. An object that gets many attributes one by one, by names
 * that are values, becomes a hash table, which is several times slower to make, read and write as JSON; a copy of this
 * one has a shape that the engine knows.
 * @returns all names, in this order, with null
 */
export function blankOf(names: readonly string[]): Record<string, unknown> {
  // The JSON parser makes objects of known shape, however many attributes they have.
  return JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null])))) as Record<string, unknown>;
}
