/**
 * Certificates that listeners and pools refer to are looked at when they are named, so that a wrong reference is refused
 * where it is made and not found out on a node (octavia-api reference §3.4). What the references mean is the key
 * manager's matter; with one that is elsewhere nothing can be said. Looking takes long, and a refusal repeats the
 * reference: it is done only for those who may write there, and only for what they named themselves.
 */
import type { Listener } from '../../model/listener.ts';
import type { Pool } from '../../model/pool.ts';
import type { Caller } from '../identity/caller.ts';
import type { Call } from './collection.ts';

/** What a request refers to; the same may stand there many times. */
export interface References {
  /** Certificates with their keys. */
  readonly certificates: readonly string[];
  /** CAs, each with the list of what it revoked. */
  readonly authorities: readonly { readonly ca: string; readonly crl: string | null }[];
}

export interface CertificateStore {
  /**
   * Throws 400 `Could not retrieve certificate: […]` for the first that the caller cannot use. What is named many times,
   * in whatever spelling, is opened once.
   */
  check(caller: Caller, references: References): Promise<void>;
}

/** Which attributes name what. */
const NAMES = {
  listener: { certificates: ['default_tls_container_ref', 'sni_container_refs'], ca: 'client_ca_tls_container_ref', crl: 'client_crl_container_ref' },
  pool: { certificates: ['tls_container_ref'], ca: 'ca_tls_container_ref', crl: 'crl_container_ref' },
} as const;
type Kind = keyof typeof NAMES;

/**
 * Looks at what all of a tree refers to. What is no reference at all is refused later, with its declaration.
 * @param allowed - throws unless the caller may make the tree where it wants it
 */
export async function checkNewCertificates(
  call: Call,
  { listeners = [], pools = [] }: { readonly listeners?: readonly object[]; readonly pools?: readonly object[] },
  allowed: () => Promise<unknown>,
): Promise<void> {
  const named = [...listeners.map((raw) => referencesIn('listener', raw)), ...pools.map((raw) => referencesIn('pool', raw))];
  const certificates = named.flatMap((one) => one.certificates);
  const authorities = named.flatMap((one) => one.authorities);
  if (!call.options.certificates || certificates.length + authorities.length === 0) return;
  await allowed();
  await call.options.certificates.check(call.caller, { certificates, authorities });
}

/**
 * Looks at what a change names. What stays as it was somebody else may have set, who may read what the caller may not; only a CA
 * and the list of what it revoked are looked at together, whichever of them is new.
 * @param before - the row; throws unless the caller may change it
 */
export async function checkChangedCertificates(call: Call, kind: Kind, changes: object, before: () => Promise<object>): Promise<void> {
  const { certificates } = referencesIn(kind, changes);
  const renewsAuthority = textIn(changes, NAMES[kind].ca) !== null || textIn(changes, NAMES[kind].crl) !== null;
  if (!call.options.certificates || (certificates.length === 0 && !renewsAuthority)) return;
  const after = { ...(await before()), ...changes };
  const authorities = renewsAuthority ? referencesIn(kind, after).authorities : [];
  await call.options.certificates.check(call.caller, { certificates, authorities });
}

function referencesIn(kind: Kind, object: object): References {
  const { certificates, ca: caName, crl } = NAMES[kind];
  const values = object as Readonly<Record<string, unknown>>;
  const ca = textIn(object, caName);
  return {
    certificates: certificates.flatMap((name) => [values[name]].flat()).filter((ref) => typeof ref === 'string'),
    authorities: ca === null ? [] : [{ ca, crl: textIn(object, crl) }],
  };
}

function textIn(object: object, name: string): string | null {
  const value = (object as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : null;
}

type ListenerRefs = Pick<Listener, 'default_tls_container_ref' | 'sni_container_refs' | 'client_ca_tls_container_ref' | 'client_crl_container_ref'>;
type PoolRefs = Pick<Pool, 'tls_enabled' | 'tls_container_ref' | 'ca_tls_container_ref' | 'crl_container_ref'>;

/** References that nobody here can follow, in words, or null: without a key manager nothing could be served. */
export function unreadableListener({ options }: Call, row: ListenerRefs): string | null {
  return options.certificates || !namesAny('listener', row) ? null : ELSEWHERE;
}

/** The same of a pool that speaks TLS. */
export function unreadablePool({ options }: Call, row: PoolRefs): string | null {
  return options.certificates || !row.tls_enabled || !namesAny('pool', row) ? null : ELSEWHERE;
}

const ELSEWHERE = 'a certificate in a key manager that this server does not read';

function namesAny(kind: Kind, row: object): boolean {
  const { certificates, authorities } = referencesIn(kind, row);
  return certificates.length + authorities.length > 0 || textIn(row, NAMES[kind].crl) !== null;
}
