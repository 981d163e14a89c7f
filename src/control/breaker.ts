/**
 * Holds back restarts that nobody asked for when very many seem to be needed at once: then the reason is hardly each
 * single node, and restarting all of them makes it worse. Closed, everybody may; open, one trial at a time, until some
 * in a row have stayed right. Pure but for the clock it is given; keys are load balancers' ids.
 */

export interface BreakerOptions {
  /** So many that need a restart within the window open it; 0 never does. */
  readonly threshold: number;
  /** How long a restart that worked still counts, ms. */
  readonly windowMs: number;
  /** How long a trial must have been right before the next one, ms. */
  readonly trialMs: number;
  /** A clock that only rises, ms. */
  readonly now: () => number;
  /** `lost`: those that are not right, of whom it knows. */
  readonly onChange: (open: boolean, lost: number) => void;
}

/**
 * `going`: may restart, while closed. `waiting`: held back, or its restart failed. `trial`: may restart, while open.
 * `released`: waited when it closed, may restart once without being counted. `right`: was restarted, and worked.
 */
type Stage = 'going' | 'waiting' | 'trial' | 'released' | 'right';

interface Entry {
  readonly stage: Stage;
  readonly since: number;
}

/** That have to work one after the other before it closes. */
const TRIALS = 3;
const MAY: ReadonlySet<Stage> = new Set<Stage>(['going', 'trial', 'released']);

export class Breaker {
  readonly #options: BreakerOptions;
  /** In the order in which they came to their stage: who has waited longest is tried first. */
  readonly #entries = new Map<string, Entry>();
  #open = false;
  /** Trials in a row that worked. */
  #streak = 0;
  /** Before that there is no trial. */
  #nextTrial = 0;
  /** When the last one was lost that had not been. */
  #lastLost = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether this one waits for its trial. */
  holds(key: string): boolean {
    return this.#open && this.#entries.get(key)?.stage === 'waiting';
  }

  /** Whether this one may be restarted now. The permission holds until `ended`. */
  ask(key: string): boolean {
    if (this.#options.threshold === 0) return true;
    const stage = this.#entries.get(key)?.stage;
    if (stage !== undefined && MAY.has(stage)) return true;
    if (stage !== 'waiting') this.#lost();
    if (!this.#open && this.#countWithout(key) + 1 < this.#options.threshold) {
      this.#enter(key, 'going');
      return true;
    }
    if (stage !== 'waiting') this.#enter(key, 'waiting');
    if (!this.#open) this.#openUp();
    return false;
  }

  /** An attempt is over that was not held back, whoever asked for it. `right`: everything is as wanted. */
  ended(key: string, right: boolean): void {
    const stage = this.#entries.get(key)?.stage;
    if (stage === undefined || stage === 'right') return;
    if (stage === 'trial') this.#tried(right);
    if (!right) this.#enter(key, 'waiting');
    else if (stage === 'going' || stage === 'trial') this.#enter(key, 'right');
    else this.#entries.delete(key);
  }

  /** Whom to look at now because it may be restarted: the next trial, or all that waited once it has closed. */
  due(): string[] {
    const { trialMs, now } = this.#options;
    this.#giveUpHanging();
    if (!this.#open || this.#count('trial') > 0 || now() < this.#nextTrial) return [];
    if (now() - this.#lastLost >= trialMs && (this.#streak >= TRIALS || this.#countWithout() < this.#options.threshold)) return this.#close();
    const [next] = this.#keys('waiting');
    if (next === undefined) return [];
    this.#enter(next, 'trial');
    return [next];
  }

  /** One that was right has been lost: what worked lately did not last. */
  #lost(): void {
    this.#lastLost = this.#options.now();
    this.#streak = 0;
  }

  #tried(right: boolean): void {
    this.#streak = right ? this.#streak + 1 : 0;
    this.#nextTrial = this.#options.now() + this.#options.trialMs;
  }

  /** Nobody waits forever for a trial that does not come to an end. */
  #giveUpHanging(): void {
    const { windowMs, now } = this.#options;
    for (const [key, { stage, since }] of this.#entries) if (stage === 'trial' && since <= now() - windowMs) this.ended(key, false);
  }

  #openUp(): void {
    this.#open = true;
    this.#streak = 0;
    this.#nextTrial = this.#options.now() + this.#options.trialMs;
    this.#options.onChange(true, this.#lostCount());
  }

  #close(): string[] {
    const waiting = this.#keys('waiting');
    this.#open = false;
    this.#options.onChange(false, waiting.length);
    // What has been is over: the next ones that are lost are counted anew.
    for (const key of this.#keys('right')) this.#entries.delete(key);
    for (const key of waiting) this.#enter(key, 'released');
    return waiting;
  }

  /** At the end of the line. */
  #enter(key: string, stage: Stage): void {
    this.#entries.delete(key);
    this.#entries.set(key, { stage, since: this.#options.now() });
  }

  /** All that needed a restart lately, but for this one and those that are excused. */
  #countWithout(key?: string): number {
    const oldest = this.#options.now() - this.#options.windowMs;
    for (const [old, { stage, since }] of this.#entries) if (stage === 'right' && since <= oldest) this.#entries.delete(old);
    const counts = this.#entries.size - this.#count('released');
    return key !== undefined && this.#entries.has(key) ? counts - 1 : counts;
  }

  #lostCount(): number {
    return this.#entries.size - this.#count('right');
  }

  #keys(wanted: Stage): string[] {
    return [...this.#entries].filter(([, { stage }]) => stage === wanted).map(([key]) => key);
  }

  #count(wanted: Stage): number {
    return this.#keys(wanted).length;
  }
}
