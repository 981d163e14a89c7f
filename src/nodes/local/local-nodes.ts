/**
 * Nodes on this host: each a network namespace with an HAProxy in it. What a node is, is read from the kernel and the
 * proxy every time; this object holds nothing but connections that tell when a proxy dies.
 */
import { existsSync } from 'node:fs';
import { makeDirectory } from '../../config/make-directory.ts';
import type { Log } from '../../model/log.ts';
import type { Link, NodeConfig, ProxyConfig } from '../../model/node-config.ts';
import type { Plan, Step } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type NodeDriver, NodeError } from '../node.ts';
import { allDone } from './all-done.ts';
import { entriesOf, readIfThere, removeDirectory, removeIfEmpty, writeWhole } from './files.ts';
import { idOfDirectory, idOfNamespace, nodeFiles, nodeNamespace } from './names.ts';
import { end, namespaceExists, namespaceNames, parentInNamespace, processesAt } from './namespace.ts';
import { type Place, readNetwork } from './network-state.ts';
import { announce, carryFirstNetworkSteps, carryNetworkSteps, ensureNamespace, isNetworkStep } from './network-steps.ts';
import { mastersOf, prepareStart, type ProxyPlace, proxyProcesses, startProxy, stopProxy } from './proxy-process.ts';
import { readProxyReading } from './proxy-reading.ts';
import { reloadProxy } from './proxy-reload.ts';
import { publicServer, readProxyState, readWorkerInfo } from './proxy-state.ts';
import { removeNamespace } from './remove-node.ts';
import { Sentinels } from './sentinel.ts';
import { Serial } from './serial.ts';
import { carryServerSteps, isServerStep } from './server-steps.ts';
import { type Bridge, mendSwitch, removeIdleSwitch } from './switch.ts';

export interface LocalNodesOptions {
  /** Six hexadecimal digits. */
  readonly instance: string;
  /** Directory for the nodes' directories; short, because sockets lie below it. */
  readonly runPath: string;
  /** Physical network to bridge, as configured by the operator. */
  readonly bridgeMappings: ReadonlyMap<string, Bridge>;
  readonly log: Log;
  /** HAProxy's executable; `haproxy` in the path if not given. */
  readonly haproxy?: string;
}

/** What of a plan concerns steps later in it. */
interface Context {
  /** The namespace was made for this plan: no proxy runs, and its files are written. */
  readonly fresh: boolean;
  /** Links that the plan has added so far. */
  readonly added: readonly Link[];
}

/** A socket's path has 108 bytes with its final NUL; behind the run path come a slash, 32 hex digits and the socket's name. */
const RUN_PATH_AT_MOST = 107 - '/0123456789abcdef0123456789abcdef/master.sock'.length;

export class LocalNodes implements NodeDriver {
  readonly name = 'local';
  readonly carries = 'haproxy';
  readonly observed = true;
  readonly #options: LocalNodesOptions;
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #sentinels: Sentinels;
  readonly #serial = new Serial();

  constructor(options: LocalNodesOptions) {
    this.#options = options;
    this.#sentinels = new Sentinels((id) => this.#tellLost(id));
  }

