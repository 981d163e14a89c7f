/**
 * Certificates that listeners and pools refer to are looked at when they are named, so that a wrong reference is refused
 * where it is made and not found out on a node (octavia-api reference §3.4). What the references mean is the key
 * manager's matter; with one that is elsewhere nothing can be said.
 */
import type { Listener, listener } from '../../model/listener.ts';
import type { Pool, pool } from '../../model/pool.ts';
import type { Resource } from '../../model/resource.ts';
import { byId } from '../../store/rows.ts';
import type { Caller } from '../identity/caller.ts';
import type { Call } from './collection.ts';
import type { Tree } from './tree-pools.ts';

/** Each throws 400 `Could not retrieve certificate: […]` for what the caller cannot use. */
export interface CertificateStore {
  /** A certificate with its key. */
  certificate(caller: Caller, ref: string): Promise<void>;
  /** A CA, and a list that it revoked. */
  authority(caller: Caller, ca: string, crl: string | null): Promise<void>;
}

type ListenerRefs = Partial<Pick<Listener, 'default_tls_container_ref' | 'sni_container_refs' | 'client_ca_tls_container_ref' | 'client_crl_container_ref'>>;
type PoolRefs = Partial<Pick<Pool, 'tls_container_ref' | 'ca_tls_container_ref' | 'crl_container_ref'>>;

export async function checkListenerCertificates(call: Call, body: ListenerRefs): Promise<void> {
  await check(call, [body.default_tls_container_ref, ...(body.sni_container_refs ?? [])], body.client_ca_tls_container_ref, body.client_crl_container_ref);
}

export async function checkPoolCertificates(call: Call, body: PoolRefs): Promise<void> {
  await check(call, [body.tls_container_ref], body.ca_tls_container_ref, body.crl_container_ref);
}

export const LISTENER_REFS = ['default_tls_container_ref', 'sni_container_refs', 'client_ca_tls_container_ref', 'client_crl_container_ref'] as const;
export const POOL_REFS = ['tls_container_ref', 'ca_tls_container_ref', 'crl_container_ref'] as const;

/** A change of one reference is looked at with those that stay: a list of revoked certificates belongs to its authority. */
export async function withKept<T extends object>(
  { options }: Call,
  resource: typeof listener | typeof pool,
  id: string,
  changes: T,
  names: readonly string[],
): Promise<Partial<T>> {
  if (!options.certificates || !names.some((name) => name in changes)) return {};
  return { ...(await byId<Resource>(options.store.db, resource, id)), ...changes };
}

/** References that nobody here can follow, in words, or null: without a key manager nothing could be served. */
export function unreadableListener({ options }: Call, row: Pick<Listener, (typeof LISTENER_REFS)[number]>): string | null {
  return options.certificates || LISTENER_REFS.every((name) => (row[name] ?? []).length === 0) ? null : ELSEWHERE;
}

/** The same of a pool that speaks TLS. */
export function unreadablePool({ options }: Call, row: Pick<Pool, 'tls_enabled' | (typeof POOL_REFS)[number]>): string | null {
  return options.certificates || !row.tls_enabled || POOL_REFS.every((name) => row[name] === null) ? null : ELSEWHERE;
}

const ELSEWHERE = 'a certificate in a key manager that this server does not read';

/** Of everything in a tree; what is no reference at all is refused later, with its declaration. */
export async function checkTreeCertificates(call: Call, { listeners, pools }: Tree): Promise<void> {
  for (const listener of listeners) await checkListenerCertificates(call, textsOf(listener));
  for (const pool of pools) await checkPoolCertificates(call, textsOf(pool));
}

function textsOf(raw: Record<string, unknown>): Record<string, never> {
  const isReference = (value: unknown): boolean => typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => isReference(value))) as Record<string, never>;
}

async function check(
  { options: { certificates }, caller }: Call,
  refs: readonly (string | null | undefined)[],
  ca: string | null | undefined,
  crl: string | null | undefined,
): Promise<void> {
  if (!certificates) return;
  for (const ref of new Set(refs)) if (typeof ref === 'string') await certificates.certificate(caller, ref);
  if (typeof ca === 'string') await certificates.authority(caller, ca, crl ?? null);
}
