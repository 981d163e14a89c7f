/**
 * The nodes of the provider `openwrt`: each is a share of a gateway. Which gateway that is was decided when the node's row was made,
 * and never changes.
 */
import type { Gateway } from '../../model/gateway.ts';
import { type GatewayFacts, gatewayFacts } from '../../model/gateway-facts.ts';
import type { Log } from '../../model/log.ts';
import { EMPTY_NODE, type NodeConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reading } from '../../model/reading.ts';
import { type LossListener, type NodeDriver, NodeError, SilentGatewayError } from '../node.ts';
import { GatewayDevice } from './gateway-device.ts';
import { Turnstile } from './turnstile.ts';
import type { GatewayClient } from './ubus/client.ts';

/** What is written down of gateways. */
export interface GatewayBook {
  row(gatewayId: string): Promise<Gateway | undefined>;
  /** The gateway that a node is on; undefined where it is on none. */
  gatewayOf(nodeId: string): Promise<string | undefined>;
  nodesOf(gatewayId: string): Promise<readonly string[]>;
  /** Those that carry something. */
  carrying(): Promise<readonly string[]>;
}

export interface GatewaysOptions {
  readonly name: string;
  readonly book: GatewayBook;
  /** A way to the gateway. Throws where its password cannot be had. */
  readonly reach: (row: Gateway) => GatewayClient;
  readonly log: Log;
  /** Seconds between two readings of one that answers. */
  readonly readInterval: number;
  /** How many are changed at the same time. */
  readonly changesAtOnce: number;
  /** Milliseconds between two adverts of a pair's active gateway. */
  readonly advertMs: number;
  /** Seconds until a gateway takes back what nobody confirms. */
  readonly confirmWithin: number;
  /** Milliseconds between a change and the look at what came of it. */
  readonly settle?: number;
}

interface Known {
  readonly device: GatewayDevice;
  /** Of the row that it was made from, what decides who answers. */
  readonly key: string;
  readonly gatewayId: string;
  timer: NodeJS.Timeout | null;
  /** Why it could not be read; null when it could. */
  complaint: string | null;
}

/** Milliseconds: whatever goes wrong, nobody is asked without a pause. */
const SHORTEST_PAUSE = 500;

export class Gateways implements NodeDriver {
  readonly name: string;
  readonly pretends = false;
  readonly observed = true;
  readonly advertMs: number;
  readonly isFar = true;
  readonly #options: GatewaysOptions;
  readonly #turnstile: Turnstile;
  readonly #known = new Map<string, Known>();
  readonly #places = new Map<string, string>();
  readonly #listeners: LossListener[] = [];
  #stopped = false;

  constructor(options: GatewaysOptions) {
    this.#options = options;
    this.name = options.name;
    this.advertMs = options.advertMs;
    this.#turnstile = new Turnstile(options.changesAtOnce);
  }

