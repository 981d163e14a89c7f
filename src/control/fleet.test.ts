/** What the loop makes of several hosts, with nodes that only pretend: who gets what, and what becomes of it when one is away. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Body, type FixtureOptions, type Octavia, type Shown, expect, octavia } from '../api/octavia/octavia.fixture.ts';
import { host } from '../model/host.ts';
import { silent } from '../model/log.ts';
import { type ConnectedHost, Fleet, type HostPool } from '../nodes/fleet/fleet.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { hostOfNode, nodesOf } from '../store/hosts.ts';
import { insert } from '../store/rows.ts';

/** Hosts that come and go when a test says so. */
class Hosts implements HostPool {
  readonly #connected = new Map<string, ConnectedHost>();
  readonly #listeners: ((arrived: ConnectedHost) => void)[] = [];

  connected(): readonly ConnectedHost[] {
    return [...this.#connected.values()];
  }

  onArrival(listener: (arrived: ConnectedHost) => void): void {
    this.#listeners.push(listener);
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  arrive(arrived: ConnectedHost): void {
    this.#connected.set(arrived.id, arrived);
    for (const listener of this.#listeners) listener(arrived);
  }

  leave(id: string): void {
    this.#connected.delete(id);
  }
}

interface Site {
  readonly api: Octavia;
  readonly hosts: Hosts;
  readonly racks: readonly ConnectedHost[];
  readonly subnetId: string;
}

const PHYSICAL = ['physnet1'];

/** Of a pair, the node on the first host has the clients. */
class Rack extends NoopNodes {
  readonly #lost: ((id: string) => void)[] = [];
  readonly #first: boolean;

  constructor(first: boolean) {
    super();
    this.#first = first;
  }

  held(): Promise<string[]> {
    return Promise.resolve(this.#first ? Array.from({ length: 254 }, (_, host) => `198.51.100.${host + 1}`) : []);
  }

  override onLost(listener?: (id: string) => void): void {
    if (listener) this.#lost.push(listener);
  }

  /** Everything on it is gone, and it says so. */
  async collapse(): Promise<void> {
    const ids = await this.list();
    for (const id of ids) await this.remove(id);
    for (const id of ids) for (const listener of this.#lost) listener(id);
  }
}

/** Two hosts on one physical network, and a subnet on it. */
async function site(
  t: TestContext,
  {
    local = null,
    zones = [null, null],
    restarts,
  }: { local?: NoopNodes | null; zones?: readonly (string | null)[]; restarts?: FixtureOptions['restarts'] } = {},
): Promise<Site> {
  const hosts = new Hosts();
  const late: { api?: Octavia } = {};
  const db = (): Octavia['store']['db'] => (late.api as Octavia).store.db;
  const own = local && { driver: local, physicalNetworks: new Set(PHYSICAL) };
  const fleet = new Fleet({
    name: 'local',
    local: own,
    pool: hosts,
    hostOf: (id) => hostOfNode(db(), id),
    nodesOf: (id) => nodesOf(db(), id),
    advertMs: 100,
    log: silent,
  });
  const api = await octavia(t, { driver: fleet, ...(restarts ? { restarts } : {}) });
  late.api = api;
  const racks = zones.map((_zone, index): ConnectedHost => ({
    id: randomUUID(),
    name: `rack-${index + 1}`,
    physicalNetworks: new Set(PHYSICAL),
    driver: new Rack(index === 0),
  }));
  await api.store.transaction(async (tx) => {
    for (const [index, { id, name }] of racks.entries()) await insert(tx.db, host, rowOf(id, name, zones[index] ?? null));
  });
  racks.forEach((rack) => hosts.arrive(rack));
  const network = expect(await api.send('POST', '/network/v2.0/networks', { network: { 'provider:physical_network': 'physnet1' } }), 201)['network'] as Shown;
  const subnet = { network_id: network.id, ip_version: 4, cidr: '198.51.100.0/24' };
  return { api, hosts, racks, subnetId: (expect(await api.send('POST', '/network/v2.0/subnets', { subnet }), 201)['subnet'] as Shown).id };
}

function rowOf(id: string, name: string, zone: string | null) {
  const never = { last_address: null, last_seen_at: null, facts: null, certificate_expires_at: null, join_token_expires_at: null, updated_at: null };
  const inner = { token_digest: null, certificate_serial: null, next_certificate_serial: null };
  const kept = { id, name, zone, description: '', enabled: true, status: 'ONLINE', physical_networks: PHYSICAL, created_at: '2026-11-23T00:00:00' } as const;
  return { ...never, ...inner, ...kept };
}

async function make({ api, subnetId }: Site, more: Body = {}): Promise<string> {
  const { id } = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: subnetId, ...more });
  await api.settle();
  return id;
}

async function hostsOf({ api }: Site, balancer: string): Promise<(string | null)[]> {
  const response = await api.app.inject({ url: `/load-balancer/v2.0/octavia/amphorae?loadbalancer_id=${balancer}`, headers: await adminOf(api) });
  return (expect(response, 200)['amphorae'] as { compute_id: string | null }[]).map(({ compute_id: id }) => id);
}

async function adminOf(api: Octavia): Promise<Record<string, string>> {
  return { 'x-auth-token': await api.user('admin', 'admin') };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await pause(20);
  }
  assert.fail(`never: ${what}`);
}

async function statusOf({ api }: Site, id: string): Promise<string> {
  return (await api.show(`/loadbalancers/${id}`, 'loadbalancer')).provisioning_status;
}

test('balancers are shared out, and each host has what its rows say', async (t) => {
  const set = await site(t);
  const made = [];
  for (let count = 0; count < 6; count++) made.push(await make(set));
  for (const id of made) assert.equal(await statusOf(set, id), 'ACTIVE');
  const places = (await Promise.all(made.map((id) => hostsOf(set, id)))).flat();
  for (const rack of set.racks) {
    assert.equal(places.filter((id) => id === rack.id).length, 3);
    assert.deepEqual(new Set(await rack.driver.list()), new Set(await nodesOf(set.api.store.db, rack.id)));
  }
});

test('the two nodes of a pair are on two hosts', async (t) => {
  const set = await site(t);
  const profile = { name: 'pair', provider_name: 'octavia', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
  const { id: profileId } = await set.api.make('/flavorprofiles', 'flavorprofile', profile);
  const { id: flavor } = await set.api.make('/flavors', 'flavor', { name: 'pair', flavor_profile_id: profileId });
  const id = await make(set, { flavor_id: flavor });
  assert.deepEqual(new Set(await hostsOf(set, id)), new Set(set.racks.map((rack) => rack.id)));
  assert.equal(await statusOf(set, id), 'ACTIVE');
});

test('a zone asks for its hosts', async (t) => {
  const set = await site(t, { zones: ['plant-1', 'plant-7'] });
  const profile = { name: 'p', provider_name: 'octavia', availability_zone_data: '{"compute_zone": "plant-7"}' };
  const { id } = await set.api.make('/availabilityzoneprofiles', 'availability_zone_profile', profile);
  await set.api.make('/availabilityzones', 'availability_zone', { name: 'plant-7', availability_zone_profile_id: id });
  for (let count = 0; count < 3; count++) assert.deepEqual(await hostsOf(set, await make(set, { availability_zone: 'plant-7' })), [set.racks[1]?.id]);
});

test('a host that takes no new nodes keeps those it has', async (t) => {
  const set = await site(t);
  const [first, second] = set.racks.map(({ id }) => id);
  const before = await make(set);
  const [where] = await hostsOf(set, before);
  const other = where === first ? second : first;
  expect(await set.api.send('PUT', `/edge/v1/hosts/${where}`, { host: { enabled: false } }), 200);
  for (let count = 0; count < 3; count++) assert.deepEqual(await hostsOf(set, await make(set)), [other]);
  assert.deepEqual(await hostsOf(set, before), [where]);
});

test('while a host is away its balancers wait, and are delivered when it is back', async (t) => {
  const set = await site(t);
  const id = await make(set);
  const [where] = await hostsOf(set, id);
  const rack = set.racks.find((one) => one.id === where) as ConnectedHost;
  set.hosts.leave(rack.id);
  await set.api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: id });
  await set.api.settle();
  assert.equal(await statusOf(set, id), 'PENDING_UPDATE');
  assert.deepEqual(await hostsOf(set, id), [rack.id]);
  set.hosts.arrive(rack);
  await until('ACTIVE', async () => (await statusOf(set, id)) === 'ACTIVE');
  const [node = ''] = await rack.driver.list();
  assert.match((await rack.driver.present(node))?.proxy?.text ?? '', /frontend/);
});

test('what a host says is lost is brought back at once', async (t) => {
  const set = await site(t);
  const id = await make(set);
  const [where] = await hostsOf(set, id);
  const driver = set.racks.find((one) => one.id === where)?.driver;
  assert.ok(driver instanceof Rack);
  const before = await driver.list();
  await driver.collapse();
  await until('it is back', async () => (await driver.list()).length === 1);
  assert.deepEqual(await driver.list(), before);
});

test('a host that comes back with nothing is no mass loss: all it had is made anew at once', async (t) => {
  const set = await site(t, { restarts: { failoverThreshold: 2, failoverWindow: 60, failoverTrialInterval: 60 } });
  for (let count = 0; count < 8; count++) await make(set);
  const [rack] = set.racks;
  assert.ok(rack?.driver instanceof Rack);
  const { driver } = rack;
  const before = await driver.list();
  assert.equal(before.length, 4);
  set.hosts.leave(rack.id);
  for (const id of before) await driver.remove(id);
  set.hosts.arrive(rack);
  await until('all are back', async () => (await driver.list()).length === 4);
});

test('an operator’s failover leaves a host that is away, which loses the node when it is back', async (t) => {
  const set = await site(t);
  const id = await make(set);
  const [where] = await hostsOf(set, id);
  const rack = set.racks.find((one) => one.id === where) as ConnectedHost;
  const other = set.racks.find((one) => one.id !== where) as ConnectedHost;
  set.hosts.leave(rack.id);
  expect(await set.api.send('PUT', `/loadbalancers/${id}/failover`), 202);
  await until('ACTIVE', async () => (await statusOf(set, id)) === 'ACTIVE');
  assert.deepEqual(await hostsOf(set, id), [other.id]);
  assert.equal((await rack.driver.list()).length, 1);
  set.hosts.arrive(rack);
  await until('removed', async () => (await rack.driver.list()).length === 0);
  assert.equal((await other.driver.list()).length, 1);
});

test('without a host that can carry it a balancer says so', async (t) => {
  const set = await site(t);
  for (const { id } of set.racks) set.hosts.leave(id);
  const { id } = await set.api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: set.subnetId });
  await set.api.settle();
  assert.equal(await statusOf(set, id), 'PENDING_CREATE');
  set.racks.forEach((rack) => set.hosts.arrive(rack));
  await until('ACTIVE', async () => (await statusOf(set, id)) === 'ACTIVE');
  const local = await set.api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: set.api.subnetId });
  await set.api.settle();
  assert.equal(await statusOf(set, local.id), 'PENDING_CREATE');
});

test('networks of the server’s own host stay there', async (t) => {
  const local = new NoopNodes();
  const set = await site(t, { local });
  const { id } = await set.api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: set.api.subnetId });
  await set.api.settle();
  assert.deepEqual(await hostsOf(set, id), [null]);
  assert.equal((await local.list()).length, 1);
  expect(await set.api.send('DELETE', `/loadbalancers/${id}`), 204);
  await set.api.settle();
  assert.deepEqual(await local.list(), []);
});
