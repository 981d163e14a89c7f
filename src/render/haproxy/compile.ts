/**
 * Topology → haproxy.cfg for HAProxy 2.6. Pure: the same topology gives the same bytes. Names and descriptions that
 * people gave never get into the file; every other string of theirs passes argument.ts.
 */
import { createHash } from 'node:crypto';
import type { ProxyConfig } from '../../model/node-config.ts';
import type { ListenerTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { type Backend, compileBackend } from './backend.ts';
import { CompileError, shown } from './compile-error.ts';
import { type Section, encodeSection } from './directive.ts';
import { connectionLimit, frontendSection } from './frontend.ts';
import { MOST_CONNECTIONS, defaultsSection, globalSection, peersSection } from './global.ts';
import { serverLine } from './server-line.ts';

interface Service {
  readonly frontend: Section;
  readonly backend: Backend | null;
}

/** null when there is nothing to listen on. Throws a CompileError when something cannot be carried or written. */
export function renderProxy(topology: Topology): ProxyConfig | null {
  const listeners = topology.enabled ? topology.listeners.filter(({ enabled }) => enabled) : [];
  if (listeners.length === 0) return null;
  const services = listeners.map((listener) => compileService(topology, listener));
  const maxconn = Math.min(
    MOST_CONNECTIONS,
    listeners.map(connectionLimit).reduce((sum, limit) => sum + limit, 0),
  );
  const structure = structureOf(maxconn, services);
  return {
    text: [encodeSection(globalSection(maxconn, structure)), ...sections(services, serverLines)].join('\n'),
    structure,
    servers: services.flatMap(({ backend }) => backend?.servers ?? []),
  };
}

function compileService(topology: Topology, listener: ListenerTopology): Service {
  const pool = defaultPool(topology, listener);
  const backend = pool && compileBackend(topology.vip, listener, pool);
  return { frontend: frontendSection(topology.vip, listener, backend?.name ?? null), backend };
}

function defaultPool(topology: Topology, listener: ListenerTopology): PoolTopology | null {
  if (listener.defaultPool === null) return null;
  const pool = topology.pools.find(({ id }) => id === listener.defaultPool);
  if (!pool) throw new CompileError(`the topology has no pool ${shown(listener.defaultPool)}`);
  return pool.enabled ? pool : null;
}

/** Everything but global, whose description is the digest of the rest. */
function sections(services: readonly Service[], serversOf: (backend: Backend) => string[]): string[] {
  const peers = services.some(({ backend }) => backend?.hasTable) ? [peersSection()] : [];
  return [
    ...[defaultsSection(), ...peers, ...services.map(({ frontend }) => frontend)].map((section) => encodeSection(section)),
    ...services.flatMap(({ backend }) => (backend ? [encodeSection(backend.section, serversOf(backend))] : [])),
  ];
}

function serverLines({ servers }: Backend): string[] {
  return servers.map(serverLine);
}

/** What all servers of a backend have in common stays in: the runtime socket cannot change it on those that exist. */
function structureOf(maxconn: number, services: readonly Service[]): string {
  const text = [encodeSection(globalSection(maxconn, null)), ...sections(services, ({ keywords }) => [keywords])].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
