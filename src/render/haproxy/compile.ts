/**
 * Topology → haproxy.cfg for HAProxy 2.6. Pure: the same topology gives the same bytes. Names and descriptions that
 * people gave never get into the file; every other string of theirs passes argument.ts.
 */
import type { ProxyConfig, ProxyFile } from '../../model/node-config.ts';
import type { Topology } from '../../model/topology.ts';
import { proxyListeners } from '../engine.ts';
import type { Backend } from './backend.ts';
import { type Directive, encodeSection } from './directive.ts';
import { connectionLimit } from './frontend.ts';
import {
  BUFFER_BYTES,
  COPIED_BUFFER_BYTES,
  MOST_CONNECTIONS,
  type Process,
  type ProxyPair,
  defaultsSection,
  globalSection,
  loaded,
  peersSection,
} from './global.ts';
import { exporterSection } from './metrics-frontend.ts';
import { metricsFile } from './metrics-program.ts';
import { type Service, digestOf, distinct, isIdle, serverLines, servicesOf } from './services.ts';
import { settlingFile } from './settling.ts';
import { renderShare } from './share.ts';

/** Enough for the sockets that operators ask by, where HAProxy has no listener of its own. */
const FEW_CONNECTIONS = 100;

/**
 * null when there is nothing to listen on and nothing to check. Throws a CompileError when something cannot be carried or written.
 * @param pair the process and its counterpart on the other node of a pair, which then share their tables
 * @param logs whether what listeners carried is logged
 */
export function renderProxy(topology: Topology, pair: ProxyPair | null = null, logs = false): ProxyConfig | null {
  if (topology.packed === true) return renderShare(topology);
  const services = servicesOf(topology, logs);
  if (isIdle(services)) return null;
  const listeners = proxyListeners(topology);
  const maxconn = Math.min(MOST_CONNECTIONS, listeners.map(connectionLimit).reduce((sum, limit) => sum + limit, 0) || FEW_CONNECTIONS);
  const program = listeners.some(({ protocol }) => protocol === 'PROMETHEUS') ? metricsFile() : null;
  const process: Process = {
    maxconn,
    preparations: preparations(services, program),
    forks: forks(services),
    pair,
    bufferBytes: topology.retriesRequests === true ? COPIED_BUFFER_BYTES : BUFFER_BYTES,
  };
  const structure = structureOf(process, services, program);
  return {
    text: [encodeSection(globalSection(process, structure)), ...sections(services, program, pair, serverLines)].join('\n'),
    structure,
    servers: services.flatMap(({ backends }) => backends.flatMap(({ servers }) => servers)),
    files: distinct([...programs(services, program), ...services.flatMap(({ backends, files }) => [...files, ...backends.map((backend) => backend.program)])]),
  };
}

/** Everything but global, whose description is the digest of the rest. */
function sections(services: readonly Service[], program: ProxyFile | null, pair: ProxyPair | null, serversOf: (backend: Backend) => string[]): string[] {
  const peers = haveTables(services) ? [peersSection(pair)] : [];
  const exporter = program === null ? [] : [exporterSection()];
  return [
    ...[defaultsSection(), ...peers, ...exporter, ...services.flatMap(({ frontend }) => frontend ?? [])].map((section) => encodeSection(section)),
    ...services.flatMap(({ backends }) => backends.map((backend) => encodeSection(backend.section, serversOf(backend)))),
  ];
}

function haveTables(services: readonly Service[]): boolean {
  return services.some(({ backends }) => backends.some(({ hasTable }) => hasTable));
}

/** @param metrics what answers for PROMETHEUS listeners; null without any */
function programs(services: readonly Service[], metrics: ProxyFile | null): ProxyFile[] {
  return [...(metrics === null ? [] : [metrics]), ...(haveTables(services) ? [settlingFile()] : [])];
}

function preparations(services: readonly Service[], metrics: ProxyFile | null): Directive[] {
  return programs(services, metrics).map(loaded);
}

function forks(services: readonly Service[]): boolean {
  return services.some(({ backends }) => backends.some(({ program }) => program !== null));
}

/** What all servers of a backend have in common stays in: the runtime socket cannot change it on those that exist. */
function structureOf(process: Process, services: readonly Service[], program: ProxyFile | null): string {
  const text = [encodeSection(globalSection(process, null)), ...sections(services, program, process.pair, ({ keywords }) => [keywords])].join('\n');
  return digestOf(text);
}
