import type { CreateOf, Resource, RowOf } from '../../model/resource.ts';
import { columnsOf } from '../../store/table.ts';

/** The part of a row that the server writes. */
type Kept<R extends Resource> = Omit<RowOf<R>, keyof CreateOf<R>> & Partial<RowOf<R>>;

/** A complete row: what the creator said, what the server adds, and null for the rest. */
export function newRow<R extends Resource>(resource: R, body: CreateOf<R>, kept: Kept<R>): RowOf<R> {
  const given: Record<string, unknown> = { ...body, ...kept };
  const row: Record<string, unknown> = {};
  for (const name of columnsOf(resource).keys()) row[name] = given[name] ?? null;
  return row as RowOf<R>;
}
