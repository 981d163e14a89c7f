/** What is the same for the programs that a node lives by (its proxy, its keepalived), which outlive this process. */
import { rm } from 'node:fs/promises';
import { NodeError } from '../node.ts';
import { programs } from '../programs/current.ts';
import type { Daemon } from '../programs/programs.ts';
import { CommandError } from './command.ts';
import { quoted, trimLog } from './daemon-log.ts';
import { namespacePath } from './names.ts';

/** What a program has besides the standard streams. */
export interface Given {
  /** Named pipes, by the number that each has there. */
  readonly pipes?: Readonly<Record<number, string>>;
  /** Variables, besides our own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a session of its own, inside the namespace; resolves when its process is there.
 * @param directory - where it works
 * @param log - the file that takes what it says
 */
export async function launchInside(namespace: string, directory: string, log: string, command: readonly string[], given: Given = {}): Promise<Daemon> {
  const { pipes = {}, environment: env = {} } = given;
  await trimLog(log);
  return programs().launch({ command: ['nsenter', `--net=${namespacePath(namespace)}`, ...command], directory, log, pipes, env });
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
