/** Topologies for tests: a small one that works, of which a test changes what it is about. */
import type { ListenerTopology, MemberTopology, MonitorTopology, PolicyTopology, PoolTopology, RuleTopology, Topology } from '../../model/topology.ts';

export function listenerOf(change: Partial<ListenerTopology> = {}): ListenerTopology {
  return {
    id: 'listener-1',
    enabled: true,
    protocol: 'HTTP',
    port: 80,
    connectionLimit: null,
    timeouts: { client: 50_000, connect: 5000, member: 50_000, inspect: 0 },
    insertHeaders: {},
    allowedCidrs: null,
    defaultPool: 'pool-1',
    policies: [],
    ...change,
  };
}

export function memberOf(change: Partial<MemberTopology> = {}): MemberTopology {
  return { id: 'member-1', enabled: true, address: '192.0.2.11', port: 8080, weight: 1, backup: false, monitorAddress: null, monitorPort: null, ...change };
}

export function monitorOf(change: Partial<MonitorTopology> = {}): MonitorTopology {
  return {
    id: 'monitor-1',
    type: 'HTTP',
    delay: 5,
    timeout: 3,
    rise: 2,
    fall: 3,
    http: { method: 'GET', path: '/', expectedCodes: '200', version: null, domainName: null },
    ...change,
  };
}

export function poolOf(change: Partial<PoolTopology> = {}): PoolTopology {
  return { id: 'pool-1', enabled: true, protocol: 'HTTP', algorithm: 'ROUND_ROBIN', persistence: null, members: [memberOf()], monitor: null, ...change };
}

export function topologyOf(change: Partial<Topology> = {}): Topology {
  return {
    id: 'balancer-1',
    projectId: 'project-1',
    enabled: true,
    engine: 'haproxy',
    redundancy: 'SINGLE',
    vip: {
      address: '192.0.2.1',
      mac: '02:00:c0:00:02:01',
      subnet: { id: 'subnet-1', networkId: 'network-1', physicalNetwork: null, cidr: '192.0.2.0/24', gateway: null, mtu: 1500, hostRoutes: [] },
    },
    listeners: [listenerOf()],
    pools: [poolOf()],
    memberSubnets: [],
    neighbours: [],
    ...change,
  };
}

export function ruleOf(change: Partial<RuleTopology> = {}): RuleTopology {
  return { id: 'rule-1', type: 'PATH', compareType: 'STARTS_WITH', key: null, value: '/images', invert: false, ...change };
}

export function policyOf(change: Partial<PolicyTopology> = {}): PolicyTopology {
  return {
    id: 'policy-1',
    action: 'REJECT',
    redirectPool: null,
    redirectUrl: null,
    redirectPrefix: null,
    redirectCode: null,
    rules: [ruleOf()],
    ...change,
  };
}
