/**
 * UDP-CONNECT: the program that HAProxy runs for each check, with proxy address, proxy port, member address and member
 * port as arguments. A datagram to a port that nobody listens on comes back as ICMP "port unreachable", which the second
 * write tells. Silence is health: what the service answers nobody knows (Octavia's check asks the same).
 */
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import type { PoolTopology } from '../../model/topology.ts';
import { pingProgram } from './ping-program.ts';
import { sctpProgram } from './sctp-program.ts';

const PROGRAM = `#!/bin/bash
exec 2>/dev/null
exec 3<>"/dev/udp/$3/$4" || exit 1
printf '\\n' >&3 || exit 1
sleep 0.5
printf '\\n' >&3
`;

const content = new Sealed(PROGRAM);
const FILE: ProxyFile = { path: `checks/${content.digest}`, content, program: true };

/** What HAProxy runs to check the pool's members; null where it asks them by itself. */
export function checkProgram(pool: PoolTopology): ProxyFile | null {
  return pool.monitor?.type === 'UDP-CONNECT' ? FILE : (pingProgram(pool) ?? sctpProgram(pool));
}
