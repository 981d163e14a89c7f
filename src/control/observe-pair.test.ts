/** Of a pair, the node that has the clients says how members are; both count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, octavia } from '../api/octavia/octavia.fixture.ts';
import type { Reading } from '../model/reading.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';

/** Nodes of which one is active, and those named see every member down; each has counted ten connections. */
class Seeing extends NoopNodes {
  active_ = '';
  readonly blind = new Set<string>();
  readonly silent = new Set<string>();

  override async read(id: string): Promise<Reading | null> {
    const reading = await super.read(id);
    if (!reading || this.silent.has(id)) return null;
    const members = reading.members.map((member) => ({ ...member, state: this.blind.has(id) ? ('down' as const) : ('up' as const) }));
    const counters = { worker: 'w', activeConnections: 1, bytesIn: 0, bytesOut: 0, requestErrors: 0, totalConnections: 10 };
    const listeners = reading.listeners.map((listener) => ({ ...listener, counters: [counters] }));
    return { ...reading, listeners, members, standby: id !== this.active_ };
  }
}

test('the active node says how members are, whatever the standby sees; where it is silent the standby does', async (t) => {
  const driver = new Seeing();
  const api = await octavia(t, { driver });
  const data = { name: 'pair', provider_name: 'noop', flavor_data: '{"loadbalancer_topology": "ACTIVE_STANDBY"}' };
  const profile = await api.make('/flavorprofiles', 'flavorprofile', data);
  const flavor = await api.make('/flavors', 'flavor', { name: 'pair', flavor_profile_id: profile.id });
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, flavor_id: flavor.id });
  const listener = await api.make('/listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
  const pool = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  const member = await api.make(`/pools/${pool.id}/members`, 'member', { address: '192.0.2.10', protocol_port: 80 });
  await api.settle();
  const [first = '', second = ''] = await driver.list();
  const becomes = async (status: string): Promise<void> => {
    let seen: unknown;
    for (let turn = 0; turn < 300 && seen !== status; turn++) {
      await pause(20);
      seen = (await api.show(`/pools/${pool.id}/members/${member.id}`, 'member')).operating_status;
    }
    assert.equal(seen, status);
  };
  driver.active_ = first;
  driver.blind.add(second);
  await becomes('ONLINE');
  driver.active_ = second;
  await becomes('ERROR');
  driver.silent.add(second);
  await becomes('ONLINE');
  driver.silent.clear();
  await becomes('ERROR');
  let total: unknown;
  for (let turn = 0; turn < 300 && total !== 20; turn++) {
    await pause(20);
    total = (expect(await api.send('GET', `/loadbalancers/${balancer.id}/stats`), 200)['stats'] as Record<string, unknown>)['total_connections'];
  }
  assert.equal(total, 20);
});
