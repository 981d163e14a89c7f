/** A server of its own with a network, three users and the openstack command, for the suites that go through all of it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../src/lab/api-client.ts';
import { OpenstackClient, idNamed, makeUsers } from './openstack-client.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

export type Shown = Record<string, unknown>;

export const DENIED = /Policy does not allow this request to be performed/;
/** The id of nothing. */
export const NOBODY = '11111111-2222-4333-8444-555555555555';
const LBAAS = '/load-balancer/v2.0/lbaas';

export interface Amphora extends Shown {
  readonly id: string;
}

export interface Installation {
  readonly cloud: Playground;
  readonly api: ApiClient;
  readonly subnetId: string;
  readonly projectId: string;
  /** Of each user. */
  readonly passwords: { readonly admin: string; readonly reader: string; readonly stranger: string };
}

/** A server whose nodes carry nothing, with a network of the administrator's project. */
export async function installation(name: string, cidr: string): Promise<Installation> {
  // Rows that a test changes by hand are not put right while it looks at them.
  const cloud = await Playground.create('[controller_worker]\nresync_interval = 3600\n[lb_provider]\nprovider = noop\nenabled_providers = noop');
  try {
    await cloud.serve();
    const api = await cloud.api();
    const other = await makeUsers(api);
    const admin = (await readFile(join(cloud.statePath, 'admin-password'), 'utf8')).trim();
    const passwords = { admin, reader: other, stranger: other };
    return { cloud, api, subnetId: await makeSubnet(api, name, cidr), projectId: await idNamed(api, 'projects', 'admin'), passwords };
  } catch (error) {
    await cloud.destroy();
    throw error;
  }
}

async function makeSubnet(api: ApiClient, name: string, cidr: string): Promise<string> {
  const { network } = await api.request<{ network: { id: string } }>('POST', '/network/v2.0/networks', { network: { name: `${name}-net` } });
  const subnet = { network_id: network.id, name: `${name}-subnet`, cidr, ip_version: 4 };
  return (await api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', { subnet })).subnet.id;
}

export class Site {
  readonly cloud: Playground;
  readonly api: ApiClient;
  readonly cli: OpenstackClient;
  readonly subnetId: string;
  readonly projectId: string;

  private constructor({ cloud, api, subnetId, projectId }: Installation, cli: OpenstackClient) {
    this.cloud = cloud;
    this.api = api;
    this.cli = cli;
    this.subnetId = subnetId;
    this.projectId = projectId;
  }

  static async open(atOnce: number): Promise<Site> {
    const made = await installation('cli', '192.168.77.0/24');
    return new Site(made, await OpenstackClient.of(made.cloud, made.passwords, atOnce));
  }

  async close(): Promise<void> {
    await this.cli.stop();
    await this.cloud.destroy();
  }

  /** Makes what a suite needs but does not try out; returns its id. */
  async make(path: string, root: string, object: Shown): Promise<string> {
    return (await this.api.request<Record<string, { id: string }>>('POST', `${LBAAS}/${path}`, { [root]: object }))[root]?.id ?? assert.fail(path);
  }

  balancer(name: string): Promise<string> {
    return this.make('loadbalancers', 'loadbalancer', { name, vip_subnet_id: this.subnetId });
  }

  /** An object as the API shows it, whatever the client makes of it. */
  async shown(path: string): Promise<Shown> {
    const answer = await this.api.request<Record<string, Shown>>('GET', `${LBAAS}/${path}`);
    return Object.values(answer)[0] ?? assert.fail(path);
  }

  /** The object has these attributes, among others. */
  async has(path: string, wanted: Shown): Promise<void> {
    const object = await this.shown(path);
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, object[name]])), wanted);
  }

  /** The object is not there any more, or soon will not be. */
  gone(path: string): Promise<void> {
    return until(`${path} is gone`, async () => {
      const answer = await this.api.request<{ faultcode?: string }>('GET', `${LBAAS}/${path}`, undefined, [404]);
      return answer.faultcode !== undefined;
    });
  }

  async amphorae(loadBalancerId: string): Promise<readonly Amphora[]> {
    return (await this.api.request<{ amphorae: Amphora[] }>('GET', `/load-balancer/v2.0/octavia/amphorae?loadbalancer_id=${loadBalancerId}`)).amphorae;
  }
}

/** Names in a list as the command prints it. */
export function namesOf(rows: unknown): unknown[] {
  return (rows as Shown[]).map((row) => row['name']);
}
