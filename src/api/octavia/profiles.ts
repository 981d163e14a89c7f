/**
 * What profiles of flavors and of availability zones have in common: their data is checked against what the provider
 * can do, and frozen, like the provider, as soon as somebody refers to the profile (reference §2.8).
 */
import { randomUUID } from 'node:crypto';
import { type CapabilityKind, checkProfileData, parseProfileData } from '../../model/capability.ts';
import { fault } from '../../model/fault.ts';
import { isPlainObject } from '../../model/field.ts';
import { type Resource, type RowOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { isReferredTo } from '../../store/flavors.ts';
import { update } from '../../store/rows.ts';
import type { Call, Collection } from './collection.ts';
import { newRow } from './new-row.ts';
import { enabledProvider } from './provider.ts';
import { authorizeCreate, removeShared, sharedFor, viewShared } from './shared-rows.ts';
import { add, write } from './write.ts';

interface ProfileKind<R extends Resource> {
  readonly resource: R;
  readonly path: string;
  /** Whose settings it holds; the column of the data is named after it. */
  readonly kind: CapabilityKind;
  /** Octavia's name for it where it refuses a change. */
  readonly name: string;
}

/** The columns by which all profiles are judged. */
interface Settings {
  readonly provider_name: string;
  readonly data: string;
}

export function profiles<R extends Resource>(of: ProfileKind<R>): Collection<R> {
  const { resource, path } = of;
  return {
    resource,
    path,
    view: viewShared(resource),
    create: (call) => create(of, call),
    update: (call, id) => modify(of, call, id),
    remove: (call, id) => removeShared(call, resource, id, of.name),
  };
}

async function create<R extends Resource>(of: ProfileKind<R>, call: Call): Promise<RowOf<R>> {
  const body = parseCreate(of.resource, call.body);
  authorizeCreate(call, of.resource);
  checkSettings(of, call, settingsIn(of, body));
  const row = newRow(of.resource, body, { id: randomUUID() } as never);
  return write(call, async (tx) => {
    await add(tx, of.resource, row);
    return row;
  });
}

async function modify<R extends Resource>(of: ProfileKind<R>, call: Call, id: string): Promise<RowOf<R>> {
  refuseNulls(of, call.body);
  const changes: Partial<RowOf<R>> = parseUpdate(of.resource, call.body) as object;
  return write(call, async (tx) => {
    const before = await sharedFor(tx, call, of.resource, id, 'put');
    if (touchesSettings(of, changes)) {
      if (await isReferredTo(tx.db, `${of.kind}_profile`, id)) throw fault.recordInUse(of.name, id);
      checkSettings(of, call, settingsIn(of, { ...before, ...changes }));
    }
    const row = await update(tx.db, of.resource, id, changes);
    if (!row) throw fault.notFound(of.resource.title, id);
    tx.record('update', of.resource, before, row);
    return row;
  });
}

/** All of a profile's attributes must have a value; Octavia says so in other words than elsewhere. */
function refuseNulls({ resource }: ProfileKind<Resource>, body: unknown): void {
  const object = isPlainObject(body) ? body[resource.name] : null;
  if (!isPlainObject(object)) return;
  const empty = Object.keys(object).find((name) => object[name] === null && resource.fields[name]?.required);
  if (empty !== undefined) throw fault.invalidOption('None', empty);
}

function touchesSettings({ kind }: ProfileKind<Resource>, changes: object): boolean {
  return 'provider_name' in changes || `${kind}_data` in changes;
}

function settingsIn({ kind }: ProfileKind<Resource>, row: object): Settings {
  const values = row as Readonly<Record<string, string>>;
  return { provider_name: values['provider_name'] ?? '', data: values[`${kind}_data`] ?? '' };
}

function checkSettings({ kind }: ProfileKind<Resource>, { options }: Call, { provider_name: provider, data }: Settings): void {
  const settings = parseProfileData(data, kind, provider);
  checkProfileData(settings, enabledProvider(options, provider).carries, kind, provider);
}
