import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amphora } from '../model/amphora.ts';
import type { Port } from '../model/network.ts';
import type { SubnetTopology, Topology } from '../model/topology.ts';
import { isComplete, place } from './place.ts';

const subnet = (id: string): SubnetTopology => ({
  id,
  networkId: `net-${id}`,
  physicalNetwork: null,
  cidr: '192.0.2.0/24',
  gateway: null,
  mtu: 1500,
  hostRoutes: [],
});
const topology = (...memberSubnets: SubnetTopology[]): Topology =>
  ({ id: 'lb', redundancy: 'SINGLE', vip: { subnet: subnet('vip') }, memberSubnets }) as unknown as Topology;
const amphora = (id: string, status = 'ALLOCATED'): Amphora => ({ id, status, role: 'STANDALONE', gateway_id: null }) as unknown as Amphora;
const port = (id: string, device_id: string, subnet_id: string, ip_address: string): Port =>
  ({ id, device_id, fixed_ips: [{ subnet_id, ip_address }] }) as unknown as Port;

test('a new balancer lacks its amphora', () => {
  const placement = place(topology(), [], []);
  assert.deepEqual(placement.missing, ['STANDALONE']);
  assert.equal(isComplete(topology(), placement), false);
});

test('an amphora is kept, a second is surplus', () => {
  const placement = place(topology(), [amphora('a'), amphora('b')], []);
  assert.deepEqual(
    [placement.nodes.map((node) => node.amphora.id), placement.surplusAmphorae.map(({ id }) => id), isComplete(topology(), placement)],
    [['a'], ['b'], true],
  );
});

test('an amphora that was sent away is surplus and another is missing; its address is given back', () => {
  const ports = [port('p1', 'a', 's1', '192.0.2.5')];
  const placement = place(topology(subnet('s1')), [amphora('a', 'PENDING_DELETE')], ports);
  assert.deepEqual([placement.nodes, placement.missing, isComplete(topology(), placement)], [[], ['STANDALONE'], false]);
  assert.deepEqual([placement.surplusAmphorae.map(({ id }) => id), placement.surplusPorts.map(({ id }) => id)], [['a'], ['p1']]);
});

test('a fresh amphora is kept, not the one before it that was sent away', () => {
  const placement = place(topology(), [amphora('a', 'PENDING_DELETE'), amphora('b', 'BOOTING')], []);
  assert.deepEqual([placement.nodes.map((node) => node.amphora.id), placement.missing, placement.surplusAmphorae.map(({ id }) => id)], [['b'], [], ['a']]);
});

test('a leg per member subnet, with the address its port holds; ports without a leg are surplus', () => {
  const ports = [port('p1', 'a', 's1', '192.0.2.5'), port('p2', 'a', 's9', '192.0.2.6')];
  const placement = place(topology(subnet('s1'), subnet('s2')), [amphora('a')], ports);
  assert.deepEqual(
    placement.nodes[0]?.legs.map(({ address }) => address),
    ['192.0.2.5', null],
  );
  assert.deepEqual(
    placement.surplusPorts.map(({ id }) => id),
    ['p2'],
  );
  assert.equal(isComplete(topology(), placement), false);
});

const pair = (...memberSubnets: SubnetTopology[]): Topology => ({ ...topology(...memberSubnets), redundancy: 'ACTIVE_STANDBY' });
const member = (id: string, role: 'MASTER' | 'BACKUP', status = 'ALLOCATED'): Amphora => ({ ...amphora(id, status), role });

test('a pair needs one amphora of each role, each with an address of its own in the VIP subnet', () => {
  assert.deepEqual(place(pair(), [], []).missing, ['MASTER', 'BACKUP']);
  const both = [member('b', 'BACKUP'), member('a', 'MASTER')];
  const ports = [port('p1', 'a', 'vip', '192.0.2.5'), port('p2', 'b', 'vip', '192.0.2.6')];
  assert.equal(isComplete(pair(), place(pair(), both, ports.slice(0, 1))), false);
  const placement = place(pair(), both, ports);
  assert.deepEqual(
    placement.nodes.map((node) => [node.amphora.id, node.pair]),
    [
      ['a', { own: '192.0.2.5', peer: { id: 'b', address: '192.0.2.6', gatewayId: null } }],
      ['b', { own: '192.0.2.6', peer: { id: 'a', address: '192.0.2.5', gatewayId: null } }],
    ],
  );
  assert.deepEqual([placement.missing, placement.surplusPorts, isComplete(pair(), placement)], [[], [], true]);
});

test('who takes the place of one of a pair takes its role; the other stays', () => {
  const ports = [port('p1', 'a', 'vip', '192.0.2.5'), port('p2', 'b', 'vip', '192.0.2.6')];
  const placement = place(pair(), [member('a', 'MASTER', 'PENDING_DELETE'), member('b', 'BACKUP')], ports);
  assert.deepEqual(
    [placement.missing, placement.nodes.map((node) => node.amphora.id), placement.surplusAmphorae.map(({ id }) => id)],
    [['MASTER'], ['b'], ['a']],
  );
  assert.deepEqual(
    placement.surplusPorts.map(({ id }) => id),
    ['p1'],
  );
});

test('where no address can be had, a pair has none', () => {
  const foreign = { ...pair(), vip: { ...pair().vip, foreign: true as const } };
  assert.equal(isComplete(foreign, place(foreign, [member('a', 'MASTER'), member('b', 'BACKUP')], [])), true);
});
