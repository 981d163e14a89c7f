import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The installation's mark, six hex digits made from the real state path: whatever link or relative path leads there,
 * and whether the directory exists already or not.
 */
export function instanceOf(statePath: string): string {
  return createHash('sha256')
    .update(realPath(resolve(statePath)))
    .digest('hex')
    .slice(0, 6);
}

/** Resolves links in the part of the path that exists; the root always does. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(realPath(dirname(path)), basename(path));
  }
}
