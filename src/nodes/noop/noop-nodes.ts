/**
 * A driver that carries nothing: it keeps each node's config in memory as a real one would have it, for tests of what
 * is above it and for measurements of the API alone. Everything is as healthy as it can be.
 */
import type { NodeConfig, ProxyConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { MemberReading, Reading } from '../../model/reading.ts';
import { parseBackendName } from '../../render/haproxy/names.ts';
import type { NodeDriver } from '../node.ts';
import { EMPTY, applyStep } from './apply-step.ts';

export class NoopNodes implements NodeDriver {
  readonly name = 'noop';
  readonly #nodes = new Map<string, NodeConfig>();

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async list(): Promise<string[]> {
    return [...this.#nodes.keys()];
  }

  async present(id: string): Promise<NodeConfig | null> {
    return this.#nodes.get(id) ?? null;
  }

  async apply(id: string, plan: Plan): Promise<void> {
    for (const step of plan) this.#nodes.set(id, applyStep(this.#nodes.get(id) ?? EMPTY, step));
  }

  async remove(id: string): Promise<void> {
    this.#nodes.delete(id);
  }

  async read(id: string): Promise<Reading | null> {
    const proxy = this.#nodes.get(id)?.proxy;
    return proxy ? readingOf(proxy) : null;
  }

  /** Nothing is ever lost. */
  onLost(_listener: (id: string) => void): void {}

  async tidy(): Promise<void> {}
}

function readingOf({ text, servers }: ProxyConfig): Reading {
  const backends = sections(text, 'backend').map(parseBackendName);
  return {
    listeners: sections(text, 'frontend').map((id) => ({ id, state: 'open', counters: [] })),
    pools: [...new Set(backends.map(({ poolId }) => poolId))].map((id) => ({ id, state: 'up' })),
    members: servers.map(({ backend, name, state, check, weight }): MemberReading => {
      const { poolId } = parseBackendName(backend);
      return { id: name, poolId, state: stateOf(state, weight, check !== null), reason: '' };
    }),
  };
}

function stateOf(state: 'ready' | 'maint', weight: number, checked: boolean): MemberReading['state'] {
  if (state === 'maint') return 'maint';
  if (weight === 0) return 'drain';
  return checked ? 'up' : 'unchecked';
}

/** Names of the sections of one kind; the compiler writes them at the start of a line. */
function sections(text: string, keyword: 'frontend' | 'backend'): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(`${keyword} `) ? [line.slice(keyword.length + 1).trim()] : []));
}
