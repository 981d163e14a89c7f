import type { ListenerProtocol } from '../model/listener.ts';
import type { PoolProtocol } from '../model/pool.ts';

/** Whether the protocol's traffic is packets to no proxy's knowledge: the kernel's to balance, whatever a flavor says. */
export function isDatagram(protocol: ListenerProtocol | PoolProtocol): protocol is 'UDP' | 'SCTP' {
  return protocol === 'UDP' || protocol === 'SCTP';
}
