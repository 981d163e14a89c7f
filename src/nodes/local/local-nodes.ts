/**
 * Nodes on this host: each a network namespace with an HAProxy in it. What a node is, is read from the kernel and the
 * proxy every time; this object holds nothing but connections that tell when a proxy dies.
 */
import { existsSync } from 'node:fs';
import type { Log } from '../../model/log.ts';
import { EMPTY_NODE, type Link, type NodeConfig, type ProxyConfig } from '../../model/node-config.ts';
import type { Plan, Step } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type NodeDriver, NodeError } from '../node.ts';
import { allDone } from './all-done.ts';
import { entriesOf, makeNodeDirectory, readIfThere, removeDirectory, removeIfEmpty, writeWhole } from './files.ts';
import { idOfDirectory, idOfNamespace, nodeFiles, nodeNamespace } from './names.ts';
import { end, namespaceExists, namespaceNames, parentInNamespace, processesAt } from './namespace.ts';
import { type Place, readNetwork } from './network-state.ts';
import { announce, carryFirstNetworkSteps, carryNetworkSteps, ensureNamespace, isNetworkStep } from './network-steps.ts';
import { trimLog } from './proxy-log.ts';
import { mastersOf, prepareStart, type ProxyPlace, proxyProcesses, startProxy, stopProxy } from './proxy-process.ts';
import { presentFiles, removeProxyFiles, removeUnnamed, writeProxyFiles } from './proxy-files.ts';
import { combined, readPacketReading } from './packet-reading.ts';
import { deletePackets, readPackets, setPackets } from './packets.ts';
import { readProxyReading } from './proxy-reading.ts';
import { reloadProxy } from './proxy-reload.ts';
import { publicServer, readProxyState, readWorkerInfo } from './proxy-state.ts';
import { removeNamespace } from './remove-node.ts';
import { Sentinels } from './sentinel.ts';
import { Serial } from './serial.ts';
import { carryServerSteps, isServerStep } from './server-steps.ts';
import { clearFault, isPaired, vrrpFiles } from './vrrp-files.ts';
import { type VrrpPlace, announcePair, endVrrp, holdsAddress, isKept, presentVrrp, reloadVrrp, startVrrp, stopVrrp } from './vrrp-process.ts';
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
  /** keepalived's executable; `keepalived` in the path if not given. */
  readonly keepalived?: string;
  /** Milliseconds between two adverts of a pair's active node. */
  readonly advertMs?: number;
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
  readonly advertMs: number;
  readonly #options: LocalNodesOptions;
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #sentinels: Sentinels;
  readonly #serial = new Serial();

  constructor(options: LocalNodesOptions) {
    this.#options = options;
    this.advertMs = options.advertMs ?? 100;
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
      const { place, proxy, vrrp } = this.#place(id);
      this.#sentinels.drop(id);
      // Said goodbye to, a peer takes over five times sooner.
      if (isPaired(proxy.files)) await stopVrrp(vrrp);
      await removeNamespace(place);
      await end(processesAt(proxy.files.directory), 0);
      await removeDirectory(proxy.files);
    });
  }

  async read(id: string): Promise<Reading | null> {
    const { proxy: place, vrrp } = this.#place(id);
    const [proxy, packets, active] = await Promise.all([readProxyReading(place.files), readPacketReading(place), this.active(id)]);
    if (!proxy && this.#sentinels.watches(id)) await this.#serial.run(id, () => this.#confirmLoss(id));
    if (active !== null) await this.#lookAfter(id, vrrp);
    const reading = combined(proxy, packets);
    return reading && active === false ? { ...reading, standby: true } : reading;
  }

  async active(id: string): Promise<boolean | null> {
    const { vrrp } = this.#place(id);
    return isPaired(vrrp.files) ? holdsAddress(vrrp) : null;
  }

  async #lookAfter(id: string, place: VrrpPlace): Promise<void> {
    await trimLog(place.files.log);
    if (!(await isKept(place))) await this.#serial.run(id, () => this.#confirmUnkept(id, place));
  }

  /** A plan that was being carried out may have had it stopped. */
  async #confirmUnkept(id: string, place: VrrpPlace): Promise<void> {
    if (isPaired(place.files) && !(await isKept(place))) this.#tellLost(id, 'the keepalived of a node is gone');
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

  #tellLost(id: string, what = 'the proxy of a node is gone'): void {
    this.#options.log.warn({ node: id }, what);
    for (const listener of this.#listeners) listener(id);
  }

  #place(id: string): { place: Place; proxy: ProxyPlace; vrrp: VrrpPlace } {
    const { instance, runPath, bridgeMappings, haproxy = 'haproxy', keepalived = 'keepalived' } = this.#options;
    const namespace = nodeNamespace(instance, id);
    const files = nodeFiles(runPath, id);
    const vrrp = { namespace, files: vrrpFiles(files), keepalived };
    return { place: { instance, id, namespace, bridgeMappings }, proxy: { namespace, files, haproxy }, vrrp };
  }

  async #present(id: string): Promise<NodeConfig | null> {
    const { place, proxy, vrrp } = this.#place(id);
    if (!(await namespaceExists(place.namespace))) {
      return (await this.list()).includes(id) ? EMPTY_NODE : null;
    }
    const [network, running, packets, shared] = await Promise.all([readNetwork(place), presentProxy(proxy), readPackets(proxy), presentVrrp(vrrp)]);
    return { ...EMPTY_NODE, ...network, proxy: running, packets, vrrp: shared };
  }

  async #carry(id: string, plan: Plan): Promise<void> {
    if (plan.length === 0) return;
    const { place, proxy } = this.#place(id);
    if (existsSync(proxy.files.directory) && !(await namespaceExists(place.namespace))) await end(processesAt(proxy.files.directory), 0);
    // The directory first: whatever is left by a crash from here on is listed.
    await makeNodeDirectory(proxy.files);
    for (const step of plan) if (step.kind === 'start-vrrp') await announcePair(vrrpFiles(proxy.files), step.vrrp);
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
    const { place, proxy, vrrp } = this.#place(id);
    const network = steps.filter(isNetworkStep);
    if (network.length > 0) return carryNetworkSteps(place, network);
    for (const step of steps) await carryPacketStep(proxy, step, context);
    for (const step of steps) await carryVrrpStep(vrrp, step);
    const servers = steps.filter(isServerStep);
    if (servers.length > 0) return carryServerSteps(proxy, servers);
    for (const step of steps.filter(isProxyStep)) await this.#carryProxyStep(id, proxy, step, context);
  }

  async #carryProxyStep(id: string, place: ProxyPlace, step: Step, context: Context): Promise<void> {
    switch (step.kind) {
      case 'write-config':
        await writeProxyFiles(place.files, step.proxy.files);
        return writeWhole(place.files.config, step.proxy.text);
      case 'start-proxy':
        await this.#startProxy(id, place, step.proxy, context);
        return clearFault(place.files);
      case 'reload-proxy':
        return reloadProxy(place, step.proxy);
      case 'stop-proxy':
        this.#sentinels.drop(id);
        await stopProxy(place);
        await removeProxyFiles(place.files);
        return clearFault(place.files);
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
    await removeUnnamed(place.files);
    if (!(await this.#sentinels.watch(id, place.files))) throw new NodeError('the proxy ended as soon as it served');
  }
}

/** A node announces itself when it serves: who was waiting for it would be refused until then. */
async function carryPacketStep(place: ProxyPlace, step: Step, { fresh, added }: Context): Promise<void> {
  if (step.kind === 'delete-packets') await deletePackets(place);
  if (step.kind !== 'set-packets') return;
  await setPackets(place, step.packets);
  if (fresh) await announce(place.namespace, added, Promise.resolve());
}

function isProxyStep({ kind }: Step): boolean {
  return !kind.endsWith('-packets') && !kind.endsWith('-vrrp');
}

async function carryVrrpStep(place: VrrpPlace, step: Step): Promise<void> {
  if (step.kind === 'start-vrrp') await startVrrp(place, step.vrrp);
  if (step.kind === 'reload-vrrp') await reloadVrrp(place, step.vrrp);
  if (step.kind === 'stop-vrrp') await endVrrp(place);
}

/** In a new namespace no proxy runs, and its files are written while links are made. */
async function prepareAhead({ files }: ProxyPlace, plan: Plan): Promise<void> {
  for (const step of plan) if (step.kind === 'start-proxy') await prepareStart(files, step.proxy);
}

async function presentProxy({ files }: ProxyPlace): Promise<ProxyConfig | null> {
  const [state, text] = await Promise.all([readProxyState(files), readIfThere(files.config)]);
  // A worker that lost its master can never be reloaded: it counts as none.
  if (!state || !parentInNamespace(state.pid)) return null;
  return { text: text ?? '', structure: state.structure, servers: state.servers.map(publicServer), files: await presentFiles(files, text ?? '') };
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
