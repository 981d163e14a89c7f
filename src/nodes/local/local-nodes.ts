/**
 * Nodes on this host: each a network namespace with an HAProxy in it. What a node is, is read from the kernel and the
 * proxy every time; this object holds nothing but connections that tell when a proxy dies, and what saves it from asking
 * the same twice or too often.
 */
import { existsSync } from 'node:fs';
import type { Log } from '../../model/log.ts';
import { EMPTY_NODE, type NodeConfig, type PacketConfig, type ProxyConfig, type VrrpConfig } from '../../model/node-config.ts';
import type { Plan, ServerStep } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type NodeDriver, NodeError, NotYetError } from '../node.ts';
import { leaveStarter, useStarter } from '../programs/current.ts';
import { allDone } from './all-done.ts';
import { trimLog } from './daemon-log.ts';
import { FiledPackets } from './filed-packets.ts';
import { entriesOf, makeNodeDirectory, removeDirectory, removeIfEmpty, writeWhole } from './files.ts';
import { FlowCounter } from './flow-counter.ts';
import { type FlowSyncPlace, presentFlowSync, startFlowSync, stopFlowSync } from './flow-sync.ts';
import { type LocalFlowLogOptions, LocalFlowLogs } from './local-flow-logs.ts';
import { idOfDirectory, idOfNamespace, nodeFiles, nodeNamespace } from './names.ts';
import { end, namespaceExists, namespaceNames, processesAt } from './namespace.ts';
import { type Place, readNetwork } from './network-state.ts';
import { announce, carryFirstNetworkSteps, carryNetworkSteps, ensureNamespace } from './network-steps.ts';
import { type Context, OwnProxies, prepareAhead } from './own-proxies.ts';
import { Pack } from './pack.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { writeProxyFiles } from './proxy-files.ts';
import { combined, readPacketReading } from './packet-reading.ts';
import { cutOwedFlows, deletePackets, owesCuts, type PacketPlace, readPackets, setPackets } from './packets.ts';
import { type Group, groupsOf, type SingleStep } from './plan-groups.ts';
import { presentProxy, unlessStopped } from './proxy-present.ts';
import { readProxyReading } from './proxy-reading.ts';
import { SilentProxyError } from './proxy-socket.ts';
import { reloadProxy } from './proxy-reload.ts';
import { readWorkerInfo } from './proxy-state.ts';
import { isWatched, watchAgain } from './proxy-watcher.ts';
import { removeNamespace } from './remove-node.ts';
import { RetryPace } from './retry-pace.ts';
import { Sentinels } from './sentinel.ts';
import { Serial } from './serial.ts';
import { carryServerSteps } from './server-steps.ts';
import { clearFault, isFaulty, isPaired, raiseFault, vrrpFiles } from './vrrp-files.ts';
import { type VrrpPlace, announcePair, endVrrp, heldAddresses, isKept, presentVrrp, reloadVrrp, startVrrp, stopVrrp } from './vrrp-process.ts';
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
  /** conntrackd's executable; where there is none, the nodes of a pair do not tell each other of flows. */
  readonly conntrackd?: string;
  /** Milliseconds between two adverts of a pair's active node. */
  readonly advertMs: number;
  /** Absent: what they carry is logged nowhere. */
  readonly flowLogs?: LocalFlowLogOptions;
}

/** A socket's path has 108 bytes with its final NUL; behind the run path come a slash, 32 hex digits and the socket's name. */
const RUN_PATH_AT_MOST = 107 - '/0123456789abcdef0123456789abcdef/master.sock'.length;

export class LocalNodes implements NodeDriver {
  readonly name = 'local';
  readonly pretends = false;
  readonly observed = true;
  readonly advertMs: number;
  readonly syncsFlows: boolean;
  readonly flowLogs?: 'all' | 'none';
  readonly #options: LocalNodesOptions;
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #sentinels: Sentinels;
  readonly #serial = new Serial();
  readonly #filed = new FiledPackets();
  readonly #flows: FlowCounter;
  readonly #cuts = new RetryPace();
  readonly #own: OwnProxies;
  readonly #pack: Pack;
  #startsPrograms = false;
  #flowLogs: LocalFlowLogs | null = null;

