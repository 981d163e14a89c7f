/**
 * Names of subnets and networks where a create body wants their ids. Octavia takes ids only and lets each client look
 * names up; scripts that say `vip_subnet_id: private-subnet` work here all the same.
 */
import { fault } from '../../model/fault.ts';
import { isPlainObject, uuid } from '../../model/field.ts';
import { findNetwork } from '../../store/network-names.ts';
import { findSubnet } from '../../store/network.ts';
import type { Db } from '../../store/store.ts';
import type { Caller } from '../identity/caller.ts';

type Kind = 'subnet' | 'network';

/** Where names may stand in an object, and below which of its attributes other objects hang: one or a list of them. */
interface Shape {
  readonly names: Readonly<Record<string, Kind>>;
  readonly below: Readonly<Record<string, Shape>>;
}

/** A member, or a further VIP. */
const IN_SUBNET: Shape = { names: { subnet_id: 'subnet' }, below: {} };
const POOL: Shape = { names: {}, below: { members: IN_SUBNET } };
const POLICY: Shape = { names: {}, below: { redirect_pool: POOL } };
const LISTENER: Shape = { names: {}, below: { default_pool: POOL, l7policies: POLICY } };
const BALANCER: Shape = {
  names: { vip_subnet_id: 'subnet', vip_network_id: 'network' },
  below: { additional_vips: IN_SUBNET, listeners: LISTENER, pools: POOL },
};
/** Bodies of the requests: a balancer, a listener or a pool with or without what is below it, one member, a batch of them. */
const BODY: Shape = { names: {}, below: { loadbalancer: BALANCER, listener: LISTENER, pool: POOL, member: IN_SUBNET, members: IN_SUBNET } };

/** One name in a body. */
export interface Named {
  readonly kind: Kind;
  /** Attribute it stands for, as error messages call it. */
  readonly field: string;
  readonly name: string;
}

/** No name is longer (model/network.ts). */
const MAX_NAME = 255;

/**
 * The body with ids in the place of names. Names are looked for among what the caller's project sees; an administrator
 * means one of all others if there is none. Anything that is no name (ids, null, numbers) stays for the declaration to judge.
 * Throws 400 for a name that fits nothing, in Octavia's words for what is no UUID, and for one that fits several.
 */
export async function resolveNames(db: Db, caller: Caller, body: unknown): Promise<unknown> {
  const ids = new Map<string, string>();
  for (const named of namesIn(body)) {
    if (!ids.has(keyOf(named))) ids.set(keyOf(named), await idOf(db, caller, named));
  }
  return ids.size === 0 ? body : withIds(BODY, body, ids);
}

/** Names of an object before those below it. */
export function namesIn(body: unknown): Named[] {
  const found: Named[] = [];
  collect(BODY, body, found);
  return found;
}

function collect(shape: Shape, value: unknown, found: Named[]): void {
  for (const object of objectsOf(value)) {
    found.push(...namesOf(shape, object));
    for (const [field, inner] of Object.entries(shape.below)) if (Object.hasOwn(object, field)) collect(inner, object[field], found);
  }
}

/** Only the few attributes of the shape are looked at: nobody has judged the others yet, and there may be very many. */
function namesOf({ names }: Shape, object: Record<string, unknown>): Named[] {
  return Object.entries(names).flatMap(([field, kind]) => {
    const name = Object.hasOwn(object, field) ? object[field] : undefined;
    return isName(name) ? [{ kind, field, name }] : [];
  });
}

/** What has another shape than expected holds no names. */
function objectsOf(value: unknown): Record<string, unknown>[] {
  return (Array.isArray(value) ? value : [value]).filter(isPlainObject);
}

function withIds(shape: Shape, value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => (isPlainObject(item) ? withIds(shape, item, ids) : item));
  if (!isPlainObject(value)) return value;
  const changes: Record<string, unknown> = {};
  for (const named of namesOf(shape, value)) changes[named.field] = ids.get(keyOf(named)) ?? named.name;
  for (const [field, inner] of Object.entries(shape.below)) if (Object.hasOwn(value, field)) changes[field] = withIds(inner, value[field], ids);
  return { ...value, ...changes };
}

function keyOf({ kind, name }: Named): string {
  return `${kind} ${name}`;
}

/** What has no name has the empty one, so that one names nothing. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME && value.isWellFormed() && !isUuid(value);
}

function isUuid(value: string): boolean {
  try {
    uuid.parse(value);
    return true;
  } catch {
    return false;
  }
}

async function idOf(db: Db, { projectId, isAdmin }: Caller, { kind, field, name }: Named): Promise<string> {
  const find = kind === 'subnet' ? findSubnet : findNetwork;
  // Without a project one sees what is shared; null would be everything.
  const found = (await find(db, name, projectId ?? '')) ?? (isAdmin ? await find(db, name, null) : undefined);
  if (!found) throw fault.invalidInput(field, name, 'Value should be UUID format');
  return found.id;
}
