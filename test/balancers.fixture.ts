/** Octavia's API in the words that tests of whole balancers need. */
import assert from 'node:assert/strict';
import type { ApiClient } from '../src/lab/api-client.ts';
import { type Playground, until } from './playground.fixture.ts';

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly provisioning_status: string;
  readonly operating_status: string;
  readonly vip_address: string;
  readonly [attribute: string]: unknown;
}

export const LBAAS = '/load-balancer/v2.0/lbaas';
const CHILDREN = ['listeners', 'pools', 'healthmonitors'] as const;

export class Balancers {
  readonly cloud: Playground;
  readonly api: ApiClient;

  constructor(cloud: Playground, api: ApiClient) {
    this.cloud = cloud;
    this.api = api;
  }

  async make(path: string, kind: string, attributes: Record<string, unknown>): Promise<Row> {
    const body = await this.api.request<Record<string, Row>>('POST', `${LBAAS}/${path}`, { [kind]: attributes });
    return body[kind] as Row;
  }

  async change(path: string, kind: string, attributes: Record<string, unknown>): Promise<void> {
    await this.api.request('PUT', `${LBAAS}/${path}`, { [kind]: attributes });
  }

  async remove(path: string): Promise<void> {
    await this.api.request('DELETE', `${LBAAS}/${path}`);
  }

  async list(path: string): Promise<Row[]> {
    const body = await this.api.request<Record<string, Row[]>>('GET', `${LBAAS}/${path}`);
    return Object.values(body)[0] ?? [];
  }

  /** The object, or null when there is none. */
  async find(path: string): Promise<Row | null> {
    const body = await this.api.request<Record<string, Row | undefined>>('GET', `${LBAAS}/${path}`, undefined, [404]);
    const [row] = Object.values(body);
    return typeof row === 'object' && 'id' in row ? row : null;
  }

  async subnet(name: string): Promise<string> {
    const { subnets } = await this.api.request<{ subnets: { id: string }[] }>('GET', `/network/v2.0/subnets?name=${name}`);
    return subnets[0]?.id ?? assert.fail(`there is no subnet ${name}`);
  }

  /** A balancer that answers: HTTP on port 80, the lab's web servers behind it. */
  async whole(
    subnet = 'private-subnet',
    memberSubnet = 'private-subnet',
    more: Record<string, unknown> = {},
  ): Promise<{ balancer: Row; listener: Row; pool: Row; members: Row[] }> {
    const balancer = await this.make('loadbalancers', 'loadbalancer', { vip_subnet_id: await this.subnet(subnet) });
    const listener = await this.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
    const pool = await this.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id, ...more });
    const subnet_id = await this.subnet(memberSubnet);
    const member = (address: string): Promise<Row> => this.make(`pools/${pool.id}/members`, 'member', { address, protocol_port: 80, subnet_id });
    const members = [await member('192.168.1.10'), await member('192.168.1.11')];
    await this.settled();
    return { balancer, listener, pool, members };
  }

  /** Everything is delivered: balancers and all below them are ACTIVE, what was to be deleted is gone. */
  async settled(seconds = 30): Promise<void> {
    await until('everything is ACTIVE', async () => (await this.#waiting()).length === 0, seconds).catch(async (error: unknown) => {
      throw new Error(JSON.stringify(await this.#waiting()), { cause: error });
    });
  }

  async #waiting(): Promise<Row[]> {
    const pools = await this.list('pools');
    const rows = await Promise.all([this.list('loadbalancers'), ...CHILDREN.map((path) => this.list(path)), ...pools.map(({ id }) => this.#members(id))]);
    return rows.flat().filter((row) => row.provisioning_status !== 'ACTIVE');
  }

  /** None where the pool has gone since it was listed. */
  async #members(pool: string): Promise<Row[]> {
    return (await this.api.request<{ members?: Row[] }>('GET', `${LBAAS}/pools/${pool}/members`, undefined, [404])).members ?? [];
  }

  async clear(): Promise<void> {
    for (const { id } of await this.list('loadbalancers')) await this.api.request('DELETE', `${LBAAS}/loadbalancers/${id}?cascade=true`, undefined, [404, 409]);
    await until('no balancer is left', async () => (await this.list('loadbalancers')).length === 0);
  }

  /** The address answers, within the seconds given; each attempt is short, so that a lost packet does not decide. */
  async answers(address: string, seconds = 10): Promise<void> {
    await until(`${address} answers`, async () => /^web[12]$/.test(await this.cloud.ask(address, '/', 0.5).catch(() => '')), seconds);
  }
}
