/**
 * The topology: one balancer with everything it refers to, resolved, checked and frozen. What a compiler reads it may
 * trust: references exist, protocols fit, nothing that is to be deleted is in it. Node-independent: the same value
 * serves a namespace here, a remote host and a gateway.
 */
import type { ALPN_PROTOCOLS, Listener, ListenerProtocol, TLS_VERSIONS } from './listener.ts';
import type { MonitorType } from './health-monitor.ts';
import type { PolicyAction } from './l7-policy.ts';
import type { CompareType, RuleType } from './l7-rule.ts';
import type { Algorithm, PoolProtocol, SessionPersistence } from './pool.ts';
import type { Sealed } from './sealed.ts';

export interface Topology {
  readonly id: string;
  readonly projectId: string;
  readonly enabled: boolean;
  /** What carries TCP, by the flavor. Datagrams are the kernel's in any case. */
  readonly engine: EngineChoice;
  /** How many nodes carry it, and how they share the work. */
  readonly redundancy: Redundancy;
  /** Whether its flows are logged, by the flavor; absent is as configured. */
  readonly connectionLogging?: boolean;
  /** Whether what may be asked twice is, when a member dies over it, by the flavor; absent is no. */
  readonly retriesRequests?: boolean;
  /** Whether its proxy is one that it shares with others, by the flavor; absent is no. */
  readonly packed?: boolean;
  /** Compute zone whose hosts carry it; absent is any. */
  readonly zone?: string;
  readonly vip: Vip;
  /** Further addresses on the VIP's network, of either family; absent is none. */
  readonly additionalVips?: readonly Vip[];
  /** In order of creation, so that an unchanged balancer renders to unchanged bytes. */
  readonly listeners: readonly ListenerTopology[];
  readonly pools: readonly PoolTopology[];
  /** Subnets that the members lie in, as far as the creator named them, the VIP's left out. */
  readonly memberSubnets: readonly SubnetTopology[];
  /** Members whose MAC is known because a port of ours holds the address. */
  readonly neighbours: readonly Neighbour[];
}

/** What may carry TCP: a proxy, the kernel's packet filter, or (`auto`) the kernel where it can do what is asked for. */
export const ENGINES = ['haproxy', 'nftables', 'auto'] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** One node; two of which one holds the VIPs; or two that hold some each, as long as both serve: a flavor's `loadbalancer_topology`. */
export const REDUNDANCIES = ['SINGLE', 'ACTIVE_STANDBY', 'ACTIVE_ACTIVE'] as const;
export type Redundancy = (typeof REDUNDANCIES)[number];

/** What a flavor says; one node where it says nothing that is known. */
export function redundancyNamed(name: unknown): Redundancy {
  return REDUNDANCIES.find((redundancy) => redundancy === name) ?? 'SINGLE';
}

export interface SubnetTopology {
  readonly id: string;
  readonly networkId: string;
  /** Bridge mapping name, or null for a network that lives in this host's own switch namespace. */
  readonly physicalNetwork: string | null;
  readonly cidr: string;
  readonly gateway: string | null;
  readonly mtu: number;
  readonly hostRoutes: readonly { readonly destination: string; readonly nexthop: string }[];
}

export interface Vip {
  readonly address: string;
  readonly mac: string;
  readonly subnet: SubnetTopology;
  /** True where the network is somebody else's: no further address of it can be had. */
  readonly foreign?: true;
}

export interface Neighbour {
  readonly networkId: string;
  readonly address: string;
  readonly mac: string;
}

export interface ListenerTopology {
  readonly id: string;
  readonly enabled: boolean;
  readonly protocol: ListenerProtocol;
  readonly port: number;
  /** null is unlimited. */
  readonly connectionLimit: number | null;
  /** Milliseconds. */
  readonly timeouts: { readonly client: number; readonly connect: number; readonly member: number; readonly inspect: number };
  /** Header name to the string 'true' or 'false'. */
  readonly insertHeaders: Readonly<Record<string, string>>;
  /** null lets everybody in. */
  readonly allowedCidrs: readonly string[] | null;
  /** Absent: its clients speak plainly. */
  readonly tls?: ListenerTls;
  readonly defaultPool: string | null;
  /** By position; only those that are switched on and have a rule that is. */
  readonly policies: readonly PolicyTopology[];
}

