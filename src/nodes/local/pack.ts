/**
 * The process that serves several nodes, each in its own namespace. It costs a twentieth of the memory of one for each, and
 * their fate is one: so a balancer is in it only if its flavor asks. Changes that need a reload and come at the same time
 * share it; one that HAProxy refuses holds up none of the others.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyConfig, Server } from '../../model/node-config.ts';
import type { ServerStep } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type Share, packConfig, packFiles as programs, sectionsOf } from '../../render/haproxy/pack.ts';
import { NEXT_DIRECTORY } from '../../render/haproxy/next-worker.ts';
import { distinct } from '../../render/haproxy/services.ts';
import { NotYetError } from '../node.ts';
import { entriesOf, removeDirectory, writeWhole, makeNodeDirectory } from './files.ts';
import { ipBatch } from './ip.ts';
import { nodeNamespace, packFiles, packNamespace } from './names.ts';
import { createNamespace, deleteNamespace, end, namespaceExists, namespaceInode, processesAt } from './namespace.ts';
import { nodeSysctls } from './node-sysctls.ts';
import { PackReadings } from './pack-reading.ts';
import { nodesWithShare, readShare, removeShare, writeShare } from './pack-shares.ts';
import { type PackSnapshot, type PackState, presentShare, readPackSnapshot, readPackState } from './pack-state.ts';
import { writeProxyFiles } from './proxy-files.ts';
import { isSound } from './proxy-present.ts';
import { prepareStart, type ProxyPlace, startProxy, stopProxy } from './proxy-process.ts';
import { paceOf } from './pack-pace.ts';
import { reloadProxy } from './proxy-reload.ts';
import { readProcesses } from './proxy-state.ts';
import { SilentProxyError } from './proxy-socket.ts';
import { Sentinels } from './sentinel.ts';
import { Serial } from './serial.ts';
import { carryServerSteps } from './server-steps.ts';

/** All that is left of root: entering a namespace, and ports below 1024. Its files are root's own. */
const CONFINED = ['setpriv', '--bounding-set=-all,+sys_admin,+net_bind_service', '--inh-caps=-all', '--no-new-privs'];
/** Milliseconds that a look at the process is good for. */
const FRESH = 250;
/** Milliseconds that a master is given to say how many workers it has: one that has been stopped never does. */
const PATIENCE = 1000;
/** More than a few threads gain nothing that the kernel does not eat. */
const THREADS_AT_MOST = 4;

export interface PackOptions {
  readonly instance: string;
  readonly runPath: string;
  readonly haproxy?: string;
}

