/**
 * The seam between control and whatever carries traffic. Drivers only read and do; what is to be done is decided
 * above, by comparing `present` with what was rendered. Every method may be interrupted by a crash at any point and
 * called again: nothing is remembered between calls that the node itself could not tell.
 */
import type { GatewayFacts } from '../model/gateway-facts.ts';
import type { NodeConfig } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import type { Reading } from '../model/reading.ts';

export interface NodeDriver {
  /** The provider's name in messages and rows: `local`, `noop`. */
  readonly name: string;
  /** True where nothing is carried: nodes then have the shape of real ones, and hold every option of the API. */
  readonly pretends: boolean;
  /** False where there is nothing to see: operating statuses then stay as they were made, as with Octavia's no-op driver. */
  readonly observed: boolean;
  /** Milliseconds between two adverts of a pair's active node; 0 where none are sent. */
  readonly advertMs: number;
  /** Which balancers' flows are logged where their flavor does not say; absent where there is nowhere to log them to. */
  readonly flowLogs?: 'all' | 'none';
  /** Whether the two nodes of a pair can tell each other of flows in the kernel; absent is no. */
  readonly syncsFlows?: boolean;
  /** True where a change takes seconds of waiting and next to no work: then many are made at the same time. */
  readonly isFar?: boolean;
  /** Makes ready what all nodes share; idempotent. */
  start(): Promise<void>;
  /** Lets go of sockets and timers. Nodes go on carrying traffic. */
  stop(): Promise<void>;
  /** Ids of all nodes of this installation that exist in whatever state, half-made ones included. */
  list(): Promise<string[]>;
  /** What the node runs now; null when there is no such node. Never changes anything. */
  present(id: string): Promise<NodeConfig | null>;
  /**
   * Carries the steps out in order; stops at the first failure with an error that says which and why, and with a NotYetError
   * before a step that had better wait.
   */
  apply(id: string, plan: Plan): Promise<void>;
  /** Removes the node and all that belongs to it; nothing there is success. */
  remove(id: string): Promise<void>;
  /** Health and counters, of the proxy and of the kernel's table; null when the node is not there or has neither. */
  read(id: string): Promise<Reading | null>;
  /**
   * Which of the addresses that it shares with a peer the node holds at this moment; null when it shares none or is not
   * there. Absent where pairs only pretend: then nobody waits for one to take over.
   */
  held?(id: string): Promise<readonly string[] | null>;
  /** Calls back when something of a node is gone that the loop has to bring back: its proxy, its keepalived. What it was is logged by then. */
  onLost(listener: LossListener): void;
  /** Hosts that nodes can be made on at this moment; absent where there is only one, the server's own. */
  hosts?(): readonly NodeHost[];
  /** The driver of one host's nodes, by the host's id; absent where `hosts` is. */
  at?(hostId: string | null): NodeDriver;
  /** Where its nodes are shares of gateways: what is known of one. Null where there is no such gateway. */
  gateway?(gatewayId: string): Promise<GatewayFacts | null>;
  /** Removes what all nodes shared (the switch namespace), once no node is left and nobody else uses it. */
  tidy(): Promise<void>;
}

/** @param returned - true where its host was away: then whatever differs is what its absence left, and no loss of its own */
export type LossListener = (id: string, returned?: boolean) => void;

/** A machine that nodes can be on. */
export interface NodeHost {
  /** null: the server's own. */
  readonly id: string | null;
  readonly name: string;
  /** Physical networks that it has bridges for. */
  readonly physicalNetworks: ReadonlySet<string>;
}

/**
 * The node can do what was asked, but not yet without harm to its clients. Nothing is wrong, and nothing was changed by the
 * step that said so.
 */
export class NotYetError extends Error {
  /** Milliseconds after which it is worth trying again. */
  readonly after: number;
  constructor(message: string, after: number) {
    super(message);
    this.name = 'NotYetError';
    this.after = after;
  }
}

/** A node could not do what was asked; the loop tries again. The text is for people. */
export class NodeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NodeError';
  }
}

/** Its host is not connected: what it carries goes on, and nobody can say more of it. */
export class AbsentHostError extends NodeError {}

/** Its gateway does not answer: nothing can be changed on it until it does, and nobody is to wait for that. */
export class SilentGatewayError extends AbsentHostError {}
