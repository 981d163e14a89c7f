/**
 * Topology → the config of a node that only pretends to carry it (provider noop). Pure. It has the shape of a real
 * node's, so that the loop, its plans and its readings go the same ways, and it can hold every option of the API, also
 * those that no engine carries.
 */
import { createHash } from 'node:crypto';
import { EMPTY_NODE, type NodeConfig, type ProxyConfig, type Server } from '../../model/node-config.ts';
import { type ListenerTopology, type MemberTopology, type PoolTopology, type Topology, poolIdsOf } from '../../model/topology.ts';

export function renderPretended(topology: Topology): NodeConfig {
  return { ...EMPTY_NODE, proxy: topology.enabled ? proxyOf(topology) : null };
}

function proxyOf(topology: Topology): ProxyConfig | null {
  const listeners = topology.listeners.filter(({ enabled }) => enabled);
  if (listeners.length === 0) return null;
  const pools = new Map(topology.pools.map((pool) => [pool.id, pool]));
  const frontends = listeners.map((listener) => `frontend ${listener.id}\n    ${JSON.stringify(listener)}\n`);
  const backends = topology.pools.map(({ members: _members, ...pool }) => `backend ${pool.id}\n    ${JSON.stringify(pool)}\n`);
  const text = [...frontends, ...backends].join('');
  return {
    text,
    structure: createHash('sha256').update(text).digest('hex').slice(0, 32),
    servers: listeners.flatMap((listener) => serversOf(listener, pools)),
    files: [],
  };
}

function serversOf(listener: ListenerTopology, pools: ReadonlyMap<string, PoolTopology>): Server[] {
  const used = poolIdsOf(listener).flatMap((id) => pools.get(id) ?? []);
  return used.filter(({ enabled }) => enabled).flatMap((pool) => pool.members.map((member) => server(member, pool, listener)));
}

function server(member: MemberTopology, pool: PoolTopology, listener: ListenerTopology): Server {
  return {
    backend: `${pool.id}:${listener.id}`,
    name: member.id,
    address: member.address,
    port: member.port,
    weight: member.weight,
    state: member.enabled ? 'ready' : 'maint',
    backup: member.backup,
    check: pool.monitor ? { address: member.monitorAddress, port: member.monitorPort } : null,
    keywords: '',
    dynamic: true,
  };
}
