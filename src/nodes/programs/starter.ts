/**
 * Programs as children of a small process. The kernel copies the page tables of whoever starts a program: that takes 1 ms of a
 * small process, 5 ms of one with 150 MB and 12 ms of one with 370 MB, in which a server answers nobody (docs/tuning.md).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report, Request } from './messages.ts';
import type { Daemon, DaemonOrder, Order, Outcome, Programs, Taker } from './programs.ts';

const PROGRAM = fileURLToPath(new URL('starter-process.ts', import.meta.url));
/** A small heap, and no threads that nothing is for. */
const FLAGS = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=256', '--v8-pool-size=0'];

type Listener = (report: Report) => void;

export class Starter implements Programs {
  #process: ChildProcess | null = null;
  #next = 0;
  readonly #listeners = new Map<number, Listener>();

  /** Begins now what the first order would wait for. */
  begin(): void {
    this.#running();
  }

  /** What it runs goes on, and is not told of. */
  stop(): void {
    this.#process?.disconnect();
    this.#lose('it was stopped');
  }

  async execute(order: Order, input: string | Promise<string>): Promise<Outcome> {
    const { number, outcome } = this.#ask((asked) => ({ kind: 'execute', number: asked, order: withOurs(order) }));
    // It may be lost while the input is awaited, when nobody looks at it yet.
    outcome.catch(() => {});
    try {
      this.#tell({ kind: 'input', number, text: await input });
    } catch (error) {
      this.#tell({ kind: 'input', number, text: null });
      throw error;
    }
    return outcome;
  }

  async stream(order: Order, take: Taker | null): Promise<Outcome> {
    let refusal: { readonly error: unknown } | null = null;
    const deal = async (number: number, chunk: Uint8Array): Promise<void> => {
      try {
        await take?.(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        this.#tell({ kind: 'more', number });
      } catch (error) {
        refusal = { error };
        this.#tell({ kind: 'enough', number });
      }
    };
    const { outcome } = this.#ask((asked) => ({ kind: 'stream', number: asked, order: withOurs(order), tells: take !== null }), deal);
    try {
      return await outcome;
    } catch (error) {
      throw refusalOf(refusal) ?? error;
    }
  }

  launch(order: DaemonOrder): Promise<Daemon> {
    const number = this.#next++;
    const end = Promise.withResolvers<void>();
    let hasEnded = false;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        hasEnded = true;
        this.#forget(number);
        end.resolve();
      };
      this.#listen(number, (report) => {
        if (report.kind === 'launched') resolve({ pid: report.pid, ended: end.promise, hasEnded: () => hasEnded, release: () => this.#forget(number) });
        else if (report.kind === 'ended') finish();
        else if (report.kind === 'refused') {
          this.#forget(number);
          reject(new Error(report.reason));
        }
      });
      this.#tell({ kind: 'launch', number, order: withOurs(order) });
    });
  }

  #ask(requestOf: (number: number) => Request, deal?: (number: number, chunk: Uint8Array) => Promise<void>): { number: number; outcome: Promise<Outcome> } {
    const number = this.#next++;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      this.#listen(number, (report) => {
        if (report.kind === 'chunk') return void deal?.(number, report.chunk);
        this.#forget(number);
        if (report.kind === 'outcome') resolve(report.outcome);
        else if (report.kind === 'refused') reject(new Error(report.reason));
      });
    });
    this.#tell(requestOf(number));
    return { number, outcome };
  }

  /** This process does not end while an answer is waited for. */
  #listen(number: number, listener: Listener): void {
    const running = this.#running();
    this.#listeners.set(number, listener);
    running.channel?.ref();
  }

  #forget(number: number): void {
    this.#listeners.delete(number);
    if (this.#listeners.size === 0) this.#process?.channel?.unref();
  }

  #tell(request: Request): void {
    // One that has just ended is told of by its own event.
    if (this.#process?.connected) this.#process.send(request, () => {});
  }

  #running(): ChildProcess {
    if (this.#process?.connected) return this.#process;
    const child = fork(PROGRAM, { execArgv: FLAGS, serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process = child;
    child.unref();
    child.channel?.unref();
    child.on('message', (report) => this.#listeners.get((report as Report).number)?.(report as Report));
    const lost = (reason: string): void => {
      if (this.#process === child) this.#lose(reason);
    };
    // One that could not even be begun, for want of descriptors say, has no channel that could break.
    child.on('error', (error) => child.connected || lost(`the process that runs programs: ${error.message}`));
    child.once('disconnect', () => lost('the process that runs programs has ended'));
    return child;
  }

  #lose(reason: string): void {
    this.#process = null;
    for (const [number, listener] of this.#listeners) listener({ kind: 'refused', number, reason });
  }
}

/** Variables may have changed since the small process began. */
function withOurs<O extends Order | DaemonOrder>(order: O): O {
  return { ...order, env: { ...process.env, ...order.env } };
}

function refusalOf(refusal: { readonly error: unknown } | null): unknown {
  return refusal?.error;
}
