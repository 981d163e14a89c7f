import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubnetTopology, Topology } from '../model/topology.ts';
import { NodeError } from '../nodes/node.ts';
import { type Candidate, chooseHost } from './choose-host.ts';

function subnet(physicalNetwork: string | null): SubnetTopology {
  return { id: 's', networkId: 'n', physicalNetwork, cidr: '192.0.2.0/24', gateway: null, mtu: 1500, hostRoutes: [] };
}

function topology(more: Partial<Topology> & { on?: string | null; members?: readonly (string | null)[] } = {}): Topology {
  const { on = 'physnet1', members = [], ...rest } = more;
  return {
    id: 'b',
    projectId: 'p',
    enabled: true,
    engine: 'haproxy',
    redundancy: 'SINGLE',
    vip: { address: '192.0.2.1', mac: '02:00:c0:00:02:01', subnet: subnet(on) },
    listeners: [],
    pools: [],
    memberSubnets: members.map(subnet),
    neighbours: [],
    ...rest,
  };
}

function candidate(id: string | null, more: Partial<Candidate> = {}): Candidate {
  return { id, name: id ?? 'this host', physicalNetworks: new Set(['physnet1']), zone: null, nodes: 0, ...more };
}

const NONE = new Set<string | null>();

test('the one with the fewest nodes, and of equals the first by name', () => {
  assert.equal(chooseHost([candidate('b', { nodes: 2 }), candidate('c', { nodes: 1 }), candidate('a', { nodes: 1 })], topology(), NONE), 'a');
});

test('the two of a pair are on two hosts where there are two, whatever else these have', () => {
  const hosts = [candidate('a'), candidate('b', { nodes: 9 })];
  assert.equal(chooseHost(hosts, topology(), new Set(['a'])), 'b');
  assert.equal(chooseHost([candidate('a')], topology(), new Set(['a'])), 'a');
});

test('a host has the networks, those of members too', () => {
  const hosts = [candidate('a'), candidate('b', { physicalNetworks: new Set(['physnet1', 'physnet2']), nodes: 5 })];
  assert.equal(chooseHost(hosts, topology({ members: ['physnet2'] }), NONE), 'b');
  const further = { address: '198.51.100.1', mac: '02:00:c6:33:64:01', subnet: subnet('physnet2') };
  assert.equal(chooseHost(hosts, topology({ additionalVips: [further] }), NONE), 'b');
});

test('a network of the server’s own is on its host alone', () => {
  assert.equal(chooseHost([candidate('a'), candidate(null, { nodes: 9 })], topology({ on: null }), NONE), null);
  assert.throws(() => chooseHost([candidate('a')], topology({ on: null }), NONE), NodeError);
});

test('a zone is asked for: only its hosts; none asked for: any', () => {
  const hosts = [candidate('a'), candidate('b', { zone: 'z', nodes: 5 })];
  assert.equal(chooseHost(hosts, topology({ zone: 'z' }), NONE), 'b');
  assert.equal(chooseHost(hosts, topology(), NONE), 'a');
});

test('where there is none it is said what was looked for', () => {
  assert.throws(() => chooseHost([candidate('rack-1')], topology({ members: ['physnet9'], zone: 'z' }), NONE), {
    message: 'no host can carry it: it needs the physical network physnet1, the physical network physnet9, the compute zone z; connected are rack-1',
  });
  assert.throws(() => chooseHost([], topology(), NONE), /no host that takes nodes is connected/);
});
