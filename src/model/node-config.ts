/**
 * Node config: what one node should run, or does run, as a plain value. Wanted and present have the same type, so
 * that a plan is their difference and nothing has to be remembered.
 */
export interface NodeConfig {
  /** Interfaces inside the node, eth0 first. */
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  /** null: no proxy runs, or none is wanted (a balancer without listeners). */
  readonly proxy: ProxyConfig | null;
}

export interface Link {
  readonly name: string;
  readonly networkId: string;
  readonly physicalNetwork: string | null;
  readonly mac: string;
  readonly mtu: number;
  /** With prefix length: 192.168.1.5/24. */
  readonly addresses: readonly string[];
  /** Permanent entries; they do not count against the kernel's limit that all namespaces share. */
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[];
}

export interface Route {
  /** `default` or a CIDR. */
  readonly to: string;
  readonly via: string;
  /** The link it leaves through, where `via` does not tell: a link-local gateway is one on every link. */
  readonly link?: string;
}

/** Whether a gateway needs its link named (RFC 4291 §2.5.6). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

export interface ProxyConfig {
  /** The whole haproxy.cfg. */
  readonly text: string;
  /**
   * Digest of all that only a reload can change. The file carries it as the process's description, so a running
   * process tells which structure it has.
   */
  readonly structure: string;
  /** What the runtime socket can change. */
  readonly servers: readonly Server[];
}

/** A member as the proxy knows it. */
export interface Server {
  /** Backend name. */
  readonly backend: string;
  /** Server name: the member's id. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly state: 'ready' | 'maint';
  readonly backup: boolean;
  readonly check: { readonly address: string | null; readonly port: number | null } | null;
  /** Further keywords of the server line, encoded; the same for all servers of a backend and part of its structure. */
  readonly keywords: string;
  /** False where this HAProxy refuses to add and delete servers at runtime: then only a reload can. */
  readonly dynamic: boolean;
}
