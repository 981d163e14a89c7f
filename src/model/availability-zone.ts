import * as common from './common-fields.ts';
import { boolean, text, uuid } from './field.ts';
import { type RowOf, defaulted, internal, required, resource } from './resource.ts';

const NAME = text({ max: 255 });
/** A zone is asked for by its name as the last part of a path, where dots and the suffix `.json` have their own meaning. */
const IN_PATH = text({
  max: 255,
  min: 1,
  pattern: /^(?!\.{1,2}$)(?![\s\S]*\.json$)/,
  hint: 'Value should not be ".", ".." or end in ".json"',
});
/** JSON text: an object whose keys are capabilities of the provider. */
const DATA = text({ max: 4096 });

/** Where a provider puts some balancers (reference §2.8). */
export const availabilityZoneProfile = resource({
  name: 'availability_zone_profile',
  collection: 'availability_zone_profiles',
  links: 'availability_zone_profile_links',
  title: 'Availability Zone Profile',
  argument: 'availability_zone_profile',
  table: 'availability_zone_profile',
  doc: 'Settings of one provider, for availability zones to refer to.',
  fields: {
    id: common.id,
    name: required(NAME, 'Name for people'),
    provider_name: required(NAME, 'Provider the settings are for'),
    availability_zone_data: required(DATA, 'The settings: a JSON object as text, with the keys of the provider’s availability zone capabilities'),
  },
});
export type AvailabilityZoneProfile = RowOf<typeof availabilityZoneProfile>;

/** Known by its name: it has no id that clients see. */
export const availabilityZone = resource({
  name: 'availability_zone',
  collection: 'availability_zones',
  title: 'Availability Zone',
  argument: 'availability_zone',
  table: 'availability_zone',
  doc: 'A place for load balancers that an operator offers.',
  fields: {
    id: internal(NAME, 'The name again: rows of all resources are found by this name'),
    name: required(IN_PATH, 'Name; unique', { settable: 'create' }),
    description: common.description,
    enabled: defaulted(boolean, true, 'False: no new load balancers in it'),
    availability_zone_profile_id: required(uuid, 'Profile with its settings', { settable: 'create' }),
  },
});
export type AvailabilityZone = RowOf<typeof availabilityZone>;
