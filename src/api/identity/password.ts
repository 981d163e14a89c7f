/**
 * Passwords as argon2id hashes in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
 * The work runs on libuv's threads, so a login (about 30 ms) does not hold up other requests.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

interface Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP's first choice for argon2id: 19 MiB, two passes. */
const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const VERSION = 19;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,172})$/;

/** Keystone's longest password; more would only be work for the hash. */
export const PASSWORD_MAX = 4096;

/** Hashes a password under a fresh salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST, HASH_BYTES);
  return `$argon2id$v=${VERSION}$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * True if the password belongs to the hash. Without a hash (no such user, or one who cannot log in) the same work is
 * done on a salt of nobody's: the time of the answer must not tell which names exist.
 */
export async function passwordMatches(password: string, stored: string | null): Promise<boolean> {
  const known = stored === null ? null : parse(stored);
  const { cost, salt, hash } = known ?? NOBODY;
  const derived = await derive(password, salt, cost, hash.length);
  return timingSafeEqual(derived, hash) && known !== null;
}

const NOBODY = { cost: COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

function parse(stored: string): { cost: Cost; salt: Buffer; hash: Buffer } | null {
  const match = PHC.exec(stored);
  if (!match) return null;
  const [memory, passes, parallelism] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return { cost: { memory, passes, parallelism }, salt: Buffer.from(match[4] as string, 'base64'), hash: Buffer.from(match[5] as string, 'base64') };
}

function derive(password: string, nonce: Buffer, cost: Cost, tagLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: Buffer.from(password), nonce, tagLength, ...cost }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
