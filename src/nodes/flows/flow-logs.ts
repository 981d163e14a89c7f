/**
 * Flow logs of a host: a thread that takes what proxies write into their pipes. It has a thread of its own because neither
 * the API nor the loop may wait for it, nor it for them; traffic waits for nobody: HAProxy drops lines that a pipe has no room for.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../model/log.ts';
import type { FlowCounts } from './collector.ts';
import type { ToThread } from './collector-thread.ts';
import type { FlowLogOptions } from './options.ts';

const REPORT_EVERY = 60_000;
/** Milliseconds, twice as long after each further failure. */
const RESTART_AFTER = 1000;
const LONGEST_PAUSE = 60_000;
const STOP_AT_MOST = 3000;

export interface FlowLogsPlace {
  readonly log: Log;
  /** Lines that proxies dropped since they were last asked. */
  readonly dropped: () => Promise<number>;
}

export class FlowLogs {
  readonly #place: FlowLogsPlace;
  readonly #options: FlowLogOptions;
  readonly #timer: NodeJS.Timeout;
  /** The file is opened by its name again. */
  readonly reopen = (): void => this.#tell({ kind: 'reopen' });
  #thread: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  readonly #pipes = new Map<string, string>();
  #failures = 0;
  /** What was reported last is in the log. */
  #said = Promise.resolve();
  #stopping = false;

  constructor(place: FlowLogsPlace, options: FlowLogOptions) {
    this.#place = place;
    this.#options = options;
    this.#start();
    this.#timer = setInterval(() => this.#tell({ kind: 'counts' }), REPORT_EVERY).unref();
    // As with the server's own log: logrotate moves the file and sends this.
    process.on('SIGUSR2', this.reopen);
  }

  /** The node's pipe is read from now on; one that was read under its name is given up. */
  read(node: string, path: string): void {
    this.#pipes.set(node, path);
    this.#tell({ kind: 'read', node, path });
  }

  /** What is in the node's pipe is read, and then no more. */
  forget(node: string): void {
    this.#pipes.delete(node);
    this.#tell({ kind: 'forget', node });
  }

  /** Lines that were read are written before it resolves, as far as that is possible at once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    process.off('SIGUSR2', this.reopen);
    clearInterval(this.#timer);
    if (this.#restart) clearTimeout(this.#restart);
    const thread = this.#thread;
    if (!thread) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, STOP_AT_MOST);
    thread.once('exit', () => resolve());
    this.#tell({ kind: 'stop' });
    await promise;
    clearTimeout(late);
    // A disk that hangs must not keep the server.
    void thread.terminate();
    await this.#said;
  }

  #start(): void {
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const thread = new Worker(new URL('collector-thread.ts', import.meta.url), { workerData: this.#options, execArgv });
    thread.on('message', (counts: FlowCounts) => this.#report(counts));
    thread.on('error', (error) => this.#place.log.error({ err: error }, 'The thread that writes flow logs has failed; another one takes over'));
    thread.on('exit', () => this.#ended(thread));
    this.#thread = thread;
    for (const [node, path] of this.#pipes) this.#tell({ kind: 'read', node, path });
    // A file that cannot be written should be told of now.
    this.#tell({ kind: 'counts' });
  }

  #ended(thread: Worker): void {
    if (this.#thread === thread) this.#thread = null;
    if (this.#stopping) return;
    this.#restart = setTimeout(() => this.#start(), Math.min(LONGEST_PAUSE, RESTART_AFTER * 2 ** Math.min(this.#failures, 10)));
    this.#failures += 1;
  }

  #tell(message: ToThread): void {
    this.#thread?.postMessage(message, []);
  }

  #report(counts: FlowCounts): void {
    this.#failures = 0;
    this.#said = this.#said.then(() => this.#say(counts));
  }

  async #say({ written, lost, unreadable, troubles }: FlowCounts): Promise<void> {
    const { log, dropped } = this.#place;
    const unsaid = await dropped().catch(() => 0);
    const fields = { written, lost, dropped_by_proxies: unsaid, unreadable, troubles };
    if (lost + unsaid + unreadable + troubles.length > 0) log.warn(fields, 'Flow logs are incomplete');
    else if (written > 0) log.info({ written }, 'Flow logs');
  }
}
