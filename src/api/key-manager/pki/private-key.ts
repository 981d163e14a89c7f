/** Private keys as clients store them: PKCS#8 or the older forms, encrypted or not. */
import { type KeyObject, createPrivateKey } from 'node:crypto';
import { type PemBlock, pem, pemBlocks } from '../../../model/certificate.ts';
import { readElement } from './der.ts';
import type { InTurn } from './derivation-queue.ts';
import { passwordOf } from './password-encryption.ts';
import { decryptedKey } from './pkcs12.ts';

/** The first key in a PEM text. Throws an Error when there is none, and when the passphrase is missing or wrong. */
export async function readPrivateKey(text: string, passphrase: string | null, inTurn: InTurn): Promise<KeyObject> {
  const block = pemBlocks(text).find(({ label }) => /\bPRIVATE KEY$/.test(label));
  if (!block) throw new Error('the private key is not in PEM format');
  // PKCS#8 is decrypted here, where the time that takes is bounded and not the event loop's.
  if (block.label === 'ENCRYPTED PRIVATE KEY') return pkcs8Key(await decryptedKey(readElement(block.bytes), passwordOf(required(passphrase), inTurn)));
  return createPrivateKey({ key: block.text, format: 'pem', ...(isEncrypted(block) ? { passphrase: required(passphrase) } : {}) });
}

/** PKCS#8, DER. */
export function pkcs8Key(bytes: Buffer): KeyObject {
  return createPrivateKey({ key: pem('PRIVATE KEY', bytes), format: 'pem' });
}

/** The old encryption, RFC 1421: one round of MD5. */
function isEncrypted({ headers }: PemBlock): boolean {
  return headers.includes('ENCRYPTED');
}

function required(passphrase: string | null): string {
  if (passphrase === null) throw new Error('the private key needs a passphrase');
  return passphrase;
}
