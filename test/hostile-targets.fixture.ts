/** Every resource that a client can create, with the least body that does, so that each attribute can be spoilt in turn. */
import assert from 'node:assert/strict';
import { healthMonitor } from '../src/model/health-monitor.ts';
import { listener } from '../src/model/listener.ts';
import { loadBalancer } from '../src/model/load-balancer.ts';
import { member } from '../src/model/member.ts';
import { network, port, subnet } from '../src/model/network.ts';
import { pool } from '../src/model/pool.ts';
import type { Resource } from '../src/model/resource.ts';
import type { HostileClient } from './hostile-client.fixture.ts';

const LBAAS = '/load-balancer/v2.0/lbaas';
const NEUTRON = '/network/v2.0';

export interface Target {
  readonly resource: Resource;
  readonly path: string;
  /** A body that creates one, different every time where it must be. */
  body(): Promise<Record<string, unknown>> | Record<string, unknown>;
}

export class Parents {
  readonly client: HostileClient;
  #count = 0;

  constructor(client: HostileClient) {
    this.client = client;
  }

  async make(path: string, kind: string, attributes: Record<string, unknown>): Promise<string> {
    const { status, body } = await this.client.send('POST', path, { [kind]: attributes });
    assert.equal(status, 201, JSON.stringify(body));
    return (body as Record<string, { id: string }>)[kind]?.id ?? '';
  }

  next(): number {
    return (this.#count += 1);
  }

  /** A network with an IPv4 subnet of the given range. */
  async subnet(cidr: string, more: Record<string, unknown> = {}): Promise<{ network: string; subnet: string }> {
    const made = await this.make(`${NEUTRON}/networks`, 'network', { name: 'hostile' });
    return { network: made, subnet: await this.make(`${NEUTRON}/subnets`, 'subnet', { network_id: made, ip_version: 4, cidr, ...more }) };
  }

  balancer(subnetId: string, more: Record<string, unknown> = {}): Promise<string> {
    return this.make(`${LBAAS}/loadbalancers`, 'loadbalancer', { vip_subnet_id: subnetId, ...more });
  }

  pool(balancer: string): Promise<string> {
    return this.make(`${LBAAS}/pools`, 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer });
  }
}

export async function targets(parents: Parents): Promise<Target[]> {
  const place = await parents.subnet('10.99.0.0/16');
  const balancer = await parents.balancer(place.subnet);
  const members = await parents.pool(balancer);
  return [
    { resource: loadBalancer, path: `${LBAAS}/loadbalancers`, body: () => ({ vip_subnet_id: place.subnet }) },
    { resource: listener, path: `${LBAAS}/listeners`, body: () => ({ protocol: 'HTTP', protocol_port: 1024 + parents.next(), loadbalancer_id: balancer }) },
    { resource: pool, path: `${LBAAS}/pools`, body: () => ({ protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: balancer }) },
    { resource: member, path: `${LBAAS}/pools/${members}/members`, body: () => ({ address: '192.0.2.1', protocol_port: 1024 + parents.next() }) },
    {
      resource: healthMonitor,
      path: `${LBAAS}/healthmonitors`,
      body: async () => ({ pool_id: await parents.pool(balancer), type: 'HTTP', delay: 5, timeout: 5, max_retries: 3 }),
    },
    { resource: network, path: `${NEUTRON}/networks`, body: () => ({}) },
    {
      resource: subnet,
      path: `${NEUTRON}/subnets`,
      body: async () => ({ network_id: await parents.make(`${NEUTRON}/networks`, 'network', {}), ip_version: 4, cidr: '10.98.0.0/24' }),
    },
    { resource: port, path: `${NEUTRON}/ports`, body: () => ({ network_id: place.network }) },
  ];
}
