/** The requests that measurements are made of. */
import type { Api } from './http.ts';

export const LBAAS = '/load-balancer/v2.0/lbaas';

export interface Balancer {
  readonly id: string;
  readonly vip_address: string;
  readonly provisioning_status: string;
}

/** One balancer with a listener and a pool. */
export interface Tree {
  readonly balancer: Balancer;
  readonly listenerId: string;
  readonly poolId: string;
}

interface Named {
  readonly id: string;
}

/** For the noop provider: the range that RFC 2544 sets aside for measurements, large enough for every run. */
export async function makeSubnet(api: Api): Promise<string> {
  const { network } = await api.call<{ network: Named }>('POST', '/network/v2.0/networks', { network: { name: 'bench' } });
  const attributes = { name: 'bench-subnet', network_id: network.id, ip_version: 4, cidr: '198.18.0.0/15' };
  const { subnet } = await api.call<{ subnet: Named }>('POST', '/network/v2.0/subnets', { subnet: attributes });
  return subnet.id;
}

export async function findSubnet(api: Api, name: string): Promise<string> {
  const { subnets } = await api.call<{ subnets: Named[] }>('GET', `/network/v2.0/subnets?name=${name}`);
  const [subnet] = subnets;
  if (!subnet) throw new Error(`There is no subnet ${name}`);
  return subnet.id;
}

export async function makeBalancer(api: Api, subnet: string): Promise<Balancer> {
  const { loadbalancer } = await api.call<{ loadbalancer: Balancer }>('POST', `${LBAAS}/loadbalancers`, {
    loadbalancer: { name: 'bench', vip_subnet_id: subnet },
  });
  return loadbalancer;
}

/** The same with a listener, a pool and members, in one request. */
export async function makeWhole(api: Api, subnet: string, members: readonly string[], more: Whole = {}): Promise<Balancer> {
  const { listener = {}, ...attributes } = more;
  const pool = { name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: members.map((address) => ({ address, protocol_port: 80 })) };
  const listeners = [{ protocol: 'HTTP', protocol_port: 80, default_pool: pool, ...listener }];
  const { loadbalancer } = await api.call<{ loadbalancer: Balancer }>('POST', `${LBAAS}/loadbalancers`, {
    loadbalancer: { name: 'bench', vip_subnet_id: subnet, listeners, ...attributes },
  });
  return loadbalancer;
}

/** Attributes of the balancer, and of its listener. */
export interface Whole {
  readonly flavor_id?: string;
  readonly vip_address?: string;
  readonly listener?: { readonly connection_limit?: number };
}

export async function makeFlavor(api: Api, name: string, data: Record<string, unknown>): Promise<string> {
  const profile = { name, provider_name: 'octavia', flavor_data: JSON.stringify(data) };
  const { flavorprofile } = await api.call<{ flavorprofile: Named }>('POST', `${LBAAS}/flavorprofiles`, { flavorprofile: profile });
  const { flavor } = await api.call<{ flavor: Named }>('POST', `${LBAAS}/flavors`, { flavor: { name, flavor_profile_id: flavorprofile.id } });
  return flavor.id;
}

/** Listener and pool, back to back, without waiting for either. */
export async function makeTree(api: Api, subnet: string): Promise<Tree> {
  const balancer = await makeBalancer(api, subnet);
  const { listener } = await api.call<{ listener: Named }>('POST', `${LBAAS}/listeners`, {
    listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id },
  });
  const { pool } = await api.call<{ pool: Named }>('POST', `${LBAAS}/pools`, {
    pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id },
  });
  return { balancer, listenerId: listener.id, poolId: pool.id };
}

export async function addMember(api: Api, { poolId }: Tree, address: string, port = 80): Promise<string> {
  const { member } = await api.call<{ member: Named }>('POST', `${LBAAS}/pools/${poolId}/members`, { member: { address, protocol_port: port } });
  return member.id;
}

/** Asks back to back until nothing is pending; throws on ERROR. */
export async function untilActive(api: Api, id: string): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    const { loadbalancer } = await api.call<{ loadbalancer: Balancer }>('GET', `${LBAAS}/loadbalancers/${id}`);
    if (loadbalancer.provisioning_status === 'ACTIVE') return;
    if (loadbalancer.provisioning_status === 'ERROR') throw new Error(`Load balancer ${id} is in ERROR`);
    if (performance.now() > until) throw new Error(`Load balancer ${id} is still ${loadbalancer.provisioning_status} after a minute`);
  }
}

export async function remove(api: Api, { id }: Balancer): Promise<void> {
  await api.call('DELETE', `${LBAAS}/loadbalancers/${id}?cascade=true`);
}
