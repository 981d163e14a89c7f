/** What keepalived needs in a node's directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_FILE } from '../../render/keepalived/compile.ts';
import { readIfThere, writeWhole } from './files.ts';
import { isThere, namespaceLink } from './namespace.ts';
import type { NodeFiles } from './names.ts';

export interface VrrpFiles {
  readonly directory: string;
  /** There as soon as the node is to be one of a pair. */
  readonly config: string;
  readonly candidate: string;
  /** What was in the configuration when keepalived last took it; absent while that is not certain. */
  readonly applied: string;
  /** Of the process that keeps keepalived running. */
  readonly keeperPid: string;
  readonly pid: string;
  /** Of its child, which speaks VRRP. */
  readonly speakerPid: string;
  readonly log: string;
  /** Anything but 0 in it makes keepalived give up the address. */
  readonly fault: string;
  /** Of the process that tells keepalived when the proxy dies. */
  readonly watcherPid: string;
}

export function vrrpFiles({ directory }: Pick<NodeFiles, 'directory'>): VrrpFiles {
  const file = (name: string): string => join(directory, name);
  return {
    directory,
    config: file('keepalived.conf'),
    candidate: file('keepalived.conf.candidate'),
    applied: file('keepalived.applied'),
    keeperPid: file('keeper.pid'),
    pid: file('keepalived.pid'),
    speakerPid: file('vrrp.pid'),
    log: file('keepalived.log'),
    fault: file(FAULT_FILE),
    watcherPid: file('watcher.pid'),
  };
}

/** Whether the node is, or is to be, one of a pair. */
export function isPaired(files: Pick<NodeFiles, 'directory'>): boolean {
  return existsSync(vrrpFiles(files).config);
}

/** Says that this node can serve, or that nothing is asked of it; silent where it is alone. */
export async function clearFault(files: Pick<NodeFiles, 'directory'>): Promise<void> {
  if (isPaired(files)) await writeWhole(vrrpFiles(files).fault, '0\n');
}

/** Says that this node cannot serve: its peer is to have the address. Silent where it is alone. */
export async function raiseFault(files: Pick<NodeFiles, 'directory'>): Promise<void> {
  if (isPaired(files)) await writeWhole(vrrpFiles(files).fault, '1\n');
}

export async function isFaulty({ fault }: VrrpFiles): Promise<boolean> {
  return (await readIfThere(fault))?.trim() !== '0';
}

/** The number in a file that a process left; null without one. */
export async function readPid(path: string): Promise<number | null> {
  const pid = Number((await readIfThere(path))?.trim() || Number.NaN);
  return Number.isInteger(pid) ? pid : null;
}

/** The same, of a process in the namespace, which must exist; null when it is gone, or is somebody else's by now. */
export async function livePid(namespace: string, path: string): Promise<number | null> {
  const pid = await readPid(path);
  return pid !== null && isThere({ pid, namespace: await namespaceLink(namespace) }) ? pid : null;
}
