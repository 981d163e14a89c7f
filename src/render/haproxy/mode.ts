/** Whether HAProxy reads HTTP or only moves bytes. */
import type { ListenerProtocol } from '../../model/listener.ts';
import type { ListenerTopology, PoolTopology } from '../../model/topology.ts';

export type Mode = 'http' | 'tcp';

const READ: readonly ListenerProtocol[] = ['HTTP', 'TERMINATED_HTTPS', 'PROMETHEUS'];

export function frontendMode(listener: ListenerTopology): Mode {
  return READ.includes(listener.protocol) ? 'http' : 'tcp';
}

/**
 * An HTTP pool behind a TCP listener is served as HTTP, as in Octavia: HAProxy upgrades the connection, and cookies and
 * requests can be told apart. The other way round is not possible and the API does not let it happen.
 */
export function backendMode(listener: ListenerTopology, pool: PoolTopology): Mode {
  return pool.protocol === 'HTTP' ? 'http' : frontendMode(listener);
}
