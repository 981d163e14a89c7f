/**
 * Looks after a host's nodes while no server does: what is lost or was changed by a hand is put right as it was last ordered.
 * With a server there it does nothing: that one may want something else by now.
 */
import { diff } from '../control/diff.ts';
import type { Log } from '../model/log.ts';
import { NodeError } from '../nodes/node.ts';
import type { KeptNodes } from './kept-nodes.ts';

export interface MinderOptions {
  readonly nodes: KeptNodes;
  readonly log: Log;
  /** How long a server may be away before the nodes are looked after here, ms. */
  readonly grace: number;
  /** Milliseconds between two looks at all of them. */
  readonly every: number;
}

export class Minder {
  readonly #options: MinderOptions;
  #timer: NodeJS.Timeout | undefined;
  #alone = false;
  #round: Promise<void> = Promise.resolve();

  constructor(options: MinderOptions) {
    this.#options = options;
    options.nodes.onLost((id) => {
      if (this.#alone) this.#queue(() => this.#mend(id));
    });
  }

  /** From some time after this on, nobody else looks after the nodes. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), this.#options.grace);
  }

  /** Resolves when nothing is done here any more: then a server may begin. */
  async yield(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#alone) this.#options.log.info({}, 'a server looks after the nodes again');
    this.#alone = false;
    await this.#round;
  }

  #begin(): void {
    this.#options.log.warn({}, 'no server: the nodes are kept as they were last ordered');
    this.#alone = true;
    this.#next();
  }

  #next(): void {
    this.#queue(async () => {
      for (const id of await this.#options.nodes.kept()) if (this.#alone) await this.#mend(id);
      if (this.#alone) this.#timer = setTimeout(() => this.#next(), this.#options.every);
    });
  }

  /** One after the other. */
  #queue(work: () => Promise<void>): void {
    this.#round = this.#round.then(work).catch((error: unknown) => this.#options.log.error({ reason: String(error) }, 'the nodes could not be looked at'));
  }

  async #mend(id: string): Promise<void> {
    const { nodes, log } = this.#options;
    try {
      const wanted = await nodes.memoryOf(id);
      if (!wanted) return;
      const plan = diff(await nodes.present(id), wanted);
      if (plan.length === 0) return;
      await nodes.mend(id, plan);
      log.warn({ node: id, steps: plan.map(({ kind }) => kind) }, 'a node was not as it was left, and is again');
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      log.warn({ node: id, reason: error.message }, 'a node could not be put right, will try again');
    }
  }
}
