import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { amphora } from '../model/amphora.ts';
import { healthMonitor } from '../model/health-monitor.ts';
import { l7Policy } from '../model/l7-policy.ts';
import { l7Rule } from '../model/l7-rule.ts';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { network, port, subnet } from '../model/network.ts';
import { pool } from '../model/pool.ts';
import { balancerTree } from './balancer-tree.ts';
import { insert, insertMany } from './rows.ts';
import {
  amphoraRow,
  balancerRow,
  listenerRow,
  memberRow,
  monitorRow,
  networkRow,
  policyRow,
  poolRow,
  portRow,
  ruleRow,
  subnetRow,
  temporaryStore,
} from './store.fixture.ts';
import type { Db } from './store.ts';

async function holdAddress(db: Db, subnet_id: string, network_id: string, ip_address: string, mac_address: string): Promise<void> {
  const row = portRow(network_id, { mac_address });
  await insert(db, port, row);
  await db.insertInto('address').values({ subnet_id, ip_address, port_id: row.id }).execute();
}

test('a tree is the balancer with all that belongs to it, in order of creation, and nothing else', async (t) => {
  const { db, transaction } = await temporaryStore(t).then((store) => ({ db: store.db, transaction: store.transaction.bind(store) }));
  const [vipNet, backNet, otherNet] = [networkRow(), networkRow(), networkRow()];
  const [vipSubnet, back, other] = [subnetRow(vipNet.id), subnetRow(backNet.id, { cidr: '10.1.0.0/24' }), subnetRow(otherNet.id)];
  const vipPort = portRow(vipNet.id, { mac_address: '02:00:0a:00:00:05' });
  const balancer = balancerRow({ vip_subnet_id: vipSubnet.id, vip_network_id: vipNet.id, vip_port_id: vipPort.id });
  const stranger = balancerRow();
  const pools = ['z', 'a', 'm'].map((id) => poolRow(balancer.id, { id }));
  const [web, strange] = [pools[0] ?? poolRow(balancer.id), poolRow(stranger.id)];
  const members = [
    memberRow(web, { id: '9', address: '10.1.0.10', subnet_id: back.id }),
    memberRow(web, { id: '1', address: '10.0.0.10', protocol_port: 81, deleting: true }),
    memberRow(web, { id: '5', address: '10.0.0.10', subnet_id: 'a subnet that is gone' }),
    memberRow(web, { id: '2', address: '10.1.0.11', subnet_id: back.id }),
  ];
  const [front, check, node] = [listenerRow(balancer.id), monitorRow(web), amphoraRow(balancer.id)];
  const policies = [policyRow(front, { id: 'z', position: 2 }), policyRow(front, { id: 'a', position: 1 }), policyRow(front, { id: 'm', deleting: true })];
  const rules = ['9', '1'].map((id) => ruleRow(policies[0] ?? policyRow(front), { id }));
  const strangeFront = listenerRow(stranger.id);
  await transaction(async (tx) => {
    await insertMany(tx.db, network, [vipNet, backNet, otherNet]);
    await insertMany(tx.db, subnet, [vipSubnet, back, other]);
    await insert(tx.db, port, vipPort);
    await holdAddress(tx.db, back.id, backNet.id, '10.1.0.10', '02:00:0a:01:00:0a');
    await holdAddress(tx.db, vipSubnet.id, vipNet.id, '10.0.0.10', '02:00:0a:00:00:0a');
    await holdAddress(tx.db, other.id, otherNet.id, '10.1.0.11', '02:00:0a:01:00:0b');
    await insertMany(tx.db, loadBalancer, [balancer, stranger]);
    await insertMany(tx.db, pool, [...pools, strange]);
    await insertMany(tx.db, member, [...members, memberRow(strange)]);
    await insertMany(tx.db, listener, [front, strangeFront]);
    await insertMany(tx.db, l7Policy, [...policies, policyRow(strangeFront)]);
    await insertMany(tx.db, l7Rule, rules);
    await insert(tx.db, healthMonitor, check);
    await insertMany(tx.db, amphora, [node, amphoraRow(stranger.id)]);
  });
  const expected = {
    balancer,
    pools,
    members,
    listeners: [front],
    monitors: [check],
    policies,
    rules,
    amphorae: [node],
    vipPort,
    subnets: [vipSubnet, back],
    networks: [vipNet, backNet],
    neighbours: [
      { subnet_id: back.id, network_id: backNet.id, ip_address: '10.1.0.10', mac_address: '02:00:0a:01:00:0a' },
      { subnet_id: vipSubnet.id, network_id: vipNet.id, ip_address: '10.0.0.10', mac_address: '02:00:0a:00:00:0a' },
    ].toSorted((one, two) => (one.subnet_id < two.subnet_id ? -1 : 1)),
    flavor: {},
    zone: {},
  };
  assert.deepEqual(await balancerTree(db, balancer.id), expected);
  assert.deepEqual(await transaction((tx) => balancerTree(tx.db, balancer.id)), expected);
});

