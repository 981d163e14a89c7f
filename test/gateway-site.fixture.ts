/** A site for tests: a real server, the lab, and gateways in its networks. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '../src/lab/api-client.ts';
import { GATEWAY_PASSWORD, type Running } from './live-gateways.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

export let cloud: Playground;
export let api: ApiClient;
let subnet: string;
let site: string;

/** For all tests of a file: a server, the lab, and a site. */
export function useSite(): void {
  before(async () => {
    cloud = await Playground.create('[gateways]\ncheck_interval = 2\nread_interval = 0.5\n[controller_worker]\nretry_max = 1');
    await cloud.serve();
    assert.equal((await cloud.weir('lab', 'up')).code, 0);
    api = await cloud.api();
    subnet = (await api.request<{ subnets: { id: string }[] }>('GET', '/network/v2.0/subnets?name=private-subnet')).subnets[0]?.id ?? '';
    site = (await api.request<{ site: { id: string } }>('POST', '/edge/v1/sites', { site: { name: 'plant-7' } })).site.id;
  });
  after(() => cloud.destroy());
  afterEach(async () => {
    for (const { id } of await list<{ id: string }>('loadbalancers')) await api.request('DELETE', `${LB}/loadbalancers/${id}?cascade=true`);
    await until('all load balancers are gone', async () => (await list('loadbalancers')).length === 0);
    const { gateways } = await api.request<{ gateways: { id: string }[] }>('GET', '/edge/v1/gateways');
    for (const { id } of gateways) await api.request('DELETE', `/edge/v1/gateways/${id}`);
  });
}

export const LB = '/load-balancer/v2/lbaas';

/** A program of the tests on a host of the lab. */
export function inLab(host: string, program: string, ...words: string[]): ChildProcess {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return spawn('nsenter', [`--net=/run/netns/weir-${cloud.instance}-lab-${host}`, process.execPath, file, ...words], { stdio: ['pipe', 'ignore', 'inherit'] });
}

export async function list<T>(collection: string): Promise<T[]> {
  return (await api.request<Record<string, T[]>>('GET', `${LB}/${collection}`))[collection] ?? [];
}

export interface Balancer {
  readonly id: string;
  readonly vip_address: string;
  readonly provisioning_status: string;
  readonly operating_status: string;
}

export const show = async (id: string): Promise<Balancer> => (await api.request<{ loadbalancer: Balancer }>('GET', `${LB}/loadbalancers/${id}`)).loadbalancer;

export async function becomes(id: string, provisioning: string, operating?: string): Promise<Balancer> {
  let last: Balancer | null = null;
  try {
    await until(`it is ${provisioning} ${operating ?? ''}`, async () => {
      last = await show(id);
      return last.provisioning_status === provisioning && (operating === undefined || last.operating_status === operating);
    });
  } catch (error) {
    const reasons = await cloud.weir('loadbalancer', 'show', id, '-f', 'json');
    throw new Error(`${String(error)}: ${JSON.stringify(last)} ${reasons.stdout} ${reasons.stderr}`, { cause: error });
  }
  return show(id);
}

export async function register(name: string, { url }: Pick<Running, 'url'>): Promise<string> {
  const body = { gateway: { name, site_id: site, url, username: 'root', password: GATEWAY_PASSWORD } };
  const { id } = (await api.request<{ gateway: { id: string } }>('POST', '/edge/v1/gateways', body)).gateway;
  await until(
    'the gateway is ONLINE',
    async () => (await api.request<{ gateway: { status: string } }>('GET', `/edge/v1/gateways/${id}`)).gateway.status === 'ONLINE',
  );
  return id;
}

export const WEBS = ['192.168.1.10', '192.168.1.11'];

export async function create(name: string, vip: string, more: Record<string, unknown> = {}): Promise<Balancer> {
  const members = WEBS.map((address) => ({ address, protocol_port: 80 }));
  const healthmonitor = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1 };
  const pool = { name: `${name}-pool`, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members, healthmonitor };
  const listeners = [{ name: `${name}-http`, protocol: 'HTTP', protocol_port: 80, default_pool: pool }];
  const loadbalancer = { name, vip_subnet_id: subnet, vip_address: vip, provider: 'openwrt', availability_zone: 'plant-7', listeners, ...more };
  return (await api.request<{ loadbalancer: Balancer }>('POST', `${LB}/loadbalancers`, { loadbalancer })).loadbalancer;
}

/** Who answers so many requests. */
export async function asked(vip: string, times: number): Promise<Record<string, number>> {
  const said: Record<string, number> = {};
  for (let index = 0; index < times; index++) {
    const name = await cloud.ask(vip).catch((error: unknown) => String(error).slice(-60));
    said[name] = (said[name] ?? 0) + 1;
  }
  return said;
}

/** With the web server of a host of the lab not answering. */
export async function withoutWeb(host: string, work: () => Promise<void>): Promise<void> {
  const rule = [
    'add',
    'table',
    'inet',
    'deaf',
    ';',
    'add',
    'chain',
    'inet',
    'deaf',
    'in',
    '{',
    'type',
    'filter',
    'hook',
    'input',
    'priority',
    '0',
    ';',
    '}',
    ';',
  ];
  await cloud.inLab(host, 'nft', [...rule, 'add', 'rule', 'inet', 'deaf', 'in', 'tcp', 'dport', '80', 'reject', 'with', 'tcp', 'reset'].join(' '));
  try {
    await work();
  } finally {
    await cloud.inLab(host, 'nft', 'delete table inet deaf');
  }
}
