/**
 * A pool whose traffic the kernel carries → a backend that nobody is sent to: HAProxy checks its members, goes on doing so
 * when the server is away, and tells their state as that of any other.
 */
import { type ListenerTopology, type MemberTopology, type PoolTopology, type Topology, poolIdsOf } from '../../model/topology.ts';
import { packetListeners } from '../engine.ts';
import { word } from './argument.ts';
import { type Backend, backendOf } from './backend.ts';
import { encodeWords } from './directive.ts';
import { enabledPool } from './enabled-pool.ts';
import { timer } from './frontend.ts';
import { backendName } from './names.ts';
import { checkOf } from './pool-check.ts';

/** One for each monitored pool of a listener that the kernel carries. */
export function checkOnlyBackends(topology: Topology): Backend[] {
  const pools = new Map(topology.pools.map((pool) => [pool.id, pool]));
  return packetListeners(topology).flatMap((listener) => {
    const monitored = poolIdsOf(listener).flatMap((id) => enabledPool(id, pools) ?? []);
    return monitored.filter(({ monitor }) => monitor !== null).map((pool) => checkOnly(listener, pool));
  });
}

function checkOnly(listener: ListenerTopology, pool: PoolTopology): Backend {
  const { directives, keywords, program } = checkOf(pool);
  const kind = { backend: backendName(pool.id, listener.id), keywords: encodeWords(keywords), checked: true, dynamic: program === null, tls: undefined };
  const body = [
    [word('mode'), word('tcp')],
    [word('timeout'), word('connect'), timer(listener.timeouts.connect)],
    [word('timeout'), word('server'), timer(listener.timeouts.member)],
    ...directives,
  ];
  return backendOf(kind, pool.members.map(asChecked), { body, hasTable: false, program });
}

/** Its address is the one that is checked: an external check is told no other. */
function asChecked(member: MemberTopology): MemberTopology {
  const { monitorAddress, monitorPort, address, port } = member;
  return { ...member, address: monitorAddress ?? address, port: monitorPort ?? port, monitorAddress: null, monitorPort: null };
}
