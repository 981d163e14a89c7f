/**
 * Rows → topology. Pure: parses once what the database says into a value whose guarantees the compilers trust.
 * What is to be deleted is left out; what is disabled stays in, marked, because a compiler may have to say so.
 */
import { ipAddress } from '../model/field.ts';
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { L7Policy } from '../model/l7-policy.ts';
import type { L7Rule } from '../model/l7-rule.ts';
import type { Listener } from '../model/listener.ts';
import { macOf } from '../model/mac.ts';
import { IN_NAME_ONLY, type Materials } from './tls-references.ts';
import type { Member } from '../model/member.ts';
import type { Network, Subnet } from '../model/network.ts';
import type { Pool } from '../model/pool.ts';
import type {
  EngineChoice,
  ListenerTopology,
  MemberTopology,
  MonitorTopology,
  Neighbour,
  PolicyTopology,
  PoolTopology,
  RuleTopology,
  SubnetTopology,
  Topology,
  Vip,
} from '../model/topology.ts';
import { ENGINES, redundancyNamed } from '../model/topology.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { type Branches, branchesOf } from './branches.ts';
import { listenerTls, poolTls } from './resolve-tls.ts';

/**
 * Throws when the rows contradict each other, which the API's transactions rule out, and a MaterialError when a certificate
 * is not known.
 * @param materials what references to certificates mean
 */
export function resolve(tree: BalancerTree, materials: Materials = IN_NAME_ONLY): Topology {
  const { balancer } = tree;
  const subnets = new Map(tree.subnets.map((subnet) => [subnet.id, subnetTopology(subnet, tree.networks)]));
  const vipSubnet = subnets.get(must(balancer.vip_subnet_id, `load balancer ${balancer.id} has no VIP subnet`));
  const address = must(balancer.vip_address, `load balancer ${balancer.id} has no VIP address`);
  const wantedPools = wanted(tree.pools);
  const poolIds = new Set<string | null>(wantedPools.map(({ id }) => id));
  const branches = branchesOf(tree, { wanted: true });
  return Object.freeze({
    id: balancer.id,
    projectId: balancer.project_id ?? '',
    enabled: balancer.admin_state_up,
    engine: engineOf(tree.flavor),
    redundancy: redundancyNamed(tree.flavor['loadbalancer_topology']),
    ...connectionLogging(tree.flavor),
    ...(tree.flavor['retry_requests'] === true ? { retriesRequests: true } : {}),
    ...(tree.flavor['packed'] === true ? { packed: true } : {}),
    ...zoneOf(tree.zone),
    vip: { address, mac: macOf(address), ...(vipSubnet ? { subnet: vipSubnet } : { subnet: unknownSubnet(tree, address), foreign: true as const }) },
    ...additionalVips(tree, subnets),
    listeners: wanted(tree.listeners).map((listener) => listenerTopology(listener, poolIds, branches, materials)),
    pools: wantedPools.map((pool) => poolTopology(pool, branches, materials)),
    memberSubnets: memberSubnets(tree.members, subnets, [balancer.vip_subnet_id, ...balancer.additional_vips.map(({ subnet_id }) => subnet_id)]),
    neighbours: tree.neighbours.map(({ network_id, ip_address, mac_address }): Neighbour => ({ networkId: network_id, address: ip_address, mac: mac_address })),
  });
}

/** What a flavor that is older than this engine says of it is nothing. */
function engineOf({ engine }: BalancerTree['flavor']): EngineChoice {
  return ENGINES.find((name) => name === engine) ?? 'haproxy';
}

function connectionLogging({ connection_logging: asked }: BalancerTree['flavor']): Pick<Topology, 'connectionLogging'> {
  return typeof asked === 'boolean' ? { connectionLogging: asked } : {};
}

function zoneOf({ compute_zone: zone }: BalancerTree['zone']): Pick<Topology, 'zone'> {
  return typeof zone === 'string' ? { zone } : {};
}

function wanted<R extends { deleting: boolean }>(rows: readonly R[]): R[] {
  return rows.filter((row) => !row.deleting);
}

function must<T>(value: T | null | undefined, complaint: string): T {
  if (value === null || value === undefined) throw new Error(complaint);
  return value;
}

function subnetTopology(subnet: Subnet, networks: readonly Network[]): SubnetTopology {
  const network = must(
    networks.find(({ id }) => id === subnet.network_id),
    `network ${subnet.network_id} is gone`,
  );
  return {
    id: subnet.id,
    networkId: network.id,
    physicalNetwork: network['provider:physical_network'],
    cidr: subnet.cidr,
    gateway: subnet.gateway_ip,
    mtu: network.mtu,
    hostRoutes: subnet.host_routes,
  };
}

/**
 * With `[network] mode = unchecked` the network is somebody else's and no row tells about it: the VIP stands alone. Where
 * a network row is there, a subnet row must be too.
 */
