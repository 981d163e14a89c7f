/** The edge: sites, and the OpenWrt devices at them. */
import * as common from './common-fields.ts';
import { boolean, integer, listOf, oneOf, stringMap, text, time, uuid } from './field.ts';
import { type RowOf, computed, defaulted, input, internal, kept, optional, required, resource } from './resource.ts';

/** As of machines: it stands in messages and in commands. */
const NAME = text({
  max: 63,
  min: 1,
  pattern: /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  hint: 'Value should be letters, digits, dots, dashes and underscores, with a letter or digit at both ends',
});
const SHORT = text({ max: 255 });
const LONG = text({ max: 2000 });
const TAGS = defaulted(listOf(SHORT, 100), [], 'Labels for people and filters');

/** A place with gateways. */
export const site = resource({
  name: 'site',
  collection: 'sites',
  title: 'Site',
  argument: 'site',
  table: 'site',
  doc: 'A place with one gateway or more.',
  fields: {
    id: common.id,
    name: required(NAME, 'Name; unique. An availability zone has it, too', { settable: 'create' }),
    description: common.description,
    location: optional(SHORT, 'Where it is, for people'),
    tags: TAGS,
    gateways: computed(integer({ min: 0 }), 'How many gateways are there'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
  },
});
export type Site = RowOf<typeof site>;

/**
 * CHECKING: it has not been asked yet, or is to be asked again. ONLINE: it answers, and is who it was. OFFLINE: it does not answer.
 * ERROR: it answers, and cannot be managed; the reason says why.
 */
export const GATEWAY_STATUSES = ['CHECKING', 'ONLINE', 'OFFLINE', 'ERROR'] as const;
export type GatewayStatus = (typeof GATEWAY_STATUSES)[number];

export const DRIFT_POLICIES = ['repair', 'report'] as const;

const URL_TEXT = text({
  max: 255,
  pattern: /^https?:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/,
  hint: 'Value should be http or https, a host, and perhaps a port: https://192.0.2.1',
});
const PIN = text({ max: 60, pattern: /^sha256\/\/[A-Za-z0-9+/]{43}=$/, hint: 'Value should be sha256// and a digest in base64' });
const USER = text({ max: 64, min: 1, pattern: /^[^\p{Cc}]+$/u, hint: 'Value should be without control characters' });

/** An OpenWrt device that is managed over its ubus. */
export const gateway = resource({
  name: 'gateway',
  collection: 'gateways',
  title: 'Gateway',
  argument: 'gateway',
  table: 'gateway',
  doc: 'An OpenWrt device at a site.',
  fields: {
    id: common.id,
    name: required(NAME, 'Name; unique'),
    description: common.description,
    site_id: required(uuid, 'Site it is at'),
    enabled: defaulted(boolean, true, 'False: it is not asked, and nothing new is put on it'),
    url: required(URL_TEXT, 'Where its uhttpd answers; `/ubus` is added'),
    username: defaulted(USER, 'edgeweir', 'User of its rpcd'),
    password: input(text({ max: 1024, min: 1 }), 'Password of that user; kept encrypted, and never shown', { settable: 'always', required: true }),
    drift: defaulted(oneOf(...DRIFT_POLICIES), 'repair', 'What becomes of what was changed on it by hand: repair puts it right, report only tells of it'),
    tls_pin: optional(PIN, 'Digest of the public key that its certificate must have; without one the system’s authorities decide'),
    location: optional(SHORT, 'Where it is, for people'),
    tags: TAGS,
    draining: kept(boolean, 'True: nothing new is put on it; `drain` sets that, `undrain` takes it back'),
    status: kept(oneOf(...GATEWAY_STATUSES), 'What its last answer was'),
    status_reason: kept<string | null>(LONG, 'Why it is not ONLINE, in words'),
    facts: kept<Readonly<Record<string, string>> | null>(stringMap(), 'What it is: release, board, firewall, programs, addresses, room'),
    last_seen_at: kept<string | null>(time, 'When it last answered'),
    checked_at: kept<string | null>(time, 'When it was last asked'),
    created_at: common.createdAt,
    updated_at: common.updatedAt,
    identity: internal<string | null>(SHORT, 'What tells the device from another one behind the same address'),
    key_number: internal(integer({ min: 1 }), 'File of the key that the password is encrypted with'),
    sealed: internal(text({ max: 4000 }), 'The password: AES-256-GCM, in base64'),
  },
});
export type Gateway = RowOf<typeof gateway>;
