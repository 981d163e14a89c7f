/**
 * The keys that payloads are encrypted with, one file of 32 bytes each in `<statePath>/secret-keys/`, named 1, 2, 3, …
 * (0600, directory 0700): outside the database, so that a copy of that alone tells nothing. The highest encrypts; the
 * others only decrypt, until nothing needs them. A key appears under its name complete or not at all.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretPayload } from '../../model/secret.ts';
import { highestKeyNumber } from '../../store/secrets.ts';
import type { Db } from '../../store/store.ts';
import { writeSecret } from '../../config/secret-file.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const NAME = /^[1-9]\d{0,8}$/;

/** A key is not there or not the right one. The message names its file, and never anything of a payload. */
export class SecretKeyError extends Error {}

/** What a payload belongs to; it opens for nothing else. */
export interface Belonging {
  readonly id: string;
  readonly project_id: string;
}

export class SecretKeys {
  readonly #directory: string;
  readonly #keys: Map<number, Buffer>;
  /** Of any payload or file there ever was: a lost key's number must not come back with another key behind it. */
  #highest: number;
  /** Keys are made one after the other: two at once would get the same number. */
  #making: Promise<void> = Promise.resolve();

  private constructor(directory: string, keys: Map<number, Buffer>, highest: number) {
    this.#directory = directory;
    this.#keys = keys;
    this.#highest = highest;
  }

  /** Reads the keys there are; the first is made when the first payload comes. Rejects with a SecretKeyError if one is damaged. */
  static async open({ statePath, db }: { statePath: string; db: Db }): Promise<SecretKeys> {
    const directory = join(statePath, 'secret-keys');
    const numbers = await keyNumbers(directory);
    const keys = new Map(await Promise.all(numbers.map(async (number) => [number, await readKey(directory, number)] as const)));
    return new SecretKeys(directory, keys, Math.max(0, ...numbers, await highestKeyNumber(db)));
  }

  /** Number of the key that encrypts; null until there is one. */
  get newest(): number | null {
    return this.#keys.has(this.#highest) ? this.#highest : null;
  }

  /** Makes sure that there is a key to encrypt with. Not within a transaction. */
  ready(): Promise<void> {
    return this.newest === null ? this.#inTurn(async () => (this.newest === null ? this.#make() : undefined)) : Promise.resolve();
  }

  /** Adds a key, which encrypts from now on. */
  add(): Promise<void> {
    return this.#inTurn(() => this.#make());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#making.then(work);
    this.#making = done.catch(() => {});
    return done;
  }

  async #make(): Promise<void> {
    const [number, key] = [this.#highest + 1, randomBytes(KEY_BYTES)];
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeSecret(this.#path(number), key);
    this.#keys.set(number, key);
    this.#highest = number;
  }

  /** Numbers of the keys that only decrypt. */
  get retired(): number[] {
    return [...this.#keys.keys()].filter((number) => number !== this.#highest);
  }

  /** Removes a key that nothing needs any more. */
  async drop(number: number): Promise<void> {
    if (number === this.#highest) throw new SecretKeyError(`Secret key ${this.#path(number)} is the one that encrypts`);
    this.#keys.delete(number);
    await rm(this.#path(number), { force: true });
  }

  /** With the newest key; `ready` first. Fit for transactions: it waits for nothing. */
  seal(belonging: Belonging, payload: Buffer): SecretPayload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key(this.#highest), nonce, { authTagLength: TAG_BYTES }).setAAD(bound(belonging));
    const sealed = Buffer.concat([nonce, cipher.update(payload), cipher.final(), cipher.getAuthTag()]).toString('base64');
    return { id: belonging.id, key_number: this.#highest, sealed };
  }

  /** Throws a SecretKeyError when the key is missing, is another one, or the row was changed or moved. */
  open(belonging: Belonging, { key_number, sealed }: SecretPayload): Buffer {
    const [key, bytes] = [this.#key(key_number), Buffer.from(sealed, 'base64')];
    const behind = bytes.length - TAG_BYTES;
    try {
      const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      cipher.setAAD(bound(belonging)).setAuthTag(bytes.subarray(behind));
      return Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, behind)), cipher.final()]);
    } catch {
      throw new SecretKeyError(
        `Secret ${belonging.id} does not open with ${this.#path(key_number)}: the file is not the key it was encrypted with, or its row was changed`,
      );
    }
  }

  #key(number: number): Buffer {
    const key = this.#keys.get(number);
    if (!key) throw new SecretKeyError(`Secret key ${this.#path(number)} is missing: put it back from a backup and start again`);
    return key;
  }

  #path(number: number): string {
    return join(this.#directory, String(number));
  }
}

function bound({ id, project_id }: Belonging): Buffer {
  return Buffer.from(JSON.stringify(['secret', id, project_id]));
}

async function keyNumbers(directory: string): Promise<number[]> {
  try {
    return (await readdir(directory)).filter((name) => NAME.test(name)).map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readKey(directory: string, number: number): Promise<Buffer> {
  const path = join(directory, String(number));
  const key = await readFile(path);
  if (key.length !== KEY_BYTES) throw new SecretKeyError(`Secret key ${path} has ${key.length} bytes instead of ${KEY_BYTES}: put it back from a backup`);
  return key;
}
