/** What no gateway carries, in words, or null. The API asks before a row is written, and the compiler again. */
import type { HealthMonitor } from '../../model/health-monitor.ts';
import type { Listener } from '../../model/listener.ts';
import type { Topology } from '../../model/topology.ts';

/** Checks that need programs which a gateway has not. */
const PROGRAMS: readonly HealthMonitor['type'][] = ['UDP-CONNECT', 'SCTP'];

export function unsupportedListenerOnGateway({ protocol }: Pick<Listener, 'protocol'>): string | null {
  if (protocol === 'PROMETHEUS') return 'the listener protocol PROMETHEUS on a gateway';
  return protocol === 'SCTP' ? 'the listener protocol SCTP on a gateway' : null;
}

export function unsupportedMonitorOnGateway({ type }: Pick<HealthMonitor, 'type'>): string | null {
  return PROGRAMS.includes(type) ? `the health monitor type ${type} on a gateway` : null;
}

export function unsupportedOnGateway({ listeners, pools }: Topology): string | null {
  const all = [...listeners.map(unsupportedListenerOnGateway), ...pools.map(({ monitor }) => monitor && unsupportedMonitorOnGateway(monitor))];
  return all.find((hindrance) => hindrance !== null) ?? null;
}
