import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerOf, poolOf, topologyOf } from '../render/haproxy/topology.fixture.ts';
import { gatewayFacts } from '../model/gateway-facts.ts';
import type { GatewayPlace } from '../store/gateways.ts';
import { type Seat, chooseGateway, nextGateway } from './choose-gateway.ts';

const topology = topologyOf({ listeners: [listenerOf({ defaultPool: 'p' })], pools: [poolOf({ id: 'p' })] });

function gatewayAt(name: string, more: Partial<GatewayPlace> & { readonly network?: string; readonly programs?: string } = {}): GatewayPlace {
  const { network = '192.0.2.1/24', programs = 'haproxy', ...rest } = more;
  const facts = { address_lan: network, programs };
  return { id: name, name, status: 'ONLINE', facts, last_seen_at: null, site: 'plant-7', nodes: 0, ...rest };
}

function next(places: readonly GatewayPlace[], taken: readonly string[] = [], pair: Seat['pair'] = null): string {
  const found = nextGateway(places, topology, { taken: new Set(taken), pair });
  return 'place' in found ? found.place.name : found.reason;
}

test('a node that leaves its gateway goes to the one with the fewest nodes that answers and can carry it', () => {
  assert.equal(next([gatewayAt('a', { nodes: 3 }), gatewayAt('b', { nodes: 1 })]), 'b');
  assert.equal(next([gatewayAt('a', { nodes: 3 }), gatewayAt('b', { status: 'OFFLINE' }), gatewayAt('c', { programs: '' })]), 'a');
});

test('where none can carry it, each says why', () => {
  assert.equal(next([]), 'no other gateway of its site takes something new');
  assert.equal(
    next([gatewayAt('a'), gatewayAt('b', { status: 'OFFLINE' }), gatewayAt('c', { programs: 'nft' }), gatewayAt('d', { network: '10.0.0.1/8' })], ['a']),
    'gateway a carries another node of it; gateway b is OFFLINE; gateway c has no haproxy: its package is not installed; ' +
      `gateway d is in no network that ${topology.vip.address} is of: it has lan 10.0.0.1/8`,
  );
});

test('a node of a pair goes where one of a pair can be', () => {
  const programs = 'haproxy keepalived';
  const peer = gatewayFacts(gatewayAt('peer', { programs, network: '192.0.2.2/24' }));
  const pair = { role: 'MASTER', group: 20, bothServe: false, peer, advertMs: 200 } as const;
  assert.equal(next([gatewayAt('a')], ['peer'], pair), 'gateway a has no keepalived, which a pair needs: its package is not installed');
  assert.equal(next([gatewayAt('a'), gatewayAt('peer', { programs }), gatewayAt('b', { programs, network: '192.0.2.3/24', nodes: 9 })], ['peer'], pair), 'b');
});

test('a new node goes where all of it can be carried, though others have fewer; and where it cannot, somewhere all the same', () => {
  const [bare, full] = [gatewayAt('bare', { programs: 'nft' }), gatewayAt('full', { nodes: 9 })];
  assert.equal(chooseGateway([bare, full], topology, new Set()), 'full');
  assert.equal(chooseGateway([bare], topology, new Set()), 'bare');
  assert.throws(
    () => chooseGateway([full], topology, new Set(['full'])),
    /no gateway can carry it: there are full \(ONLINE; 192\.0\.2\.1\/24\); one is needed that is in the network of 192\.0\.2\.1, and has none of its nodes$/,
  );
});
