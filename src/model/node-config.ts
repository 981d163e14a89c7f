/**
 * Node config: what one node should run, or does run, as a plain value. Wanted and present have the same type, so
 * that a plan is their difference and nothing has to be remembered.
 */
import type { Sealed } from './sealed.ts';

export interface NodeConfig {
  /** Interfaces inside the node, eth0 first. */
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  /** null: no proxy runs, or none is wanted (a balancer without listeners). */
  readonly proxy: ProxyConfig | null;
  /** The packet filter's part: what the kernel balances or lets in by itself. null: no table of ours. */
  readonly packets: PacketConfig | null;
  /** How the node shares its addresses with a peer. null: it holds them alone. */
  readonly vrrp: VrrpConfig | null;
  /** How it tells its peer which flows the kernel balances here. null: it tells nobody. */
  readonly flowSync: FlowSyncConfig | null;
  /** What it is on a gateway. null, or absent: it is none, or nothing of it is there. */
  readonly gateway?: GatewayShare | null;
}

/** A node on which nothing is done. */
export const EMPTY_NODE: NodeConfig = { links: [], routes: [], proxy: null, packets: null, vrrp: null, flowSync: null };

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
  /** Certificates, keys and lists that the text refers to by their paths. */
  readonly files: readonly ProxyFile[];
  /** The text is a share: sections for a process that serves other nodes too, each in its own namespace. Absent is no. */
  readonly packed?: true;
}

/**
 * A file beside haproxy.cfg. Its name says what is in it (a digest), so a file is never changed: another content is
 * another file, and the text that refers to it another structure.
 */
export interface ProxyFile {
  /** Relative to the node's directory: `tls/<digest>.pem`. */
  readonly path: string;
  readonly content: Sealed;
  /** True for a program that the proxy runs, as its own user: everybody may read and run it. */
  readonly program?: boolean;
}

/**
 * One table of nftables. It is declarations, chains, counters and elements; two tables of the same declarations are turned
 * into one another piece by piece, in one transaction, so that what the kernel remembers (clients, counters, numbers of
 * connections) stays.
 */
export interface PacketConfig {
  /** What `nft -f` reads to make the table from nothing. */
  readonly text: string;
  /** Digest of all that follows, kept in the kernel with the table, so that it says what it is. */
  readonly digest: string;
  /** Digest of the declarations. */
  readonly schema: string;
  readonly chains: readonly PacketChain[];
  /** Names of the counters. */
  readonly counters: readonly string[];
  /** By name of set or map: each element under its key, as nft reads it. */
  readonly elements: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services: readonly PacketService[];
}

/** A table that is there and is none that was made here, or was changed since: it has to be made anew. */
export const STRANGE_PACKETS: PacketConfig = { text: '', digest: '', schema: '', chains: [], counters: [], elements: {}, services: [] };

export interface PacketChain {
  readonly name: string;
  /** What makes it a base chain; null for one that others jump to. */
  readonly hook: string | null;
  readonly rules: readonly string[];
}

/** A listener as the kernel carries it; what its flows and counters are told apart by. */
export interface PacketService {
  readonly listener: string;
  /** The VIP. */
  readonly address: string;
  /** Further addresses of its family that it is asked at; absent is none. */
  readonly furtherAddresses?: readonly string[];
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  /** Connections at a time; null is unlimited. */
  readonly limit: number | null;
  /** null: nothing serves it, and its clients are refused. */
  readonly pool: string | null;
  /** Whether the pool's members are checked: then their health is the proxy's to tell. */
  readonly checked: boolean;
  readonly members: readonly PacketMember[];
}

export interface PacketMember {
  readonly id: string;
  /** The mark of its flows. */
  readonly number: number;
  /** What there is to say of it without a check. */
  readonly state: 'unchecked' | 'drain' | 'maint';
  /** Whether flows that it has may go on: while it is switched on and not known to be dead. */
  readonly keepsFlows: boolean;
}

/** One keepalived, which holds the VIP while this node is the active one of a pair. */
export interface VrrpConfig {
  /** The whole keepalived.conf. The addresses in it are on an interface of keepalived's own, not on a link. */
  readonly text: string;
}

/** One conntrackd. */
export interface FlowSyncConfig {
  /** The whole conntrackd.conf. */
  readonly text: string;
}

/** A balancer's part of a gateway: what stands beside what others have there, and beside what is the gateway's own. */
export interface GatewayShare {
  /** Sections of the gateway's haproxy.cfg; empty where HAProxy has nothing to do for it. */
  readonly proxy: string;
  /** Its part of what the gateway's kernel balances and who checks that; empty without any. */
  readonly packets: string;
  /** Sections of UCI, each with a name that no other share has. */
  readonly sections: readonly GatewaySection[];
  /** Certificates and programs; names are digests, and what is present tells no contents. */
  readonly files: readonly ProxyFile[];
}

export interface GatewaySection {
  /** The package: `network`, `firewall`. */
  readonly config: string;
  readonly name: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string | readonly string[]>>;
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
  /**
   * Further keywords of the server line, encoded; what is the same for all servers of a backend is part of its structure, the
   * rest follows from what stands above.
   */
  readonly keywords: string;
  /** False where this HAProxy refuses to add and delete servers at runtime: then only a reload can. */
  readonly dynamic: boolean;
}

/** What tells the servers of a proxy apart. */
export function serverKey({ backend, name }: Pick<Server, 'backend' | 'name'>): string {
  return `${backend}/${name}`;
}
