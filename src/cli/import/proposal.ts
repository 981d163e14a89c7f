/** What an import offers: load balancers as the API makes them, and what has to be said about them. */

export interface Proposal {
  /** For people; letters, digits, dashes and underscores. */
  readonly name: string;
  /** Address that clients know today; null where the file does not say. */
  readonly address: string | null;
  readonly listeners: readonly ProposedListener[];
  /** What is different from before, or could not be taken over. */
  readonly notes: readonly string[];
}

export interface ProposedListener {
  readonly protocol: 'TCP' | 'UDP' | 'HTTP';
  readonly port: number;
  readonly algorithm: 'ROUND_ROBIN' | 'LEAST_CONNECTIONS' | 'SOURCE_IP';
  readonly members: readonly ProposedMember[];
  /** Seconds that a client keeps its member; null: it does not. */
  readonly sticky: number | null;
  readonly monitor: ProposedMonitor | null;
  readonly allowedCidrs: readonly string[];
}

export interface ProposedMember {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly backup: boolean;
}

export interface ProposedMonitor {
  readonly type: 'TCP' | 'HTTP';
  readonly path: string | null;
}

/** What one source gives. */
export interface Found {
  readonly proposals: readonly Proposal[];
  /** What stands in it and is no load balancer, or cannot become one. */
  readonly remarks: readonly string[];
}

export const NOTHING: Found = { proposals: [], remarks: [] };

export function together(all: readonly Found[]): Found {
  return { proposals: all.flatMap(({ proposals }) => proposals), remarks: all.flatMap(({ remarks }) => remarks) };
}

export function listenerOf(change: Pick<ProposedListener, 'protocol' | 'port' | 'members'> & Partial<ProposedListener>): ProposedListener {
  return { algorithm: 'ROUND_ROBIN', sticky: null, monitor: null, allowedCidrs: [], ...change };
}

export function memberOf(address: string, port: number, more: Partial<ProposedMember> = {}): ProposedMember {
  return { address, port, weight: 1, backup: false, ...more };
}

/** A name that any part of the API takes. */
export function plainName(text: string): string {
  return (
    text
      .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 200) || 'imported'
  );
}

/** A port from 1 to 65535; null for anything else. */
export function portIn(text: string | undefined): number | null {
  const port = Number(text);
  return /^\d{1,5}$/.test(text ?? '') && port >= 1 && port <= 65_535 ? port : null;
}

/** Delays of monitors where the source has none, seconds. */
const PACE = { delay: 5, timeout: 3, max_retries: 2, max_retries_down: 3 };

/** The body of a create of the whole tree. */
export function bodyOf({ name, address, listeners, notes }: Proposal, subnetId: string, keepAddress: boolean): Record<string, unknown> {
  return {
    name,
    description: notes.join(' ').slice(0, 255),
    vip_subnet_id: subnetId,
    ...(keepAddress && address !== null ? { vip_address: address } : {}),
    listeners: listeners.map((listener) => listenerBody(name, listener)),
  };
}

function listenerBody(name: string, { protocol, port, algorithm, members, sticky, monitor, allowedCidrs }: ProposedListener): Record<string, unknown> {
  const label = `${name}-${protocol.toLowerCase()}-${port}`;
  return {
    name: label,
    protocol,
    protocol_port: port,
    ...(allowedCidrs.length === 0 ? {} : { allowed_cidrs: allowedCidrs }),
    default_pool: {
      name: label,
      protocol,
      lb_algorithm: algorithm,
      ...(sticky === null ? {} : { session_persistence: { type: 'SOURCE_IP', ...(protocol === 'UDP' ? { persistence_timeout: sticky } : {}) } }),
      members: members.map(({ address, port: memberPort, weight, backup }) => ({ address, protocol_port: memberPort, weight, backup })),
      ...(monitor === null ? {} : { healthmonitor: monitorBody(monitor) }),
    },
  };
}

function monitorBody({ type, path }: ProposedMonitor): Record<string, unknown> {
  return { type, ...PACE, ...(path === null ? {} : { url_path: path }) };
}
