import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubnetTopology, Topology } from '../../model/topology.ts';
import { renderNamespace } from './namespace.ts';

function subnet(id: string, changes: Partial<SubnetTopology> = {}): SubnetTopology {
  return { id, networkId: `net-${id}`, physicalNetwork: null, cidr: '192.0.2.0/24', gateway: '192.0.2.254', mtu: 1500, hostRoutes: [], ...changes };
}

function topology(changes: Partial<Topology> = {}): Topology {
  return {
    id: 'lb',
    projectId: 'p',
    enabled: true,
    engine: 'haproxy',
    redundancy: 'SINGLE',
    vip: { address: '192.0.2.5', mac: '02:00:c0:00:02:05', subnet: subnet('vip') },
    listeners: [],
    pools: [],
    memberSubnets: [],
    neighbours: [],
    ...changes,
  };
}

test('a balancer without listeners is an address and a route, and no proxy', () => {
  const config = renderNamespace(topology(), []);
  assert.deepEqual(config.links, [
    { name: 'eth0', networkId: 'net-vip', physicalNetwork: null, mac: '02:00:c0:00:02:05', mtu: 1500, addresses: ['192.0.2.5/24'], neighbours: [] },
  ]);
  assert.deepEqual(config.routes, [{ to: 'default', via: '192.0.2.254' }]);
  assert.equal(config.proxy, null);
});

test('a member subnet on another network is a link of its own; on the same network a second address', () => {
  const other = subnet('s2', { cidr: '198.51.100.0/25', gateway: '198.51.100.1', hostRoutes: [{ destination: '203.0.113.0/24', nexthop: '198.51.100.2' }] });
  const sixth = subnet('s6', { networkId: 'net-vip', cidr: '2001:db8::/64', gateway: '2001:db8::1' });
  const config = renderNamespace(topology(), [
    { subnet: other, address: '198.51.100.9' },
    { subnet: sixth, address: '2001:db8::9' },
  ]);
  assert.deepEqual(
    config.links.map(({ name, addresses }) => [name, addresses]),
    [
      ['eth0', ['192.0.2.5/24', '2001:db8::9/64']],
      ['eth1', ['198.51.100.9/25']],
    ],
  );
  assert.deepEqual(config.routes, [
    { to: 'default', via: '192.0.2.254' },
    { to: 'default', via: '2001:db8::1' },
    { to: '203.0.113.0/24', via: '198.51.100.2' },
  ]);
});

test('routes that the kernel would refuse are left out: off the link, to itself or everybody, twice, over the connected one', () => {
  const hostRoutes = [
    { destination: '0.0.0.0/0', nexthop: '192.0.2.9' },
    { destination: '198.51.100.0/24', nexthop: '203.0.113.1' },
    { destination: '198.51.100.0/24', nexthop: '192.0.2.255' },
    { destination: '198.51.100.0/24', nexthop: '192.0.2.5' },
    { destination: '192.0.2.0/24', nexthop: '192.0.2.9' },
    { destination: '198.51.100.0/24', nexthop: '192.0.2.7' },
    { destination: '198.51.100.0/24', nexthop: '192.0.2.8' },
  ];
  const vip = { address: '192.0.2.5', mac: '02:00:c0:00:02:05', subnet: subnet('vip', { hostRoutes }) };
  const kept = { to: '198.51.100.0/24', via: '192.0.2.7' };
  assert.deepEqual(renderNamespace(topology({ vip }), []).routes, [{ to: 'default', via: '192.0.2.254' }, kept]);
  const atGateway = { ...vip, address: '192.0.2.254' };
  assert.deepEqual(renderNamespace(topology({ vip: atGateway }), []).routes[0], { to: 'default', via: '192.0.2.9' });
});

test('known members are permanent neighbours of the link on their network, the own address is not', () => {
  const neighbours = [
    { networkId: 'net-vip', address: '192.0.2.10', mac: '02:00:c0:00:02:0a' },
    { networkId: 'net-vip', address: '192.0.2.5', mac: '02:00:c0:00:02:05' },
    { networkId: 'elsewhere', address: '192.0.2.11', mac: '02:00:c0:00:02:0b' },
  ];
  const [link] = renderNamespace(topology({ neighbours }), []).links;
  assert.deepEqual(link?.neighbours, [{ address: '192.0.2.10', mac: '02:00:c0:00:02:0a' }]);
});

test('a link-local gateway is reached through the link of its subnet', () => {
  const sixth = subnet('s6', { cidr: '2001:db8::/64', gateway: 'fe80::1' });
  const { routes } = renderNamespace(topology(), [{ subnet: sixth, address: '2001:db8::9' }]);
  assert.deepEqual(routes, [
    { to: 'default', via: '192.0.2.254' },
    { to: 'default', via: 'fe80::1', link: 'eth1' },
  ]);
});

test('a node of a pair has its own address and MAC on the link, knows where its peer is, and leaves the VIP to keepalived', () => {
  const leg = { subnet: subnet('s2', { cidr: '198.51.100.0/25', gateway: null }), address: '198.51.100.9' };
  const pair = { name: 'a', role: 'MASTER' as const, own: '192.0.2.6', peer: { name: 'b', address: '192.0.2.7' }, advertMs: 100, syncsFlows: true };
  const { links, vrrp, routes } = renderNamespace(topology(), [leg], undefined, pair);
  assert.deepEqual(
    links.map(({ name, mac, addresses, neighbours }) => ({ name, mac, addresses, neighbours })),
    [
      { name: 'eth0', mac: '02:00:c0:00:02:06', addresses: ['192.0.2.6/24'], neighbours: [{ address: '192.0.2.7', mac: '02:00:c0:00:02:07' }] },
      { name: 'eth1', mac: '02:00:c6:33:64:09', addresses: ['198.51.100.9/25'], neighbours: [] },
    ],
  );
  assert.deepEqual(routes, [{ to: 'default', via: '192.0.2.254' }]);
  assert.match(vrrp?.text ?? '', /use_vmac vip0 02:00:c0:00:02:05\n[^]*unicast_src_ip 192\.0\.2\.6\n[^]* 192\.0\.2\.5\/32\n/);
});

test('further addresses are on the same link, with a way back for each family', () => {
  const sixth = subnet('s6', { networkId: 'net-vip', cidr: '2001:db8::/64', gateway: '2001:db8::1' });
  const config = renderNamespace(topology({ additionalVips: [{ address: '2001:db8::5', mac: '', subnet: sixth }] }), []);
  assert.deepEqual(
    config.links.map(({ name, mac, addresses }) => [name, mac, addresses]),
    [['eth0', '02:00:c0:00:02:05', ['192.0.2.5/24', '2001:db8::5/64']]],
  );
  assert.deepEqual(config.routes, [
    { to: 'default', via: '192.0.2.254' },
    { to: 'default', via: '2001:db8::1' },
  ]);
});
