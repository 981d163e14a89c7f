/** A small process that runs programs for a large one. It ends with the one it works for; daemons that it launched go on. */
import { here } from './here.ts';
import type { Report, Request } from './messages.ts';
import type { DaemonOrder, Order } from './programs.ts';

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

/** Of programs that have not been given their input yet. */
const inputs = new Map<number, Waiting<string>>();
/** Of programs whose last chunk is not dealt with yet. */
const takers = new Map<number, Waiting<void>>();

function tell(report: Report): void {
  if (process.connected) process.send?.(report);
}

async function execute(number: number, order: Order): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  inputs.set(number, { resolve, reject });
  tell({ kind: 'outcome', number, outcome: await here.execute(order, promise) });
}

async function stream(number: number, order: Order, tells: boolean): Promise<void> {
  const take = (chunk: Buffer): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    takers.set(number, { resolve, reject });
    tell({ kind: 'chunk', number, chunk });
    return promise;
  };
  tell({ kind: 'outcome', number, outcome: await here.stream(order, tells ? take : null) });
}

async function launch(number: number, order: DaemonOrder): Promise<void> {
  const daemon = await here.launch(order);
  daemon.release();
  tell({ kind: 'launched', number, pid: daemon.pid });
  await daemon.ended;
  tell({ kind: 'ended', number });
}

function begin(request: Exclude<Request, { kind: 'input' | 'more' | 'enough' }>): Promise<void> {
  switch (request.kind) {
    case 'execute':
      return execute(request.number, request.order);
    case 'stream':
      return stream(request.number, request.order, request.tells);
    case 'launch':
      return launch(request.number, request.order);
  }
}

function settle<T>(waiting: Map<number, Waiting<T>>, number: number, how: (one: Waiting<T>) => void): void {
  const one = waiting.get(number);
  waiting.delete(number);
  if (one) how(one);
}

process.on('message', (request: Request) => {
  const { number } = request;
  switch (request.kind) {
    case 'input':
      return settle(inputs, number, ({ resolve, reject }) => (request.text === null ? reject(new Error('no input came')) : resolve(request.text)));
    case 'more':
      return settle(takers, number, ({ resolve }) => resolve());
    case 'enough':
      return settle(takers, number, ({ reject }) => reject(new Error('nobody wants the rest')));
    default:
      begin(request).catch((error: unknown) => tell({ kind: 'refused', number, reason: error instanceof Error ? error.message : String(error) }));
  }
});
// Without this it would wait for what it runs, whose outcome nobody asks for any more.
process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C goes to all processes of its group: when to end is for the one it works for to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
