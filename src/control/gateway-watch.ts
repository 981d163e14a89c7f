/**
 * Asks every gateway what it is, now and then and when somebody wants to know, and writes down what it answers. One that does not
 * answer is asked again with growing pauses, and never twice at the same time.
 */
import type { Gateway, GatewayStatus } from '../model/gateway.ts';
import type { Log } from '../model/log.ts';
import { type Look, lookAt } from '../nodes/openwrt/look.ts';
import { pauseAfter } from '../nodes/openwrt/ubus/backoff.ts';
import type { GatewayClient } from '../nodes/openwrt/ubus/client.ts';
import { GatewayFault, type GatewayFaultKind } from '../nodes/openwrt/ubus/fault.ts';
import { type Answered, recordAnswer, watchedGateways } from '../store/gateways.ts';
import { octaviaTime } from '../store/row-time.ts';
import { byId } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { gateway as gatewayResource } from '../model/gateway.ts';

export interface GatewayWatchOptions {
  readonly store: Store;
  readonly log: Log;
  /** A way to the gateway. Throws where its password cannot be had. */
  readonly reach: (row: Gateway) => GatewayClient;
  /** Seconds between two looks at one that answers. */
  readonly interval: number;
  /** How many are asked at the same time. */
  readonly atOnce: number;
  /** Told of each that answers. */
  readonly heard?: (gatewayId: string) => void;
  readonly now?: () => Date;
  readonly random?: () => number;
}

/** Not there, or not to be asked: it may come back by itself. */
const OFFLINE: readonly GatewayFaultKind[] = ['unreachable', 'silent'];

export class GatewayWatch {
  readonly #options: GatewayWatchOptions;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  readonly #queue: string[] = [];
  readonly #asking = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: GatewayWatchOptions) {
    this.#options = options;
  }

  /** All that are switched on; a thousand not at the same moment. */
  async start(): Promise<void> {
    for (const { id } of await watchedGateways(this.#options.store.db)) this.ask(id);
  }

  /** Waits for those that are being asked. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.length = 0;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#asking.values());
  }

  /** As soon as there is room; one that is asked at this moment is asked once more, because it may have changed. */
  ask(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (!this.#queue.includes(id)) this.#queue.push(id);
    this.#work();
  }

  #work(): void {
    while (!this.#stopped && this.#asking.size < this.#options.atOnce) {
      const at = this.#queue.findIndex((id) => !this.#asking.has(id));
      const [id] = at === -1 ? [] : this.#queue.splice(at, 1);
      if (id === undefined) return;
      const asking = this.#askNow(id).finally(() => {
        this.#asking.delete(id);
        this.#work();
      });
      this.#asking.set(id, asking);
    }
  }

  async #askNow(id: string): Promise<void> {
    const { store, log, now = () => new Date() } = this.#options;
    try {
      const row = await byId(store.db, gatewayResource, id);
      if (!row || !row.enabled) return void this.#failures.delete(id);
      const answer = await this.#answerOf(row, now);
      const counts = await store.transaction((tx) => recordAnswer(tx, row, answer));
      if (counts && answer.status !== row.status) log.info({ gateway: row.name, status: answer.status, reason: answer.status_reason }, 'a gateway was asked');
      if (answer.status === 'ONLINE') this.#options.heard?.(id);
      this.#later(id, counts ? this.#pause(id, answer.status) : 0);
    } catch (error) {
      log.error({ gateway: id, reason: String(error) }, 'a gateway could not be looked after');
      this.#later(id, this.#options.interval * 1000);
    }
  }

  async #answerOf(row: Gateway, now: () => Date): Promise<Answered> {
    try {
      // Its session is left to expire: while a change waits to be confirmed it may be that of whoever made it (openwrt reference §1.3).
      const look = await lookAt(this.#options.reach(row));
      return { checked_at: octaviaTime(now()), last_seen_at: octaviaTime(now()), ...judged(row, look) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { checked_at: octaviaTime(now()), status: statusOf(error), status_reason: error.message.slice(0, 2000) };
    }
  }

  /** Milliseconds. */
  #pause(id: string, status: GatewayStatus): number {
    const { interval, random = Math.random } = this.#options;
    if (status !== 'OFFLINE') {
      this.#failures.delete(id);
      // Not all at the same moment, hour after hour.
      return interval * 1000 * (0.9 + 0.2 * random());
    }
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    return pauseAfter(failures, random());
  }

  #later(id: string, pause: number): void {
    if (this.#stopped || this.#queue.includes(id)) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.ask(id), pause).unref());
  }
}

/** Another device behind the same address is told of, and nothing is believed of it. */
function judged({ identity }: Gateway, look: Look): Pick<Answered, 'status' | 'status_reason' | 'facts' | 'identity'> {
  const [first, ...others] = look.identities;
  // Devices come and go: the one that it was known by must be there still.
  if (identity === null || identity === first || others.includes(identity))
    return { status: 'ONLINE', status_reason: null, facts: look.facts, identity: identity ?? first };
  const reason = `another device answers at its address: ${first}, and not ${identity}; set its url or tls_pin anew if that is meant`;
  return { status: 'ERROR', status_reason: reason, identity };
}

function statusOf(error: Error): GatewayStatus {
  return error instanceof GatewayFault && OFFLINE.includes(error.kind) ? 'OFFLINE' : 'ERROR';
}
