/**
 * Notices at once that a proxy died: an idle connection to each master is closed by the kernel in that moment. A
 * reload closes it too, because the master starts itself anew; it is then the same process, without a socket for a while.
 */
import { connect, type Socket } from 'node:net';
import type { NodeFiles } from './names.ts';
import { isThere, parentInNamespace, type Process } from './namespace.ts';
import { SilentProxyError } from './proxy-socket.ts';
import { readWorkerInfo } from './proxy-state.ts';

type Master = Pick<Process, 'pid' | 'namespace'>;

/** Milliseconds between attempts to reach a master that lives. */
const PAUSE = 20;

export class Sentinels {
  readonly #watches = new Map<string, Watch>();
  readonly #lost: (id: string) => void;

  constructor(lost: (id: string) => void) {
    this.#lost = lost;
  }

  /** Starts to watch a node's proxy, if one runs; says whether it does. One that says nothing is none: who looks at it more closely replaces it. */
  async watch(id: string, files: NodeFiles): Promise<boolean> {
    this.drop(id);
    const info = await answerOrNull(files);
    const master = info && parentInNamespace(info.pid);
    if (!master) return false;
    const watch = new Watch(files.masterSocket, master, () => {
      this.#watches.delete(id);
      this.#lost(id);
    });
    this.drop(id);
    this.#watches.set(id, watch);
    watch.begin();
    return true;
  }

  /** Whether the node's proxy is believed to run. */
  watches(id: string): boolean {
    return this.#watches.has(id);
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

async function answerOrNull(files: NodeFiles): ReturnType<typeof readWorkerInfo> {
  try {
    return await readWorkerInfo(files);
  } catch (error) {
    if (error instanceof SilentProxyError) return null;
    throw error;
  }
}

/** Neither its socket nor its timer keeps this process from ending. */
class Watch {
  readonly #path: string;
  readonly #master: Master;
  readonly #lost: () => void;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(path: string, master: Master, lost: () => void) {
    this.#path = path;
    this.#master = master;
    this.#lost = lost;
  }

  begin(): void {
    const socket = connect(this.#path);
    this.#socket = socket;
    socket.unref();
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => this.#closed());
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #closed(): void {
    if (this.#ended) return;
    if (isThere(this.#master)) this.#timer = setTimeout(() => this.begin(), PAUSE).unref();
    else this.#lost();
  }
}