/** A share to be, or null for one that is to go. */
interface Change {
  readonly node: string;
  readonly proxy: ProxyConfig | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Pack {
  readonly #options: PackOptions;
  readonly #place: ProxyPlace;
  readonly #shares: string;
  readonly #serial = new Serial();
  readonly #sentinels: Sentinels;
  readonly #readings: PackReadings;
  readonly #lost: (nodes: readonly string[], what: string) => void;
  #waiting: Change[] = [];
  /** Somebody is about to carry out what waits. */
  #begins = false;
  #reloadedAt = -Infinity;
  /** null after anything was done. */
  #taken: { readonly at: number; readonly snapshot: Promise<PackSnapshot> } | null = null;

  /** @param lost is told of nodes whose proxy is gone, and what it was */
  constructor(options: PackOptions, lost: (nodes: readonly string[], what: string) => void) {
    const files = packFiles(options.runPath);
    this.#options = options;
    this.#shares = files.shares;
    this.#place = { namespace: packNamespace(options.instance), files, haproxy: options.haproxy ?? 'haproxy', confined: CONFINED };
    this.#lost = lost;
    this.#sentinels = new Sentinels(() => void this.#tellLost('the proxy that nodes share is gone'));
    this.#readings = new PackReadings(this.#place);
  }

  async start(): Promise<void> {
    if ((await nodesWithShare(this.#shares)).length > 0) await this.#watch();
  }

  stop(): void {
    this.#sentinels.close();
  }

  /** Whether the node is, or was to be, served here. */
  async has(node: string): Promise<boolean> {
    return (await readShare(this.#shares, node)) !== null;
  }

  /** The node's share as it runs; null where it does not. */
  present(node: string): Promise<ProxyConfig | null> {
    return this.#serial.run('pack', async () => presentShare(this.#place, await this.#snapshot(), await this.#shareOf(node)));
  }

  /** Resolves when the share serves; rejects with a NotYetError while clients of some share would be forgotten. */
  set(node: string, proxy: ProxyConfig): Promise<void> {
    return this.#change(node, proxy);
  }

  /** Nothing is served for the node any more; resolves at once if nothing was. */
  async remove(node: string): Promise<void> {
    if (await this.#concerns(node)) await this.#change(node, null);
  }

  /** False for a node that has nothing to do with those here: it waits for none of them. */
  async #concerns(node: string): Promise<boolean> {
    if (!existsSync(this.#place.files.directory)) return false;
    const filed = await nodesWithShare(this.#shares);
    // Without shares there is something to clear away.
    if (filed.length === 0 || filed.includes(node)) return true;
    const snapshot = await readPackSnapshot(this.#place).catch(() => null);
    return snapshot === null || snapshot.config.includes(`share.${node}.`) || snapshot.state?.marks.has(node) === true;
  }

  /** What the runtime socket is told of next is in the files first. */
  write(node: string, proxy: ProxyConfig): Promise<void> {
    return this.#serial.run('pack', async () => {
      this.#taken = null;
      await writeProxyFiles(this.#place.files, proxy.files);
      await writeShare(this.#shares, node, proxy);
      const shares = await this.#allShares();
      await writeWhole(this.#place.files.config, packConfig(shares, threads()).text);
    });
  }

  carryServers(steps: readonly ServerStep[]): Promise<void> {
    return this.#serial.run('pack', () => {
      this.#taken = null;
      return carryServerSteps(this.#place, steps).finally(() => (this.#taken = null));
    });
  }

  /** Health and counters of the node's share; null where it does not run. */
  async read(node: string): Promise<Reading | null> {
    const share = await readShare(this.#shares, node);
    if (share === null) return null;
    try {
      const reading = await this.#readings.of(node, share.text);
      if (reading === null) await this.#serial.run('pack', () => this.#confirmLoss());
      return reading;
    } catch (error) {
      // Each node's own reading tells of it.
      if (error instanceof SilentProxyError) this.#lost([node], 'the proxy that nodes share does not answer');
      throw error;
    }
  }

  /** Removes what all shares had, if none is left. */
  async tidy(): Promise<void> {
    if ((await nodesWithShare(this.#shares)).length === 0) await this.#serial.run('pack', () => this.#end());
  }

  /** Good for a moment: with hundreds of shares each look at all of them takes milliseconds, and a patrol asks for one after the other. */
  #snapshot(): Promise<PackSnapshot> {
    const now = performance.now();
    if (!this.#taken || now - this.#taken.at > FRESH) this.#taken = { at: now, snapshot: readPackSnapshot(this.#place) };
    return this.#taken.snapshot;
  }

  #change(node: string, proxy: ProxyConfig | null): Promise<void> {
    return new Promise((resolve, reject) => this.#add([{ node, proxy, resolve, reject }]));
  }

  #add(changes: readonly Change[]): void {
    this.#waiting.push(...changes);
    if (changes.length === 0 || this.#begins) return;
    this.#begins = true;
    void this.#begin();
  }

  /** What comes while it waits is carried out with the rest. */
  async #begin(): Promise<void> {
    const pause = await this.#pause();
    if (pause > 0) await sleep(pause);
    this.#begins = false;
    await this.#serial.run('pack', () => this.#settle(this.#waiting.splice(0)));
    this.#reloadedAt = performance.now();
  }

  /** Milliseconds until the next reload may be. An answer that does not come is no reason to wait. */
  async #pause(): Promise<number> {
    const answer = readProcesses(this.#place.files).catch(() => null);
    const processes = await Promise.race([answer, sleep(PATIENCE, null, { ref: false })]);
    return Math.max(0, paceOf(processes?.oldWorkers.length ?? 0) - (performance.now() - this.#reloadedAt));
  }

  /** Together; where that fails, in halves, until who is at fault stands alone. */
  async #settle(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      await this.#carry(new Map(changes.map(({ node, proxy }) => [node, proxy])));
      for (const { resolve } of changes) resolve();
    } catch (error) {
      await this.#settleFailed(changes, error);
    }
  }

  async #settleFailed(changes: readonly Change[], error: unknown): Promise<void> {
    if (error instanceof NotYetError) {
      for (const { proxy, reject } of changes) if (proxy !== null) reject(error);
      // Whoever wants no reload is not kept waiting.
      void sleep(error.after).then(() => this.#add(changes.filter(({ proxy }) => proxy === null)));
      return;
    }
    const [first, ...others] = changes;
    if (others.length === 0) return first?.reject(error);
    const half = Math.ceil(changes.length / 2);
    await this.#settle(changes.slice(0, half));
    await this.#settle(changes.slice(half));
  }

  async #carry(changes: ReadonlyMap<string, ProxyConfig | null>): Promise<void> {
    this.#taken = null;
    const state = await readPackState(this.#place);
    const gone = [...changes].flatMap(([node, proxy]) => (proxy === null ? [node] : []));
    // First: what a later reload would bring back must not be there when its namespace is not.
    const filed = await nodesWithShare(this.#shares);
    for (const node of gone) await removeShare(this.#shares, node);
    if (gone.length === changes.size && !gone.some((node) => filed.includes(node) || state?.marks.has(node))) {
      // Left by a start that failed, or an end that was interrupted.
      if (filed.length === 0 && existsSync(this.#place.files.directory)) await this.#end();
      return;
    }
    const shares = await this.#allShares(changes);
    if (shares.length === 0) return this.#end();
    const servers = this.#serversOf(state, changes);
    // A worker hands its sockets to the next one by address and the namespace's name: it must first let go of those in one that is gone.
    const kept = shares.filter(({ node, inode }) => (state?.marks.get(node)?.inode ?? inode) === inode);
    if (kept.length < shares.length) await this.#run(kept, servers, changes);
    await this.#run(shares, servers, changes);
    for (const [node, proxy] of changes) if (proxy !== null) await writeShare(this.#shares, node, proxy);
  }

  async #run(shares: readonly Share[], servers: readonly Server[], changes: ReadonlyMap<string, ProxyConfig | null>): Promise<void> {
    const files = distinct([...programs(), ...[...changes.values()].flatMap((proxy) => proxy?.files ?? [])]);
    const proxy = { ...packConfig(shares, threads()), servers, files };
    await makeNodeDirectory(this.#place.files);
    await mkdir(join(this.#place.files.directory, NEXT_DIRECTORY), { recursive: true, mode: 0o700 });
    if (!(await namespaceExists(this.#place.namespace))) {
      // Whoever is in one whose name is gone would go on listening beside the next one.
      await end(processesAt(this.#place.files.directory), 0);
      await createNamespace(this.#place.namespace, nodeSysctls());
    }
    // Over it workers tell each other which members clients have.
    await ipBatch(this.#place.namespace, [['link', 'set', 'dev', 'lo', 'up']]);
    if (await isSound(this.#place)) {
      await reloadProxy(this.#place, proxy);
      await this.#removeSockets(proxy.text);
      // One that somebody else had started, who was killed before the first share was on disk.
      if (!this.#sentinels.watches('pack')) await this.#watch();
      return;
    }
    this.#sentinels.drop('pack');
    await stopProxy(this.#place);
    await prepareStart(this.#place.files, proxy);
    await (
      await startProxy(this.#place, proxy)
    ).serves;
    await this.#watch();
  }

  /** Of listeners that are no more: HAProxy leaves them where they are. */
  async #removeSockets(text: string): Promise<void> {
    const directory = join(this.#place.files.directory, NEXT_DIRECTORY);
    const left = (await entriesOf(directory)).filter((name) => !text.includes(name));
    await Promise.all(left.map((name) => rm(join(directory, name), { force: true })));
  }

  async #end(): Promise<void> {
    this.#sentinels.drop('pack');
    if (await namespaceExists(this.#place.namespace)) {
      await stopProxy(this.#place);
      await deleteNamespace(this.#place.namespace);
    }
    await removeDirectory(this.#place.files);
  }

  /** A new worker takes the others' over as they run. */
  #serversOf(state: PackState | null, changes: ReadonlyMap<string, ProxyConfig | null>): Server[] {
    const wanted = [...changes.values()].flatMap((proxy) => proxy?.servers ?? []);
    const backends = new Set([...changes.values()].flatMap((proxy) => [...(proxy ? sectionsOf(proxy.text).backends : [])]));
    return [...(state?.servers ?? []).filter(({ backend }) => !backends.has(backend)), ...wanted];
  }

  /** Those on disk, as they will be after the changes; one whose namespace is gone would keep HAProxy from starting. */
  async #allShares(changes: ReadonlyMap<string, ProxyConfig | null> = new Map()): Promise<Share[]> {
    const nodes = new Set([...(await nodesWithShare(this.#shares)), ...changes.keys()]);
    const shares = await Promise.all([...nodes].map((node) => this.#shareOf(node, changes.get(node))));
    return shares.flatMap((share) => share ?? []).toSorted((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** @param wanted the share to be; undefined for what is on disk */
  async #shareOf(node: string, wanted?: ProxyConfig | null): Promise<Share | null> {
    const namespace = nodeNamespace(this.#options.instance, node);
    const [inode, filed] = await Promise.all([namespaceInode(namespace), wanted === undefined ? readShare(this.#shares, node) : wanted]);
    return inode === null || filed === null ? null : { node, namespace, inode, structure: filed.structure, text: filed.text };
  }

  async #watch(): Promise<void> {
    await this.#sentinels.watch('pack', this.#place.files);
  }

  async #confirmLoss(): Promise<void> {
    if (!this.#sentinels.watches('pack') || (await readPackState(this.#place))) return;
    this.#sentinels.drop('pack');
    await this.#tellLost('the proxy that nodes share is gone');
  }

  async #tellLost(what: string): Promise<void> {
    this.#taken = null;
    this.#lost(await nodesWithShare(this.#shares), what);
  }
}

function threads(): number {
  return Math.min(THREADS_AT_MOST, availableParallelism());
}
