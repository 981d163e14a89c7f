/** Files of a node. A reader never sees half of one: they are written beside their name and moved there. */
import { chmod, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { makeDirectory } from '../../config/make-directory.ts';
import { isAbsent } from './namespace.ts';
import type { NodeFiles } from './names.ts';

/** No fsync: after a power loss there is no node either, its namespace is gone and /run is empty. */
export async function writeWhole(path: string, text: string, mode = 0o600): Promise<void> {
  const aside = `${path}.new`;
  await writeFile(aside, text, { mode });
  await rename(aside, path);
}

/** null when there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  return orNull(readFile(path, 'utf8'));
}

/** Empty when there is no such directory. */
export async function entriesOf(directory: string): Promise<string[]> {
  return (await orNull(readdir(directory))) ?? [];
}

/** The proxy's user has to pass through to programs it runs, and sees nothing else: what is in it is for root alone. */
export async function makeNodeDirectory({ directory }: NodeFiles): Promise<void> {
  makeDirectory(directory, 0o711);
  await chmod(directory, 0o711);
}

export async function removeDirectory(files: NodeFiles): Promise<void> {
  await rm(files.directory, { recursive: true, force: true });
}

/** Removes a directory if it is there and empty; somebody may be filling it at this moment. */
export async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await orNull(rmdir(directory));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOTEMPTY') throw error;
  }
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