  /** Those that carry something are read from now on. */
  async start(): Promise<void> {
    for (const id of await this.#options.book.carrying()) await this.#device(id).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#known.values()) clearTimeout(timer ?? undefined);
    await Promise.all([...this.#known.values()].map(({ device }) => device.end()));
    this.#known.clear();
  }

  /** Of all that answer now. One that fails is asked again later. */
  async list(): Promise<string[]> {
    const found = await Promise.all([...this.#known.values()].map((known) => this.#listOf(known)));
    return found.flat();
  }

  async #listOf({ device, gatewayId }: Known): Promise<string[]> {
    try {
      const nodes = await device.nodes();
      for (const node of nodes) this.#places.set(node, gatewayId);
      return nodes;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.#options.log.debug({ gateway: gatewayId, reason: error.message }, 'a gateway does not say what it carries');
      return [];
    }
  }

  async present(id: string): Promise<NodeConfig | null> {
    const gatewayId = await this.#placeOf(id);
    // A node that is only rehearsed has no row.
    if (gatewayId === undefined) return null;
    const share = await (await this.#device(gatewayId)).present(id);
    return share && { ...EMPTY_NODE, gateway: share };
  }

  async apply(id: string, plan: Plan): Promise<void> {
    for (const step of plan) {
      if (step.kind === 'set-share') await (await this.#of(id)).set(id, step.share);
      else if (step.kind === 'delete-share') await (await this.#of(id)).set(id, null);
      else if (step.kind !== 'create-node') throw new NodeError(`${step.kind}: a gateway does not do that`);
    }
  }

  /** Whoever sends a node away from a gateway that is silent knows that; what is left there goes when it is back and lists it. */
  async remove(id: string): Promise<void> {
    const gatewayId = await this.#placeOf(id);
    if (gatewayId === undefined) return;
    try {
      await (await this.#device(gatewayId)).set(id, null);
      this.#places.delete(id);
    } catch (error) {
      if (!(error instanceof SilentGatewayError)) throw error;
      this.#options.log.warn({ node: id, gateway: gatewayId, reason: error.message }, 'a node is on a gateway that is silent: it is removed when that is back');
    }
  }

  /** As it was read last: who wants to know is not kept waiting for a gateway. */
  async read(id: string): Promise<Reading | null> {
    return (await this.#of(id)).reading(id);
  }

  async held(id: string): Promise<readonly string[] | null> {
    return (await this.#of(id)).held(id);
  }

  onLost(listener: LossListener): void {
    this.#listeners.push(listener);
  }

  async gateway(gatewayId: string): Promise<GatewayFacts | null> {
    const row = await this.#options.book.row(gatewayId);
    return row ? gatewayFacts(row) : null;
  }

  /** Somebody has heard from it: whoever waits for it need not. */
  heard(gatewayId: string): void {
    const known = this.#known.get(gatewayId);
    if (!known?.device.isSilent) return;
    known.device.heard();
    this.#readLater(known, 0);
  }

  tidy(): Promise<void> {
    return Promise.resolve();
  }

  async #of(nodeId: string): Promise<GatewayDevice> {
    const gatewayId = await this.#placeOf(nodeId);
    if (gatewayId === undefined) throw new NodeError(`node ${nodeId} is on no gateway`);
    return this.#device(gatewayId);
  }

  /** What has no row is where it was found. */
  async #placeOf(nodeId: string): Promise<string | undefined> {
    const known = this.#places.get(nodeId);
    if (known !== undefined) return known;
    const place = await this.#options.book.gatewayOf(nodeId);
    if (place !== undefined) this.#places.set(nodeId, place);
    return place;
  }

  /** Made anew when it is reached in another way, or by another password. */
  async #device(gatewayId: string): Promise<GatewayDevice> {
    const row = await this.#options.book.row(gatewayId);
    if (!row) throw new NodeError(`gateway ${gatewayId} is gone`);
    const key = JSON.stringify([row.url, row.username, row.sealed, row.tls_pin, row.identity]);
    const known = this.#known.get(gatewayId);
    if (known?.key === key) return known.device;
    clearTimeout(known?.timer ?? undefined);
    const made: Known = { key, gatewayId, device: this.#made(row), timer: null, complaint: null };
    this.#known.set(gatewayId, made);
    this.#readLater(made, 0);
    return made.device;
  }

  #made(row: Gateway): GatewayDevice {
    const { reach, confirmWithin, settle } = this.#options;
    return new GatewayDevice({
      name: row.name,
      identity: row.identity,
      facts: () => this.gateway(row.id),
      client: reach(row),
      within: confirmWithin,
      ...(settle === undefined ? {} : { settle }),
      turn: (work) => this.#turnstile.pass(work),
    });
  }

  #readLater(known: Known, pause: number): void {
    clearTimeout(known.timer ?? undefined);
    if (this.#stopped || this.#known.get(known.gatewayId) !== known) return;
    known.timer = setTimeout(() => void this.#readNow(known), pause);
  }

  async #readNow(known: Known): Promise<void> {
    const { device } = known;
    const wasSilent = device.isSilent;
    try {
      await device.read();
      known.complaint = null;
    } catch (error) {
      this.#complain(known, error);
    }
    // It may answer, and have nothing to read from.
    if (wasSilent && !device.isSilent) await this.#welcome(known).catch((error: unknown) => this.#complain(known, error));
    const { readInterval } = this.#options;
    this.#readLater(known, device.isSilent ? Math.max(SHORTEST_PAUSE, device.pause) : readInterval * 1000 * (0.9 + 0.2 * Math.random()));
  }

  /** It is asked again and again: the same is said once. */
  #complain(known: Known, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const said = { gateway: known.gatewayId, reason };
    if (reason === known.complaint) this.#options.log.debug(said, 'a gateway could not be read');
    else this.#options.log.warn(said, 'a gateway could not be read');
    known.complaint = reason;
  }

  /** While it was silent anything may have become of it, and of what it was to carry; some may be nobody's any more. */
  async #welcome({ device, gatewayId }: Known): Promise<void> {
    const nodes = new Set([...(await this.#options.book.nodesOf(gatewayId)), ...(await device.nodes())]);
    for (const node of nodes) {
      this.#places.set(node, gatewayId);
      for (const listener of this.#listeners) listener(node, true);
    }
  }
}
