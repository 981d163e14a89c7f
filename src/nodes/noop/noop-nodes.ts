/**
 * Nodes that carry no traffic and forget everything when the process ends: for trying the API out, and for tests of
 * what stands above the drivers.
 */
import { EMPTY_NODE, type NodeConfig, type Server } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { ListenerReading, MemberReading, PoolReading, Reading } from '../../model/reading.ts';
import { poolIdOf } from '../../render/haproxy/names.ts';
import type { NodeDriver } from '../node.ts';
import { applyGroup, groupsOf } from './apply-step.ts';

const WORKER = 'noop';

export class NoopNodes implements NodeDriver {
  readonly name = 'noop';
  readonly pretends: boolean = true;
  readonly advertMs: number = 0;
  /** Tests of what stands above the drivers want nodes that report health; users of the noop provider do not. */
  readonly observed: boolean;
  readonly #nodes = new Map<string, NodeConfig>();

  constructor({ observed = true }: { observed?: boolean } = {}) {
    this.observed = observed;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async tidy(): Promise<void> {}

  async list(): Promise<string[]> {
    return Promise.resolve([...this.#nodes.keys()]);
  }

  async present(id: string): Promise<NodeConfig | null> {
    return Promise.resolve(this.#nodes.get(id) ?? null);
  }

  /** Like a real node, it stays as far as it came when a step fails. */
  async apply(id: string, plan: Plan): Promise<void> {
    for (const group of groupsOf(plan)) this.#nodes.set(id, applyGroup(this.#nodes.get(id) ?? EMPTY_NODE, group));
    return Promise.resolve();
  }

  async remove(id: string): Promise<void> {
    this.#nodes.delete(id);
    return Promise.resolve();
  }

  async read(id: string): Promise<Reading | null> {
    const proxy = this.#nodes.get(id)?.proxy;
    if (!proxy) return Promise.resolve(null);
    const listeners = [...proxy.text.matchAll(/^frontend (\S+)$/gm)].map(([, name = '']) => openListener(name));
    return Promise.resolve({ listeners, pools: poolsOf(proxy.servers), members: proxy.servers.map(memberReading) });
  }

  /** Nothing runs, so nothing dies. */
  onLost(): void {}
}

function openListener(id: string): ListenerReading {
  return { id, state: 'open', counters: [{ worker: WORKER, activeConnections: 0, bytesIn: 0, bytesOut: 0, requestErrors: 0, totalConnections: 0 }] };
}

function poolsOf(servers: readonly Server[]): PoolReading[] {
  return [...new Set(servers.map(({ backend }) => poolIdOf(backend)))].map((id) => ({ id, state: 'up' }));
}

function memberReading(server: Server): MemberReading {
  return { id: server.name, poolId: poolIdOf(server.backend), state: memberState(server), reason: '' };
}

function memberState({ state, weight, check }: Server): MemberReading['state'] {
  if (state === 'maint') return 'maint';
  if (weight === 0) return 'drain';
  return check ? 'up' : 'unchecked';
}
