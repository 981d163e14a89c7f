/**
 * Other hosts, each a network namespace with an agent in it, and a server without privileges. They join, carry balancers, go on
 * without the server, come back after a power failure, and hand over to one another.
 */
import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { until } from './playground.fixture.ts';
import { CIDR, type Rack, Racks, WEB } from './racks.fixture.ts';

interface HostView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly nodes: number;
  readonly join_token?: string;
  readonly facts: Record<string, string> | null;
  readonly physical_networks: string[];
  readonly last_address: string | null;
}

interface Amphora {
  readonly id: string;
  readonly role: string;
  readonly compute_id: string | null;
}

let cloud: Racks;
let subnet: string;
const ids = new Map<string, string>();
const balancers: string[] = [];

before(async () => {
  cloud = await Racks.create(2);
  await cloud.serve();
  for (const rack of cloud.racks) await joined(rack);
  const network = { 'provider:physical_network': 'physnet1', name: 'floor', shared: true };
  const { network: made } = await cloud.call<{ network: { id: string } }>('POST', '/network/v2.0/networks', { network });
  const body = {
    subnet: { network_id: made.id, ip_version: 4, cidr: CIDR, gateway_ip: null, allocation_pools: [{ start: '198.51.100.100', end: '198.51.100.150' }] },
  };
  subnet = (await cloud.call<{ subnet: { id: string } }>('POST', '/network/v2.0/subnets', body)).subnet.id;
});
after(() => cloud.destroy());
afterEach(async () => {
  for (const id of balancers.splice(0)) await cloud.call('DELETE', `/load-balancer/v2/lbaas/loadbalancers/${id}?cascade=true`);
  for (const rack of cloud.racks) await until(`nothing is left on ${rack.name}`, async () => (await cloud.nodesOn(rack)).length === 0);
});

async function hosts(): Promise<HostView[]> {
  return (await cloud.call<{ hosts: HostView[] }>('GET', '/edge/v1/hosts?sort=name')).hosts;
}

async function online(rack: Rack, wanted = true): Promise<void> {
  await until(`${rack.name} is ${wanted ? 'connected' : 'away'}`, async () =>
    (await hosts()).some(({ name, status }) => name === rack.name && (status === 'ONLINE') === wanted),
  );
}

async function joined(rack: Rack): Promise<void> {
  const { host } = await cloud.call<{ host: HostView }>('POST', '/edge/v1/hosts', { host: { name: rack.name } });
  ids.set(rack.name, host.id);
  cloud.agent(rack, '--join', host.join_token ?? '');
  await online(rack);
}

