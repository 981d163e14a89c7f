/** OpenWrt gateways at sites, from their registration on: a real server, and virtual devices that answer as real ones do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { ApiClient } from '../src/lab/api-client.ts';
import { PASSWORD, type Running, runDevice } from '../src/lab/gateways/fleet.fixture.ts';
import type { Tls } from '../src/lab/gateways/server.ts';
import { pinOf } from '../src/nodes/openwrt/ubus/transport.ts';
import { rows } from './attack.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

interface Gateway {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly facts: Readonly<Record<string, string>> | null;
  readonly last_seen_at: string | null;
  readonly [attribute: string]: unknown;
}

let cloud: Playground;
let api: ApiClient;
let site: string;

before(async () => {
  // Without a lab: nothing is carried here.
  cloud = await Playground.create('[gateways]\ncheck_interval = 2');
  await cloud.serve();
  api = await cloud.api();
  site = (await api.request<{ site: { id: string } }>('POST', '/edge/v1/sites', { site: { name: 'plant-7', location: 'Hall 3' } })).site.id;
});
after(() => cloud.destroy());
afterEach(async () => {
  const { gateways } = await api.request<{ gateways: Gateway[] }>('GET', '/edge/v1/gateways');
  for (const { id } of gateways) await api.request('DELETE', `/edge/v1/gateways/${id}`);
});

async function register(name: string, { url }: Pick<Running, 'url'>, more: Record<string, unknown> = {}): Promise<Gateway> {
  const body = { gateway: { name, site_id: site, url, username: 'root', password: PASSWORD, ...more } };
  return (await api.request<{ gateway: Gateway }>('POST', '/edge/v1/gateways', body)).gateway;
}

const show = async (id: string): Promise<Gateway> => (await api.request<{ gateway: Gateway }>('GET', `/edge/v1/gateways/${id}`)).gateway;

async function becomes(id: string, status: string): Promise<Gateway> {
  await until(`it is ${status}`, async () => (await show(id)).status === status);
  return show(id);
}

async function change(id: string, gateway: Record<string, unknown>): Promise<void> {
  await api.request('PUT', `/edge/v1/gateways/${id}`, { gateway });
}

test('a gateway is registered, asked, and shown with what it is', async (t) => {
  const { id, status, facts } = await register('gw-1', await runDevice(t, 1));
  assert.deepEqual([status, facts], ['CHECKING', null]);
  const known = await becomes(id, 'ONLINE');
  const { hostname, release, firewall, programs, packages, address_lan, device_wan, board } = known.facts ?? {};
  assert.deepEqual([hostname, release, firewall, packages, board], ['gw1', '24.10.8', 'fw4', 'opkg', 'edgeweir,virtual']);
  assert.deepEqual([programs, address_lan, device_wan], ['haproxy dnsmasq nft ucode', '192.168.1.1/24', 'eth1']);
  assert.ok(known.last_seen_at !== null && known.status_reason === null);
});

test('by the command that operators have: site and gateway, made, checked, listed', async (t) => {
  const { url } = await runDevice(t, 2, { release: '19.07', packages: [] });
  const made = await cloud.weir(
    'gateway',
    'create',
    '--name',
    'gw-2',
    '--site-id',
    site,
    '--url',
    url,
    '--username',
    'root',
    '--password',
    PASSWORD,
    '-f',
    'json',
  );
  assert.equal(made.code, 0, made.stderr);
  assert.ok(!made.stdout.includes(PASSWORD));
  const { id } = JSON.parse(made.stdout) as Gateway;
  const { facts } = await becomes(id, 'ONLINE');
  assert.deepEqual([facts?.['release'], facts?.['firewall'], facts?.['programs']], ['19.07.10', 'fw3', 'dnsmasq iptables']);
  const checked = await cloud.weir('gateway', 'check', 'gw-2', '-f', 'json');
  assert.equal(checked.code, 0, checked.stderr);
  const listed = await cloud.weir('gateway', 'list');
  assert.match(listed.stdout, /gw-2/);
  const places = await cloud.weir('site', 'list', '-f', 'json');
  assert.deepEqual(
    (JSON.parse(places.stdout) as { name: string; gateways: number }[]).map(({ name, gateways }) => [name, gateways]),
    [['plant-7', 1]],
  );
});

test('the password is nowhere but in the one place, and encrypted there', async (t) => {
  const { id } = await register('gw-3', await runDevice(t, 3));
  await becomes(id, 'ONLINE');
  assert.ok(!JSON.stringify(await show(id)).includes(PASSWORD));
  for (const name of readdirSync(cloud.statePath)) {
    if (!name.startsWith('edgeweir.db')) continue;
    assert.ok(!readFileSync(join(cloud.statePath, name)).includes(PASSWORD), name);
  }
  assert.ok(!readFileSync(join(cloud.directory, 'server.log'), 'utf8').includes(PASSWORD));
});

test('it outlives a restart of the server, and a rotation of keys', async (t) => {
  const { id } = await register('gw-4', await runDevice(t, 4));
  await becomes(id, 'ONLINE');
  await cloud.end('SIGTERM');
  const rotated = await cloud.weir('keys', 'rotate');
  assert.equal(rotated.code, 0, rotated.stderr);
  await cloud.serve();
  api = await cloud.api();
  await api.request('PUT', `/edge/v1/gateways/${id}/check`, undefined, [202]);
  await becomes(id, 'ONLINE');
  assert.ok(rows(cloud, 'select key_number from gateway').every(({ key_number }) => Number(key_number) > 1));
});

const TROUBLES = [
  ['refuses', 'OFFLINE', /cut the connection off/],
  ['html', 'ERROR', /page of HTML/],
  ['half', 'ERROR', /only its beginning/],
  ['endless', 'ERROR', /longer than 8 MiB/],
] as const;

for (const [trouble, status, words] of TROUBLES) {
  test(`one that is ${trouble} says so in words, and recovers by itself`, async (t) => {
    const { device, url } = await runDevice(t, 5);
    device.knobs.trouble = trouble;
    const { id } = await register(`gw-${trouble}`, { url });
    assert.match((await becomes(id, status)).status_reason ?? '', words);
    device.knobs.trouble = 'none';
    const healed = await becomes(id, 'ONLINE');
    assert.equal(healed.status_reason, null);
  });
}

test('a wrong password is told at once, and is not tried again and again', async (t) => {
  const { device, url } = await runDevice(t, 6);
  let logins = 0;
  const login = device.sessions.login.bind(device.sessions);
  device.sessions.login = (...args) => {
    logins++;
    return login(...args);
  };
  const { id } = await register('gw-6', { url }, { password: 'wrong' });
  assert.match((await becomes(id, 'ERROR')).status_reason ?? '', /does not know the user root/);
  assert.equal(logins, 1);
  await change(id, { password: PASSWORD });
  await becomes(id, 'ONLINE');
});

test('another device behind the same address is not believed', async (t) => {
  const [first, second] = [await runDevice(t, 7), await runDevice(t, 8)];
  const { id } = await register('gw-7', first);
  await becomes(id, 'ONLINE');
  first.replacedBy(second.device);
  const stranger = await becomes(id, 'ERROR');
  assert.match(stranger.status_reason ?? '', /another device answers at its address: 02:/);
  assert.equal(stranger.facts?.['hostname'], 'gw7');
  await change(id, { url: first.url });
  assert.equal((await becomes(id, 'ONLINE')).facts?.['hostname'], 'gw8');
});

function certificate(): Tls {
  const directory = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  try {
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    const subject = ['-subj', '/CN=OpenWrt', '-days', '397', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a certificate that it signed itself: told with its pin, trusted by it', async (t) => {
  const tls = certificate();
  const pin = pinOf(new X509Certificate(tls.cert));
  const { id } = await register('gw-9', await runDevice(t, 9, { tls }));
  const { status_reason: reason } = await becomes(id, 'ERROR');
  assert.ok(reason?.includes(pin), reason ?? '');
  await change(id, { tls_pin: pin });
  await becomes(id, 'ONLINE');
});

test('one that is switched off is not asked, and what is wrong is refused', async (t) => {
  const { device, url } = await runDevice(t, 10);
  let asked = 0;
  const call = device.call.bind(device);
  device.call = (...args) => {
    asked++;
    return call(...args);
  };
  const { id } = await register('gw-10', { url }, { enabled: false });
  await api.request('PUT', `/edge/v1/gateways/${id}/check`, undefined, [202]);
  const other = await register('gw-11', await runDevice(t, 11));
  await becomes(other.id, 'ONLINE');
  assert.equal(asked, 0);
  const refused = async (gateway: Record<string, unknown>, status: number): Promise<void> =>
    void (await api.request('POST', '/edge/v1/gateways', { gateway: { name: 'x', site_id: site, url, password: 'p', ...gateway } }, [status]));
  for (const bad of [
    { url: 'ftp://x' },
    { url: 'http://a b' },
    { url: 'https://x/path' },
    { url: 'http://x\n' },
    { name: 'a b' },
    { name: '' },
    { password: '' },
    { tls_pin: 'x' },
    { status: 'ONLINE' },
    { username: 'a\nb' },
  ])
    await refused(bad, 400);
  await refused({ name: 'gw-10' }, 409);
  await refused({ site_id: '00000000-0000-4000-8000-000000000000' }, 400);
  await api.request('DELETE', `/edge/v1/sites/${site}`, undefined, [409]);
});

test('two hundred at once', async (t) => {
  const devices = await Promise.all(Array.from({ length: 200 }, (_, index) => runDevice(t, 100 + index)));
  const made = await Promise.all(devices.map((device, index) => register(`many-${index}`, device)));
  const status = async (): Promise<string[]> =>
    (await api.request<{ gateways: Gateway[] }>('GET', '/edge/v1/gateways?fields=status')).gateways.map((one) => one.status);
  await until('all are known', async () => (await status()).every((one) => one === 'ONLINE'));
  assert.equal(made.length, 200);
});
