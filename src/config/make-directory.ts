/** Directories at paths that the configuration names. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** A path that cannot be a directory. The message names it and says why, with the system's code. */
export class DirectoryError extends Error {
  /** As the system names it: `ENOENT`, `EACCES`. */
  readonly code: string;
  readonly remedy = 'Make it by hand, or choose another path.';
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`Cannot make the directory ${path}: ${cause.message}`, { cause });
    this.name = 'DirectoryError';
    this.code = cause.code ?? '';
  }
}

/**
 * Makes the directory and those above it that are missing, with this mode; one that exists is left as it is. One level
 * at a time: Node's own recursive form never returns on a file system that answers ENOENT below an existing directory, as /proc does.
 */
export function makeDirectory(path: string, mode = 0o700): void {
  for (const level of missingLevels(resolve(path))) makeLevel(level, mode);
}

/** Outermost first; the path itself is always among them, so that a file in its place is found out. */
function missingLevels(path: string): string[] {
  const levels = [path];
  for (let parent = dirname(path); !exists(parent); parent = dirname(parent)) levels.unshift(parent);
  return levels;
}

function exists(path: string): boolean {
  return dirname(path) === path || statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function makeLevel(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isDirectory(path)) throw new DirectoryError(path, error as NodeJS.ErrnoException);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
