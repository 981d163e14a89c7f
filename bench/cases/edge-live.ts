/**
 * Two live gateways of a site, whose HAProxy, keepalived and scripts really run: for how long is nothing answered when what serves, or
 * the gateway itself, is gone? And how soon is nobody sent to a member any more that has died?
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { labHost, labNamespace } from '../../src/lab/names.ts';
import { run } from '../../src/nodes/local/command.ts';
import { switchNamespace } from '../../src/nodes/local/names.ts';
import { GATEWAY_PASSWORD, type Running, runGateway } from '../../test/live-gateways.fixture.ts';
import { now } from '../client-messages.ts';
import { inside } from '../dataplane/processes.ts';
import type { Effort } from '../effort.ts';
import { type Balancer, LBAAS, findSubnet, remove } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';
import { probe } from './takeover.ts';

const SETTINGS = ['[gateways]', 'check_interval = 2', 'read_interval = 1'];
const TAKEOVER_GOAL_MS = 1000;
/** A second between two checks, of which one has to fail. */
const REMOVAL_GOAL_MS = 1300;
const VIP = '192.168.1.50';
const WHOLE_MS = 60_000;

interface Site {
  readonly server: ServerUnderTest;
  readonly gateways: readonly Running[];
  readonly flavorId: string;
}

export async function edgeLive({ rounds }: Effort): Promise<Row[]> {
  return withServer({ provider: 'octavia', lab: true, settings: SETTINGS }, (server) =>
    withSite(server, async (site) => {
      const killed = await repeat(rounds, () => outage(site, async (active) => void process.kill(active.live.proxyPid ?? 0, 'SIGKILL')));
      const cut = await repeat(rounds, () => outage(site, (active) => link(server, site, active, 'down')));
      const removals = await repeat(rounds, () => removal(site));
      const row = (what: string, values: number[], goal?: number): Row => ({
        what,
        unit: 'ms',
        values,
        better: 'less',
        ...(goal === undefined ? {} : { goal }),
      });
      return [
        row('two gateways, adverts each 0.2 s: HAProxy killed, nothing answered for', killed, TAKEOVER_GOAL_MS),
        row('two gateways, adverts each 0.2 s: link cut, nothing answered for', cut, TAKEOVER_GOAL_MS),
        row(
          'a gateway’s kernel, checks each second: member dead → nobody is sent to it',
          removals.map(({ traffic }) => traffic),
          REMOVAL_GOAL_MS,
        ),
        row(
          'the same → the API says so (readings each second)',
          removals.map(({ told }) => told),
        ),
      ];
    }),
  );
}

async function withSite<T>(server: ServerUnderTest, work: (site: Site) => Promise<T>): Promise<T> {
  const undo: (() => unknown)[] = [];
  const t = { after: (step: () => unknown) => void undo.push(step) };
  const { api } = server;
  const requester = { request: <R>(method: string, path: string, body?: unknown) => api.call<R>(method, path, body) };
  try {
    const gateways = await Promise.all([2, 3].map((number) => runGateway(t, server, requester, number, { packages: ['haproxy', 'keepalived'] })));
    const { site } = await api.call<{ site: { id: string } }>('POST', '/edge/v1/sites', { site: { name: 'live' } });
    for (const [index, { url }] of gateways.entries()) {
      const gateway = { name: `gw-${index}`, site_id: site.id, url, username: 'root', password: GATEWAY_PASSWORD };
      await api.call('POST', '/edge/v1/gateways', { gateway });
    }
    await untilOnline(server);
    return await work({ server, gateways, flavorId: await pairFlavor(server) });
  } finally {
    for (const step of undo) await step();
  }
}

async function untilOnline({ api }: ServerUnderTest): Promise<void> {
  const until = now() + WHOLE_MS;
  for (;;) {
    const { gateways } = await api.call<{ gateways: { status: string }[] }>('GET', '/edge/v1/gateways');
    if (gateways.every(({ status }) => status === 'ONLINE')) return;
    if (now() > until) throw new Error('The gateways are not ONLINE');
    await sleep(100);
  }
}

async function pairFlavor({ api }: ServerUnderTest): Promise<string> {
  const profile = { name: 'pair', provider_name: 'openwrt', flavor_data: JSON.stringify({ loadbalancer_topology: 'ACTIVE_STANDBY' }) };
  const { flavorprofile } = await api.call<{ flavorprofile: { id: string } }>('POST', `${LBAAS}/flavorprofiles`, { flavorprofile: profile });
  const named = { name: 'pair', flavor_profile_id: flavorprofile.id };
  return (await api.call<{ flavor: { id: string } }>('POST', `${LBAAS}/flavors`, { flavor: named })).flavor.id;
}

/** On a new balancer, to the gateway that has its address; everything is as it was afterwards. */
async function outage(site: Site, happens: (active: Running) => Promise<void>): Promise<number> {
  const { server } = site;
  const balancer = await makeBalancer(site, 'HTTP', { flavor_id: site.flavorId });
  const active = await ownerOf(site);
  const noticed = await probe(server, balancer, () => happens(active));
  await link(server, site, active, 'up');
  if (active.live.proxyPid === undefined) await active.live.haproxy('restart');
  await removeWhole(server, balancer);
  return noticed;
}

async function link({ instance }: ServerUnderTest, { gateways }: Site, active: Running, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['-n', switchNamespace(instance), 'link', 'set', 'dev', `lab-gw${gateways.indexOf(active) + 2}.0`, state]);
}

