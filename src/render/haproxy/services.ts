/** What HAProxy does for one balancer: a service for each listener, with the backends that it may choose. */
import { createHash } from 'node:crypto';
import type { ProxyFile } from '../../model/node-config.ts';
import { type ListenerTopology, type PoolTopology, type Topology, poolIdsOf, vipsOf } from '../../model/topology.ts';
import { proxyListeners } from '../engine.ts';
import { type Backend, compileBackend } from './backend.ts';
import { checkOnlyBackends } from './check-only.ts';
import type { Section } from './directive.ts';
import { enabledPool } from './enabled-pool.ts';
import { flowLogDirectives } from './flow-log.ts';
import { frontendSection } from './frontend.ts';
import { backendName } from './names.ts';
import { carriedPolicies } from './policy.ts';
import { serverLine } from './server-line.ts';
import { listenerFiles, poolFiles } from './tls.ts';

export interface Service {
  /** null where the kernel carries the traffic and HAProxy only checks the members. */
  readonly frontend: Section | null;
  /** One for each pool that the listener may choose. */
  readonly backends: readonly Backend[];
  /** Certificates and lists that the two name. */
  readonly files: readonly ProxyFile[];
}

/** Of each listener that the proxy serves, and of what it checks for the kernel. */
export function servicesOf(topology: Topology, logs: boolean): Service[] {
  const pools = new Map(topology.pools.map((pool) => [pool.id, pool]));
  const services = proxyListeners(topology).map((listener) => compileService(topology, listener, pools, logs));
  return [...services, { frontend: null, backends: checkOnlyBackends(topology), files: [] }];
}

/** Whether there is nothing to listen on and nothing to check. */
export function isIdle(services: readonly Service[]): boolean {
  return services.every(({ frontend, backends }) => frontend === null && backends.length === 0);
}

function compileService(topology: Topology, listener: ListenerTopology, pools: ReadonlyMap<string, PoolTopology>, logs: boolean): Service {
  const vips = vipsOf(topology);
  const log = logs ? flowLogDirectives(topology, listener) : [];
  const policies = carriedPolicies(listener, pools);
  const used = poolIdsOf({ ...listener, policies }).flatMap((id) => enabledPool(id, pools) ?? []);
  const fallback = used.find(({ id }) => id === listener.defaultPool);
  const duties = { inserts: policies.length > 0, retries: topology.retriesRequests === true };
  return {
    frontend: frontendSection(vips, listener, policies, fallback ? backendName(fallback.id, listener.id) : null, log),
    backends: used.map((pool) => compileBackend(vips, listener, pool, duties)),
    files: [...(listener.tls ? listenerFiles(listener.tls) : []), ...used.flatMap(({ tls }) => (tls ? poolFiles(tls) : []))],
  };
}

/** A pool behind two listeners has its program once. */
export function distinct(files: readonly (ProxyFile | null)[]): ProxyFile[] {
  return [...new Map(files.flatMap((file) => (file === null ? [] : [[file.path, file] as const]))).values()];
}

export function serverLines({ servers }: Backend): string[] {
  return servers.map(serverLine);
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
