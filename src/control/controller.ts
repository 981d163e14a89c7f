/**
 * Control: wakes `reconcile` for whatever changed, after a restart for everything, and now and then for what may have
 * drifted. Holds no state but what waits to run.
 */
import { type Amphora, amphora } from '../model/amphora.ts';
import type { Log } from '../model/log.ts';
import type { Drivers } from '../nodes/drivers.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { allBalancerIds, expirePending, unsettled } from '../store/balancers.ts';
import { type Kept, purge } from '../store/retention.ts';
import { byId, list } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { type CertificateVault, MaterialReader } from './materials.ts';
import { Observer } from './observe.ts';
import { Patrol } from './patrol.ts';
import { type Reconciler, reconcile } from './reconcile.ts';
import { RestartGuard, type RestartLimits } from './restart-guard.ts';
import { type Outcome, WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  readonly store: Store;
  readonly drivers: Drivers;
  readonly log: Log;
  /** Balancers worked on at the same time. */
  readonly workers: number;
  /** Seconds. */
  readonly pendingDeadline: number;
  readonly resyncInterval: number;
  readonly retryMax: number;
  readonly readInterval: number;
  readonly statisticsInterval: number;
  /** How long the audit trail is kept, days; 90 if not given. */
  readonly auditDays?: number;
  /** How long notifications are kept, hours; 24 if not given. */
  readonly eventHours?: number;
  /** Where certificates are kept; null, or not given: elsewhere. */
  readonly vault?: CertificateVault | null;
  /** When restarts that nobody asked for are held back; never if not given. */
  readonly restarts?: RestartLimits;
}

const NO_LIMITS: RestartLimits = { failoverThreshold: 0, failoverWindow: 1, failoverTrialInterval: 1 };

