/**
 * The keys of tokens, one file of 32 bytes each in `<statePath>/token-keys/`, named 1, 2, 3, … (0600, directory 0700).
 * The highest seals new tokens; the others only open older ones. A key appears under its name complete or not at all.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSecret } from '../../config/secret-file.ts';
import type { TokenKeys } from './token-codec.ts';

const KEY_BYTES = 32;
const NAME = /^[1-9]\d{0,8}$/;
/** Two rotations may pass within the life of a token. */
const KEYS_KEPT = 3;

/** Reads the keys; makes the first one if there is none. Throws an Error naming the file if one is damaged. */
export async function loadTokenKeys(statePath: string): Promise<TokenKeys> {
  const directory = await keyDirectory(statePath);
  const numbers = await keyNumbers(directory);
  if (numbers.length === 0) await addKey(directory, 1);
  const present = numbers.length === 0 ? [1] : numbers;
  return new Map(await Promise.all(present.map(async (number) => [number, await readKey(directory, number)] as const)));
}

/** Adds a key that seals from now on and drops the oldest beyond three. Returns the keys as they are then. */
export async function rotateTokenKeys(statePath: string): Promise<TokenKeys> {
  const directory = await keyDirectory(statePath);
  const numbers = await keyNumbers(directory);
  await addKey(directory, (numbers.at(-1) ?? 0) + 1);
  const retired = numbers.slice(0, Math.max(0, numbers.length + 1 - KEYS_KEPT));
  await Promise.all(retired.map((number) => rm(join(directory, String(number)), { force: true })));
  return loadTokenKeys(statePath);
}

/** Seconds since the key that seals was made; `now` in milliseconds since 1970. */
export async function newestKeyAge(statePath: string, now: number): Promise<number> {
  const directory = await keyDirectory(statePath);
  const newest = (await keyNumbers(directory)).at(-1);
  return newest === undefined ? 0 : (now - (await stat(join(directory, String(newest)))).mtimeMs) / 1000;
}

async function keyDirectory(statePath: string): Promise<string> {
  const directory = join(statePath, 'token-keys');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

async function keyNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => NAME.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function addKey(directory: string, number: number): Promise<void> {
  await writeSecret(join(directory, String(number)), randomBytes(KEY_BYTES));
}

async function readKey(directory: string, number: number): Promise<Buffer> {
  const path = join(directory, String(number));
  const key = await readFile(path);
  if (key.length !== KEY_BYTES) throw new Error(`Token key ${path} has ${key.length} bytes instead of ${KEY_BYTES}; remove it to invalidate its tokens`);
  return key;
}
