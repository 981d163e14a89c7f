/** The nodes of another host, as a driver: every call is a question to its agent. */
import type { NodeConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type NodeDriver, NodeError } from '../node.ts';
import { type Greeting, type Question, WITHIN } from './agreement.ts';
import type { Channel } from './channel.ts';
import { type Read, ShapeError, address, list, nullable, uuid } from './shape.ts';
import { planMessage, readConfig, readReading } from './wire.ts';

type Told = Pick<Greeting, 'pretends' | 'observed' | 'advertMs' | 'syncsFlows' | 'flowLogs'>;

export class RemoteNodes implements NodeDriver {
  readonly name: string;
  readonly pretends: boolean;
  readonly observed: boolean;
  readonly advertMs: number;
  readonly syncsFlows: boolean;
  readonly flowLogs?: 'all' | 'none';
  readonly #channel: Channel;
  readonly #listeners: ((id: string) => void)[] = [];

  constructor(name: string, channel: Channel, { pretends, observed, advertMs, syncsFlows, flowLogs }: Told) {
    this.name = name;
    this.#channel = channel;
    this.pretends = pretends;
    this.observed = observed;
    this.advertMs = advertMs;
    this.syncsFlows = syncsFlows;
    if (flowLogs !== null) this.flowLogs = flowLogs;
  }

  /** The agent has started them, and goes on without us. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return this.#ask('list', null, list(uuid));
  }

  present(id: string): Promise<NodeConfig | null> {
    return this.#ask('present', { id }, nullable(readConfig));
  }

  async apply(id: string, plan: Plan): Promise<void> {
    await this.#ask('apply', { id, plan: planMessage(plan) }, NOTHING);
  }

  async remove(id: string): Promise<void> {
    await this.#ask('remove', { id }, NOTHING);
  }

  read(id: string): Promise<Reading | null> {
    return this.#ask('read', { id }, nullable(readReading));
  }

  held(id: string): Promise<string[] | null> {
    return this.#ask('held', { id }, nullable(list(address)));
  }

  onLost(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Called with the agent's news that something of a node is gone. */
  lost(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  async tidy(): Promise<void> {
    await this.#ask('tidy', null, NOTHING);
  }

  async #ask<T>(question: Question, params: unknown, read: Read<T>): Promise<T> {
    const answer = await this.#channel.ask(question, params, WITHIN[question]);
    try {
      return read(answer, 'the answer');
    } catch (error) {
      if (error instanceof ShapeError) throw new NodeError(`the agent's answer to '${question}' is not understood: ${error.message}`, { cause: error });
      throw error;
    }
  }
}

const NOTHING: Read<null> = () => null;
