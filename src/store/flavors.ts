/** What flavors and availability zones say: the settings of their profiles. */
import type { ProfileData } from '../model/capability.ts';
import type { Db } from './store.ts';

/** Stands for a flavor or a zone that was not named or is gone. */
const NOTHING: ProfileData = Object.freeze({});

/** Settings of a balancer's flavor, by capability; nothing without one. */
export async function flavorDataOf(db: Db, flavorId: string | null): Promise<ProfileData> {
  return (flavorId === null ? undefined : (await flavorOf(db, flavorId))?.data) ?? NOTHING;
}

/** Settings of a balancer's availability zone, by capability; nothing without one. */
export async function zoneDataOf(db: Db, name: string | null): Promise<ProfileData> {
  return (name === null ? undefined : (await zoneOf(db, name))?.data) ?? NOTHING;
}

/** A flavor or a zone with what its profile says. */
export interface Offer {
  readonly enabled: boolean;
  readonly provider: string;
  readonly data: ProfileData;
}

export async function flavorOf(db: Db, id: string): Promise<Offer | undefined> {
  const row = await db
    .selectFrom('flavor')
    .innerJoin('flavor_profile', 'flavor_profile.id', 'flavor.flavor_profile_id')
    .select(['flavor.enabled', 'flavor_profile.provider_name as provider', 'flavor_profile.flavor_data as data'])
    .where('flavor.id', '=', id)
    .executeTakeFirst();
  return row && { ...row, data: JSON.parse(row.data) as ProfileData };
}

export async function zoneOf(db: Db, name: string): Promise<Offer | undefined> {
  const row = await db
    .selectFrom('availability_zone')
    .innerJoin('availability_zone_profile', 'availability_zone_profile.id', 'availability_zone.availability_zone_profile_id')
    .select(['availability_zone.enabled', 'availability_zone_profile.provider_name as provider', 'availability_zone_profile.availability_zone_data as data'])
    .where('availability_zone.id', '=', name)
    .executeTakeFirst();
  return row && { ...row, data: JSON.parse(row.data) as ProfileData };
}

/** Who refers to whom: what is referred to cannot be removed, nor changed where that would change its users. */
const USERS = {
  flavor_profile: { table: 'flavor', column: 'flavor_profile_id' },
  availability_zone_profile: { table: 'availability_zone', column: 'availability_zone_profile_id' },
  flavor: { table: 'load_balancer', column: 'flavor_id' },
  host: { table: 'amphora', column: 'compute_id' },
  site: { table: 'gateway', column: 'site_id' },
  gateway: { table: 'amphora', column: 'gateway_id' },
  availability_zone: { table: 'load_balancer', column: 'availability_zone' },
} as const;

export async function isReferredTo(db: Db, kind: keyof typeof USERS, id: string): Promise<boolean> {
  const { table, column } = USERS[kind];
  return (
    (await db
      .selectFrom(table)
      .select('id')
      .where(column as never, '=', id as never)
      .executeTakeFirst()) !== undefined
  );
}
