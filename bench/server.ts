/** A server of its own for each measurement, in its own process, with its own state; gone afterwards with all it made. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeIdleSwitch } from '../src/nodes/local/switch.ts';
import { instanceOf } from '../src/store/instance.ts';
import { Api } from './http.ts';
import { LBAAS, type Balancer } from './octavia.ts';

export interface ServerUnderTest {
  readonly api: Api;
  readonly statePath: string;
  readonly runPath: string;
  readonly instance: string;
  readonly configFile: string;
  /** Resident memory, MiB. */
  readonly memory: () => number;
  /** Processor time that it took so far, seconds. */
  readonly processorSeconds: () => number;
}

export interface ServerOptions {
  readonly provider: 'noop' | 'octavia';
  /** Whether the lab is needed: namespaces with a client and web servers. */
  readonly lab?: boolean;
  /** Further lines of the configuration. */
  readonly settings?: readonly string[];
}

const PROGRAM = join(import.meta.dirname, '../src/cli/main.ts');
const START_MS = 30_000;
const CLEAN_UP_MS = 120_000;

/** What takes down that which is there now, in the order it was made, so that an interruption can call it too. */
const running = new Set<() => Promise<void>>();

/** Takes down everything that is there, the latest first: for an interruption. */
export async function stopEverything(): Promise<void> {
  for (const stop of [...running].toReversed()) await stop().catch(() => {});
}

/** Runs `work`, and `undo` after it, whatever happens; an interruption runs `undo` too, but nobody runs it twice. */
export async function undone<T>(undo: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const undoOnce = single(undo);
  running.add(undoOnce);
  try {
    return await work();
  } finally {
    await undoOnce();
    running.delete(undoOnce);
  }
}

export async function withServer<T>(options: ServerOptions, work: (server: ServerUnderTest) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'edgeweir-bench-'));
  const { configFile, port } = await configure(directory, options);
  const child = start(directory, configFile);
  const api = new Api({ host: '127.0.0.1', port });
  return undone(
    () => takeDown({ child, api, directory, configFile, options }),
    async () => {
      await ready(child, api, directory);
      if (options.lab) await weir(configFile, ['lab', 'up']);
      const statePath = join(directory, 'state');
      return work({
        api,
        statePath,
        runPath: join(directory, 'run'),
        instance: instanceOf(statePath),
        configFile,
        memory: () => residentMemory(child),
        processorSeconds: () => processorSeconds(child),
      });
    },
  );
}

/** A second call waits for the first: an interruption may meet the end of a measurement. */
function single(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | null = null;
  return () => (begun ??= work());
}

async function configure(directory: string, { provider, settings = [] }: ServerOptions): Promise<{ configFile: string; port: number }> {
  const port = await freePort();
  const configFile = join(directory, 'edgeweir.conf');
  mkdirSync(join(directory, 'run'));
  const lines = [
    '[DEFAULT]',
    `state_path = ${directory}/state`,
    `run_path = ${directory}/run`,
    '[api_settings]',
    `bind_port = ${port}`,
    '[lb_provider]',
    `provider = ${provider}`,
    ...settings,
  ];
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  return { configFile, port };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Detached: Ctrl-C in the terminal must reach us alone, or nobody could delete the load balancers any more. */
function start(directory: string, configFile: string): ChildProcess {
  const log = openSync(join(directory, 'server.log'), 'a');
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, 'serve', '--config-file', configFile], {
    detached: true,
    stdio: ['ignore', log, log],
  });
}

async function ready(child: ChildProcess, api: Api, directory: string): Promise<void> {
  const until = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`The server did not start:\n${readFileSync(join(directory, 'server.log'), 'utf8')}`);
    try {
      await api.logIn(readFileSync(join(directory, 'state/admin-password'), 'utf8').trim());
      return;
    } catch {
      await sleep(50);
    }
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly api: Api;
  readonly directory: string;
  readonly configFile: string;
  readonly options: ServerOptions;
}

async function takeDown({ child, api, directory, configFile, options }: Running): Promise<void> {
  const failures: unknown[] = [];
  const step = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => failures.push(error));
  if (child.exitCode === null && options.provider === 'octavia') await step(removeBalancers(api));
  if (options.lab) await step(weir(configFile, ['lab', 'down']));
  await step(end(child));
  // A server that never carried anything leaves the namespace of its bridges, empty.
  await step(removeIdleSwitch(instanceOf(join(directory, 'state'))));
  api.close();
  rmSync(directory, { recursive: true, force: true });
  if (failures.length > 0) throw failures[0];
}

/** Nodes outlive the server, so the load balancers go first. */
async function removeBalancers(api: Api): Promise<void> {
  const until = Date.now() + CLEAN_UP_MS;
  for (;;) {
    const { loadbalancers } = await api.call<{ loadbalancers: Balancer[] }>('GET', `${LBAAS}/loadbalancers`);
    const left = loadbalancers.filter(({ provisioning_status: status }) => status !== 'DELETED');
    if (left.length === 0) return;
    if (Date.now() > until) throw new Error(`${left.length} load balancers are still there`);
    const deletable = left.filter(({ provisioning_status: status }) => status !== 'PENDING_DELETE');
    await Promise.all(deletable.map(({ id }) => api.call('DELETE', `${LBAAS}/loadbalancers/${id}?cascade=true`)));
    await sleep(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  await once(child, 'exit');
  clearTimeout(timer);
}

/** Runs the command line of the product against the same configuration. */
async function weir(configFile: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...words, '--config-file', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`weir ${words.join(' ')} ended with ${code}:\n${said}`);
}

/** The kernel counts in hundredths. */
function processorSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMemory({ pid }: ChildProcess): number {
  const [, kilobytes = 'NaN'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
