/**
 * The files beside a node's haproxy.cfg: certificates, lists, programs. Each is named by what is in it, so one that is there
 * is right; those that no configuration on disk names any more are removed.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import { NodeError } from '../node.ts';
import { entriesOf, readIfThere, writeWhole } from './files.ts';
import type { NodeFiles } from './names.ts';

const PATH = /^([a-z]+)\/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/;
/** In which directories files may be; others are none of ours. */
const DIRECTORIES: readonly string[] = ['tls', 'lua', 'checks'];
/** Only root looks into what may hold a key; a program must be reached by the user that the proxy runs it as. */
const PRIVATE = { directory: 0o700, file: 0o600 };
const RUNNABLE = { directory: 0o711, file: 0o755 };

/** What is there already is left as it is. */
export async function writeProxyFiles({ directory }: NodeFiles, files: readonly ProxyFile[]): Promise<void> {
  await Promise.all(files.map((file) => writeOne(directory, file)));
}

async function writeOne(directory: string, { path, content, program = false }: ProxyFile): Promise<void> {
  if (!DIRECTORIES.includes(PATH.exec(path)?.[1] ?? '')) throw new NodeError(`'${path}' is no place for a file of a proxy`);
  const modes = program ? RUNNABLE : PRIVATE;
  const target = join(directory, path);
  if (await isThere(target, content)) return;
  await mkdir(dirname(target), { recursive: true, mode: modes.directory });
  await writeWhole(target, content.open(), modes.file);
}

async function isThere(target: string, content: Sealed): Promise<boolean> {
  const text = await readIfThere(target);
  return text !== null && new Sealed(text).digest === content.digest;
}

/** Those on disk that the configuration names, or a list that it names. */
export async function presentFiles({ directory }: NodeFiles, config: string): Promise<ProxyFile[]> {
  const there = await paths(directory);
  const text = await withLists(directory, there, config);
  const named = there.filter((path) => text.includes(path));
  return Promise.all(named.map(async (path) => fileOf(path, await readFile(join(directory, path), 'utf8'))));
}

function fileOf(path: string, text: string): ProxyFile {
  return { path, content: new Sealed(text), ...(path.startsWith('checks/') ? { program: true } : {}) };
}

/** Removes those that the configuration on disk does not name. */
export async function removeUnnamed({ directory, config }: NodeFiles): Promise<void> {
  const written = await readIfThere(config);
  if (written === null) return;
  const there = await paths(directory);
  const text = await withLists(directory, there, written);
  const unnamed = there.filter((path) => !text.includes(path));
  await Promise.all(unnamed.map((path) => rm(join(directory, path), { force: true })));
}

/** Removes all, and the configuration: what held keys is not left behind by a proxy that is wanted no more. */
export async function removeProxyFiles({ directory, config, candidate }: NodeFiles): Promise<void> {
  const files = [config, candidate, ...(await paths(directory)).map((path) => join(directory, path))];
  await Promise.all(files.map((path) => rm(path, { force: true })));
}

/** The text with those of the lists of certificates that it names. */
async function withLists(directory: string, there: readonly string[], text: string): Promise<string> {
  const lists = there.filter((path) => path.endsWith('.list') && text.includes(path));
  return [text, ...(await Promise.all(lists.map(async (path) => (await readIfThere(join(directory, path))) ?? '')))].join('\n');
}

async function paths(directory: string): Promise<string[]> {
  const lists = await Promise.all(DIRECTORIES.map(async (name) => (await entriesOf(join(directory, name))).map((entry) => `${name}/${entry}`)));
  return lists.flat();
}
