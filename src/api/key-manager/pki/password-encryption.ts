/**
 * What is encrypted with a password in PKCS#8 and PKCS#12: PBES2 (RFC 8018), as OpenSSL 3 writes it, and the old schemes
 * of PKCS#12 with 3DES and RC2 (RFC 7292, appendix C).
 */
import { createDecipheriv } from 'node:crypto';
import type { InTurn } from './derivation-queue.ts';
import { DerError, type Element, TAG, oid, octets, partsOf } from './der.ts';
import { PURPOSE, bmpPassword, derivedKey, pkcs12Key } from './password-key.ts';
import { decryptRc2Cbc } from './rc2.ts';

const PBES2 = '1.2.840.113549.1.5.13';

/** Ciphers of PBES2, all with CBC: name in OpenSSL and bytes of the key. */
const CIPHERS: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};

type Old = { readonly keyBytes: number; readonly decrypt: (key: Buffer, iv: Buffer, data: Buffer) => Buffer };

const OLD_SCHEMES: Readonly<Record<string, Old>> = {
  '1.2.840.113549.1.12.1.3': { keyBytes: 24, decrypt: (key, iv, data) => decipher('des-ede3-cbc', key, iv, data) },
  '1.2.840.113549.1.12.1.4': { keyBytes: 16, decrypt: (key, iv, data) => decipher('des-ede3-cbc', Buffer.concat([key, key.subarray(0, 8)]), iv, data) },
  '1.2.840.113549.1.12.1.5': { keyBytes: 16, decrypt: (key, iv, data) => decryptRc2Cbc(key, 128, iv, data) },
  '1.2.840.113549.1.12.1.6': { keyBytes: 5, decrypt: (key, iv, data) => decryptRc2Cbc(key, 40, iv, data) },
};

/**
 * A password, and for the old schemes of PKCS#12 the bytes that stand for it: an empty one has two forms. Keys are
 * derived from it in turn with everybody's.
 */
export interface Password {
  readonly text: string;
  readonly bmp: Buffer;
  readonly inTurn: InTurn;
}

export function passwordOf(text: string, inTurn: InTurn): Password {
  return { text, bmp: bmpPassword(text), inTurn };
}

/** Throws a DerError when the scheme is not known, and an Error when the password is wrong. */
export async function decrypt(algorithm: Element | undefined, data: Buffer, password: Password): Promise<Buffer> {
  const [identifier, parameters] = partsOf(algorithm, TAG.sequence);
  const name = oid(identifier);
  if (name === PBES2) return decryptPbes2(parameters, data, password);
  const old = OLD_SCHEMES[name];
  if (!old) throw new DerError(`encryption ${name}, which is not supported`);
  const [salt, count] = partsOf(parameters, TAG.sequence);
  const derivation = { digest: 'sha1', salt: octets(salt), count, password: password.bmp };
  const key = await password.inTurn(() => pkcs12Key(derivation, PURPOSE.key, old.keyBytes));
  return old.decrypt(key, await password.inTurn(() => pkcs12Key(derivation, PURPOSE.iv, 8)), data);
}

async function decryptPbes2(parameters: Element | undefined, data: Buffer, { text, inTurn }: Password): Promise<Buffer> {
  const [kdf, scheme] = partsOf(parameters, TAG.sequence);
  const [identifier, iv] = partsOf(scheme, TAG.sequence);
  const name = oid(identifier);
  const known = CIPHERS[name];
  if (!known) throw new DerError(`cipher ${name}, which is not supported`);
  const [cipher, keyBytes] = known;
  const key = await inTurn(() => derivedKey(kdf, text, keyBytes));
  return decipher(cipher, key, octets(iv), data);
}

function decipher(name: string, key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const cipher = createDecipheriv(name, key, iv);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}
