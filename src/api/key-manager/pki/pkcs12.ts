/** Reads PKCS#12 files (RFC 7292): the bundle of a key and its certificates that Octavia's users store as one secret. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { InTurn } from './derivation-queue.ts';
import { DerError, type Element, TAG, explicit, expectTag, oid, octets, partsOf, readElement, smallInteger } from './der.ts';
import { type Password, decrypt, passwordOf } from './password-encryption.ts';
import { PURPOSE, derivedKey, digestOf, pkcs12Key } from './password-key.ts';

export interface Bundle {
  /** PKCS#8, DER. */
  readonly keys: readonly Buffer[];
  /** X.509, DER, in the order of the file. */
  readonly certificates: readonly Buffer[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const PBMAC1 = '1.2.840.113549.1.5.14';
const X509 = '1.2.840.113549.1.9.22.1';
const BAG = '1.2.840.113549.1.12.10.1';
/** Bags in bags: nobody writes more. */
const MAX_BAG_DEPTH = 4;
/** Parts with an encryption of their own, each of which may ask for a long derivation; usual are one or two of each kind. */
const MAX_ENCRYPTED = 4;

/** True for what begins like one: a sequence whose first element is the version 3. */
export function looksLikePkcs12(bytes: Buffer): boolean {
  return bytes[0] === TAG.sequence && bytes.subarray(1, 9).includes(Buffer.from([TAG.integer, 1, 3]));
}

/**
 * Throws an Error that says what is wrong with the file: another structure, an unknown encryption, a check sum that
 * does not fit, as after a change or with another password. `inTurn` derives one key after the other.
 */
export async function readPkcs12(bytes: Buffer, inTurn: InTurn, password = ''): Promise<Bundle> {
  const [version, authSafe, macData] = partsOf(readElement(bytes), TAG.sequence);
  if (smallInteger(version) !== 3) throw new DerError('no PKCS#12 file of version 3');
  const [type, content] = partsOf(authSafe, TAG.sequence);
  if (oid(type) !== DATA) throw new DerError('a PKCS#12 file that is signed, not protected by a password');
  const safe = octets(explicit(content, 0));
  const right = await rightPassword(safe, macData, passwordOf(password, inTurn));
  const bags: Buffer[] = [];
  for (const info of few(partsOf(readElement(safe), TAG.sequence))) bags.push(await contentsOf(info, right));
  return bundleOf(
    bags.flatMap((bytes) => safeBags(bytes)),
    right,
  );
}

/** An empty password is written in two ways: as an empty text with its end mark, or as nothing at all. */
async function rightPassword(safe: Buffer, macData: Element | undefined, password: Password): Promise<Password> {
  const candidates = [password, ...(password.text === '' ? [{ ...password, bmp: Buffer.alloc(0) }] : [])];
  for (const candidate of candidates) if (macData === undefined || (await isSealedBy(safe, macData, candidate))) return candidate;
  throw new Error('the check sum of the PKCS#12 file does not fit: it is damaged or needs a password');
}

async function isSealedBy(safe: Buffer, macData: Element, password: Password): Promise<boolean> {
  const [digestInfo, salt, count] = partsOf(macData, TAG.sequence);
  const [algorithm, expected] = partsOf(digestInfo, TAG.sequence);
  const [identifier, parameters] = partsOf(algorithm, TAG.sequence);
  const name = oid(identifier);
  const mac =
    name === PBMAC1
      ? await pbmac1(parameters, safe, password)
      : await password.inTurn(() => oldMac({ digest: digestOf(name), salt: octets(salt), count: count ?? ONE, password: password.bmp }, safe));
  const wanted = octets(expected);
  return wanted.length === mac.length && timingSafeEqual(wanted, mac);
}

const ONE: Element = readElement(Buffer.from([TAG.integer, 1, 1]));
const DIGEST_BYTES: Readonly<Record<string, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

async function oldMac(derivation: Parameters<typeof pkcs12Key>[0], safe: Buffer): Promise<Buffer> {
  const key = await pkcs12Key(derivation, PURPOSE.mac, DIGEST_BYTES[derivation.digest] ?? 20);
  return createHmac(derivation.digest, key).update(safe).digest();
}

/** RFC 9579. */
async function pbmac1(parameters: Element | undefined, safe: Buffer, { text, inTurn }: Password): Promise<Buffer> {
  const [kdf, scheme] = partsOf(parameters, TAG.sequence);
  const digest = digestOf(oid(partsOf(scheme, TAG.sequence)[0]));
  const key = await inTurn(() => derivedKey(kdf, text, DIGEST_BYTES[digest] ?? 32));
  return createHmac(digest, key).update(safe).digest();
}

/** SafeContents of one ContentInfo. */
async function contentsOf(info: Element, password: Password): Promise<Buffer> {
  const [type, content] = partsOf(info, TAG.sequence);
  const name = oid(type);
  if (name === DATA) return octets(explicit(content, 0));
  if (name !== ENCRYPTED_DATA) throw new DerError(`contents ${name}, which are not supported`);
  const [, encrypted] = partsOf(explicit(content, 0), TAG.sequence);
  const [, algorithm, data] = partsOf(encrypted, TAG.sequence);
  return decrypt(algorithm, octets(data, 0x80), password);
}

interface Bag {
  readonly type: string;
  readonly value: Element;
}

function safeBags(contents: Buffer, depth = MAX_BAG_DEPTH): Bag[] {
  return bagsIn(readElement(contents), depth);
}

function bagsIn(contents: Element, depth: number): Bag[] {
  if (depth === 0) throw new DerError('nested too deep');
  return partsOf(contents, TAG.sequence).flatMap((bag) => {
    const [type, value] = partsOf(bag, TAG.sequence);
    const [name, inner] = [oid(type), explicit(value, 0)];
    return name === `${BAG}.6` ? bagsIn(inner, depth - 1) : [{ type: name, value: inner }];
  });
}

async function bundleOf(bags: readonly Bag[], password: Password): Promise<Bundle> {
  const of = (number: number): Element[] => bags.filter(({ type }) => type === `${BAG}.${number}`).map(({ value }) => value);
  const shrouded: Buffer[] = [];
  for (const value of few(of(2))) shrouded.push(await decryptedKey(value, password));
  return { keys: [...of(1).map(({ raw }) => raw), ...shrouded], certificates: of(3).flatMap(certificateIn) };
}

function few(parts: readonly Element[]): readonly Element[] {
  if (parts.length > MAX_ENCRYPTED) throw new DerError(`more than ${MAX_ENCRYPTED} encrypted parts`);
  return parts;
}

/** PKCS#8 EncryptedPrivateKeyInfo (RFC 5958 §3) → PrivateKeyInfo. */
export async function decryptedKey(encrypted: Element, password: Password): Promise<Buffer> {
  const [algorithm, data] = partsOf(encrypted, TAG.sequence);
  const key = await decrypt(algorithm, octets(data), password);
  return expectTag(readElement(key), TAG.sequence).raw;
}

/** Other kinds of certificates are left out. */
function certificateIn(value: Element): Buffer[] {
  const [type, content] = partsOf(value, TAG.sequence);
  return oid(type) === X509 ? [octets(explicit(content, 0))] : [];
}
