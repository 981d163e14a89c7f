/**
 * Certificates by reference, as listeners and pools name them: a PKCS#12 bundle stored as one secret, or a container of
 * secrets; authorities and lists of what they revoked as plain secrets in PEM (octavia-api reference §3.4).
 */
import { type KeyObject, type X509Certificate, createHash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { CertificateVault } from '../../control/materials.ts';
import type { Authority, Certificate } from '../../model/certificate.ts';
import { Fault, fault } from '../../model/fault.ts';
import type { Container, Secret, SecretPayload } from '../../model/secret.ts';
import { containerById, payloadOf, secretById, secretsIn } from '../../store/secrets.ts';
import type { Db } from '../../store/store.ts';
import type { CertificateStore } from '../octavia/certificates.ts';
import { turns } from '../http/turns.ts';
import { now } from './context.ts';
import { DerivationQueue, type InTurn } from './pki/derivation-queue.ts';
import { looksLikePkcs12, readPkcs12 } from './pki/pkcs12.ts';
import { pkcs8Key, readPrivateKey } from './pki/private-key.ts';
import { isSignedBy, readRevocationLists } from './pki/revocation-list.ts';
import { certificateFor, pemOf, readCertificates, readDerCertificate, readIntermediates } from './pki/x509.ts';
import { type Guarded, type Who, readsPayload } from './policy.ts';
import { parseRef } from './refs.ts';
import { SecretKeyError, type SecretKeys } from './secret-keys.ts';

/** As much of the key manager's keys as reading takes. */
type Opener = Pick<SecretKeys, 'open'>;

/** For whom a reference is followed: a caller, or the service itself, for references whose writers were checked when they wrote them. */
export type Reader = Who | 'service';

/** The process's, as the threads are. */
const DERIVATIONS = new DerivationQueue();

/** What the references mean, for the face that checks them when they are written. */
export function certificateStore(db: Db, keys: Opener): CertificateStore {
  return {
    check: async (caller, { certificates, authorities }) => {
      const turn = turns();
      for (const [ref = ''] of Map.groupBy(certificates, nameIn).values()) {
        refuseUnserved(ref, await loadCertificate(db, keys, caller, ref));
        await turn();
      }
      for (const [pair] of Map.groupBy(authorities, ({ ca, crl }) => JSON.stringify([nameIn(ca), crl && nameIn(crl)])).values()) {
        if (pair) await loadAuthority(db, keys, caller, pair.ca, pair.crl);
        await turn();
      }
    },
  };
}

/** What a reference names, the same for all its spellings. */
function nameIn(ref: string): string {
  const { kind, id } = parseRef(ref) ?? { kind: null, id: ref };
  return `${kind ?? ''}/${id}`;
}

/** What OpenSSL turns down (a short key, an old digest) no proxy would start with: better said to who sets it than found out later. */
function refuseUnserved(ref: string, { certificate, intermediates, privateKey }: Certificate): void {
  try {
    createSecureContext({ cert: [certificate, ...intermediates].join('\n'), key: privateKey });
  } catch (error) {
    throw fault.certificateNotRetrieved([ref], `OpenSSL does not take it: ${reasonOf(error)}`);
  }
}

/** What the references mean, for the loop that brings them to the nodes: their writers were checked when they wrote them. */
export function certificateVault(db: Db, keys: Opener): CertificateVault {
  return {
    stamp: async (refs) => {
      const hash = createHash('sha256');
      for (const ref of refs) hash.update(JSON.stringify(await new Source(db, keys, 'service', ref).rows()));
      return hash.digest('base64');
    },
    certificate: (ref) => opened([ref], loadCertificate(db, keys, 'service', ref)),
    authority: (ca, crl) => opened(crl === null ? [ca] : [ca, crl], loadAuthority(db, keys, 'service', ca, crl)),
  };
}

/** The reason is shown to the balancer's owner, whom the installation's files do not concern. */
async function opened<T>(refs: readonly string[], reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof SecretKeyError) throw fault.certificateNotRetrieved(refs, 'the key manager cannot open it');
    throw error;
  }
}

/**
 * Throws 400 `Could not retrieve certificate: […]` when there is nothing, or nothing the reader may read, under the
 * reference, and, with a reason behind it, when it is no certificate with its key. A SecretKeyError is nobody's fault
 * but the installation's, and passes.
 */
export async function loadCertificate(db: Db, keys: Opener, reader: Reader, ref: string): Promise<Certificate> {
  const source = new Source(db, keys, reader, ref);
  const found = await source.find();
  return source.checked(() => ('type' in found ? fromContainer(source, found) : fromBundle(source, found)));
}

/** The PEM text of a secret. Throws as `loadCertificate` does; what is in the text is not looked at. */
export async function loadPem(db: Db, keys: Opener, reader: Reader, ref: string): Promise<string> {
  const source = new Source(db, keys, reader, ref);
  const found = await source.find();
  if ('type' in found) throw source.refusal();
  return (await source.payload(found)).toString('latin1');
}

/**
 * An authority for clients' or members' certificates, and a list of what it revoked. Besides what `loadCertificate`
 * throws: 400 `Validation failure: …` for what is no certificate, no list, or somebody else's list.
 */
export async function loadAuthority(db: Db, keys: Opener, reader: Reader, ca: string, crl: string | null): Promise<Authority> {
  const certificates = authorityIn(await loadPem(db, keys, reader, ca));
  const revocations = crl === null ? [] : listsIn(await loadPem(db, keys, reader, crl), certificates);
  return { certificates: certificates.map(pemOf), revocations };
}

