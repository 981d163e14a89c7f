/**
 * The lab's web servers as processes of their own, which outlive whoever started them. Nothing is written down about
 * them: what runs in a host's namespace under the server's command line is its server, so a crash leaves no stray.
 */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespacePath } from '../nodes/local/names.ts';
import type { LabHost } from './hosts.ts';
import { LabError } from './lab-error.ts';

const PROGRAM = join(import.meta.dirname, 'web-server.ts');
const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 5000;

/** Process ids of the host's web server; more than one only if two starts met. */
export function webServerPids(host: LabHost, namespace: string): number[] {
  const wanted = inodeOf(namespacePath(namespace));
  if (wanted === null) return [];
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => isWebServer(pid, host) && inodeOf(`/proc/${pid}/ns/net`) === wanted).map(Number);
}

/** Its command line ends with `…/lab/web-server.ts NAME PORT…`, whichever checkout it was started from. */
function isWebServer(pid: string, host: LabHost): boolean {
  const words = commandLine(pid);
  const program = words.findIndex((word) => word.endsWith('/lab/web-server.ts'));
  return program > 0 && words[program + 1] === host.name;
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile.
    return [];
  }
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino;
  } catch {
    return null;
  }
}

/** Starts the server unless it runs; resolves when it listens. */
export async function startWebServer(host: LabHost, namespace: string): Promise<void> {
  if (host.ports.length === 0) throw new LabError(`${host.name} has no web server`, 'Those that have one are web1 and web2.');
  if (inodeOf(namespacePath(namespace)) === null) throw notUp(host);
  if (webServerPids(host, namespace).length > 0) return;
  const args = [`--net=${namespacePath(namespace)}`, '--', process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, host.name, ...host.ports.map(String)];
  // A session of its own: Ctrl-C and the end of this process do not reach it.
  const child = spawn('nsenter', args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    const failed = (reason: string): void => reject(new LabError(`The web server of ${host.name} did not start`, reason || 'It said nothing about it.'));
    const timer = setTimeout(() => failed(`It was not ready after ${READY_WITHIN_MS / 1000} s.`), READY_WITHIN_MS);
    child.once('error', (error) => failed(error.message));
    child.once('exit', () => failed(complaint.trim()));
    child.stdout.once('data', () => resolve());
    child.once('close', () => clearTimeout(timer));
    child.stdout.once('data', () => clearTimeout(timer));
  });
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

/** Resolves when it runs no more. */
export async function stopWebServer(host: LabHost, namespace: string): Promise<void> {
  const until = Date.now() + STOPPED_WITHIN_MS;
  signal(host, namespace, 'SIGTERM');
  while (webServerPids(host, namespace).length > 0) {
    if (Date.now() > until) signal(host, namespace, 'SIGKILL');
    await sleep(10);
  }
}

function signal(host: LabHost, namespace: string, name: NodeJS.Signals): void {
  for (const pid of webServerPids(host, namespace)) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

export function notUp(host: LabHost): LabError {
  return new LabError(`The lab is not up: there is no namespace of ${host.name}`, 'Run weir lab up.');
}
