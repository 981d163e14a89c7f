/**
 * How many flows each service has, as a reading wants to know it twice a second. Somebody who forges senders can make the
 * kernel remember hundreds of thousands, which take a second to list: then they are counted less often.
 */
import type { Log } from '../../model/log.ts';
import type { PacketService } from '../../model/node-config.ts';
import { type Flow, addressesOf, eachFlow, serviceKey } from './packet-flows.ts';
import { Ration } from './ration.ts';

/** Flows under way, by serviceKey; absent is none. */
export type FlowCounts = ReadonlyMap<string, number>;

/** Of a node's time; some listings in a row are not held back while each is short. */
const SHARE = 0.05;
const AT_ONCE = 250;
/** A failure counts as so many milliseconds: that is one complaint every ten seconds. */
const FAILURE = 500;
/** Connections that are over and only remembered in case a packet comes late. */
const OVER: ReadonlySet<string | null> = new Set(['TIME_WAIT', 'CLOSE', 'LAST_ACK']);

interface Node {
  readonly ration: Ration;
  counts: FlowCounts;
  counting: Promise<FlowCounts> | null;
}

export class FlowCounter {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #nodes = new Map<string, Node>();

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** As it is now, or as it was when there was last time to count. None where they cannot be counted: that is logged. */
  async count(namespace: string, services: readonly PacketService[]): Promise<FlowCounts> {
    const node = this.#nodes.get(namespace) ?? { ration: new Ration(SHARE, AT_ONCE, this.#now), counts: new Map(), counting: null };
    this.#nodes.set(namespace, node);
    if (node.counting === null && node.ration.isLeft()) node.counting = this.#count(namespace, node, services).finally(() => (node.counting = null));
    return node.counting ?? node.counts;
  }

  /** There is no such node any more. */
  forget(namespace: string): void {
    this.#nodes.delete(namespace);
  }

  async #count(namespace: string, node: Node, services: readonly PacketService[]): Promise<FlowCounts> {
    const start = this.#now();
    try {
      node.counts = await countFlows(namespace, services);
    } catch (error) {
      node.counts = new Map();
      node.ration.spend(FAILURE);
      this.#log.warn({ namespace, reason: error instanceof Error ? error.message : String(error) }, 'flows cannot be counted');
    }
    node.ration.spend(this.#now() - start);
    return node.counts;
  }
}

async function countFlows(namespace: string, services: readonly PacketService[]): Promise<FlowCounts> {
  const counts = new Map(services.map((service) => [serviceKey(service), 0]));
  const count = (flow: Flow): void => {
    const before = flow.mark === 0 || OVER.has(flow.state) ? undefined : counts.get(serviceKey(flow));
    if (before !== undefined) counts.set(serviceKey(flow), before + 1);
  };
  const lists = new Map(services.flatMap((service) => addressesOf([service]).map((address) => [`${service.protocol} ${address}`, { ...service, address }])));
  await Promise.all([...lists.values()].map(({ protocol, address }) => eachFlow(namespace, address, protocol, count)));
  return counts;
}