function authorityIn(text: string): X509Certificate[] {
  const invalid = 'The client authentication CA certificate is invalid. It must be a valid x509 PEM format certificate.';
  return attempt(invalid, () => readCertificates(text));
}

function listsIn(text: string, certificates: readonly X509Certificate[]): string[] {
  const invalid = 'The client authentication certificate revocation list is invalid. It must be a valid x509 PEM format certificate revocation list.';
  const lists = attempt(invalid, () => readRevocationLists(text));
  if (lists.every((list) => certificates.some((certificate) => isSignedBy(list, certificate)))) return lists.map((list) => list.text);
  throw fault.validation('The CRL specified is not valid for client certificate authority reference supplied.');
}

/** Of nothing and of what cannot be read alike: the message. */
function attempt<T>(message: string, read: () => T[]): T[] {
  let found: T[] = [];
  try {
    found = read();
  } catch {
    throw fault.validation(message);
  }
  if (found.length === 0) throw fault.validation(message);
  return found;
}

async function fromBundle(source: Source, row: Secret): Promise<Certificate> {
  const bytes = await source.payload(row);
  if (!looksLikePkcs12(bytes)) throw new Error('the secret is no PKCS#12 file');
  const { keys, certificates } = await readPkcs12(bytes, source.inTurn);
  const [key] = keys;
  if (!key) throw new Error('the PKCS#12 file holds no private key');
  return certificateFor(pkcs8Key(key), certificates.map(readDerCertificate));
}

async function fromContainer(source: Source, row: Container): Promise<Certificate> {
  if (row.type !== 'certificate') throw new Error(`a container of type ${row.type} is no certificate`);
  const parts = await source.parts(row);
  const [own, privateKey, passphrase, chain] = ['certificate', 'private_key', 'private_key_passphrase', 'intermediates'].map((name) => parts.get(name));
  const certificates = readCertificates(own?.toString('latin1') ?? '');
  if (certificates.length === 0) throw new Error('the certificate is not in PEM format');
  const key: KeyObject = await readPrivateKey(privateKey?.toString('latin1') ?? '', passphrase?.toString('utf8') ?? null, source.inTurn);
  const [leaf, ...more] = certificates;
  const intermediates = chain ? readIntermediates(chain) : [];
  if (leaf && !leaf.checkPrivateKey(key)) throw new Error('the private key does not match the certificate');
  return certificateFor(key, [...(leaf ? [leaf] : []), ...more, ...intermediates]);
}

/** One reference, followed for one reader. */
class Source {
  /** What is derived from passwords there, is in the reader's turn. */
  readonly inTurn: InTurn;
  readonly #db: Db;
  readonly #keys: Opener;
  readonly #reader: Reader;
  readonly #ref: string;

  constructor(db: Db, keys: Opener, reader: Reader, ref: string) {
    this.#db = db;
    this.#keys = keys;
    this.#reader = reader;
    this.#ref = ref;
    this.inTurn = DERIVATIONS.turnsOf(reader === 'service' ? null : reader.userId);
  }

  refusal(reason = ''): Error {
    return fault.certificateNotRetrieved([this.#ref], reason);
  }

  async find(): Promise<Secret | Container> {
    const { id, kind } = parseRef(this.#ref) ?? { id: '', kind: null };
    const row = (kind === 'containers' ? undefined : await secretById(this.#db, id, now())) ?? (await this.#container(id, kind));
    if (!row || !this.#may(row)) throw this.refusal();
    return row;
  }

  /** Payloads under the reference as they are stored, by their names in it. */
  async rows(): Promise<(readonly [string | null, SecretPayload])[]> {
    const found = await this.find();
    if (!('type' in found)) return [[null, await this.#sealed(found.id)]];
    const parts = (await secretsIn(this.#db, [found.id])).get(found.id) ?? [];
    return Promise.all(parts.map(async ({ name, secret_id }) => [name, await this.#sealed((await this.#part(secret_id)).id)] as const));
  }

  async #container(id: string, kind: string | null): Promise<Container | undefined> {
    return kind === 'secrets' ? undefined : containerById(this.#db, id);
  }

  #may(row: Guarded): boolean {
    return this.#reader === 'service' || readsPayload(this.#reader, row);
  }

  async payload(row: Secret): Promise<Buffer> {
    return this.#keys.open(row, await this.#sealed(row.id));
  }

  async #sealed(id: string): Promise<SecretPayload> {
    const sealed = await payloadOf(this.#db, id);
    if (!sealed) throw this.refusal();
    return sealed;
  }

  async #part(id: string): Promise<Secret> {
    const row = await secretById(this.#db, id, now());
    if (!row || !this.#may(row)) throw this.refusal();
    return row;
  }

  /** The payloads in a container by their names; each must be readable. */
  async parts({ id }: Container): Promise<Map<string, Buffer>> {
    const parts = new Map<string, Buffer>();
    for (const { name, secret_id } of (await secretsIn(this.#db, [id])).get(id) ?? []) {
      parts.set(name ?? '', await this.payload(await this.#part(secret_id)));
    }
    return parts;
  }

  /** What cannot be read becomes the refusal; its reason is ours or OpenSSL's, and repeats nothing of what was read. */
  async checked<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof SecretKeyError || error instanceof Fault) throw error;
      throw this.refusal(reasonOf(error));
    }
  }
}

/** Errors of OpenSSL have a code, and a reason that names no contents: `bad decrypt`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be read';
  if (!('code' in error)) return error.message;
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : 'it cannot be read';
}
