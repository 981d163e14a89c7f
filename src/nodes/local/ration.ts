/** Keeps what costs time to a share of the time: of what is saved up, some may be spent at once, and what is overspent is waited for. */
export class Ration {
  readonly #share: number;
  readonly #most: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /**
   * @param share - of the time, at most 1
   * @param most - milliseconds that can be saved up
   * @param now - milliseconds on a clock that never goes back
   */
  constructor(share: number, most: number, now: () => number) {
    this.#share = share;
    this.#most = most;
    this.#now = now;
    this.#left = most;
    this.#at = now();
  }

  isLeft(): boolean {
    this.#save();
    return this.#left > 0;
  }

  /** @param cost - milliseconds */
  spend(cost: number): void {
    this.#save();
    this.#left -= cost;
  }

  #save(): void {
    const at = this.#now();
    this.#left = Math.min(this.#most, this.#left + (at - this.#at) * this.#share);
    this.#at = at;
  }
}
