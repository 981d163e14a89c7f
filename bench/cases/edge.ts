/**
 * A fleet of gateways, each with one load balancer; some are slow, some dead. One change to all of them: when is it confirmed, and what
 * does it cost? Then a hand on some of them: when are they right again?
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../client-messages.ts';
import type { Effort } from '../effort.ts';
import { type Fleet, withFleet } from '../fleet.ts';
import type { Api } from '../http.ts';
import { type Balancer, LBAAS, makeSubnet } from '../octavia.ts';
import { concurrently } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const CLIENTS = 16;
const CHANGES = 3;
/** Of a hundred gateways. */
const SLOW = 3;
const DEAD = 2;
const MEDDLED = 50;
const AT_MOST_MS = 300_000;
const SETTINGS = ['[gateways]', 'check_interval = 3600', 'read_interval = 60'];

export async function edge({ gateways: count }: Effort): Promise<Row[]> {
  const rows = await withHeap(count, []);
  const frugal = await withHeap(count, ['[DEFAULT]', 'heap_growth = 50']);
  const memory = frugal.filter(({ what }) => what.includes('memory'));
  return [...rows, ...memory.map((row) => ({ ...row, what: `${row.what}, heap_growth = 50` }))];
}

function withHeap(count: number, settings: readonly string[]): Promise<Row[]> {
  const share = (percent: number): number => Math.ceil((count * percent) / 100);
  return withFleet(count, share(SLOW), (fleet) =>
    withServer({ provider: 'octavia', settings: [...SETTINGS, ...settings] }, (server) => measure(server, fleet, count, share(DEAD))),
  );
}

interface Change {
  readonly times: readonly number[];
  readonly processor: number;
  readonly memory: number;
  readonly requests: number;
}

async function measure(server: ServerUnderTest, fleet: Fleet, count: number, dead: number): Promise<Row[]> {
  const { api } = server;
  const started = now();
  const balancers = await makeAll(api, fleet);
  await untilActive(api, count);
  const made = now() - started;
  await fleet.kill(dead);
  const changes: Change[] = [];
  for (let index = 0; index < CHANGES; index++) changes.push(await change(server, fleet, balancers, count - dead, index));
  const repaired = await repair(fleet, Math.min(MEDDLED, count - dead));
  const row = (what: string, unit: string, values: number[], goal?: number): Row => ({
    what,
    unit,
    values,
    better: 'less',
    ...(goal === undefined ? {} : { goal }),
  });
  const at = (share: number) => changes.map(({ times }) => times[Math.ceil(times.length * share) - 1] ?? Number.NaN);
  const all = `${count} gateways, ${SLOW} % slow, ${DEAD} % dead: one change to each`;
  return [
    row(`${count} gateways registered, and a load balancer on each made → all ACTIVE`, 'ms', [made]),
    row(`${all} → half confirmed`, 'ms', at(0.5)),
    row(`${all} → 99 % of the living confirmed`, 'ms', at(0.99)),
    row(`${all} → all the living confirmed`, 'ms', at(1), 15_000),
    row(
      'the same, processor time of the server',
      's',
      changes.map(({ processor }) => processor),
    ),
    row(
      'the same, memory of the server',
      'MiB',
      changes.map(({ memory }) => memory),
      400,
    ),
    row(
      'the same, HTTP requests for each gateway',
      '',
      changes.map(({ requests }) => requests / count),
      12,
    ),
    row(`a hand on ${Math.min(MEDDLED, count - dead)} of them → all right again`, 'ms', [repaired]),
  ];
}

interface Made {
  readonly pool: string;
}

async function makeAll(api: Api, fleet: Fleet): Promise<Made[]> {
  const subnet = await makeSubnet(api);
  return concurrently(
    CLIENTS,
    fleet.urls.map((url, index) => ({ url, index })),
    async ({ url, index }) => {
      const { site } = await api.call<{ site: { id: string; name: string } }>('POST', '/edge/v1/sites', { site: { name: `site-${index}` } });
      const gateway = { name: `gw-${index}`, site_id: site.id, url, username: 'root', password: fleet.password };
      const { gateway: made } = await api.call<{ gateway: { id: string } }>('POST', '/edge/v1/gateways', { gateway });
      await untilOnline(api, made.id);
      const members = [1, 2].map((host) => ({ address: `198.19.255.${host}`, protocol_port: 80 }));
      const pool = { name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members };
      const loadbalancer = {
        name: `lb-${index}`,
        vip_subnet_id: subnet,
        provider: 'openwrt',
        availability_zone: site.name,
        listeners: [{ protocol: 'HTTP', protocol_port: 8080, default_pool: pool }],
      };
      const { loadbalancer: balancer } = await api.call<{ loadbalancer: { id: string; pools: { id: string }[] } }>('POST', `${LBAAS}/loadbalancers`, {
        loadbalancer,
      });
      return { pool: balancer.pools[0]?.id ?? '' };
    },
  );
}

async function untilOnline(api: Api, id: string): Promise<void> {
  const until = now() + AT_MOST_MS;
  for (;;) {
    const { gateway } = await api.call<{ gateway: { status: string } }>('GET', `/edge/v1/gateways/${id}`);
    if (gateway.status === 'ONLINE') return;
    if (now() > until) throw new Error(`Gateway ${id} is still ${gateway.status}`);
    await sleep(50);
  }
}

/** Pages of a thousand. */
async function activeNow(api: Api): Promise<number> {
  let found = 0;
  for (let marker = ''; ;) {
    const path = `${LBAAS}/loadbalancers?fields=id&fields=provisioning_status&limit=1000${marker}`;
    const { loadbalancers } = await api.call<{ loadbalancers: Balancer[] }>('GET', path);
    found += loadbalancers.filter(({ provisioning_status: status }) => status === 'ACTIVE').length;
    const last = loadbalancers.at(-1);
    if (!last || loadbalancers.length < 1000) return found;
    marker = `&marker=${last.id}`;
  }
}

async function untilActive(api: Api, count: number): Promise<void> {
  const until = now() + AT_MOST_MS;
  while ((await activeNow(api)) < count) {
    if (now() > until) throw new Error('Load balancers are still not ACTIVE');
    await sleep(200);
  }
}

const ALGORITHMS = ['SOURCE_IP', 'ROUND_ROBIN'];

/** Ends when all on gateways that live are ACTIVE again. */
async function change(
  { api, memory, processorSeconds }: ServerUnderTest,
  fleet: Fleet,
  balancers: readonly Made[],
  living: number,
  index: number,
): Promise<Change> {
  const [processor, requests] = [processorSeconds(), await fleet.requests()];
  const started = now();
  const pool = { lb_algorithm: ALGORITHMS[index % 2] };
  await concurrently(CLIENTS, balancers, ({ pool: id }) => api.call('PUT', `${LBAAS}/pools/${id}`, { pool }));
  const times: number[] = [];
  while (times.length < living) {
    const active = await activeNow(api);
    for (const at = now() - started; times.length < active;) times.push(at);
    if (now() - started > AT_MOST_MS) throw new Error('A change is still not confirmed');
    await sleep(100);
  }
  return { times, processor: processorSeconds() - processor, memory: memory(), requests: (await fleet.requests()) - requests };
}

async function repair(fleet: Fleet, count: number): Promise<number> {
  const started = now();
  await fleet.meddle(count);
  while ((await fleet.meddled()) > 0) {
    if (now() - started > AT_MOST_MS) throw new Error('What a hand changed is still there');
    await sleep(200);
  }
  return now() - started;
}
