/**
 * Observation: reads every node at a short interval, turns what it sees into operating statuses and statistics, and
 * writes only what changed. Reads are cheap and many, writes few and batched.
 */
import { type Amphora, amphora } from '../model/amphora.ts';
import type { Log } from '../model/log.ts';
import type { ListenerReading, Reading, WorkerCounters } from '../model/reading.ts';
import type { Drivers } from '../nodes/drivers.ts';
import { AbsentHostError } from '../nodes/node.ts';
import { type BalancerTree, balancerTree } from '../store/balancer-tree.ts';
import { type StatusChange, recordReadings } from '../store/readings.ts';
import { list } from '../store/rows.ts';
import { addReadings } from '../store/statistics.ts';
import type { Store } from '../store/store.ts';
import { statusChanges } from './operating-status.ts';
import { servingReading } from './serving-reading.ts';

export interface ObserverOptions {
  readonly store: Store;
  readonly drivers: Drivers;
  readonly log: Log;
  /** Called for a balancer whose kernel table has to follow the health of its members, or was changed by somebody else. */
  readonly onOutdated?: (loadBalancerId: string) => void;
  /** Milliseconds between readings of a node. */
  readonly readInterval: number;
  /** Milliseconds between writes of statistics. */
  readonly statisticsInterval: number;
}

/** A balancer as its nodes see it. */
interface Observed {
  readonly loadBalancerId: string;
  /** The newest reading of each node. */
  readonly readings: Map<string, Reading | null>;
  /** What the last written statuses were made from; a new reading that looks the same is not written again. */
  seen: string;
  /** The reading that those statuses were made from. */
  last: Reading | null;
  /** The reading that is going on, of any of its nodes. */
  reading: Promise<void> | null;
}

interface Watched {
  readonly amphoraId: string;
  readonly driver: string;
  readonly balancer: Observed;
  /** Listener counters not yet added to the statistics. */
  counters: readonly ListenerReading[] | null;
  /** As they were read last. */
  listeners: readonly ListenerReading[];
  countersSeen: string;
}

/** Nodes read at the same time: enough to hide latency, few enough not to flood the proxies. */
const PARALLEL_READS = 16;

export class Observer {
  readonly #options: ObserverOptions;
  readonly #watched = new Map<string, Watched>();
  /** Nodes that are gone, until what they counted is added to the statistics. */
  readonly #parting = new Set<Watched>();
  readonly #balancers = new Map<string, Observed>();
  #timers: NodeJS.Timeout[] = [];
  #reading: Promise<void> | null = null;
  #flushing: Promise<void> | null = null;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const rows = await list(this.#options.store.db, amphora, { where: [], sort: [], limit: null, marker: null, reverse: false });
    for (const row of rows.filter(({ driver }) => this.#isObserved(driver))) this.#watch(row);
    this.#timers = [
      setInterval(() => void (this.#reading ??= this.#readAll().finally(() => (this.#reading = null))), this.#options.readInterval),
      setInterval(() => void (this.#flushing ??= this.#flush().finally(() => (this.#flushing = null))), this.#options.statisticsInterval),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([this.#reading, this.#flushing]);
    await this.#flush();
  }

  /** These nodes carry the balancer, and were just delivered to: they are read at once, with the rows as they are now. */
  assign(loadBalancerId: string, amphorae: readonly Amphora[]): void {
    const assigned = new Set(amphorae.map(({ id }) => id));
    const balancer = this.#balancers.get(loadBalancerId);
    for (const id of [...(balancer?.readings.keys() ?? [])].filter((node) => !assigned.has(node))) {
      const parting = this.#watched.get(id);
      // With the balancer its statistics are gone.
      if (parting && assigned.size > 0) this.#parting.add(parting);
      this.#watched.delete(id);
      balancer?.readings.delete(id);
    }
    if (assigned.size === 0) this.#balancers.delete(loadBalancerId);
    for (const row of amphorae.filter(({ driver }) => this.#isObserved(driver))) void this.#read(this.#watch(row));
  }

  /** Whether any balancer is on a node of this driver. */
  carries(driver: string): boolean {
    return this.#watched.values().some((watched) => watched.driver === driver);
  }

  #isObserved(driver: string): boolean {
    return this.#options.drivers.named(driver)?.observed ?? true;
  }

  #watch({ id, driver, loadbalancer_id: loadBalancerId }: Amphora): Watched {
    const balancer = this.#balancers.get(loadBalancerId) ?? { loadBalancerId, readings: new Map(), seen: '', last: null, reading: null };
    balancer.seen = '';
    const watched: Watched = this.#watched.get(id) ?? { amphoraId: id, driver, balancer, counters: null, listeners: [], countersSeen: '' };
    if (!balancer.readings.has(id)) balancer.readings.set(id, null);
    this.#balancers.set(loadBalancerId, balancer);
    this.#watched.set(id, watched);
    return watched;
  }

  /** Before a reload, or before the node goes: the counters of workers that are about to end. Throws nothing. */
  async readNode(amphoraId: string): Promise<void> {
    const watched = this.#watched.get(amphoraId);
    if (watched) await this.#read(watched);
  }

  async #readAll(): Promise<void> {
    const queue = [...this.#watched.values()];
    const worker = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) await this.#read(next);
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, worker));
  }

  /** One at a time per balancer, so that an older reading is never written over a newer one. */
  async #read(watched: Watched): Promise<void> {
    const { balancer } = watched;
    const before = balancer.reading;
    const { promise, resolve } = Promise.withResolvers<void>();
    balancer.reading = promise;
    await before;
    await this.#readOnce(watched).finally(resolve);
  }

  async #readOnce(watched: Watched): Promise<void> {
    const { amphoraId, driver, balancer } = watched;
    try {
      const reading = (await this.#options.drivers.named(driver)?.read(amphoraId)) ?? null;
      if (reading) this.#count(watched, reading);
      if (this.#watched.get(amphoraId) !== watched) return;
      if (reading?.outdated === true) this.#options.onOutdated?.(balancer.loadBalancerId);
      balancer.readings.set(amphoraId, reading);
      await this.#judge(balancer, servingReading([...balancer.readings.values()]));
    } catch (error) {
      const said = { amphora: amphoraId, reason: error instanceof Error ? error.message : String(error) };
      // That a host is away was said once; what was last seen of its nodes stands.
      if (error instanceof AbsentHostError) this.#options.log.debug(said, 'could not be read');
      else this.#options.log.warn(said, 'could not be read');
    }
  }

  async #judge(balancer: Observed, reading: Reading | null): Promise<void> {
    const seen = healthOf(reading);
    if (seen === balancer.seen) return;
    if (await this.#record(balancer.loadBalancerId, reading, balancer.last)) balancer.seen = seen;
    balancer.last = reading;
  }

  /** False while a write is on its way to the node: then the rows are ahead of the reading. */
  async #record(loadBalancerId: string, reading: Reading | null, before: Reading | null): Promise<boolean> {
    const { store, log } = this.#options;
    const tree = await balancerTree(store.db, loadBalancerId);
    if (!tree || tree.balancer.deleting) return false;
    const changes = statusChanges(tree, reading, before);
    if (changes.length > 0) await store.transaction((tx) => recordReadings(tx, changes));
    this.#tell(log, tree, changes);
    return tree.balancer.generation === tree.balancer.delivered_generation;
  }

  /** A member that goes or comes back is news; the rest follows from it. */
  #tell(log: Log, { balancer: { id: loadbalancer }, members }: BalancerTree, changes: readonly StatusChange[]): void {
    for (const { table, id, status, seen } of changes) {
      const before = table === 'member' ? members.find((row) => row.id === id)?.operating_status : undefined;
      const said = { loadbalancer, table, id, status, ...(seen === undefined ? {} : { reason: seen.reason, seenBy: seen.by }) };
      if (before !== undefined && before !== status && [before, status].includes('ERROR')) log.info(said, 'operating status of a member');
      else log.debug(said, 'operating status');
    }
  }

