/**
 * A pool whose traffic the kernel carries → a backend that nobody is sent to: HAProxy checks its members, goes on doing so
 * when the server is away, and tells their state as that of any other.
 */
import type { Server } from '../../model/node-config.ts';
import { type ListenerTopology, type MemberTopology, type PoolTopology, type Topology, poolIdsOf } from '../../model/topology.ts';
import { isCarriedByPackets } from '../nftables/engine.ts';
import { name, word } from './argument.ts';
import type { Backend } from './backend.ts';
import { encodeWords } from './directive.ts';
import { enabledPool } from './enabled-pool.ts';
import { timer } from './frontend.ts';
import { checkDirectives, checkKeywords, isExternal } from './monitor.ts';
import { backendName } from './names.ts';
import { serverOf } from './server-line.ts';
import { checkProgram } from './udp-program.ts';

/** Listeners that HAProxy serves itself, switched on ones only. */
export function proxyListeners(topology: Topology): ListenerTopology[] {
  return topology.enabled ? topology.listeners.filter((listener) => listener.enabled && !isCarriedByPackets(listener, topology)) : [];
}

/** One for each monitored pool of a listener that the kernel carries. */
export function checkOnlyBackends(topology: Topology): Backend[] {
  if (!topology.enabled) return [];
  const pools = new Map(topology.pools.map((pool) => [pool.id, pool]));
  const carried = topology.listeners.filter((listener) => listener.enabled && isCarriedByPackets(listener, topology));
  return carried.flatMap((listener) => {
    const monitored = poolIdsOf(listener).flatMap((id) => enabledPool(id, pools) ?? []);
    return monitored.filter(({ monitor }) => monitor !== null).map((pool) => checkOnly(listener, pool));
  });
}

function checkOnly(listener: ListenerTopology, pool: PoolTopology): Backend {
  const backend = backendName(pool.id, listener.id);
  const keywords = encodeWords(checkKeywords(pool.monitor));
  return {
    name: backend,
    section: {
      head: [word('backend'), name(backend)],
      body: [
        [word('mode'), word('tcp')],
        [word('timeout'), word('connect'), timer(listener.timeouts.connect)],
        [word('timeout'), word('server'), timer(listener.timeouts.member)],
        ...checkDirectives(pool.monitor, checkProgram(pool)),
      ],
    },
    servers: pool.members.map((member) => checkedServer(member, backend, keywords, pool)),
    keywords,
    hasTable: false,
    forks: isExternal(pool.monitor),
    program: checkProgram(pool),
  };
}

/** Its address is the one that is checked: an external check is told no other. */
function checkedServer(member: MemberTopology, backend: string, keywords: string, { monitor }: PoolTopology): Server {
  const asked = {
    ...member,
    address: member.monitorAddress ?? member.address,
    port: member.monitorPort ?? member.port,
    monitorAddress: null,
    monitorPort: null,
  };
  return { ...serverOf(asked, backend, keywords, true), dynamic: !isExternal(monitor) };
}