async function makeBalancer({ server: { api } }: Site, protocol: 'HTTP' | 'TCP', more: Record<string, unknown>): Promise<Balancer> {
  const members = ['192.168.1.10', '192.168.1.11'].map((address) => ({ address, protocol_port: 80 }));
  const healthmonitor = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1 };
  const pool = { name: 'p', protocol, lb_algorithm: 'ROUND_ROBIN', members, healthmonitor };
  const place = { vip_subnet_id: await findSubnet(api, 'private-subnet'), vip_address: VIP, provider: 'openwrt', availability_zone: 'live' };
  const loadbalancer = { name: 'live', ...place, listeners: [{ protocol, protocol_port: 80, default_pool: pool }], ...more };
  const { loadbalancer: made } = await api.call<{ loadbalancer: Balancer }>('POST', `${LBAAS}/loadbalancers`, { loadbalancer });
  await untilOnlineAndActive(api, made.id);
  return made;
}

async function untilOnlineAndActive(api: ServerUnderTest['api'], id: string): Promise<void> {
  const until = now() + WHOLE_MS;
  for (;;) {
    const { loadbalancer } = await api.call<{ loadbalancer: Balancer & { operating_status: string } }>('GET', `${LBAAS}/loadbalancers/${id}`);
    if (loadbalancer.provisioning_status === 'ACTIVE' && loadbalancer.operating_status === 'ONLINE') return;
    if (now() > until) throw new Error(`Load balancer ${id} is ${loadbalancer.provisioning_status} and ${loadbalancer.operating_status}`);
    await sleep(50);
  }
}

/** Who has had the address for a second: keepalived may still be deciding. */
async function ownerOf({ gateways }: Site): Promise<Running> {
  let last: Running | null = null;
  for (let times = 0, looks = 0; looks < 300; looks++) {
    const found = await Promise.all(gateways.map(({ namespace }) => run('ip', ['-n', namespace, '-o', 'address', 'show', 'to', `${VIP}/32`])));
    const owners = gateways.filter((_, index) => found[index] !== '');
    times = owners.length === 1 && owners[0] === last ? times + 1 : 0;
    last = owners[0] ?? null;
    if (times >= 10 && last !== null) return last;
    await sleep(100);
  }
  throw new Error('The address is on no gateway, or on both');
}

async function removeWhole({ api }: ServerUnderTest, balancer: Balancer): Promise<void> {
  await remove(api, balancer);
  const until = now() + WHOLE_MS;
  while ((await api.call<{ loadbalancers: unknown[] }>('GET', `${LBAAS}/loadbalancers`)).loadbalancers.length > 0) {
    if (now() > until) throw new Error('The load balancer is still there');
    await sleep(50);
  }
}

interface Removal {
  readonly traffic: number;
  readonly told: number;
}

/** The member refuses connections from one moment on. */
async function removal(site: Site): Promise<Removal> {
  const { server } = site;
  const balancer = await makeBalancer(site, 'TCP', { flavor_id: await kernelFlavor(server) });
  const web = inside(labNamespace(server.instance, labHost('web2')), null, ['nft']);
  const nft = (rules: string): Promise<string> => run(web[0] ?? '', [...web.slice(1), rules]);
  try {
    await nft('add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }');
    const died = now();
    await nft('add rule inet deaf in tcp dport 80 reject with tcp reset');
    const [traffic, told] = await Promise.all([lastRefusal(server), untilTold(server)]);
    return { traffic: traffic - died, told: told - died };
  } finally {
    await nft('delete table inet deaf');
    await removeWhole(server, balancer);
  }
}

let kernel: string | null = null;

async function kernelFlavor({ api }: ServerUnderTest): Promise<string> {
  if (kernel !== null) return kernel;
  const profile = { name: 'kernel', provider_name: 'openwrt', flavor_data: JSON.stringify({ engine: 'nftables' }) };
  const { flavorprofile } = await api.call<{ flavorprofile: { id: string } }>('POST', `${LBAAS}/flavorprofiles`, { flavorprofile: profile });
  const { flavor } = await api.call<{ flavor: { id: string } }>('POST', `${LBAAS}/flavors`, {
    flavor: { name: 'kernel', flavor_profile_id: flavorprofile.id },
  });
  return (kernel = flavor.id);
}

/** When a request failed for the last time, of those that are sent for some seconds. */
async function lastRefusal(server: ServerUnderTest): Promise<number> {
  const [program = '', ...words] = inside(labNamespace(server.instance, labHost('client')), null, ['curl', '--silent', '--max-time', '1', `http://${VIP}/`]);
  let last = now();
  for (let good = 0; good < 60;) {
    const answered = await run(program, words).then(
      () => true,
      () => false,
    );
    good = answered ? good + 1 : 0;
    if (!answered) last = now();
  }
  return last;
}

async function untilTold({ api }: ServerUnderTest): Promise<number> {
  const until = now() + WHOLE_MS;
  for (;;) {
    const { pools } = await api.call<{ pools: { id: string }[] }>('GET', `${LBAAS}/pools`);
    const { members } = await api.call<{ members: { operating_status: string }[] }>('GET', `${LBAAS}/pools/${pools[0]?.id}/members`);
    if (members.some(({ operating_status: status }) => status === 'ERROR')) return now();
    if (now() > until) throw new Error('Nobody tells that the member is dead');
    await sleep(20);
  }
}
