/** Proxies that serve one node each: their start and their end, and who is told of them. */
import type { Link, ProxyConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import { NodeError } from '../node.ts';
import { allDone } from './all-done.ts';
import type { LocalFlowLogs } from './local-flow-logs.ts';
import { announce } from './network-steps.ts';
import { removeProxyFiles, removeUnnamed } from './proxy-files.ts';
import { isSound } from './proxy-present.ts';
import { prepareStart, type ProxyPlace, proxyProcesses, startProxy, stopProxy } from './proxy-process.ts';
import { reloadProxy } from './proxy-reload.ts';
import type { Sentinels } from './sentinel.ts';
import { clearFault, isPaired, raiseFault } from './vrrp-files.ts';

/** What of a plan concerns steps later in it. */
export interface Context {
  /** The namespace was made for this plan: no proxy runs, and its files are written. */
  readonly fresh: boolean;
  /** Links that the plan has added so far. */
  readonly added: readonly Link[];
}

export class OwnProxies {
  readonly #sentinels: Sentinels;
  readonly #flowLogs: () => LocalFlowLogs | null;

  /** @param flowLogs - what reads the proxies' pipes; null while nobody does */
  constructor(sentinels: Sentinels, flowLogs: () => LocalFlowLogs | null) {
    this.#sentinels = sentinels;
    this.#flowLogs = flowLogs;
  }

  /** Where a sound proxy runs already, a start is a reload: nobody loses a connection. */
  async start(id: string, place: ProxyPlace, proxy: ProxyConfig, context: Context): Promise<void> {
    if (!context.fresh && (await isSound(place))) await reloadProxy(place, proxy);
    else await this.#startAnew(id, place, proxy, context);
    await clearFault(place.files);
  }

  /** Of a pair, the other node serves from before the proxy here ends until the new one does. */
  async #startAnew(id: string, place: ProxyPlace, proxy: ProxyConfig, { fresh, added }: Context): Promise<void> {
    this.#sentinels.drop(id);
    try {
      if (!fresh) {
        if (isPaired(place.files) && (await proxyProcesses(place)).length > 0) await raiseFault(place.files);
        await stopProxy(place);
        await prepareStart(place.files, proxy);
      }
      const { serves } = await startProxy(place, proxy);
      this.#flowLogs()?.read([id]);
      await allDone([serves, announce(place.namespace, added, serves)]);
      await removeUnnamed(place.files);
      if (!(await this.#sentinels.watch(id, place.files))) throw new NodeError('the proxy ended as soon as it served');
    } catch (error) {
      await raiseFault(place.files);
      throw error;
    }
  }

  async stop(id: string, place: ProxyPlace): Promise<void> {
    this.#sentinels.drop(id);
    await stopProxy(place);
    await removeProxyFiles(place.files);
    await clearFault(place.files);
  }
}

/** In a new namespace no proxy runs, and its files are written while links are made. */
export async function prepareAhead({ files }: ProxyPlace, plan: Plan): Promise<void> {
  for (const step of plan) if (step.kind === 'start-proxy' && !step.proxy.packed) await prepareStart(files, step.proxy);
}
