/**
 * The one place that turns values into what SQLite keeps and back: booleans are 0 and 1, lists and objects are JSON
 * text. Columns are decoded by name, so a column name has one storage class in all tables (a test proves it).
 */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { amphora } from '../model/amphora.ts';
import { availabilityZone, availabilityZoneProfile } from '../model/availability-zone.ts';
import type { Storage } from '../model/field.ts';
import { flavor, flavorProfile } from '../model/flavor.ts';
import { healthMonitor } from '../model/health-monitor.ts';
import { gateway, site } from '../model/gateway.ts';
import { host } from '../model/host.ts';
import { applicationCredential, domain, endpoint, project, region, role, service, user } from '../model/identity.ts';
import { l7Policy } from '../model/l7-policy.ts';
import { l7Rule } from '../model/l7-rule.ts';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { floatingIp } from '../model/network-floating-ip.ts';
import { networkQuota } from '../model/network-quota.ts';
import { router } from '../model/network-router.ts';
import { securityGroup, securityGroupRule } from '../model/network-security-group.ts';
import { network, port, subnet } from '../model/network.ts';
import { pool } from '../model/pool.ts';
import { quota } from '../model/quota.ts';
import { type Resource, columns } from '../model/resource.ts';
import { container, containerConsumer, containerSecret, secret, secretConsumer, secretPayload } from '../model/secret.ts';

/** Every declared resource that has a table. */
export const DECLARED: readonly Resource[] = [
  loadBalancer,
  listener,
  pool,
  member,
  healthMonitor,
  l7Policy,
  l7Rule,
  amphora,
  host,
  site,
  gateway,
  quota,
  flavor,
  flavorProfile,
  availabilityZone,
  availabilityZoneProfile,
  network,
  subnet,
  port,
  router,
  floatingIp,
  securityGroup,
  securityGroupRule,
  networkQuota,
  domain,
  project,
  user,
  role,
  service,
  endpoint,
  region,
  applicationCredential,
  secret,
  secretPayload,
  container,
  containerSecret,
  containerConsumer,
  secretConsumer,
];

/** Columns of tables without a declaration that are not plain text or numbers. */
export const UNDECLARED_STORAGE: ReadonlyMap<string, Storage> = new Map([
  ['workers', 'json'],
  ['before', 'json'],
  ['after', 'json'],
  ['payload', 'json'],
]);

export type Decode = (value: SQLOutputValue) => unknown;

const DECODE: Partial<Record<Storage, Decode>> = {
  boolean: (value) => (value === null ? null : value !== 0),
  json: (value) => (typeof value === 'string' ? JSON.parse(value) : value),
};

const DECODERS: ReadonlyMap<string, Decode> = new Map(
  [...DECLARED.flatMap((resource) => [...columns(resource)]), ...UNDECLARED_STORAGE].flatMap(([name, storage]) => {
    const decode = DECODE[storage];
    return decode ? [[name, decode]] : [];
  }),
);

/** How to read a result column of this name; null where SQLite's own value is the value. */
export function decoderOf(column: string): Decode | null {
  return DECODERS.get(column) ?? null;
}

/**
 * Encodes a query parameter by its kind. Throws a TypeError for what no column holds: above all undefined, which
 * would otherwise become NULL where a caller forgot something.
 */
export function encode(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'bigint' || value === null) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value) || isPlain(value)) return JSON.stringify(value);
  throw new TypeError(`No column can hold ${describe(value)}`);
}

/** True only for object literals and parsed JSON: a Date or a Map would lose its meaning as JSON. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? `an instance of ${value.constructor.name}` : String(value);
}

const HOLDS: Record<Storage, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  integer: (value) => Number.isSafeInteger(value),
  real: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  json: (value) => Array.isArray(value) || isPlain(value),
};

/** Encodes a value for a column of this storage class; a value of another class is a TypeError. */
export function encodeAs(storage: Storage, value: unknown): SQLInputValue {
  if (value !== null && !HOLDS[storage](value)) throw new TypeError(`A column of ${storage} cannot hold ${describe(value)}`);
  return encode(value);
}