test('a balancer alone is a tree too; none is none', async (t) => {
  const { db, transaction } = await temporaryStore(t).then((store) => ({ db: store.db, transaction: store.transaction.bind(store) }));
  const balancer = balancerRow({ vip_port_id: 'gone', vip_subnet_id: 'gone' });
  await transaction((tx) => insert(tx.db, loadBalancer, balancer));
  const nothing = {
    listeners: [],
    pools: [],
    members: [],
    monitors: [],
    policies: [],
    rules: [],
    amphorae: [],
    subnets: [],
    networks: [],
    neighbours: [],
    flavor: {},
    zone: {},
  };
  assert.deepEqual(await balancerTree(db, balancer.id), { balancer, vipPort: null, ...nothing });
  assert.equal(await balancerTree(db, 'none'), undefined);
});

test('a tree never shows a write by halves', async (t) => {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  await store.transaction((tx) => insert(tx.db, loadBalancer, balancer));
  const state = { writing: true };
  const writes = Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      store.transaction(async (tx) => {
        const row = poolRow(balancer.id);
        await insert(tx.db, pool, row);
        await insert(tx.db, listener, listenerRow(balancer.id, { protocol_port: index + 1, default_pool_id: row.id }));
      }),
    ),
  ).finally(() => (state.writing = false));
  const lengths = new Set<number>();
  while (state.writing) {
    const tree = await balancerTree(store.db, balancer.id);
    assert.deepEqual(
      tree?.listeners.map((row) => row.default_pool_id),
      tree?.pools.map((row) => row.id),
    );
    lengths.add(tree?.pools.length ?? 0);
    await turn();
  }
  await writes;
  assert.ok(lengths.size > 2, 'read between commits');
  assert.equal((await balancerTree(store.db, balancer.id))?.pools.length, 300);
});

test('of another balancer’s addresses only its VIP is known by the MAC of its port', async (t) => {
  const { db, transaction } = await temporaryStore(t).then((store) => ({ db: store.db, transaction: store.transaction.bind(store) }));
  const net = networkRow();
  const [first, second] = [subnetRow(net.id), subnetRow(net.id, { cidr: '10.1.0.0/24' })];
  const other = balancerRow({ vip_address: '10.0.0.77', vip_subnet_id: first.id, vip_network_id: net.id });
  const vipPort = portRow(net.id, { mac_address: '02:00:0a:00:00:4d', device_id: `lb-${other.id}` });
  const balancer = balancerRow({ vip_address: '10.0.0.5', vip_subnet_id: first.id, vip_network_id: net.id });
  const web = poolRow(balancer.id);
  const members = [
    memberRow(web, { address: '10.0.0.77', subnet_id: first.id }),
    memberRow(web, { address: '10.1.0.77', protocol_port: 81, subnet_id: second.id }),
  ];
  await transaction(async (tx) => {
    await insert(tx.db, network, net);
    await insertMany(tx.db, subnet, [first, second]);
    await insertMany(tx.db, loadBalancer, [balancer, other]);
    await insert(tx.db, port, vipPort);
    for (const [of, address] of [
      [first, '10.0.0.77'],
      [second, '10.1.0.77'],
    ] as const)
      await tx.db.insertInto('address').values({ subnet_id: of.id, ip_address: address, port_id: vipPort.id }).execute();
    await insert(tx.db, pool, web);
    await insertMany(tx.db, member, members);
  });
  const tree = await balancerTree(db, balancer.id);
  assert.deepEqual(
    tree?.neighbours.map(({ ip_address: address, mac_address: mac }) => [address, mac]),
    [['10.0.0.77', '02:00:0a:00:00:4d']],
  );
});
