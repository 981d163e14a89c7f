/** The measuring side of the client process. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { labHost, labNamespace } from '../src/lab/names.ts';
import { namespacePath } from '../src/nodes/local/names.ts';
import { instanceOf } from '../src/store/instance.ts';
import type { LoadOrder, LoadReport, Order, ProbeReport, Report } from './client-messages.ts';
import type { Target } from './http.ts';

const PROGRAM = join(import.meta.dirname, 'client-process.ts');
const PROBE_MS = 120_000;

export class Client {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** In the lab of the installation with this state path, or on this host. */
  static async start(statePath: string | null): Promise<Client> {
    const program = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM];
    const [command = '', ...words] = statePath === null ? program : ['nsenter', `--net=${clientNamespace(statePath)}`, '--', ...program];
    if (statePath !== null) await askQuickly(clientNamespace(statePath));
    const child = spawn(command, words, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'spawn');
    return new Client(child);
  }

  /** Sends requests; `order.seconds` null goes on until `stop`. */
  async load(order: Partial<LoadOrder> & Pick<LoadOrder, 'target' | 'paths'>): Promise<LoadReport> {
    const defaults = { kind: 'load', method: 'GET', headers: {}, body: '', clients: 1, seconds: null, keepAlive: true, pace: 0, timeout: 30_000 } as const;
    return (await this.#ask({ ...defaults, ...order })) as LoadReport;
  }

  stop(): void {
    this.#child.send({ kind: 'stop' } satisfies Order);
  }

  /** Resolves to when all targets had answered. */
  async probe(targets: readonly Target[], wanted = ''): Promise<number> {
    return ((await this.#ask({ kind: 'probe', targets, wanted, timeout: PROBE_MS })) as ProbeReport).at;
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  async #ask(order: Order): Promise<Report> {
    this.#child.send(order);
    const [report] = (await once(this.#child, 'message')) as [Report];
    if ('error' in report) throw new Error(report.error);
    return report;
  }
}

function clientNamespace(statePath: string): string {
  return namespacePath(labNamespace(instanceOf(statePath), labHost('client')));
}

/**
 * The client asks a VIP before anything answers there, and the kernel would repeat the question for its MAC only after
 * a second: the result would be that second, whatever the balancer does. A client that comes later never waits for it.
 */
async function askQuickly(namespace: string): Promise<void> {
  const settings = ['eth0', 'eth1'].map((link) => `net.ipv4.neigh.${link}.retrans_time_ms=5`);
  await promisify(execFile)('nsenter', [`--net=${namespace}`, '--', 'sysctl', '-qw', ...settings]);
}

/** Runs `work` with clients that are ended afterwards, whatever happens. */
export async function withClients<T>(number: number, statePath: string | null, work: (...clients: Client[]) => Promise<T>): Promise<T> {
  const clients: Client[] = [];
  try {
    while (clients.length < number) clients.push(await Client.start(statePath));
    return await work(...clients);
  } finally {
    for (const client of clients) client.close();
  }
}
