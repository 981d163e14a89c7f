/**
 * The lab's web servers as processes of their own, which outlive whoever started them. Nothing is written down about
 * them: what runs in a host's namespace under the server's command line is its server, so a crash leaves no stray.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { namespacePath } from '../nodes/local/names.ts';
import { type Process, end, namespaceExists, processesIn } from '../nodes/local/namespace.ts';
import { LAB_HOSTS, type LabHost } from './hosts.ts';
import { LabError } from './lab-error.ts';

const PROGRAM = join(import.meta.dirname, 'web-server.ts');
const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 5000;

/** The host's web server; more than one only if two starts met. */
export async function webServers(host: LabHost, namespace: string): Promise<Process[]> {
  return (await processesIn(namespace)).filter(({ pid }) => isWebServer(pid, host));
}

/** Its command line ends with `…/lab/web-server.ts NAME PORT…`, whichever checkout it was started from. */
function isWebServer(pid: number, host: LabHost): boolean {
  const words = commandLine(pid);
  const program = words.findIndex((word) => word.endsWith('/lab/web-server.ts'));
  return program > 0 && words[program + 1] === host.name;
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile.
    return [];
  }
}

/** Starts the server unless it runs; resolves when it listens. */
export async function startWebServer(host: LabHost, namespace: string): Promise<void> {
  requireWebServer(host);
  if (!(await namespaceExists(namespace))) throw notUp(host);
  if ((await webServers(host, namespace)).length > 0) return;
  const args = [
    `--net=${namespacePath(namespace)}`,
    '--',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    PROGRAM,
    host.name,
    ...host.ports.map(String),
  ];
  // A session of its own: Ctrl-C and the end of this process do not reach it.
  const child = spawn('nsenter', args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  try {
    await ready(child, host);
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Resolves at the first thing it says on stdout, which is that it listens. */
function ready(child: Child, host: LabHost): Promise<void> {
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  return new Promise((resolve, reject) => {
    const failed = (reason: string): void =>
      reject(
        new LabError(
          `The web server of ${host.name} did not start: ${reason || 'it said nothing about it'}`,
          `See what else runs there: weir lab exec ${host.name} -- ss -ltnp`,
        ),
      );
    const timer = setTimeout(() => failed(`not ready after ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS);
    const settle = (action: () => void) => (): void => {
      clearTimeout(timer);
      action();
    };
    child.stdout.once('data', settle(resolve));
    child.once('error', (error) => settle(() => failed(error.message))());
    child.once(
      'close',
      settle(() => failed(complaint.trim())),
    );
  });
}

/** Resolves when it runs no more. */
export async function stopWebServer(host: LabHost, namespace: string): Promise<void> {
  await end(await webServers(host, namespace), STOPPED_WITHIN_MS);
}

/** Throws for a host that never has one. */
export function requireWebServer({ name, ports }: LabHost): void {
  if (ports.length > 0) return;
  const others = LAB_HOSTS.filter((host) => host.ports.length > 0).map((host) => host.name);
  throw new LabError(`${name} has no web server`, `Choose from: ${others.join(', ')}.`);
}

export function notUp(host: LabHost): LabError {
  return new LabError(`The lab is not up: there is no namespace of ${host.name}`, 'Run weir lab up.');
}
