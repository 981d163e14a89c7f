/** The file that takes what a node's daemon writes to its standard error; kept small, and quoted when a start or reload fails. */
import { open, stat, truncate } from 'node:fs/promises';
import { readIfThere } from './files.ts';
import { isAbsent } from './namespace.ts';

/** Bytes. A daemon appends, so that a file cut to nothing goes on at its start. */
const LARGEST = 1024 * 1024;
const QUOTED_AT_MOST = 600;

/** Cuts a log that has grown too large. /run is memory. */
export async function trimLog(path: string): Promise<void> {
  if ((await sizeOf(path)) > LARGEST) await truncate(path);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}

/** Opens for appending: a daemon that outlives this process goes on writing there. */
export async function openLog(path: string): ReturnType<typeof open> {
  await trimLog(path);
  return open(path, 'a', 0o600);
}

/** Where the log ends now, for wordsSince. */
export async function endOfLog(path: string): Promise<number> {
  await trimLog(path);
  return sizeOf(path);
}

/** The complaints written since then. */
export async function wordsSince(path: string, offset: number): Promise<string> {
  return complaints(await textSince(path, offset));
}

/** All that was written since then. */
export async function textSince(path: string, offset: number): Promise<string> {
  return Buffer.from((await readIfThere(path)) ?? '')
    .subarray(offset)
    .toString('utf8');
}

/** What matters of HAProxy's standard error: its alerts, without decoration, or everything when there is none. */
export function complaints(text: string): string {
  const alerts = [...text.matchAll(/^\[ALERT\]\s*\(\d+\) : (.*)$/gm)].map(([, words]) => words ?? '');
  return quoted(alerts.length > 0 ? alerts.join('; ') : text);
}

/** As much of what somebody said as an error's message has room for. */
export function quoted(text: string): string {
  const said = text.trim();
  return said.length > QUOTED_AT_MOST ? `${said.slice(0, QUOTED_AT_MOST)}…` : said;
}
