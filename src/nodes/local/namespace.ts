/** Network namespaces by name: made, found, emptied of processes and deleted. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, open, readdir, stat, statfs } from 'node:fs/promises';
import { NodeError } from '../node.ts';
import { CommandError, run } from './command.ts';
import { NAMESPACES, namespacePath } from './names.ts';
import { until } from './pause.ts';

/** What statfs says of a mounted namespace; a file left by a crash before the mount is of another kind. */
const NSFS_MAGIC = 0x6e736673;

export type Sysctls = Readonly<Record<string, string>>;

export async function namespaceExists(namespace: string): Promise<boolean> {
  try {
    return (await statfs(namespacePath(namespace))).type === NSFS_MAGIC;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Names of namespaces and of files that a crash left in their place. */
export async function namespaceNames(): Promise<string[]> {
  try {
    return await readdir(NAMESPACES);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Makes the file that a namespace gets its name by; false when there was one, made by whoever is making the namespace now or by a crash. */
export async function claimName(namespace: string): Promise<boolean> {
  await mkdir(NAMESPACES, { recursive: true });
  try {
    await (await open(namespacePath(namespace), 'wx', 0o444)).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Makes a namespace and sets it up in one process: a program started in the new namespace, because settings are
 * reached only from inside. Settings this kernel does not have are passed over.
 */
export async function createNamespace(namespace: string, sysctls: Sysctls): Promise<void> {
  // Without a pause before the program is started: callers prepare more while it works.
  mkdirSync(NAMESPACES, { recursive: true });
  closeSync(openSync(namespacePath(namespace), 'a', 0o444));
  await run('unshare', [`--net=${namespacePath(namespace)}`, ...sysctlCommand(sysctls)]);
}

export async function setSysctls(namespace: string, sysctls: Sysctls): Promise<void> {
  await run('nsenter', [`--net=${namespacePath(namespace)}`, ...sysctlCommand(sysctls)]);
}

function sysctlCommand(sysctls: Sysctls): string[] {
  // A program has to be run inside in any case.
  if (Object.keys(sysctls).length === 0) return ['true'];
  return ['sysctl', '--quiet', '--ignore', '--write', ...Object.entries(sysctls).map(([key, value]) => `${key}=${value}`)];
}

/** Deletes the name; the namespace itself goes when no process and no connection holds it any more. */
export async function deleteNamespace(namespace: string): Promise<void> {
  try {
    await run('ip', ['netns', 'delete', namespace]);
  } catch (error) {
    if (!(error instanceof CommandError) || (await namespaceNames()).includes(namespace)) throw error;
  }
}

/** A process as seen at one moment; `namespace` is what its `ns/net` link says. */
export interface Process {
  readonly pid: number;
  readonly namespace: string;
  /** Name of its executable, without directory. */
  readonly program: string;
}

/** All processes in the namespace; none when it does not exist. Zombies hold no namespace and are left out. */
export async function processesIn(namespace: string): Promise<Process[]> {
  if (!(await namespaceExists(namespace))) return [];
  const link = await namespaceLink(namespace);
  return allPids()
    .filter((pid) => linkOf(pid, 'ns/net') === link)
    .map((pid) => ({ pid, namespace: link, program: programOf(pid) }));
}

/** What tells a namespace from another that had its name before; null when there is none. */
export async function namespaceInode(namespace: string): Promise<number | null> {
  if (!(await namespaceExists(namespace))) return null;
  return (await stat(namespacePath(namespace))).ino;
}

/** What a process's `ns/net` link says when it is in the namespace, which must exist. */
export async function namespaceLink(namespace: string): Promise<string> {
  return `net:[${(await stat(namespacePath(namespace))).ino}]`;
}

/**
 * Processes that work in the directory, in whatever namespace: a namespace whose name somebody deleted lives on with
 * them, and nothing else leads to it.
 */
export function processesAt(directory: string): Process[] {
  return allPids()
    .filter((pid) => linkOf(pid, 'cwd')?.replace(/ \(deleted\)$/, '') === directory)
    .map((pid) => ({ pid, namespace: linkOf(pid, 'ns/net') ?? '', program: programOf(pid) }));
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process's parent if both are in the same namespace; null when it is an orphan, or not there. */
export function parentInNamespace(pid: number): Pick<Process, 'pid' | 'namespace'> | null {
  const parent = { pid: parentOf(pid), namespace: linkOf(pid, 'ns/net') };
  return parent.namespace !== null && linkOf(parent.pid, 'ns/net') === parent.namespace ? { ...parent, namespace: parent.namespace } : null;
}

/** 0 when the process is not there. */
export function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}

/** Whether it is there and has been stopped (SIGSTOP): it does nothing any more, and ends only by force. */
export function isStopped(pid: number): boolean {
  return statOf(pid)[0] === 'T';
}

/** State, parent and so on (proc(5)); empty when the process is not there. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold spaces.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Empty when the process is not there. */
export function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function programOf(pid: number): string {
  const path = linkOf(pid, 'exe') ?? '';
  return path.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
}

function linkOf(pid: number, name: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    // It ended meanwhile.
    return null;
  }
}

/** Ends processes and waits until they are gone: first asked, after `patience` milliseconds made to. */
export async function end(processes: readonly Process[], patience: number): Promise<void> {
  if (patience > 0) signal(processes, 'SIGTERM');
  if (await allGone(processes, patience)) return;
  signal(processes, 'SIGKILL');
  if (!(await allGone(processes, 5000))) throw new NodeError(`processes ${processes.map(({ pid }) => pid).join(', ')} do not end`);
}

async function allGone(processes: readonly Process[], limit: number): Promise<boolean> {
  return (await until(async () => (processes.some(isThere) ? null : true), 2, limit)) !== null;
}

/** False for a zombie too: it holds no namespace and waits for nothing but its parent. */
export function isThere({ pid, namespace }: Pick<Process, 'pid' | 'namespace'>): boolean {
  return linkOf(pid, 'ns/net') === namespace;
}

function signal(processes: readonly Process[], name: 'SIGTERM' | 'SIGKILL'): void {
  for (const process_ of processes.filter(isThere)) {
    try {
      process.kill(process_.pid, name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