/** What both ends of TLS may be told. null leaves the choice to the engine. */
export interface TlsOptions {
  /** An OpenSSL cipher string. */
  readonly ciphers: string | null;
  readonly versions: readonly (typeof TLS_VERSIONS)[number][] | null;
  readonly alpn: readonly (typeof ALPN_PROTOCOLS)[number][] | null;
}

/** Certificates as files have them, in PEM: the certificate, its chain, its key. */
export interface ListenerTls extends TlsOptions {
  /** At least one. The first is shown to clients that ask for no name, or for one that no other is for. */
  readonly certificates: readonly Sealed[];
  readonly clients: ClientCertificates | null;
  readonly hsts: { readonly maxAge: number; readonly includeSubdomains: boolean; readonly preload: boolean } | null;
}

export interface ClientCertificates {
  readonly authentication: Exclude<Listener['client_authentication'], 'NONE'>;
  readonly authority: AuthorityFiles;
}

/** Whose certificates are believed, and which of them no longer are. */
export interface AuthorityFiles {
  readonly certificates: Sealed;
  readonly revocations: Sealed | null;
}

export interface PoolTls extends TlsOptions {
  /** What members are shown; null for nothing. */
  readonly certificate: Sealed | null;
  /** Who vouches for members; null believes them all. */
  readonly authority: AuthorityFiles | null;
}

export interface PolicyTopology {
  readonly id: string;
  readonly action: PolicyAction;
  /** Set for REDIRECT_TO_POOL, null for the others. The pool may be switched off. */
  readonly redirectPool: string | null;
  readonly redirectUrl: string | null;
  readonly redirectPrefix: string | null;
  readonly redirectCode: number | null;
  /** At least one; the policy applies when all of them do. */
  readonly rules: readonly RuleTopology[];
}

export interface RuleTopology {
  readonly id: string;
  readonly type: RuleType;
  readonly compareType: CompareType;
  readonly key: string | null;
  readonly value: string;
  readonly invert: boolean;
}

export interface PoolTopology {
  readonly id: string;
  readonly enabled: boolean;
  readonly protocol: PoolProtocol;
  readonly algorithm: Algorithm;
  readonly persistence: SessionPersistence | null;
  /** Absent: its members are spoken to plainly. */
  readonly tls?: PoolTls;
  readonly members: readonly MemberTopology[];
  readonly monitor: MonitorTopology | null;
}

export interface MemberTopology {
  readonly id: string;
  readonly enabled: boolean;
  readonly address: string;
  readonly port: number;
  /** 0…256; 0 drains. */
  readonly weight: number;
  readonly backup: boolean;
  readonly monitorAddress: string | null;
  readonly monitorPort: number | null;
}

export interface MonitorTopology {
  readonly id: string;
  readonly type: MonitorType;
  /** Seconds. */
  readonly delay: number;
  readonly timeout: number;
  /** Successes to come up, failures to go down. */
  readonly rise: number;
  readonly fall: number;
  readonly http: {
    readonly method: string;
    readonly path: string;
    readonly expectedCodes: string;
    readonly version: number | null;
    readonly domainName: string | null;
  } | null;
}

/** All addresses that the balancer answers on, the VIP first. */
export function vipsOf({ vip, additionalVips = [] }: Pick<Topology, 'vip' | 'additionalVips'>): readonly Vip[] {
  return [vip, ...additionalVips];
}

/** Ids of the pools that a listener sends requests to: its default pool first, then those that its policies choose. */
export function poolIdsOf({ defaultPool, policies }: Pick<ListenerTopology, 'defaultPool' | 'policies'>): string[] {
  const ids = [defaultPool, ...policies.map(({ redirectPool }) => redirectPool)];
  return [...new Set(ids.filter((id) => id !== null))];
}