/** A balancer of HTTP with both web servers behind it, once it is carried. */
async function make(more: Record<string, unknown> = {}): Promise<{ id: string; address: string }> {
  const members = Object.entries(WEB).map(([name, address]) => ({ name, address, protocol_port: 80, subnet_id: subnet }));
  const pool = { name: 'p', protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', members };
  const listeners = [{ name: 'web', protocol: 'HTTP', protocol_port: 80, default_pool: pool }];
  const body = { loadbalancer: { vip_subnet_id: subnet, listeners, ...more } };
  const { loadbalancer } = await cloud.call<{ loadbalancer: { id: string; vip_address: string } }>('POST', '/load-balancer/v2/lbaas/loadbalancers', body);
  balancers.push(loadbalancer.id);
  await active(loadbalancer.id);
  return { id: loadbalancer.id, address: loadbalancer.vip_address };
}

async function active(id: string, seconds = 30): Promise<void> {
  const shown = async () =>
    (await cloud.call<{ loadbalancer: { provisioning_status: string } }>('GET', `/load-balancer/v2/lbaas/loadbalancers/${id}`)).loadbalancer;
  await until('ACTIVE', async () => (await shown()).provisioning_status === 'ACTIVE', seconds);
}

async function answers(address: string, seconds = 10): Promise<void> {
  await until(`${address} answers`, async () => (await cloud.ask(address)).startsWith('web'), seconds);
}

async function amphorae(balancer: string): Promise<Amphora[]> {
  return (await cloud.call<{ amphorae: Amphora[] }>('GET', `/load-balancer/v2/octavia/amphorae?loadbalancer_id=${balancer}`)).amphorae;
}

async function rackOf(balancer: string): Promise<Rack> {
  const [first] = await amphorae(balancer);
  return cloud.racks.find(({ name }) => ids.get(name) === first?.compute_id) ?? assert.fail('it is on no rack');
}

function otherThan(rack: Rack): Rack {
  return cloud.racks.find((one) => one !== rack) ?? assert.fail('there is only one rack');
}

async function pairFlavor(): Promise<string> {
  const profile = { name: 'pair', provider_name: 'octavia', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
  const { flavorprofile } = await cloud.call<{ flavorprofile: { id: string } }>('POST', '/load-balancer/v2/lbaas/flavorprofiles', { flavorprofile: profile });
  const body = { flavor: { name: 'pair', flavor_profile_id: flavorprofile.id } };
  return (await cloud.call<{ flavor: { id: string } }>('POST', '/load-balancer/v2/lbaas/flavors', body)).flavor.id;
}

async function restartServer(): Promise<void> {
  await cloud.serve();
  for (const rack of cloud.racks) await online(rack);
}

test('hosts join with a token each, and say what they are; the server has no privilege', async () => {
  const known = await hosts();
  assert.deepEqual(
    known.map(({ name, status, physical_networks: networks }) => [name, status, networks]),
    [
      ['rack-1', 'ONLINE', ['physnet1']],
      ['rack-2', 'ONLINE', ['physnet1']],
    ],
  );
  assert.match(known[0]?.facts?.['haproxy'] ?? '', /version 2/);
  assert.equal(known[0]?.last_address, '10.77.0.11');
  assert.match(await readFile(`/proc/${cloud.pidOf('ctl')}/status`, 'utf8'), /^CapEff:\s+0+$/m);
  const [rack] = cloud.racks;
  const directory = join(rack?.state ?? '', 'agent');
  for (const name of ['', 'credentials.json', 'nodes']) assert.equal((await stat(join(directory, name))).mode & 0o077, 0, name);
});

test('balancers are carried where their rows say, changed at runtime, and gone when deleted', async () => {
  const made = [await make(), await make()];
  const places = await Promise.all(made.map(({ id }) => rackOf(id)));
  assert.notEqual(places[0], places[1]);
  for (const { address } of made) await answers(address);
  for (const rack of cloud.racks) assert.equal((await cloud.nodesOn(rack)).length, 1);
  const [one] = made;
  const [pids] = [await cloud.proxies(places[0] as Rack)];
  const { pools } = await cloud.call<{ pools: { id: string }[] }>('GET', `/load-balancer/v2/lbaas/pools?loadbalancer_id=${one?.id}`);
  const pool = pools[0]?.id ?? '';
  const { members } = await cloud.call<{ members: { id: string; name: string }[] }>('GET', `/load-balancer/v2/lbaas/pools/${pool}/members`);
  const web1 = members.find(({ name }) => name === 'web1');
  await cloud.call('PUT', `/load-balancer/v2/lbaas/pools/${pool}/members/${web1?.id}`, { member: { weight: 0 } });
  await active(one?.id ?? '');
  for (let count = 0; count < 6; count++) assert.equal(await cloud.ask(one?.address ?? ''), 'web2');
  assert.deepEqual(await cloud.proxies(places[0] as Rack), pids);
});

test('while the server is away everything goes on, and what dies is brought back by its host', async () => {
  const { id, address } = await make();
  const rack = await rackOf(id);
  await cloud.kill('ctl');
  await until('the agent is on its own', async () => (await cloud.logged(rack.name)).includes('kept as they were last ordered'));
  assert.match(await cloud.ask(address), /^web/);
  for (const pid of await cloud.proxies(rack)) process.kill(pid, 'SIGKILL');
  await answers(address);
  await restartServer();
  await active(id);
  assert.match(await cloud.ask(address), /^web/);
});

test('an agent that is killed interrupts nothing; what died meanwhile is put right when it is back', async () => {
  const { id, address } = await make();
  const rack = await rackOf(id);
  await cloud.kill(rack.name);
  assert.match(await cloud.ask(address), /^web/);
  await online(rack, false);
  for (const pid of await cloud.proxies(rack)) process.kill(pid, 'SIGKILL');
  await cloud.call('PUT', `/load-balancer/v2/lbaas/loadbalancers/${id}`, { loadbalancer: { description: 'changed meanwhile' } });
  cloud.agent(rack);
  await answers(address);
  await active(id);
});

test('after a power failure a host brings back what it carried, with or without a server', async () => {
  const { id, address } = await make();
  const rack = await rackOf(id);
  await cloud.kill('ctl');
  await cloud.powerOff(rack);
  assert.equal(await cloud.ask(address), '');
  cloud.agent(rack);
  await answers(address);
  await restartServer();
  await active(id);
  await cloud.powerOff(rack);
  cloud.agent(rack);
  await online(rack);
  await answers(address);
});

test('a pair is on two hosts, and outlives one of them', async () => {
  const { id, address } = await make({ flavor_id: await pairFlavor() });
  assert.equal(new Set((await amphorae(id)).map(({ compute_id: host }) => host)).size, 2);
  await answers(address);
  const [rack] = cloud.racks;
  assert.ok(rack);
  await cloud.powerOff(rack);
  await answers(address, 5);
  await online(rack, false);
  cloud.agent(rack);
  await online(rack);
  await active(id, 60);
  await until('its node is back', async () => (await cloud.proxies(rack)).length > 0);
  await active(id, 60);
  await cloud.powerOff(otherThan(rack));
  await answers(address, 5);
  cloud.agent(otherThan(rack));
  await online(otherThan(rack));
  await active(id, 60);
});

test('an operator moves a balancer off a host that is gone; when that is back, it lets go', async () => {
  const { id, address } = await make();
  const rack = await rackOf(id);
  await cloud.powerOff(rack);
  await online(rack, false);
  await cloud.call('PUT', `/load-balancer/v2/lbaas/loadbalancers/${id}/failover`);
  await answers(address);
  await active(id);
  assert.equal(await rackOf(id), otherThan(rack));
  cloud.agent(rack);
  await online(rack);
  await until('nothing is brought back', async () => (await cloud.nodesOn(rack)).length === 0 && (await readdir(join(rack.state, 'agent/nodes'))).length === 0);
  assert.match(await cloud.ask(address), /^web/);
});

test('a host whose network to the server is cut goes on, and is told what changed when it is back', async () => {
  const { id, address } = await make();
  const rack = await rackOf(id);
  await cloud.cables(rack, 'down', [0]);
  await online(rack, false);
  assert.match(await cloud.ask(address), /^web/);
  const { listeners } = await cloud.call<{ listeners: { id: string }[] }>('GET', `/load-balancer/v2/lbaas/listeners?loadbalancer_id=${id}`);
  await cloud.call('DELETE', `/load-balancer/v2/lbaas/listeners/${listeners[0]?.id}`);
  await cloud.cables(rack, 'up', [0]);
  await online(rack);
  await active(id);
  assert.equal(await cloud.ask(address), '');
});

test('a token is used once; a host that is invited anew or removed is shut out', async () => {
  const [rack] = cloud.racks;
  assert.ok(rack);
  const id = ids.get(rack.name) ?? '';
  const { host } = await cloud.call<{ host: HostView }>('PUT', `/edge/v1/hosts/${id}/invite`);
  await until('it is shut out', async () => (await cloud.logged(rack.name)).includes('not taken any more'));
  await cloud.kill(rack.name, 'SIGTERM');
  const token = host.join_token ?? '';
  cloud.agent(rack, '--join', token);
  await online(rack);
  await cloud.kill(rack.name, 'SIGTERM');
  const again = cloud.agent(rack, '--join', token);
  await until('the second use is refused', async () => again.exitCode !== null);
  assert.equal(again.exitCode, 1);
  assert.match(await cloud.logged(rack.name), /the token is not taken/);
  const forged = token.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`);
  const misled = cloud.agent(rack, '--join', forged);
  await until('a strange server is not believed', async () => misled.exitCode !== null);
  assert.match(await cloud.logged(rack.name), /is not the one that the token is of/);
  cloud.agent(rack);
  await online(rack);
});
