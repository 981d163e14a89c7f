import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { L7Policy } from '../model/l7-policy.ts';
import type { L7Rule } from '../model/l7-rule.ts';
import type { Network, Subnet } from '../model/network.ts';
import { type PolicyTopology, vipsOf } from '../model/topology.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { balancerRow, listenerRow, memberRow, policyRow, poolRow, ruleRow } from '../store/store.fixture.ts';
import { resolve } from './resolve.ts';

const balancer = balancerRow({ id: 'lb', vip_address: '10.0.0.5', vip_subnet_id: 'subnet' });
const front = listenerRow('lb', { id: 'front' });
const [web, gone, off] = [poolRow('lb', { id: 'web' }), poolRow('lb', { id: 'gone', deleting: true }), poolRow('lb', { id: 'off', admin_state_up: false })];

function tree(change: Partial<BalancerTree>): BalancerTree {
  return {
    balancer,
    listeners: [front],
    pools: [web, gone, off],
    members: [memberRow(web)],
    monitors: [],
    policies: [],
    rules: [],
    amphorae: [],
    vipPort: null,
    subnets: [],
    networks: [],
    neighbours: [],
    flavor: {},
    zone: {},
    ...change,
  };
}

function policiesOf(policies: readonly L7Policy[], rules: readonly L7Rule[] = policies.map((policy) => ruleRow(policy))): readonly PolicyTopology[] {
  return resolve(tree({ policies, rules })).listeners[0]?.policies ?? assert.fail('no listener');
}

function ids(policies: readonly L7Policy[], rules?: readonly L7Rule[]): string {
  return policiesOf(policies, rules)
    .map(({ id }) => id)
    .join(' ');
}

function policy(id: string, change: Partial<L7Policy> = {}): L7Policy {
  return policyRow(front, { id, action: 'REJECT', ...change });
}

test('a policy with all that a compiler needs', () => {
  const row = policy('p', { action: 'REDIRECT_TO_URL', redirect_url: 'http://example.com/', redirect_http_code: 301 });
  const rule = ruleRow(row, { id: 'r', type: 'HEADER', compare_type: 'CONTAINS', key: 'X-A', value: 'b', invert: true });
  assert.deepEqual(policiesOf([row], [rule]), [
    {
      id: 'p',
      action: 'REDIRECT_TO_URL',
      redirectPool: null,
      redirectUrl: 'http://example.com/',
      redirectPrefix: null,
      redirectCode: 301,
      rules: [{ id: 'r', type: 'HEADER', compareType: 'CONTAINS', key: 'X-A', value: 'b', invert: true }],
    },
  ]);
});

test('policies come by position, whatever order they were made in', () => {
  const [a, b, c] = [policy('a', { position: 3 }), policy('b', { position: 1 }), policy('c', { position: 2 })];
  assert.equal(ids([a, b, c]), 'b c a');
});

test('what is on its way out does not take the place of another', () => {
  const [leaving, staying] = [policy('leaving', { position: 1, deleting: true }), policy('staying', { position: 1 })];
  assert.equal(ids([leaving, staying]), 'staying');
});

test("another listener's policies stay there", () => {
  const other = listenerRow('lb', { id: 'other' });
  const { listeners } = resolve(tree({ listeners: [front, other], policies: [policyRow(other, { id: 'p' })], rules: [] }));
  assert.deepEqual(
    listeners.map(({ policies }) => policies),
    [[], []],
  );
});

test('without a rule that counts a policy is left out', () => {
  const row = policy('p');
  assert.equal(ids([row], []), '');
  assert.equal(ids([row], [ruleRow(row, { deleting: true }), ruleRow(row, { admin_state_up: false })]), '');
  assert.equal(ids([row], [ruleRow(policy('another'))]), '');
  const kept = policiesOf([row], [ruleRow(row, { id: 'off', admin_state_up: false }), ruleRow(row, { id: 'on' })]);
  assert.deepEqual(
    kept[0]?.rules.map(({ id }) => id),
    ['on'],
  );
});

test('a policy that is switched off is left out', () => {
  assert.equal(ids([policy('p', { admin_state_up: false })]), '');
});

test('a policy whose pool is on its way out has no target; one whose pool is switched off keeps it', () => {
  const to = (id: string): L7Policy => policy(id, { action: 'REDIRECT_TO_POOL', redirect_pool_id: id });
  assert.equal(ids([to('web'), to('gone'), to('off'), to('nowhere')]), 'web off');
  assert.equal(policiesOf([policy('p', { action: 'REJECT', redirect_pool_id: 'web' })])[0]?.redirectPool, null);
});

test('further addresses are on the balancer itself: their subnets need no leg', () => {
  const network = { id: 'net', mtu: 1500, 'provider:physical_network': null } as Network;
  const subnetRow = (id: string, cidr: string): Subnet => ({ id, network_id: 'net', cidr, gateway_ip: null, host_routes: [] }) as unknown as Subnet;
  const subnets = [subnetRow('subnet', '10.0.0.0/24'), subnetRow('six', '2001:db8::/64'), subnetRow('other', '10.1.0.0/24')];
  const row = { ...balancer, additional_vips: [{ subnet_id: 'six', ip_address: '2001:db8::5', port_id: null }] };
  const members = ['six', 'other'].map((subnet_id, index) => memberRow(web, { id: `m${index}`, protocol_port: index + 1, subnet_id }));
  const topology = resolve(tree({ balancer: row, subnets, networks: [network], members }));
  assert.deepEqual(
    vipsOf(topology).map(({ address, subnet }) => [address, subnet.id]),
    [
      ['10.0.0.5', 'subnet'],
      ['2001:db8::5', 'six'],
    ],
  );
  assert.deepEqual(
    topology.memberSubnets.map(({ id }) => id),
    ['other'],
  );
  assert.equal('additionalVips' in resolve(tree({})), false);
});

test('a connection limit of 0 is none, as in Octavia', () => {
  const limits = [-1, 0, 5].map((connection_limit) => resolve(tree({ listeners: [{ ...front, connection_limit }] })).listeners[0]?.connectionLimit);
  assert.deepEqual(limits, [null, null, 5]);
});

test('a flavor that says nothing of flow logs leaves them to the configuration', () => {
  assert.equal('connectionLogging' in resolve(tree({})), false);
  assert.equal(resolve(tree({ flavor: { connection_logging: false } })).connectionLogging, false);
  assert.equal('connectionLogging' in resolve(tree({ flavor: { connection_logging: null } })), false);
});
