/** What is the same for the programs that a node lives by (its proxy, its keepalived), which outlive this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { NodeError } from '../node.ts';
import { CommandError } from './command.ts';
import { openLog, quoted } from './daemon-log.ts';
import { namespacePath } from './names.ts';

/** What a program has besides the standard streams. */
export interface Given {
  /** Open files, by the number that each has there. */
  readonly descriptors?: Readonly<Record<number, number>>;
  /** Variables, besides our own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a session of its own, inside the namespace; resolves when its process is there.
 * @param directory - where it works
 * @param log - the file that takes what it says
 */
export async function launchInside(namespace: string, directory: string, log: string, command: readonly string[], given: Given = {}): Promise<ChildProcess> {
  const file = await openLog(log);
  try {
    const child = spawn('nsenter', [`--net=${namespacePath(namespace)}`, ...command], {
      cwd: directory,
      detached: true,
      stdio: Object.assign(['ignore', file.fd, file.fd] as ['ignore', number, number], given.descriptors),
      env: { ...process.env, ...given.environment },
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await file.close();
  }
}

/**
 * Has the program itself look at the configuration that it is to run next. One that it refuses is removed, and the reason
 * told with a NodeError.
 */
export async function acceptCandidate(who: string, candidate: string, check: Promise<unknown>, worded: (said: string) => string = quoted): Promise<void> {
  try {
    await check;
  } catch (error) {
    await rm(candidate, { force: true });
    throw error instanceof CommandError ? new NodeError(`${who} refuses the configuration: ${worded(error.words)}`, { cause: error }) : error;
  }
}
