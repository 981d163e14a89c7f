/** Gateways as a fleet: emptied, shown as they should be, and seen as servers. Virtual devices take what they are given; no packets. */
import assert from 'node:assert/strict';
import { type TestContext, after, afterEach, before, test } from 'node:test';
import type { ApiClient } from '../src/lab/api-client.ts';
import { PASSWORD, type Running, runDevice } from '../src/lab/gateways/fleet.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const LB = '/load-balancer/v2/lbaas';
const GATEWAYS = '/edge/v1/gateways';

let cloud: Playground;
let api: ApiClient;
let site: string;
let subnet: string;

before(async () => {
  cloud = await Playground.create('[gateways]\ncheck_interval = 2\nread_interval = 0.5\n[controller_worker]\nretry_max = 1');
  await cloud.serve();
  api = await cloud.api();
  site = (await api.request<{ site: { id: string } }>('POST', '/edge/v1/sites', { site: { name: 'plant-7' } })).site.id;
  const { network } = await api.request<{ network: { id: string } }>('POST', '/network/v2.0/networks', { network: { name: 'floor' } });
  const body = { subnet: { network_id: network.id, cidr: '192.168.1.0/24', ip_version: 4, name: 'floor', enable_dhcp: false } };
  subnet = (await api.request<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', body)).subnet.id;
});
after(() => cloud.destroy());
afterEach(async () => {
  const { loadbalancers } = await api.request<{ loadbalancers: { id: string }[] }>('GET', `${LB}/loadbalancers`);
  for (const { id } of loadbalancers) await api.request('DELETE', `${LB}/loadbalancers/${id}?cascade=true`);
  await until('all load balancers are gone', async () => {
    const left = await api.request<{ loadbalancers: unknown[] }>('GET', `${LB}/loadbalancers`);
    return left.loadbalancers.length === 0;
  });
  const { gateways } = await api.request<{ gateways: { id: string }[] }>('GET', GATEWAYS);
  for (const { id } of gateways) await api.request('DELETE', `${GATEWAYS}/${id}`);
});

async function register(name: string, { url }: Pick<Running, 'url'>): Promise<string> {
  const body = { gateway: { name, site_id: site, url, username: 'root', password: PASSWORD } };
  const { id } = (await api.request<{ gateway: { id: string } }>('POST', GATEWAYS, body)).gateway;
  await until('the gateway is ONLINE', async () => (await statusOf(id)) === 'ONLINE');
  return id;
}

async function statusOf(id: string): Promise<string> {
  return (await api.request<{ gateway: { status: string } }>('GET', `${GATEWAYS}/${id}`)).gateway.status;
}

/** A gateway as `weir gateway adopt` leaves it. */
async function adopted(t: TestContext, number: number, packages: readonly string[] = ['haproxy']): Promise<Running> {
  const running = await runDevice(t, number, { packages });
  running.device.adopt();
  return running;
}

const proxyOf = ({ device }: Running): string => device.files.text('/etc/haproxy.cfg') ?? '';

async function balancer(name: string, vip: string): Promise<string> {
  const pool = { name: `${name}-pool`, protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members: [{ address: '192.168.1.10', protocol_port: 80 }] };
  const listeners = [{ name: `${name}-http`, protocol: 'HTTP', protocol_port: 80, default_pool: pool }];
  const loadbalancer = { name, vip_subnet_id: subnet, vip_address: vip, provider: 'openwrt', availability_zone: 'plant-7', listeners };
  const { id } = (await api.request<{ loadbalancer: { id: string } }>('POST', `${LB}/loadbalancers`, { loadbalancer })).loadbalancer;
  await active(id);
  return id;
}

async function active(id: string): Promise<void> {
  let last: unknown = null;
  await until('it is ACTIVE', async () => {
    const { loadbalancer } = await api.request<{ loadbalancer: { provisioning_status: string } }>('GET', `${LB}/loadbalancers/${id}`);
    last = loadbalancer;
    return loadbalancer.provisioning_status === 'ACTIVE';
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`, { cause: error });
  });
}

/** undefined while it is on more than one, or on none. */
async function carrierOf(id: string): Promise<string | undefined> {
  const { amphorae } = await api.request<{ amphorae: { compute_id: string }[] }>('GET', `/load-balancer/v2/octavia/amphorae?loadbalancer_id=${id}`);
  return amphorae.length === 1 ? amphorae[0]?.compute_id : undefined;
}

interface Drained {
  readonly gateway: { readonly draining: boolean; readonly enabled: boolean };
  readonly loadbalancers: readonly { readonly name: string; readonly moves_to: string | null; readonly reason: string | null }[];
}

test('a gateway is drained: its load balancers move to another of its site, then it can be deleted', async (t) => {
  const [first, second] = [await adopted(t, 1), await adopted(t, 2)];
  const one = await register('gw-1', first);
  const [web, api2] = [await balancer('web', '192.168.1.50'), await balancer('api', '192.168.1.51')];
  assert.deepEqual([await carrierOf(web), await carrierOf(api2)], [one, one]);
  const two = await register('gw-2', second);
  await api.request('DELETE', `${GATEWAYS}/${one}`, undefined, [409]);
  const rehearsed = await cloud.weir('gateway', 'drain', 'gw-1', '--dry-run');
  assert.equal(rehearsed.code, 0, rehearsed.stderr);
  assert.match(rehearsed.stdout, /^Nothing has been changed[^]*draining: false → true[^]*delete-node[^]*set-share/);
  const { gateway, loadbalancers } = await api.request<Drained>('PUT', `${GATEWAYS}/${one}/drain`, undefined, [202]);
  assert.deepEqual([gateway.draining, gateway.enabled], [true, true]);
  assert.deepEqual(new Set(loadbalancers.map(({ name, moves_to, reason }) => `${name} ${moves_to} ${reason}`)), new Set(['web gw-2 null', 'api gw-2 null']));
  for (const id of [web, api2]) await until('it has moved', async () => (await carrierOf(id)) === two);
  for (const id of [web, api2]) await active(id);
  assert.match(proxyOf(second), /# share [^]*# share /);
  assert.ok(!proxyOf(first).includes('# share'));
  // It is asked all the same, and nothing new is put on it.
  assert.equal(await statusOf(one), 'ONLINE');
  assert.equal(await carrierOf(await balancer('later', '192.168.1.52')), two);
  await api.request('DELETE', `${GATEWAYS}/${one}`);
});

test('what no other gateway can carry stays where it is, and the answer says why', async (t) => {
  const first = await adopted(t, 3);
  const one = await register('gw-1', first);
  const web = await balancer('web', '192.168.1.50');
  const before = proxyOf(first);
  const alone = await api.request<Drained>('PUT', `${GATEWAYS}/${one}/drain`, undefined, [202]);
  assert.deepEqual(
    alone.loadbalancers.map(({ name, moves_to, reason }) => [name, moves_to, reason]),
    [['web', null, 'no other gateway of its site takes something new']],
  );
  const two = await register('gw-2', await adopted(t, 4, []));
  const said = await cloud.weir('gateway', 'drain', 'gw-1');
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /web .*gateway gw-2 has no haproxy: its package is not installed/);
  assert.equal(await carrierOf(web), one);
  assert.equal(proxyOf(first), before);
  await api.request('DELETE', `${GATEWAYS}/${one}`, undefined, [409]);
  await api.request('DELETE', `${GATEWAYS}/${two}`);
  const back = await api.request<Drained>('PUT', `${GATEWAYS}/${one}/undrain`);
  assert.equal(back.gateway.draining, false);
  assert.equal(await carrierOf(await balancer('later', '192.168.1.52')), one);
});

test('a gateway that has gone silent is drained, too: what it carried is made elsewhere', async (t) => {
  const [first, second] = [await adopted(t, 5), await adopted(t, 6)];
  const one = await register('gw-1', first);
  const web = await balancer('web', '192.168.1.50');
  const two = await register('gw-2', second);
  first.device.knobs.trouble = 'refuses';
  await until('the gateway is OFFLINE', async () => (await statusOf(one)) === 'OFFLINE');
  await api.request('PUT', `${GATEWAYS}/${one}/drain`, undefined, [202]);
  await until('it has moved', async () => (await carrierOf(web)) === two);
  await active(web);
  assert.match(proxyOf(second), /# share /);
  await api.request('PUT', `${GATEWAYS}/${one}/undrain`);
  // Of its counters there is nothing to be had either.
  first.device.files.remove('/usr/libexec/edgeweir-status');
  first.device.knobs.trouble = 'none';
  await api.request('PUT', `${GATEWAYS}/${one}/check`, undefined, [202]);
  await until('what was left on it is gone', async () => !proxyOf(first).includes('# share'));
});

interface Exported {
  readonly config: {
    readonly gateways: readonly { readonly name: string; readonly files: readonly { readonly path: string; readonly text: string | null }[] }[];
  };
}

test('what a site’s gateways should have is printed without asking one, and is what they were given', async (t) => {
  const [first, idle] = [await adopted(t, 7), await adopted(t, 8)];
  await register('gw-1', first);
  await balancer('web', '192.168.1.50');
  const silent = await register('gw-2', idle);
  idle.device.knobs.trouble = 'refuses';
  await until('the gateway is OFFLINE', async () => (await statusOf(silent)) === 'OFFLINE');
  const { config } = await api.request<Exported>('GET', `/edge/v1/sites/${site}/config`);
  assert.deepEqual(
    config.gateways.map(({ name, files }) => [name, files.length > 0]),
    [
      ['gw-1', true],
      ['gw-2', false],
    ],
  );
  const files = config.gateways[0]?.files ?? [];
  assert.ok(files.length > 3);
  for (const { path, text } of files) {
    const there = first.device.files.text(path) ?? '';
    if (!path.startsWith('/etc/config/')) assert.equal(there, text, path);
    // Of a package only what is ours, in the same words.
    else
      assert.deepEqual(
        sectionsOf(there).filter((section) => section.includes("'weir_")),
        sectionsOf(text ?? ''),
        path,
      );
  }
  const printed = await cloud.weir('export', 'plant-7');
  assert.equal(printed.code, 0, printed.stderr);
  for (const { path, text } of files) assert.ok(printed.stdout.includes(`# gateway gw-1: ${path}\n${text}`), path);
});

/** In the order of their names. */
function sectionsOf(uci: string): string[] {
  return uci
    .split(/\n(?=config )/)
    .slice(1)
    .map((section) => section.trim())
    .toSorted((a, b) => (a < b ? -1 : 1));
}

test('to administrators each gateway is a server of the compute face', async (t) => {
  const running = await runDevice(t, 9);
  const id = await register('gw-1', running);
  const shown = async (path: string): Promise<Record<string, unknown> | undefined> => {
    const { servers } = await api.request<{ servers: Record<string, unknown>[] }>('GET', `/compute/v2.1/servers${path}`);
    return servers.find((server) => server['id'] === id);
  };
  assert.deepEqual((await shown(''))?.['name'], 'gw-1');
  const server = await shown('/detail');
  assert.deepEqual([server?.['status'], server?.['metadata']], ['ACTIVE', { site: 'plant-7', release: '24.10.8', board: 'edgeweir,virtual' }]);
  assert.deepEqual(Object.keys(server?.['addresses'] ?? {}), ['lan', 'wan']);
  running.device.knobs.trouble = 'refuses';
  await until('it is off', async () => (await shown('/detail'))?.['status'] === 'SHUTOFF');
});
