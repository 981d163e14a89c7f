/** The files of this repository as the checks and generators see them: paths relative to its root, with slashes. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Files below the folders whose path matches, sorted. `.` means the files of the root itself, not what is below. */
export function listFiles(folders: readonly string[], wanted: RegExp): string[] {
  const found = folders.flatMap((folder) => (folder === '.' ? filesOf('.') : below(folder)));
  return [...new Set(found)].filter((path) => wanted.test(path)).toSorted();
}

function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).filter((name) => statSync(join(ROOT, folder, name)).isFile());
}

function below(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}
