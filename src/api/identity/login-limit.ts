/**
 * Limits guesses at passwords: so many failures a minute per source address, and many more per user. In memory and bounded; a
 * restart forgets it, which is no gain for somebody who cannot restart us.
 */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { keystone } from './keystone-error.ts';

export interface LoginLimits {
  /** Failures allowed per source within the window. */
  readonly failures: number;
  /**
   * Failures allowed per user, from whatever sources: far more, or anybody could lock the administrator out with a
   * few wrong guesses, and few enough to make guessing from many sources useless.
   */
  readonly userFailures: number;
  /** Milliseconds. */
  readonly window: number;
  /** Attempts of one source, or on one user, that may wait for others to end. */
  readonly waiting: number;
  /** Sources and users remembered; the longest unused go first. */
  readonly remembered: number;
}

/** A guess on its way: whoever began it says how it ended, once. */
export interface Attempt {
  /** True for a source that has failed within the window. */
  readonly suspect: boolean;
  end(success: boolean): void;
}

const DEFAULTS: LoginLimits = { failures: 10, userFailures: 100, window: 60_000, waiting: 128, remembered: 10_000 };

interface Count {
  readonly allowed: number;
  failures: number;
  pending: number;
  readonly endsAt: number;
  /** Who waits for one of the pending attempts to end. */
  waiting: (() => void)[];
}

export class LoginLimit {
  readonly #limits: LoginLimits;
  readonly #clock: () => number;
  readonly #counts = new Map<string, Count>();

  constructor(limits: Partial<LoginLimits> = {}, clock: () => number = Date.now) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#clock = clock;
  }

  /**
   * Begins an attempt; null if too many have failed. A thousand at once do not all pass before the first has failed:
   * no more run at a time than may still fail, the others wait. So busy clients with the right password only queue;
   * beyond a bound they are refused with 429.
   */
  async begin(source: string, user: string): Promise<Attempt | null> {
    for (;;) {
      const ofSource = this.#count(`source ${sourceKey(source)}`, this.#limits.failures);
      const counts = [ofSource, this.#count(`user ${user}`, this.#limits.userFailures)];
      if (counts.some(({ failures, allowed }) => failures >= allowed)) return null;
      const busy = counts.find(({ failures, pending, allowed }) => failures + pending >= allowed);
      if (!busy) return start(counts, ofSource.failures > 0);
      if (busy.waiting.length >= this.#limits.waiting) throw keystone.busy();
      await new Promise<void>((resolve) => void busy.waiting.push(resolve));
    }
  }

  #count(key: string, allowed: number): Count {
    const now = this.#clock();
    const known = this.#counts.get(key);
    const current =
      known && (known.endsAt > now || known.pending > 0) ? known : { allowed, failures: 0, pending: 0, endsAt: now + this.#limits.window, waiting: [] };
    this.#counts.delete(key);
    this.#counts.set(key, current);
    this.#forget();
    return current;
  }

  #forget(): void {
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > this.#limits.remembered && !oldest.done) this.#counts.delete(oldest.value);
  }
}

function start(counts: readonly Count[], suspect: boolean): Attempt {
  for (const count of counts) count.pending += 1;
  return { suspect, end: (success) => counts.forEach((count) => settle(count, success)) };
}

function settle(count: Count, success: boolean): void {
  count.pending -= 1;
  if (!success) count.failures += 1;
  for (const resume of count.waiting.splice(0)) resume();
}

/** One host has a whole /64 of IPv6 addresses to come from. */
export function sourceKey(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.process(address.replace(/%.*$/, ''));
  return parsed.kind() === 'ipv4' ? parsed.toString() : ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString();
}
