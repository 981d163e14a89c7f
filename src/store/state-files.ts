/** The state directory and its files, private to the user the server runs as. */
import { closeSync, openSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeDirectory } from '../config/make-directory.ts';
import type { Log } from '../model/log.ts';

/** Makes the directory with mode 0700. One that exists is left as its owner made it. Returns the absolute path. */
export function prepareDirectory(statePath: string, log: Log): string {
  const path = resolve(statePath);
  makeDirectory(path);
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o022) !== 0) log.warn({ path, mode: mode.toString(8) }, 'Others may write to the state directory');
  return path;
}

/**
 * Makes an empty file with mode 0600 if there is none. One that exists is never opened here: closing any descriptor
 * of a file lets go of all POSIX locks this process has on it, SQLite's included.
 */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