function unknownSubnet({ balancer, networks, vipPort }: BalancerTree, address: string): SubnetTopology {
  if (networks.some(({ id }) => id === balancer.vip_network_id) || vipPort !== null) throw new Error(`VIP subnet of ${balancer.id} is gone`);
  return {
    id: balancer.vip_subnet_id ?? '',
    networkId: balancer.vip_network_id ?? '',
    physicalNetwork: null,
    cidr: `${address}/${address.includes(':') ? 128 : 32}`,
    gateway: null,
    mtu: 1500,
    hostRoutes: [],
  };
}

/** Left out where there are none, so that such a balancer is what it was before there could be any. */
function additionalVips({ balancer }: BalancerTree, subnets: ReadonlyMap<string, SubnetTopology>): Pick<Topology, 'additionalVips'> {
  const vips = balancer.additional_vips.map(({ subnet_id, ip_address }): Vip => {
    const address = must(ip_address, `load balancer ${balancer.id} has an additional VIP without an address`);
    return { address, mac: macOf(address), subnet: must(subnets.get(subnet_id), `subnet ${subnet_id} of an additional VIP is gone`) };
  });
  return vips.length === 0 ? {} : { additionalVips: vips };
}

function memberSubnets(members: readonly Member[], subnets: ReadonlyMap<string, SubnetTopology>, vipSubnets: readonly (string | null)[]): SubnetTopology[] {
  const named = new Set(wanted(members).map((member) => member.subnet_id));
  return [...subnets.values()].filter(({ id }) => named.has(id) && !vipSubnets.includes(id));
}

function listenerTopology(listener: Listener, pools: ReadonlySet<string | null>, branches: Branches, materials: Materials): ListenerTopology {
  const tls = listenerTls(listener, materials);
  return {
    id: listener.id,
    enabled: listener.admin_state_up,
    protocol: listener.protocol,
    port: listener.protocol_port,
    // Octavia takes 0 for no limit, as -1.
    connectionLimit: listener.connection_limit <= 0 ? null : listener.connection_limit,
    timeouts: {
      client: listener.timeout_client_data,
      connect: listener.timeout_member_connect,
      member: listener.timeout_member_data,
      inspect: listener.timeout_tcp_inspect,
    },
    insertHeaders: listener.insert_headers,
    allowedCidrs: listener.allowed_cidrs,
    ...(tls ? { tls } : {}),
    defaultPool: pools.has(listener.default_pool_id) ? listener.default_pool_id : null,
    policies: policiesOf(listener, pools, branches),
  };
}

/** One without rules would apply to everything, which nobody asked for; one whose pool is on its way out has no target. */
function policiesOf(listener: Listener, pools: ReadonlySet<string | null>, branches: Branches): PolicyTopology[] {
  return switchedOn(branches.policiesOf(listener.id))
    .toSorted((a, b) => a.position - b.position)
    .map((policy) => policyTopology(policy, branches.rulesOf(policy.id)))
    .filter(({ rules, action, redirectPool }) => rules.length > 0 && (action !== 'REDIRECT_TO_POOL' || pools.has(redirectPool)));
}

function switchedOn<R extends { admin_state_up: boolean }>(rows: readonly R[]): R[] {
  return rows.filter((row) => row.admin_state_up);
}

function policyTopology(policy: L7Policy, rules: readonly L7Rule[]): PolicyTopology {
  return {
    id: policy.id,
    action: policy.action,
    redirectPool: policy.action === 'REDIRECT_TO_POOL' ? policy.redirect_pool_id : null,
    redirectUrl: policy.redirect_url,
    redirectPrefix: policy.redirect_prefix,
    redirectCode: policy.redirect_http_code,
    rules: switchedOn(rules).map(ruleTopology),
  };
}

function ruleTopology({ id, type, compare_type: compareType, key, value, invert }: L7Rule): RuleTopology {
  return { id, type, compareType, key, value, invert };
}

function poolTopology(pool: Pool, branches: Branches, materials: Materials): PoolTopology {
  const tls = poolTls(pool, materials);
  const [monitor] = switchedOn(branches.monitorsOf(pool.id));
  return {
    id: pool.id,
    enabled: pool.admin_state_up,
    protocol: pool.protocol,
    algorithm: pool.lb_algorithm,
    persistence: pool.session_persistence,
    ...(tls ? { tls } : {}),
    members: branches.membersOf(pool.id).map(memberTopology),
    monitor: monitor ? monitorTopology(monitor) : null,
  };
}

function memberTopology(member: Member): MemberTopology {
  return {
    id: member.id,
    enabled: member.admin_state_up,
    address: member.host,
    port: member.protocol_port,
    weight: member.weight,
    backup: member.backup,
    monitorAddress: member.monitor_address === null ? null : ipAddress.parse(member.monitor_address),
    monitorPort: member.monitor_port,
  };
}

function monitorTopology(monitor: HealthMonitor): MonitorTopology {
  const { http_method: method, url_path: path, expected_codes: expectedCodes } = monitor;
  const isHttp = method !== null && path !== null && expectedCodes !== null;
  return {
    id: monitor.id,
    type: monitor.type,
    delay: monitor.delay,
    timeout: monitor.timeout,
    rise: monitor.max_retries,
    fall: monitor.max_retries_down,
    http: isHttp ? { method, path, expectedCodes, version: monitor.http_version, domainName: monitor.domain_name } : null,
  };
}