const RETRY_FIRST_MS = 100;
/** How long a new balancer must be left alone before its node is made, and the longest it waits for that, ms. */
const QUIET_MS = 12;
const QUIET_AT_MOST_MS = 60;
/** How often nodes that nobody owns are looked for, ms. */
const ORPHAN_CHECK_MS = 60_000;
/** How often waiting balancers are compared with their deadline, ms. */
const DEADLINE_CHECK_MS = 1000;
/** How often old rows of the audit trail and of the notifications are removed, ms. */
const PURGE_INTERVAL_MS = 600_000;
const HOUR_MS = 3_600_000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #observer: Observer;
  readonly #reconciler: Reconciler;
  readonly #restarts: RestartGuard;
  #unsubscribe: () => void = () => {};
  #timers: NodeJS.Timeout[] = [];
  #patrol: Patrol | null = null;
  /** The removal of old rows that is under way; null once no more may begin. */
  #purging: Promise<void> | null = Promise.resolve();
  /** Balancers that have their nodes. */
  readonly #delivered = new Set<string>();
  /** Balancers that had their nodes at some time since the start. */
  readonly #known = new Set<string>();
  /** Drivers with nodes since they were last tidied. */
  readonly #used = new Set<string>();

  constructor(options: ControllerOptions) {
    const { store, drivers, log, pendingDeadline } = options;
    const materials = new MaterialReader(options.vault ?? null);
    this.#options = options;
    this.#reconciler = {
      store,
      drivers,
      log,
      pendingDeadline,
      now: () => new Date(),
      beforeReload: (id) => this.#observer.readNode(id),
      materials,
      isDelivered: (id) => this.#known.has(id),
      mayRestart: (id) => this.#restarts.allows(id),
    };
    this.#restarts = new RestartGuard({ store, log, ...(options.restarts ?? NO_LIMITS), wake: (id) => this.#queue.add(id) });
    this.#queue = new WorkQueue({
      workers: options.workers,
      retryFirstMs: RETRY_FIRST_MS,
      retryMaxMs: options.retryMax * 1000,
      work: (id, attempt, aside) => this.#work(id, attempt, aside),
      onError: (id, error) => log.error({ loadbalancer: id, err: error }, 'could not be worked on, will try again'),
    });
    this.#observer = new Observer({
      store,
      drivers,
      log,
      readInterval: options.readInterval * 1000,
      statisticsInterval: options.statisticsInterval * 1000,
      onOutdated: (id) => this.#queue.addGently(id),
    });
  }

  /** Removes what nobody owns, then looks at every balancer once: what a crash left half done is finished here. */
  async start(): Promise<void> {
    const { store, drivers, log } = this.#options;
    await this.#restarts.start();
    for (const driver of drivers.all) {
      driver.onLost((id, returned = false) => void this.#guard('restart', () => this.#lost(driver, id, returned)));
      await driver.start();
      await this.#removeOrphans(driver);
    }
    this.#unsubscribe = store.onChange((ids) => ids.forEach((id) => this.#changed(id)));
    for (const id of await allBalancerIds(store.db)) this.#queue.add(id);
    await this.#observer.start();
    this.#timers = [
      setInterval(() => void this.#guard('looking for nodes without an owner', () => this.#removeAllOrphans()), ORPHAN_CHECK_MS),
      setInterval(() => void this.#guard('deadline check', () => this.#expire()), DEADLINE_CHECK_MS),
      setInterval(() => this.#purge(), PURGE_INTERVAL_MS),
    ];
    this.#purge();
    this.#patrol = new Patrol({
      round: () => allBalancerIds(store.db),
      visit: (id) => this.#queue.addGently(id),
      everyMs: this.#options.resyncInterval * 1000,
      onError: (error) => log.error({ reason: error instanceof Error ? error.message : String(error) }, 'the round of all load balancers failed'),
    });
  }

  /** Stops working. Nodes go on carrying traffic. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#patrol?.stop();
    for (const timer of this.#timers) clearInterval(timer);
    const purging = this.#purging;
    this.#purging = null;
    await purging;
    await this.#observer.stop();
    await this.#queue.stop();
    await this.#restarts.stop();
    for (const driver of this.#options.drivers.all) await driver.stop();
  }

  /** Resolves when no balancer waits for work or is worked on. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  /** Making a node is dear, and a new balancer's listener, pool and members usually follow at once. */
  #changed(id: string): void {
    if (this.#delivered.has(id)) this.#queue.add(id);
    else this.#queue.addWhenQuiet(id, QUIET_MS, QUIET_AT_MOST_MS);
  }

  async #work(id: string, attempt: number, aside: () => void): Promise<Outcome> {
    const outcome = await this.#attempt(id, attempt, aside);
    const amphorae = await this.#amphoraeOf(id);
    this.#observer.assign(id, amphorae);
    if (amphorae.length > 0 && outcome.done) this.#delivered.add(id);
    else this.#delivered.delete(id);
    if (amphorae.length === 0) this.#known.delete(id);
    else if (outcome.done) this.#known.add(id);
    for (const { driver } of amphorae) this.#used.add(driver);
    if (amphorae.length === 0) await this.#tidy();
    return outcome;
  }

  async #attempt(id: string, attempt: number, aside: () => void): Promise<Outcome> {
    let outcome: Outcome | null = null;
    try {
      outcome = await reconcile(this.#reconciler, id, attempt, aside);
      return outcome;
    } finally {
      this.#restarts.ended(id, outcome);
    }
  }

  /** The last node of a driver is gone: what its nodes shared goes too. */
  async #tidy(): Promise<void> {
    for (const driver of this.#options.drivers.all.filter(({ name }) => this.#used.has(name) && !this.#observer.carries(name))) {
      this.#used.delete(driver.name);
      await driver.tidy();
    }
  }

  async #amphoraeOf(loadBalancerId: string): Promise<Amphora[]> {
    const where = [{ column: 'loadbalancer_id', anyOf: [loadBalancerId] }];
    return list(this.#options.store.db, amphora, { where, sort: [], limit: null, marker: null, reverse: false });
  }

  /** Some losses are told with each reading: of one that is held back that is no news, and the patrol looks at it all the same. */
  async #lost(driver: NodeDriver, amphoraId: string, returned: boolean): Promise<void> {
    const row = await byId(this.#options.store.db, amphora, amphoraId);
    if (!row) return this.#removeOrphan(driver, amphoraId);
    // As after a start of this server: nothing that its host's absence left is drift, or a reason to hold others back.
    if (returned) this.#known.delete(row.loadbalancer_id);
    if (returned || !this.#restarts.holds(row.loadbalancer_id)) this.#queue.add(row.loadbalancer_id);
  }

  async #removeOrphan(driver: NodeDriver, node: string): Promise<void> {
    this.#options.log.warn({ node }, 'removing a node that no load balancer owns');
    await driver.remove(node);
  }

  async #removeAllOrphans(): Promise<void> {
    for (const driver of this.#options.drivers.all) await this.#removeOrphans(driver);
  }

  async #expire(): Promise<void> {
    const { store, pendingDeadline } = this.#options;
    await expirePending(store, new Date(), pendingDeadline);
    for (const id of await unsettled(store.db)) this.#queue.addGently(id);
  }

  /** One at a time, and not behind the store's back when that is about to close. */
  #purge(): void {
    if (this.#purging === null) return;
    const { auditDays = 90, eventHours = 24 } = this.#options;
    this.#purging = this.#purging.then(async () => {
      await this.#guard('removing old notifications', () => this.#purgeOlder('event', eventHours * HOUR_MS));
      await this.#guard('removing old entries of the audit trail', () => this.#purgeOlder('audit', auditDays * 24 * HOUR_MS));
    });
  }

  async #purgeOlder(table: Kept, age: number): Promise<void> {
    const removed = await purge(this.#options.store, table, new Date(Date.now() - age), () => this.#purging !== null);
    if (removed > 0) this.#options.log.info({ table, removed }, 'old rows were removed');
  }

  /** Nodes that exist without an amphora row: a crash came between removing the rows and the node, or a restore. */
  async #removeOrphans(driver: NodeDriver): Promise<void> {
    const { store } = this.#options;
    // Nodes first: a node is only ever made after its row.
    const nodes = await driver.list();
    const rows = await list(store.db, amphora, { where: [], sort: [], limit: null, marker: null, reverse: false });
    const owned = new Set(rows.map(({ id }) => id));
    for (const id of nodes.filter((node) => !owned.has(node))) await this.#removeOrphan(driver, id);
  }

  async #guard(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log.error({ reason: error instanceof Error ? error.message : String(error) }, `${what} failed`);
    }
  }
}
