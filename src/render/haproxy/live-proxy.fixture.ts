/** A real HAProxy for claims about rendered configurations. For programs that run inside a namespace made for them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ProxyConfig } from '../../model/node-config.ts';

const run = promisify(execFile);

/** Runs a program in new namespaces, which end with it; what it prints last says that all went well. */
export async function runInNamespace(program: string): Promise<void> {
  // Nobody can listen on the loopback address before its link is up.
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, program];
  const { stdout } = await run('unshare', ['--net', '--pid', '--mount-proc', '--fork', '--kill-child', ...inside]);
  assert.match(stdout, /all claims hold/);
}

/** Starts what was rendered, does the work and ends it. The working directory is the proxy's. */
export async function withProxy(proxy: ProxyConfig, work: (master: ChildProcess) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wtr-haproxy-'));
  process.chdir(directory);
  await run('chmod', ['711', '.']);
  await writeConfig(proxy);
  const master = spawn('haproxy', ['-W', '-S', 'unix@master.sock', '-f', 'haproxy.cfg'], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await until('the proxy serves', async () => (await command('show info')).includes(proxy.structure));
    await work(master);
  } finally {
    master.kill('SIGTERM');
    if (master.exitCode === null && master.signalCode === null) await once(master, 'exit');
    process.chdir('/');
    await rm(directory, { recursive: true });
  }
}

export async function reload(master: ChildProcess, proxy: ProxyConfig): Promise<void> {
  const before = await workerPid();
  await writeConfig(proxy);
  master.kill('SIGUSR2');
  await until('a new worker', async () => ![before, ''].includes(await workerPid()));
}

async function writeConfig(proxy: ProxyConfig): Promise<void> {
  for (const { path, content } of proxy.files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content.open(), { mode: 0o755 });
  }
  await writeFile('servers.state', '1\n');
  await writeFile('haproxy.cfg', proxy.text);
}

async function workerPid(): Promise<string> {
  return /^Pid: (\d+)$/m.exec(await command('show info'))?.[1] ?? '';
}

export async function command(line: string): Promise<string> {
  const socket = connect('stats.sock');
  socket.end(`${line}\n`);
  return (await socket.toArray()).join('').trim();
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await holds().catch(() => false)) return;
    await pause(20);
  }
  assert.fail(`never: ${what}`);
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own; rejects when the connection ends without a whole answer. */
export async function ask(options: http.RequestOptions): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http
    .request({ host: '127.0.0.1', agent: false, ...options }, resolve)
    .on('error', reject)
    .end();
  const response = await promise;
  return { status: response.statusCode ?? 0, headers: response.headers, body: (await response.toArray()).join('') };
}
