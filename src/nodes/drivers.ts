/** Which driver carries which provider's balancers. */
import { type NodeDriver, NodeError } from './node.ts';

export class Drivers {
  readonly #byProvider: ReadonlyMap<string, NodeDriver>;
  /** Each driver once. */
  readonly all: readonly NodeDriver[];

  constructor(byProvider: ReadonlyMap<string, NodeDriver>) {
    this.#byProvider = byProvider;
    this.all = [...new Set(byProvider.values())];
  }

  /** Throws when no driver is configured for it: the balancer then waits, with that reason. */
  for(provider: string | null): NodeDriver {
    const driver = this.#byProvider.get(provider ?? '');
    if (!driver) throw new NodeError(`no driver is configured for provider '${provider ?? ''}'`);
    return driver;
  }

  /** The driver of an existing node, by the name in its amphora row. */
  named(name: string): NodeDriver | undefined {
    return this.all.find((driver) => driver.name === name);
  }
}
