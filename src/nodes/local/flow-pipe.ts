/**
 * The pipe into which a node's proxy writes what it carried. It outlives whoever reads and writes it: a server that comes back
 * finds what was written meanwhile, as far as there was room for it. Each node has its own, so that a busy one fills none but its
 * own, and a proxy that was broken into sees and forges no lines of others.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FLOW_VARIABLE } from '../../render/haproxy/flow-log.ts';
import { run } from './command.ts';
import { isAbsent } from './namespace.ts';
import { type NodeFiles, idOfDirectory } from './names.ts';

/** For writing and for reading: it then is no error that the other side is missing. */
const BOTH = constants.O_RDWR | constants.O_NONBLOCK;

export function flowPipe({ directory }: NodeFiles): string {
  return join(directory, 'flows');
}

/** Makes the pipe if there is none, whether flows are logged now or not: a running proxy cannot be given one. */
export async function makeFlowPipe(files: NodeFiles): Promise<void> {
  if (!(await isThere(files))) await run('mkfifo', ['-m', '600', flowPipe(files)]).catch(() => {});
}

async function isThere(files: NodeFiles): Promise<boolean> {
  const pipe = await openFlowPipe(files);
  await pipe?.close();
  return pipe !== null;
}

/** null when there is none: a proxy that cannot log still carries traffic. */
export async function openFlowPipe(files: NodeFiles): Promise<FileHandle | null> {
  try {
    return await open(flowPipe(files), BOTH);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** What tells the configuration that the descriptor is the pipe. A proxy keeps both over all its reloads. */
export function flowEnvironment({ directory }: NodeFiles): Record<string, string> {
  return { [FLOW_VARIABLE]: idOfDirectory(basename(directory)) ?? '-' };
}

/** F_SETPIPE_SZ of Linux (fcntl(2)): a quarter of a megabyte is some 500 lines, where a pipe has room for 130. */
const ENLARGE = 'for (@ARGV) { open(my $pipe, "+<", $_) and fcntl($pipe, 1031, 262144) }';

/**
 * Gives pipes more room, as long as somebody has them open. Node.js has no call for it, and Debian always has Perl; where it
 * fails they stay as they are, and nothing else depends on it.
 */
export async function enlargePipes(paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await run('perl', ['-e', ENLARGE, ...paths]).catch(() => {});
}
