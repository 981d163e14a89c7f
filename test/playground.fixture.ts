/**
 * A whole installation of its own for end-to-end tests: a server process, the lab, and a way into both. Everything
 * lives below a temporary directory and in namespaces that carry its instance; all of it is gone afterwards, also when
 * the test fails.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from '../src/lab/api-client.ts';
import { instanceOf } from '../src/store/instance.ts';
import { proxiesBelow } from './footprint.fixture.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Playground {
  readonly directory: string;
  readonly port: number;
  readonly instance: string;
  #server: ChildProcess | null = null;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.instance = instanceOf(join(directory, 'state'));
  }

  static async create(settings = ''): Promise<Playground> {
    // Short, because sockets lie below it.
    const directory = await mkdtemp('/tmp/weir-');
    const playground = new Playground(directory, await freePort());
    await writeFile(
      playground.configFile,
      `[DEFAULT]\nstate_path = ${directory}/state\nrun_path = ${directory}/run\n[api_settings]\nbind_port = ${playground.port}\n${settings}\n`,
    );
    return playground;
  }

  get configFile(): string {
    return join(this.directory, 'edgeweir.conf');
  }

  get statePath(): string {
    return join(this.directory, 'state');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Starts the server and waits until it answers. */
  async serve(): Promise<void> {
    const server = this.launch();
    await until('the server answers', async () => {
      if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}: ${await readFile(join(this.directory, 'server.log'), 'utf8')}`);
      return (await fetch(this.url).catch(() => null))?.ok === true;
    });
  }

  /** Starts the server without waiting for anything. */
  launch(): ChildProcess {
    const log = openSync(join(this.directory, 'server.log'), 'a');
    this.#server = spawn(process.execPath, [MAIN, 'serve', '--config-file', this.configFile], { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    return this.#server;
  }

  /** Ends the server with the signal and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
    this.#server = null;
  }

  /** Starts a second server with the same configuration, which must end by itself. */
  serveAgain(...words: string[]): Promise<Ran> {
    return command(process.execPath, [MAIN, 'serve', '--config-file', this.configFile, ...words]);
  }

  weir(...words: string[]): Promise<Ran> {
    return command(process.execPath, [MAIN, words[0] ?? '', ...words.slice(1, 2), '--config-file', this.configFile, ...words.slice(2)]);
  }

  /** A command on a host of the lab; fails unless it succeeds. */
  async inLab(host: string, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await command('nsenter', [`--net=/run/netns/weir-${this.instance}-lab-${host}`, ...words]);
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** A command in a namespace. */
  inNamespace(namespace: string, ...words: string[]): Promise<Ran> {
    return command('nsenter', [`--net=/run/netns/${namespace}`, ...words]);
  }

  /** Who answers a request to the address, from the lab's client. */
  async ask(address: string, path = '/', seconds = 5): Promise<string> {
    return (await this.inLab('client', 'curl', '-sS', '--max-time', String(seconds), `http://${address}${path}`)).trim();
  }

  /** OpenStack's own command, as Debian packages it. */
  openstack(...words: string[]): Promise<Ran> {
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: this.directory,
      LANG: 'C.UTF-8',
      OS_CLIENT_CONFIG_FILE: join(this.statePath, 'clouds.yaml'),
      OS_CLOUD: 'edgeweir',
    };
    return command('/usr/bin/openstack', words, env);
  }

  /** The same, which must succeed and print JSON. */
  async json<T>(...words: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.openstack(...words, '-f', 'json');
    if (code !== 0) throw new Error(`openstack ${words.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async api(): Promise<ApiClient> {
    const password = (await readFile(join(this.statePath, 'admin-password'), 'utf8')).trim();
    return new ApiClient({ authUrl: `${this.url}/identity/v3`, username: 'admin', password, projectName: 'admin' });
  }

  /** Namespaces of this installation. */
  async namespaces(): Promise<string[]> {
    const { stdout } = await run('ip', ['netns', 'list']);
    return stdout.split('\n').flatMap((line) => (line.startsWith(`weir-${this.instance}-`) ? [line.split(' ')[0] ?? ''] : []));
  }

  /** Processes in the namespace; none where it is going away. */
  async pids(namespace: string): Promise<number[]> {
    const { stdout } = await run('ip', ['netns', 'pids', namespace]).catch(() => ({ stdout: '' }));
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  /** Removes everything, whatever state it is in. */
  async destroy(): Promise<void> {
    await this.end('SIGKILL');
    for (const { pid } of await proxiesBelow(this.directory)) tryKill(pid);
    for (const namespace of await this.namespaces()) {
      for (const pid of await this.pids(namespace)) tryKill(pid);
      await run('ip', ['netns', 'del', namespace]).catch(() => {});
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}

export async function command(file: string, words: string[], env?: NodeJS.ProcessEnv): Promise<Ran> {
  try {
    const { stdout, stderr } = await run(file, words, { ...(env ? { env } : {}), maxBuffer: 16 * 1024 * 1024, timeout: 120_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : 1, stdout, stderr: stderr || String(error) };
  }
}

/** Asks every 50 ms, for a bounded time. */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (await holds()) return;
    await pause(50);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
