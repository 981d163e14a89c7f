/**
 * Writing what belongs to no project: flavors, availability zones and their profiles. Whoever may write one may write
 * all; names that are taken and rows that others refer to are refused in Octavia's words.
 */
import { fault } from '../../model/fault.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { isReferredTo } from '../../store/flavors.ts';
import { remove, update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { type Call, targetFor } from './collection.ts';
import { authorize, ruleOf } from './policy.ts';
import { type View, viewer } from './viewer.ts';
import { add, unlessTaken, write } from './write.ts';

type Referable = Parameters<typeof isReferredTo>[1];

export function authorizeCreate(call: Call, resource: Resource): void {
  authorize(call, ruleOf(resource, 'post'), call.caller.projectId);
}

/** Views rows as they are: nothing of them comes from other rows. */
export function viewShared(resource: Resource): (db: Db, rows: readonly object[]) => Promise<View[]> {
  const view = viewer(resource);
  return async (_db, rows) => rows.map((row) => view(row, {}));
}

/** Octavia's word for the kind in its refusal of a second one with the name. */
type Kind = 'flavor' | 'availability zone' | 'host' | 'site' | 'gateway';

export async function addShared<R extends Resource>(tx: AuditedTx, resource: R, row: RowOf<R>, kind: Kind): Promise<RowOf<R>> {
  await add(tx, resource, row, () => taken(kind, row));
  return row;
}

export async function changeShared<R extends Resource>(
  tx: AuditedTx,
  resource: R,
  before: RowOf<R>,
  changes: Partial<RowOf<R>>,
  kind: Kind,
): Promise<RowOf<R>> {
  const { id } = before as unknown as { id: string };
  const row = await unlessTaken(
    () => update(tx.db, resource, id, changes),
    () => taken(kind, { ...before, ...changes }),
  );
  if (!row) throw fault.notFound(resource.title, id);
  tx.record('update', resource, before, row);
  return row;
}

function taken(kind: Kind, row: object): Error {
  return fault.alreadyExists(kind, (row as { name: string }).name);
}

/** The row a write is for, as its writer last saw it. */
export async function sharedFor<R extends Resource>(tx: AuditedTx, call: Call, resource: R, id: string, action: 'put' | 'delete'): Promise<RowOf<R>> {
  return targetFor(resource, call, id, ruleOf(resource, action), [], tx.db);
}

/** Removes a row that nobody refers to. `name` is Octavia's name for its kind in the refusal. */
export async function removeShared(call: Call, resource: Resource, id: string, name: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await sharedFor(tx, call, resource, id, 'delete');
    if (await isReferredTo(tx.db, resource.table as Referable, id)) throw fault.recordInUse(name, id);
    await remove(tx.db, resource, id);
    tx.record('delete', resource, row, null);
  });
}