  constructor(options: LocalNodesOptions) {
    this.#options = options;
    this.advertMs = options.advertMs;
    this.syncsFlows = options.conntrackd !== undefined && existsSync(options.conntrackd);
    this.#flows = new FlowCounter(options.log);
    if (options.flowLogs) this.flowLogs = options.flowLogs.byDefault ? 'all' : 'none';
    this.#sentinels = new Sentinels((id) => this.#tellLost(id));
    this.#own = new OwnProxies(this.#sentinels, () => this.#flowLogs);
    this.#pack = new Pack(options, (ids, what) => ids.forEach((id) => this.#tellLost(id, what)));
  }

  async start(): Promise<void> {
    const { instance, runPath } = this.#options;
    if (Buffer.byteLength(runPath) > RUN_PATH_AT_MOST) throw new NodeError(`the run path must not be longer than ${RUN_PATH_AT_MOST} bytes: ${runPath}`);
    this.#startsPrograms ||= useStarter();
    await mendSwitch(instance);
    const ids = await this.list();
    if (this.#options.flowLogs) this.#flowLogs = new LocalFlowLogs(this.#options, this.#options.flowLogs);
    this.#flowLogs?.read(ids);
    await Promise.all([this.#pack.start(), ...ids.map((id) => this.#sentinels.watch(id, nodeFiles(runPath, id)))]);
  }

  async stop(): Promise<void> {
    this.#sentinels.close();
    this.#pack.stop();
    if (this.#startsPrograms) this.#startsPrograms = leaveStarter();
    await this.#flowLogs?.stop();
    this.#flowLogs = null;
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
      await this.#pack.remove(id);
      await removeNamespace(place);
      await end(processesAt(proxy.files.directory), 0);
      this.#flowLogs?.forget(id);
      await removeDirectory(proxy.files);
      this.#forget(id, proxy);
    });
  }

  /** What was kept in memory of a node that there is no more. */
  #forget(id: string, { namespace, files }: ProxyPlace): void {
    this.#cuts.done(id);
    this.#filed.forget(files.packets);
    this.#flows.forget(namespace);
  }

  async read(id: string): Promise<Reading | null> {
    const { proxy: place, packets: table } = this.#place(id);
    const [proxy, packets, held] = await Promise.all([this.#readProxy(id, place), readPacketReading(table, this.#flows), this.held(id)]);
    if (!proxy && this.#sentinels.watches(id)) await this.#serial.run(id, () => this.#confirmLoss(id));
    if (held !== null) await this.#lookAfter(id, proxy !== null);
    if (packets && owesCuts(table)) this.#cutAgain(id, table);
    const reading = combined(proxy, packets);
    return reading && held?.length === 0 ? { ...reading, standby: true } : reading;
  }

  /** One that is asked and says nothing is looked at more closely (`present`), and replaced if that is its end. */
  async #readProxy(id: string, place: ProxyPlace): ReturnType<typeof readProxyReading> {
    try {
      return (await this.#pack.has(id)) ? await this.#pack.read(id) : await unlessStopped(place, readProxyReading(place.files));
    } catch (error) {
      if (error instanceof SilentProxyError && !(await this.#pack.has(id))) this.#tellLost(id, 'the proxy of a node does not answer');
      throw error;
    }
  }

  async held(id: string): Promise<string[] | null> {
    const { vrrp } = this.#place(id);
    return isPaired(vrrp.files) ? heldAddresses(vrrp) : null;
  }

  /** @param served whether the proxy has just answered */
  async #lookAfter(id: string, served: boolean): Promise<void> {
    const { vrrp } = this.#place(id);
    await trimLog(vrrp.files.log);
    if ((await this.#neglected(id, served)) !== null) await this.#serial.run(id, () => this.#confirmNeglect(id, served));
  }

  /** What of a pair's node nobody cares for any more, in words; null where all is well. */
  async #neglected(id: string, served: boolean): Promise<string | null> {
    const { vrrp, proxy } = this.#place(id);
    if (!isPaired(vrrp.files)) return null;
    if (!(await isKept(vrrp))) return 'the keepalived of a node is gone, or stopped';
    return !served || (await isWatched(proxy)) ? null : 'the watcher of a proxy is gone';
  }

  /** A plan that was being carried out may have had it stopped. */
  async #confirmNeglect(id: string, served: boolean): Promise<void> {
    const what = await this.#neglected(id, served && (await readWorkerInfo(this.#place(id).proxy.files)) !== null);
    if (what !== null) this.#tellLost(id, what);
  }

  /** A master that is stuck, or was stopped, does not notice that its worker died; and only masters are watched. */
  async #confirmLoss(id: string): Promise<void> {
    if (!this.#sentinels.watches(id) || (await readWorkerInfo(nodeFiles(this.#options.runPath, id)))) return;
    this.#sentinels.drop(id);
    this.#tellLost(id);
  }

  /** Beside the reading, which must not wait for it. */
  #cutAgain(id: string, place: PacketPlace): void {
    if (!this.#cuts.isTime(id)) return;
    this.#serial
      .run(id, () => cutOwedFlows(place))
      .then(
        () => void (owesCuts(place) || this.#cuts.done(id)),
        (error: unknown) => this.#options.log.warn({ node: id, reason: String(error) }, 'flows without a member were not looked at'),
      );
  }

  onLost(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  async tidy(): Promise<void> {
    if ((await this.list()).length > 0) return;
    await this.#pack.tidy();
    if (await removeIdleSwitch(this.#options.instance)) await removeIfEmpty(this.#options.runPath);
  }

  #tellLost(id: string, what = 'the proxy of a node is gone'): void {
    this.#options.log.warn({ node: id }, what);
    for (const listener of this.#listeners) listener(id);
  }

  #place(id: string): { place: Place; proxy: ProxyPlace; packets: PacketPlace; vrrp: VrrpPlace; sync: FlowSyncPlace } {
    const { instance, runPath, bridgeMappings, log, haproxy = 'haproxy', keepalived = 'keepalived', conntrackd = 'conntrackd' } = this.#options;
    const namespace = nodeNamespace(instance, id);
    const files = nodeFiles(runPath, id);
    return {
      place: { instance, id, namespace, bridgeMappings },
      proxy: { namespace, files, haproxy },
      packets: { namespace, files, filed: this.#filed, log },
      vrrp: { namespace, files: vrrpFiles(files), keepalived },
      sync: { namespace, files, conntrackd },
    };
  }

  async #present(id: string): Promise<NodeConfig | null> {
    const { place, proxy, packets, vrrp, sync } = this.#place(id);
    if (!(await namespaceExists(place.namespace))) {
      return (await this.list()).includes(id) ? EMPTY_NODE : null;
    }
    const found = (await this.#pack.has(id)) ? this.#pack.present(id) : presentProxy(proxy);
    const parts = [readNetwork(place), found, readPackets(packets), presentVrrp(vrrp), presentFlowSync(sync)] as const;
    const [network, running, table, shared, flowSync] = await Promise.all(parts);
    // A keepalived that would not be told of the proxy's death cannot be relied on.
    const told = shared !== null && (running === null || (await isWatched(proxy)));
    return { ...EMPTY_NODE, ...network, proxy: running, packets: table, vrrp: told ? shared : null, flowSync };
  }

  async #carry(id: string, plan: Plan): Promise<void> {
    if (plan.length === 0) return;
    const { place, proxy } = this.#place(id);
    if (existsSync(proxy.files.directory) && !(await namespaceExists(place.namespace))) {
      // A namespace whose name is gone lives on with whoever is in it.
      await Promise.all([end(processesAt(proxy.files.directory), 0), this.#pack.remove(id)]);
    }
    // The directory first: whatever is left by a crash from here on is listed.
    await makeNodeDirectory(proxy.files);
    for (const step of plan) if (step.kind === 'start-vrrp') await announcePair(vrrpFiles(proxy.files), step.vrrp);
    const fresh = await ensureNamespace(place.namespace);
    const [first, ...others] = groupsOf(plan);
    if (fresh) await allDone([named(first, (group) => this.#carryFirst(id, group, fresh.made)), fresh.made, prepareAhead(proxy, plan)]);
    else await named(first, (group) => this.#carryGroup(id, group, { fresh: false, added: [] }));
    const added = plan.flatMap((step) => (step.kind === 'add-link' ? [step.link] : []));
    for (const group of others) await named(group, () => this.#carryGroup(id, group, { fresh: fresh !== null, added }));
  }

  /** @param made - settled when the namespace is there, which has nothing in it then */
  async #carryFirst(id: string, group: Group, made: Promise<void>): Promise<void> {
    if (group.kind === 'network') return carryFirstNetworkSteps(this.#place(id).place, group.steps, made);
    await made;
    return this.#carryGroup(id, group, { fresh: true, added: [] });
  }

  #carryGroup(id: string, group: Group, context: Context): Promise<void> {
    const { place, proxy } = this.#place(id);
    switch (group.kind) {
      case 'network':
        return carryNetworkSteps(place, group.steps);
      case 'servers':
        return this.#carryServers(id, proxy, group.steps);
      case 'single':
        return this.#carryStep(id, group.steps[0], context);
    }
  }

  #carryStep(id: string, step: SingleStep, context: Context): Promise<void> {
    const { proxy, packets, vrrp, sync } = this.#place(id);
    switch (step.kind) {
      case 'set-packets':
        return this.#setPackets(packets, step.packets, context);
      case 'delete-packets':
        return deletePackets(packets);
      case 'write-config':
        if (step.proxy.packed) return this.#pack.write(id, step.proxy);
        return writeProxyFiles(proxy.files, step.proxy.files).then(() => writeWhole(proxy.files.config, step.proxy.text));
      case 'start-proxy':
        return step.proxy.packed ? this.#startPacked(id, step.proxy, context) : this.#own.start(id, proxy, step.proxy, context);
      case 'reload-proxy':
        return step.proxy.packed ? this.#pack.set(id, step.proxy) : reloadProxy(proxy, step.proxy);
      case 'stop-proxy':
        return this.#pack.remove(id).then(() => this.#own.stop(id, proxy));
      case 'start-vrrp':
        return this.#startVrrp(proxy, vrrp, step.vrrp);
      case 'reload-vrrp':
        return reloadVrrp(vrrp, step.vrrp);
      case 'stop-vrrp':
        return endVrrp(vrrp);
      case 'start-flow-sync':
        return startFlowSync(sync, step.flowSync);
      case 'stop-flow-sync':
        return stopFlowSync(sync);
      case 'set-share':
      case 'delete-share':
        return Promise.reject(new NodeError(`${step.kind}: a namespace is no gateway`));
    }
  }

  /** A node announces itself when it serves: who was waiting for it would be refused until then. */
  async #setPackets(place: PacketPlace, packets: PacketConfig, { fresh, added }: Context): Promise<void> {
    await setPackets(place, packets);
    if (fresh) await announce(place.namespace, added, Promise.resolve());
  }

  async #startPacked(id: string, proxy: ProxyConfig, { added }: Context): Promise<void> {
    const serves = this.#pack.set(id, proxy);
    await allDone([serves, announce(this.#place(id).place.namespace, added, serves)]);
  }

  async #carryServers(id: string, place: ProxyPlace, steps: readonly ServerStep[]): Promise<void> {
    await ((await this.#pack.has(id)) ? this.#pack.carryServers(steps) : carryServerSteps(place, steps));
  }

  async #startVrrp(proxy: ProxyPlace, place: VrrpPlace, vrrp: VrrpConfig): Promise<void> {
    await watchAgain(proxy);
    await tellFault(proxy);
    await startVrrp(place, vrrp);
  }
}

/** Says to keepalived what is true of the proxy, where it is said nothing or that it is dead: it serves, or none is wanted. */
async function tellFault({ files }: ProxyPlace): Promise<void> {
  if (!(await isFaulty(vrrpFiles(files)))) return;
  if (!existsSync(files.config) || (await readWorkerInfo(files))) await clearFault(files);
  else await raiseFault(files);
}

/** Carries a group out, if there is one; an error says which steps it is of. */
async function named(group: Group | undefined, carry: (group: Group) => Promise<void>): Promise<void> {
  if (!group) return;
  try {
    await carry(group);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof NotYetError) throw error;
    throw new NodeError(`${[...new Set(group.steps.map(({ kind }) => kind))].join(', ')}: ${error.message}`, { cause: error });
  }
}
