import { setImmediate as turn } from 'node:timers/promises';

/** Lets those that wait go on in the order they came, each in a turn of the event loop of its own. */
export class OneByOne {
  readonly #waiting: (() => void)[] = [];
  #going = false;

  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (!this.#going) void this.#go();
    return promise;
  }

  async #go(): Promise<void> {
    this.#going = true;
    for (let go = this.#waiting.shift(); go; go = this.#waiting.shift()) {
      go();
      await turn();
    }
    this.#going = false;
  }
}
