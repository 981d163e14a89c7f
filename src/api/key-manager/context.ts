/** What every handler of the key manager's face works with. */
import type { FastifyRequest } from 'fastify';
import type { Store } from '../../store/store.ts';
import type { SecretKeys } from './secret-keys.ts';

export interface KeyManagerContext {
  readonly store: Store;
  readonly keys: SecretKeys;
  /** Address this face is reached under, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

/** Now, as Barbican prints times: UTC, microseconds, no zone. Texts of this form sort as the times do. */
export function now(): string {
  return timeText(new Date());
}

export function timeText(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000`;
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)?\s?(Z|[+-]\d\d:?(?:\d\d)?)?$/i;

/** A time in ISO 8601; without a zone it is UTC. null when it is none. */
export function parseTime(text: string): string | null {
  const [, day, minutes = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = ISO.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const date = new Date(`${day}T${minutes}${seconds}${fraction.slice(0, 4)}${zoneOf(zone)}`);
  const year = date.getUTCFullYear();
  return Number.isNaN(date.getTime()) || year < 1 || year > 9999 ? null : timeText(date);
}

/** `+0200` and `+02` as `+02:00`. */
function zoneOf(zone: string): string {
  const digits = zone.replace(':', '');
  return digits.toUpperCase() === 'Z' ? 'Z' : `${digits.slice(0, 3)}:${digits.slice(3) || '00'}`;
}
