/** Stands for a host that is not connected: what it carries goes on, and cannot be asked or changed. */
import type { Log } from '../../model/log.ts';
import { AbsentHostError, type NodeDriver } from '../node.ts';

export class AbsentHost implements NodeDriver {
  readonly name: string;
  readonly pretends = false;
  readonly observed = true;
  readonly advertMs: number;
  readonly #hostId: string | null;
  readonly #log: Log;

  constructor({ name, advertMs }: Pick<NodeDriver, 'name' | 'advertMs'>, hostId: string | null, log: Log) {
    this.name = name;
    this.advertMs = advertMs;
    this.#hostId = hostId;
    this.#log = log;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.reject(this.#refusal());
  }

  present(): Promise<null> {
    return Promise.reject(this.#refusal());
  }

  apply(): Promise<void> {
    return Promise.reject(this.#refusal());
  }

  /** Whoever sends a node away knows what became of its host. When that is back, a node without a row is removed. */
  remove(id: string): Promise<void> {
    this.#log.warn({ node: id, host: this.#hostId }, 'a node is on a host that is not connected: it is removed when that is back');
    return Promise.resolve();
  }

  read(): Promise<null> {
    return Promise.reject(this.#refusal());
  }

  held(): Promise<null> {
    return Promise.resolve(null);
  }

  onLost(): void {}

  tidy(): Promise<void> {
    return Promise.resolve();
  }

  #refusal(): AbsentHostError {
    return new AbsentHostError(this.#hostId === null ? 'this server carries no nodes itself' : `host ${this.#hostId} is not connected`);
  }
}
