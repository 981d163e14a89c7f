/** Health and counters of the process that several nodes share. It is asked once for all who want to know at the same time. */
import type { Reading } from '../../model/reading.ts';
import { NEXT } from '../../render/haproxy/next-worker.ts';
import { sectionsOf } from '../../render/haproxy/pack.ts';
import { poolIdOf } from '../../render/haproxy/names.ts';
import type { ProxyPlace } from './proxy-process.ts';
import { unlessStopped } from './proxy-present.ts';
import { readProxyReading } from './proxy-reading.ts';

/** Milliseconds that an answer is good for: well below the pause between two readings of a node. */
const FRESH = 200;

/** The whole process's reading, so that each node finds its own without going through all. */
interface Indexed {
  readonly listeners: ReadonlyMap<string, Reading['listeners'][number]>;
  readonly pools: ReadonlyMap<string, Reading['pools'][number]>;
  readonly members: ReadonlyMap<string, Reading['members']>;
  /** Nodes that are served. */
  readonly nodes: ReadonlySet<string>;
}

export class PackReadings {
  readonly #place: ProxyPlace;
  #asked: { readonly at: number; readonly answer: Promise<Indexed | null> } | null = null;

  constructor(place: ProxyPlace) {
    this.#place = place;
  }

  /**
   * null when no proxy answers, or the share is not in it.
   * @param text - the node's share
   */
  async of(node: string, text: string): Promise<Reading | null> {
    const all = await this.#all();
    if (!all?.nodes.has(node)) return null;
    const { frontends, backends } = sectionsOf(text);
    const pools = [...new Set([...backends].map(poolIdOf))];
    return {
      listeners: [...frontends].flatMap((id) => all.listeners.get(id) ?? []),
      pools: pools.flatMap((id) => all.pools.get(id) ?? []),
      members: pools.flatMap((id) => all.members.get(id) ?? []),
    };
  }

  #all(): Promise<Indexed | null> {
    const now = performance.now();
    if (this.#asked && now - this.#asked.at < FRESH) return this.#asked.answer;
    const answer = unlessStopped(this.#place, readProxyReading(this.#place.files)).then((reading) => reading && indexed(reading));
    this.#asked = { at: now, answer };
    return answer;
  }
}

const SHARE = /^share\.([0-9a-f-]{36})\./;

function indexed({ listeners, pools, members }: Reading): Indexed {
  return {
    listeners: new Map(listeners.map((listener) => [listener.id, listener])),
    pools: new Map(pools.map((pool) => [pool.id, pool])),
    members: Map.groupBy(
      members.filter(({ id }) => id !== NEXT),
      ({ poolId }) => poolId,
    ),
    nodes: new Set(pools.flatMap(({ id }) => SHARE.exec(id)?.[1] ?? [])),
  };
}