  #count(watched: Watched, { listeners }: Reading): void {
    const seen = JSON.stringify(listeners);
    if (seen === watched.countersSeen) return;
    watched.countersSeen = seen;
    watched.listeners = listeners;
    watched.counters = merged(watched.counters ?? [], listeners);
  }

  /** All that is new goes into one transaction: one write to disk however many balancers have traffic. */
  async #flush(): Promise<void> {
    const gone = [...this.#parting].map((watched) => ({ watched, counters: atRest(watched.counters ?? watched.listeners) }));
    const due = [...this.#watched.values()].flatMap((watched) => (watched.counters === null ? [] : [{ watched, counters: watched.counters }]));
    if (gone.length + due.length === 0) return;
    try {
      await this.#options.store.transaction(async (tx) => {
        for (const { watched, counters } of [...gone, ...due]) await addReadings(tx, watched.balancer.loadBalancerId, watched.amphoraId, counters);
      });
      for (const { watched } of gone) this.#parting.delete(watched);
      // What was read meanwhile is newer than what was written.
      for (const { watched, counters } of due) if (watched.counters === counters) watched.counters = null;
    } catch (error) {
      this.#options.log.warn({ reason: String(error) }, 'statistics not written');
    }
  }
}

/** Workers that ended since the last write keep their last counters until they are written, also where all of a listener's did. */
function merged(before: readonly ListenerReading[], now: readonly ListenerReading[]): ListenerReading[] {
  const last = new Map(before.map(({ id, counters }) => [id, counters]));
  const present = new Set(now.map(({ id }) => id));
  const read = now.map((listener) => {
    const current = new Set(listener.counters.map(({ worker }) => worker));
    const ended = (last.get(listener.id) ?? []).filter(({ worker }) => !current.has(worker));
    return { ...listener, counters: [...ended.map(closed), ...listener.counters] };
  });
  return [...atRest(before.filter(({ id }) => !present.has(id))), ...read];
}

/** What a node that is gone leaves behind. */
function atRest(listeners: readonly ListenerReading[]): ListenerReading[] {
  return listeners.map((listener) => ({ ...listener, counters: listener.counters.map(closed) }));
}

function closed(counters: WorkerCounters): WorkerCounters {
  return { ...counters, activeConnections: 0 };
}

/** The part of a reading that statuses are made from. */
function healthOf(reading: Reading | null): string {
  if (!reading) return 'none';
  return JSON.stringify([reading.listeners.map(({ id, state }) => [id, state]), reading.pools, reading.members]);
}
