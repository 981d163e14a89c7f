/**
 * The nodes of many hosts as those of one driver: each question goes to the host that the node is on. Which one that is was
 * decided when the node's row was made, and never changes.
 */
import type { Log } from '../../model/log.ts';
import type { NodeConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type LossListener, type NodeDriver, NodeError, type NodeHost } from '../node.ts';
import { AbsentHost } from './absent-host.ts';

/** A host whose agent is connected. */
export interface ConnectedHost extends NodeHost {
  readonly id: string;
  readonly driver: NodeDriver;
}

/** Knows who is connected. */
export interface HostPool {
  connected(): readonly ConnectedHost[];
  /** Called when a host has connected, and after each of its calls that something is lost. */
  onArrival(listener: (host: ConnectedHost) => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly name: string;
  /** This host's own nodes; null where it carries none. */
  readonly local: { readonly driver: NodeDriver; readonly physicalNetworks: ReadonlySet<string> } | null;
  readonly pool: HostPool;
  /** The host a node is on: null is this one, undefined that no such node is known. */
  readonly hostOf: (nodeId: string) => Promise<string | null | undefined>;
  /** Nodes that a host is to have. */
  readonly nodesOf: (hostId: string) => Promise<readonly string[]>;
  readonly advertMs: number;
  readonly log: Log;
}

export class Fleet implements NodeDriver {
  readonly name: string;
  readonly pretends = false;
  readonly observed = true;
  readonly advertMs: number;
  readonly #options: FleetOptions;
  /** Where nodes are; null is this host. */
  readonly #places = new Map<string, string | null>();
  readonly #listeners: LossListener[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.name = options.name;
    this.advertMs = options.advertMs;
    options.local?.driver.onLost((id) => this.#tellLost(id));
    options.pool.onArrival((host) => this.#welcome(host));
  }

  async start(): Promise<void> {
    await this.#options.local?.driver.start();
    await this.#options.pool.start();
  }

  async stop(): Promise<void> {
    await this.#options.pool.stop();
    await this.#options.local?.driver.stop();
  }

  hosts(): readonly NodeHost[] {
    const { local, pool } = this.#options;
    const own: NodeHost[] = local ? [{ id: null, name: 'this host', physicalNetworks: local.physicalNetworks }] : [];
    return [...own, ...pool.connected()];
  }

  at(hostId: string | null): NodeDriver {
    const { local, pool, log } = this.#options;
    const found = hostId === null ? local?.driver : pool.connected().find(({ id }) => id === hostId)?.driver;
    return found ?? new AbsentHost(this, hostId, log);
  }

  /** Of all that can be asked. A host that fails now is asked again later. */
  async list(): Promise<string[]> {
    const { local, pool } = this.#options;
    const own = (await local?.driver.list()) ?? [];
    const others = await Promise.all(pool.connected().map((host) => this.#listOf(host)));
    for (const id of own) this.#places.set(id, null);
    return [...own, ...others.flat()];
  }

  async #listOf({ id: hostId, name, driver }: ConnectedHost): Promise<string[]> {
    try {
      const ids = await driver.list();
      for (const id of ids) this.#places.set(id, hostId);
      return ids;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.#options.log.warn({ host: name, reason: error.message }, 'a host does not say which nodes it has');
      return [];
    }
  }

  async present(id: string): Promise<NodeConfig | null> {
    return (await this.#of(id)).present(id);
  }

  async apply(id: string, plan: Plan): Promise<void> {
    return (await this.#of(id)).apply(id, plan);
  }

  async remove(id: string): Promise<void> {
    await (await this.#of(id)).remove(id);
    this.#places.delete(id);
  }

  async read(id: string): Promise<Reading | null> {
    return (await this.#of(id)).read(id);
  }

  async held(id: string): Promise<readonly string[] | null> {
    return (await (await this.#of(id)).held?.(id)) ?? null;
  }

  onLost(listener: LossListener): void {
    this.#listeners.push(listener);
  }

  async tidy(): Promise<void> {
    const { local, pool } = this.#options;
    await Promise.all([...(local ? [local] : []), ...pool.connected()].map((host) => host.driver.tidy()));
  }

  async #of(id: string): Promise<NodeDriver> {
    return this.at(await this.#placeOf(id));
  }

  /** What has no row is where it was found. */
  async #placeOf(id: string): Promise<string | null> {
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const place = await this.#options.hostOf(id);
    if (place !== undefined) this.#places.set(id, place);
    return place ?? null;
  }

  /** While it was away anything may have happened to its nodes and to what it was to run; some may be nobody's any more. */
  #welcome(host: ConnectedHost): void {
    const { id, name, driver } = host;
    driver.onLost((node) => this.#tellLost(node));
    Promise.all([this.#options.nodesOf(id), this.#listOf(host)]).then(
      (ids) => new Set(ids.flat()).forEach((node) => this.#tellLost(node, true)),
      (error: unknown) => this.#options.log.error({ host: name, reason: String(error) }, 'the nodes of a host could not be looked up'),
    );
  }

  #tellLost(id: string, returned = false): void {
    for (const listener of this.#listeners) listener(id, returned);
  }
}
