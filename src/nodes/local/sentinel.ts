/**
 * Notices at once that a proxy died: an idle connection to each master is closed by the kernel in that moment. A
 * reload closes it too, because the master starts itself anew; it is then still the same process.
 */
import { connect, type Socket } from 'node:net';
import type { NodeFiles } from './names.ts';
import { until } from './pause.ts';
import { readProcesses } from './proxy-state.ts';

const CHECK_AT_MOST = 5000;

export class Sentinels {
  readonly #watches = new Map<string, Watch>();
  readonly #lost: (id: string) => void;

  constructor(lost: (id: string) => void) {
    this.#lost = lost;
  }

  /** Starts to watch a node's proxy; resolves when the connection stands, or when there is no proxy to watch. */
  async watch(id: string, files: NodeFiles): Promise<void> {
    this.drop(id);
    const watch = new Watch(files, () => {
      this.#watches.delete(id);
      this.#lost(id);
    });
    this.#watches.set(id, watch);
    if (!(await watch.begin()) && this.#watches.get(id) === watch) this.#watches.delete(id);
  }

  /** Stops watching: what happens to the proxy from now on is meant. */
  drop(id: string): void {
    this.#watches.get(id)?.end();
    this.#watches.delete(id);
  }

  close(): void {
    for (const id of this.#watches.keys()) this.drop(id);
  }
}

class Watch {
  readonly #files: NodeFiles;
  readonly #lost: () => void;
  #socket: Socket | null = null;
  #master = 0;
  #ended = false;

  constructor(files: NodeFiles, lost: () => void) {
    this.#files = files;
    this.#lost = lost;
  }

  /** False when no master answers. */
  async begin(): Promise<boolean> {
    const processes = await readProcesses(this.#files);
    if (!processes) return false;
    this.#master = processes.master;
    if (!this.#ended) this.#connect();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.#files.masterSocket);
    this.#socket = socket;
    // Watching must not keep this process from ending.
    socket.unref();
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => {
      if (!this.#ended) void this.#closed();
    });
  }

  async #closed(): Promise<void> {
    const master = await until(() => this.#currentMaster(), 20, CHECK_AT_MOST);
    if (this.#ended) return;
    if (master === this.#master) this.#connect();
    else this.#lost();
  }

  /** 0 when nobody listens any more; null when the answer broke off and must be asked for again. */
  async #currentMaster(): Promise<number | null> {
    try {
      return (await readProcesses(this.#files))?.master ?? 0;
    } catch {
      return null;
    }
  }
}