  async start(): Promise<void> {
    const { instance, runPath } = this.#options;
    if (Buffer.byteLength(runPath) > RUN_PATH_AT_MOST) throw new NodeError(`the run path must not be longer than ${RUN_PATH_AT_MOST} bytes: ${runPath}`);
    await mendSwitch(instance);
    const ids = await this.list();
    await Promise.all(ids.map((id) => this.#sentinels.watch(id, nodeFiles(runPath, id))));
  }

  async stop(): Promise<void> {
    this.#sentinels.close();
    await Promise.resolve();
  }

  async list(): Promise<string[]> {
    const [namespaces, directories] = await Promise.all([namespaceNames(), entriesOf(this.#options.runPath)]);
    const ids = [...namespaces.map((name) => idOfNamespace(this.#options.instance, name)), ...directories.map(idOfDirectory)];
    return [...new Set(ids.filter((id) => id !== null))];
  }

  /** Waits for a plan that is being carried out: in the middle of a reload a proxy looks as if there was none. */
  present(id: string): Promise<NodeConfig | null> {
    return this.#serial.run(id, () => this.#present(id));
  }

  apply(id: string, plan: Plan): Promise<void> {
    return this.#serial.run(id, () => this.#carry(id, plan));
  }

  remove(id: string): Promise<void> {
    return this.#serial.run(id, async () => {
      const { place, proxy } = this.#place(id);
      this.#sentinels.drop(id);
      await removeNamespace(place);
      await end(processesAt(proxy.files.directory), 0);
      await removeDirectory(proxy.files);
    });
  }

  async read(id: string): Promise<Reading | null> {
    const reading = await readProxyReading(nodeFiles(this.#options.runPath, id));
    if (!reading && this.#sentinels.watches(id)) await this.#serial.run(id, () => this.#confirmLoss(id));
    return reading;
  }

  /** A master that is stuck, or was stopped, does not notice that its worker died; and only masters are watched. */
  async #confirmLoss(id: string): Promise<void> {
    if (!this.#sentinels.watches(id) || (await readWorkerInfo(nodeFiles(this.#options.runPath, id)))) return;
    this.#sentinels.drop(id);
    this.#tellLost(id);
  }

  onLost(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  async tidy(): Promise<void> {
    if ((await this.list()).length > 0) return;
    if (await removeIdleSwitch(this.#options.instance)) await removeIfEmpty(this.#options.runPath);
  }

  #tellLost(id: string): void {
    this.#options.log.warn({ node: id }, 'the proxy of a node is gone');
    for (const listener of this.#listeners) listener(id);
  }

  #place(id: string): { place: Place; proxy: ProxyPlace } {
    const { instance, runPath, bridgeMappings, haproxy = 'haproxy' } = this.#options;
    const namespace = nodeNamespace(instance, id);
    return { place: { instance, id, namespace, bridgeMappings }, proxy: { namespace, files: nodeFiles(runPath, id), haproxy } };
  }

  async #present(id: string): Promise<NodeConfig | null> {
    const { place, proxy } = this.#place(id);
    if (!(await namespaceExists(place.namespace))) {
      return (await this.list()).includes(id) ? { links: [], routes: [], proxy: null } : null;
    }
    const [network, running] = await Promise.all([readNetwork(place), presentProxy(proxy)]);
    return { ...network, proxy: running };
  }

  async #carry(id: string, plan: Plan): Promise<void> {
    if (plan.length === 0) return;
    const { place, proxy } = this.#place(id);
    if (existsSync(proxy.files.directory) && !(await namespaceExists(place.namespace))) await end(processesAt(proxy.files.directory), 0);
    // The directory first: whatever is left by a crash from here on is listed.
    makeDirectory(proxy.files.directory);
    const fresh = await ensureNamespace(place.namespace);
    const [first = [], ...others] = together(plan);
    if (fresh) await allDone([named(first, () => this.#carryFirst(id, first, fresh.made)), fresh.made, prepareAhead(proxy, plan)]);
    else await named(first, () => this.#carryTogether(id, first, { fresh: false, added: [] }));
    const added = plan.flatMap((step) => (step.kind === 'add-link' ? [step.link] : []));
    for (const steps of others) await named(steps, () => this.#carryTogether(id, steps, { fresh: fresh !== null, added }));
  }

  /** @param made - settled when the namespace is there, which has nothing in it then */
  async #carryFirst(id: string, steps: readonly Step[], made: Promise<void>): Promise<void> {
    const network = steps.filter(isNetworkStep);
    if (network.length > 0) return carryFirstNetworkSteps(this.#place(id).place, network, made);
    await made;
    return this.#carryTogether(id, steps, { fresh: true, added: [] });
  }

  async #carryTogether(id: string, steps: readonly Step[], context: Context): Promise<void> {
    const { place, proxy } = this.#place(id);
    const network = steps.filter(isNetworkStep);
    if (network.length > 0) return carryNetworkSteps(place, network);
    const servers = steps.filter(isServerStep);
    if (servers.length > 0) return carryServerSteps(proxy, servers);
    for (const step of steps) await this.#carryProxyStep(id, proxy, step, context);
  }

  async #carryProxyStep(id: string, place: ProxyPlace, step: Step, context: Context): Promise<void> {
    switch (step.kind) {
      case 'write-config':
        return writeWhole(place.files.config, step.proxy.text);
      case 'start-proxy':
        return this.#startProxy(id, place, step.proxy, context);
      case 'reload-proxy':
        return reloadProxy(place, step.proxy);
      case 'stop-proxy':
        this.#sentinels.drop(id);
        return stopProxy(place);
      default:
        throw new NodeError(`'${step.kind}' is not a step about a proxy`);
    }
  }

  /** Where a sound proxy runs already, a start is a reload: nobody loses a connection. */
  async #startProxy(id: string, place: ProxyPlace, proxy: ProxyConfig, { fresh, added }: Context): Promise<void> {
    if (!fresh && (await isSound(place))) return reloadProxy(place, proxy);
    this.#sentinels.drop(id);
    if (!fresh) {
      await stopProxy(place);
      await prepareStart(place.files, proxy);
    }
    const { serves } = await startProxy(place, proxy);
    await allDone([serves, announce(place.namespace, added, serves)]);
    if (!(await this.#sentinels.watch(id, place.files))) throw new NodeError('the proxy ended as soon as it served');
  }
}

/** In a new namespace no proxy runs, and its files are written while links are made. */
async function prepareAhead({ files }: ProxyPlace, plan: Plan): Promise<void> {
  for (const step of plan) if (step.kind === 'start-proxy') await prepareStart(files, step.proxy);
}

async function presentProxy({ files }: ProxyPlace): Promise<ProxyConfig | null> {
  const [state, text] = await Promise.all([readProxyState(files), readIfThere(files.config)]);
  // A worker that lost its master can never be reloaded: it counts as none.
  if (!state || !parentInNamespace(state.pid)) return null;
  return { text: text ?? '', structure: state.structure, servers: state.servers.map(publicServer) };
}

async function isSound(place: ProxyPlace): Promise<boolean> {
  const masters = mastersOf(await proxyProcesses(place));
  return masters.length === 1 && (await presentProxy(place)) !== null;
}

/** Consecutive steps that are carried out together. A link is never deleted in one go with what came before. */
function together(plan: Plan): Step[][] {
  const groups: Step[][] = [];
  for (const step of plan) {
    const last = groups.at(-1);
    if (last && belongs(last, step)) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function belongs(group: readonly Step[], step: Step): boolean {
  if (isServerStep(step)) return group.every(isServerStep);
  if (!isNetworkStep(step) || !group.every(isNetworkStep)) return false;
  return step.kind !== 'delete-link' || group.every(({ kind }) => kind === 'delete-link' || kind === 'create-node');
}

async function named(steps: readonly Step[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new NodeError(`${[...new Set(steps.map(({ kind }) => kind))].join(', ')}: ${error.message}`, { cause: error });
  }
}
