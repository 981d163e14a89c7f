import { type CreateOf, type Resource, type RowOf, columns } from '../../model/resource.ts';

/** The part of a row that the server writes. */
type Kept<R extends Resource> = Omit<RowOf<R>, keyof CreateOf<R>> & Partial<RowOf<R>>;

/** A complete row: what the creator said, what the server adds, and null for the rest. */
export function newRow<R extends Resource>(resource: R, body: CreateOf<R>, kept: Kept<R>): RowOf<R> {
  const given: Record<string, unknown> = { ...body, ...kept };
  return Object.fromEntries([...columns(resource).keys()].map((name) => [name, given[name] ?? null])) as RowOf<R>;
}
