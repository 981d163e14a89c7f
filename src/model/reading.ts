/** What observation brings back from a node: health and counters, as the data plane itself sees them. */

export interface Reading {
  readonly listeners: readonly ListenerReading[];
  readonly pools: readonly PoolReading[];
  readonly members: readonly MemberReading[];
  /** True when the node's peer has the VIP at this moment, and the clients. */
  readonly standby?: boolean;
  /** True when the kernel's table does not follow from the wanted config and this health: it has to be made to. */
  readonly outdated?: boolean;
  /** Members that the kernel's table leaves out as dead, as it was last made; absent is none. */
  readonly leftOut?: readonly Pick<MemberReading, 'id' | 'poolId'>[];
}

export interface ListenerReading {
  readonly id: string;
  readonly state: 'open' | 'full';
  /**
   * Counters of one worker process since it started. They restart at zero with it, so each comes with the worker's
   * identity and whoever adds them up adds differences per worker.
   */
  readonly counters: readonly WorkerCounters[];
}

export interface WorkerCounters {
  /** Process id and start, unique on the node. */
  readonly worker: string;
  readonly activeConnections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly requestErrors: number;
  readonly totalConnections: number;
}

export interface PoolReading {
  readonly id: string;
  readonly state: 'up' | 'down';
}

export interface MemberReading {
  readonly id: string;
  readonly poolId: string;
  /** `unchecked` where no monitor runs; `unknown` before its first answer. */
  readonly state: 'up' | 'down' | 'drain' | 'maint' | 'unchecked' | 'unknown';
  /** The last answer in words: "connection refused", "HTTP 503". Empty when there is none. */
  readonly reason: string;
  /** True when that answer came from clients' requests that failed, not from a check. */
  readonly observed?: boolean;
  /** How often failed requests have taken the member down since the worker started; absent where nobody watches them. */
  readonly observedFailures?: number;
}
