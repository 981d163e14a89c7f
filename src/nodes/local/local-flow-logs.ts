/** Flow logs of the nodes on this host: whose pipes are read, and what proxies could not write into them. */
import { existsSync } from 'node:fs';
import type { Log } from '../../model/log.ts';
import { FlowLogs } from '../flows/flow-logs.ts';
import type { FlowLogOptions } from '../flows/options.ts';
import { enlargePipes, flowPipe } from './flow-pipe.ts';
import { nodeFiles } from './names.ts';
import { askWorker } from './proxy-socket.ts';
import { orNull } from './proxy-state.ts';

export interface LocalFlowLogOptions extends FlowLogOptions {
  /** Whether flows are logged of balancers whose flavor does not say. */
  readonly byDefault: boolean;
}

export class LocalFlowLogs {
  readonly #runPath: string;
  readonly #logs: FlowLogs;
  readonly #log: Log;
  readonly #nodes = new Set<string>();
  readonly #drops = new Map<string, number>();

  constructor({ runPath, log }: { readonly runPath: string; readonly log: Log }, options: FlowLogOptions) {
    this.#runPath = runPath;
    this.#log = log;
    this.#logs = new FlowLogs({ log, dropped: () => this.#dropped() }, options);
  }

  /** Reads the pipes of these nodes from now on, those too that are read already: they may have been made anew. */
  read(ids: readonly string[]): void {
    const pipes = ids.map((id) => ({ id, path: flowPipe(nodeFiles(this.#runPath, id)) }));
    const old = pipes.filter(({ path }) => !existsSync(path)).map(({ id }) => id);
    // Their proxies are older than this, or there is none.
    if (old.length > 0) this.#log.info({ nodes: old }, 'Nodes whose proxies cannot log what they carry before they are started again');
    const there = pipes.filter(({ id }) => !old.includes(id));
    for (const { id, path } of there) {
      this.#nodes.add(id);
      this.#logs.read(id, path);
    }
    void enlargePipes(there.map(({ path }) => path));
  }

  /** What is in a node's pipe is read, and then no more. */
  forget(id: string): void {
    this.#nodes.delete(id);
    this.#logs.forget(id);
  }

  stop(): Promise<void> {
    return this.#logs.stop();
  }

  /** Lines that proxies could not write since they were last asked. */
  async #dropped(): Promise<number> {
    const counts = await Promise.all([...this.#nodes].map((id) => this.#droppedBy(id)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Each worker counts as long as it lives. */
  async #droppedBy(id: string): Promise<number> {
    const [info = ''] = (await orNull(() => askWorker(nodeFiles(this.#runPath, id).statsSocket, ['show info']))) ?? [];
    const count = Number(/^DroppedLogs: (\d+)$/m.exec(info)?.[1] ?? 0);
    const before = this.#drops.get(id) ?? 0;
    this.#drops.set(id, count);
    return count < before ? count : count - before;
  }
}
