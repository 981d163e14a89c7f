/** The breaker in its place: wakes whom it lets go, and tells operators when it opens and closes. */
import type { Log } from '../model/log.ts';
import { announceBreaker, isBreakerSaidOpen } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { Breaker } from './breaker.ts';
import type { Outcome } from './work-queue.ts';

/** `[health_manager] failover_…`, in seconds. */
export interface RestartLimits {
  readonly failoverThreshold: number;
  readonly failoverWindow: number;
  readonly failoverTrialInterval: number;
}

export interface RestartGuardOptions extends RestartLimits {
  readonly store: Store;
  readonly log: Log;
  /** Has a load balancer looked at. */
  readonly wake: (id: string) => void;
}

/** How often it is asked who may go on, ms. */
const CHECK_MS = 100;
const REASONS = {
  opened: 'Very many load balancers need a restart at the same time: more are held back and tried one by one',
  closed: 'Restarts that were tried worked, or few load balancers are left that need one: nothing is held back',
  begun: 'The server was started anew: nothing is held back',
} as const;

export class RestartGuard {
  readonly #options: RestartGuardOptions;
  readonly #breaker: Breaker;
  #timer: NodeJS.Timeout | undefined;
  /** What is still to be told, one after the other. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: RestartGuardOptions) {
    this.#options = options;
    this.#breaker = new Breaker({
      threshold: options.failoverThreshold,
      windowMs: options.failoverWindow * 1000,
      trialMs: options.failoverTrialInterval * 1000,
      now: () => performance.now(),
      onChange: (open, lost) => this.#changed(open, lost),
    });
  }

  /** A server that was killed while something was held back has not said that it ended. */
  async start(): Promise<void> {
    const { store } = this.#options;
    if (await isBreakerSaidOpen(store.db, store.instance)) await this.#tell(false, 0, REASONS.begun);
    this.#timer = setInterval(() => this.#breaker.due().forEach((id) => this.#options.wake(id)), CHECK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
  }

  /** Whether the load balancer may have a restart now that nobody asked for. */
  allows(id: string): boolean {
    return this.#breaker.ask(id);
  }

  /** Whether it is held back, and woken from here. */
  holds(id: string): boolean {
    return this.#breaker.holds(id);
  }

  /** `null`: the attempt failed without an outcome. */
  ended(id: string, outcome: Outcome | null): void {
    if (outcome?.done && outcome.held) return;
    this.#breaker.ended(id, outcome?.done === true || outcome?.sound === true);
  }

  #changed(open: boolean, lost: number): void {
    const reason = open ? REASONS.opened : REASONS.closed;
    this.#options.log.warn({ lost, threshold: this.#options.failoverThreshold }, reason);
    this.#telling = this.#telling
      .then(() => this.#tell(open, lost, reason))
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'that restarts are held back, or no longer, could not be told'));
  }

  async #tell(open: boolean, lost: number, reason: string): Promise<void> {
    const { store, failoverThreshold: threshold } = this.#options;
    await store.transaction((tx) => announceBreaker(tx, store.instance, { open, lost, threshold, reason }, new Date()));
  }
}
