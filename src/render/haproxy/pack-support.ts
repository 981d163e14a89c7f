/**
 * What a process that serves many balancers cannot do for one of them, in words, or null. The API asks before a row is
 * written, and the compiler again.
 */
import type { HealthMonitor } from '../../model/health-monitor.ts';
import type { Listener } from '../../model/listener.ts';
import type { Redundancy } from '../../model/topology.ts';

/** Whose checks are programs. */
const PROGRAMS: readonly HealthMonitor['type'][] = ['PING', 'UDP-CONNECT', 'SCTP'];

/** HAProxy's metrics are of the whole process, and with them those of others. */
export function unsupportedListenerInPack({ protocol }: Pick<Listener, 'protocol'>): string | null {
  return protocol === 'PROMETHEUS' ? 'the listener protocol PROMETHEUS of a load balancer that shares its proxy' : null;
}

/** A program that HAProxy runs is in HAProxy's own namespace, from where it reaches no member. */
export function unsupportedMonitorInPack({ type }: Pick<HealthMonitor, 'type'>): string | null {
  return PROGRAMS.includes(type) ? `the health monitor type ${type} of a load balancer that shares its proxy` : null;
}

/** The pipe that flows go through is a node's own. */
export function unsupportedLoggingInPack(logs: unknown): string | null {
  return logs === true ? 'connection logging of a load balancer that shares its proxy' : null;
}

/** keepalived watches a proxy of the node's own. */
export function unsupportedPairInPack(redundancy: Redundancy): string | null {
  return redundancy === 'SINGLE' ? null : `the topology ${redundancy} of a load balancer that shares its proxy`;
}
