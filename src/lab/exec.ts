/** Running a program inside a host of the lab. Needs no server, and no shell: the words arrive as they were given. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { namespacePath } from '../nodes/local/names.ts';
import { labHost, labNamespace } from './names.ts';
import { notUp } from './web-servers.ts';

function inside(instance: string, hostName: string, command: readonly string[]): string[] {
  const host = labHost(hostName);
  const path = namespacePath(labNamespace(instance, host));
  if (!existsSync(path)) throw notUp(host);
  return [`--net=${path}`, '--', ...command];
}

/** In this terminal; resolves to the exit code, 128 + the signal's number if one ended it. */
export function execInLab(instance: string, hostName: string, command: readonly string[]): Promise<number> {
  const child = spawn('nsenter', inside(instance, hostName, command), { stdio: 'inherit' });
  // Ctrl-C reaches the program through the terminal, and it decides what comes of it; other senders mean us both.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => {};
  process.on('SIGINT', ignore).on('SIGTERM', forward).on('SIGHUP', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore).off('SIGTERM', forward).off('SIGHUP', forward);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Resolves to what the program wrote to standard output; rejects when it fails. */
export async function captureInLab(instance: string, hostName: string, command: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('nsenter', inside(instance, hostName, command), { encoding: 'utf8' });
  return stdout;
}
