/** Tables and columns as the declarations name them, for code that serves all resources. */
import type { Kysely } from 'kysely';
import type { Storage } from '../model/field.ts';
import { type Resource, columns } from '../model/resource.ts';
import type { Db } from './store.ts';

type AnyTables = Record<string, Record<string, unknown>>;

/** The same database, for table names that are values. Types are given back by the resource's declaration. */
export function anyTable(db: Db): Kysely<AnyTables> {
  return db as unknown as Kysely<AnyTables>;
}

const remembered = new WeakMap<Resource, Map<string, Storage>>();

export function columnsOf(resource: Resource): ReadonlyMap<string, Storage> {
  const known = remembered.get(resource) ?? columns(resource);
  remembered.set(resource, known);
  return known;
}

/** The column's storage class. A name that is no column never reaches a statement: it is an error here. */
export function storageOf(resource: Resource, column: string): Storage {
  const storage = columnsOf(resource).get(column);
  if (storage === undefined) throw new TypeError(`${resource.table} has no column ${JSON.stringify(column)}`);
  return storage;
}
