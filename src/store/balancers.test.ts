import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type KyselyPlugin, SqliteQueryCompiler, sql } from 'kysely';
import { amphora } from '../model/amphora.ts';
import { healthMonitor } from '../model/health-monitor.ts';
import { l7Policy } from '../model/l7-policy.ts';
import { l7Rule } from '../model/l7-rule.ts';
import { listener } from '../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { network, port, subnet } from '../model/network.ts';
import { pool } from '../model/pool.ts';
import { PROVISIONING_STATUSES, pendingAfterWrite } from '../model/status.ts';
import { allBalancerIds, expirePending, recordBroken, recordDelivered, recordFailure, removeBalancer, touch, unsettled } from './balancers.ts';
import { byId, insert, insertMany, update } from './rows.ts';
import {
  NOW,
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
import type { Store } from './store.ts';

const LATER = new Date(NOW.getTime() + 90_000);

async function withBalancer(store: Store, changes: Partial<LoadBalancer> = {}): Promise<LoadBalancer> {
  const row = balancerRow(changes);
  await store.transaction((tx) => insert(tx.db, loadBalancer, row));
  return row;
}

async function now(store: Store, id: string): Promise<LoadBalancer> {
  const row = await byId(store.db, loadBalancer, id);
  assert.ok(row);
  return row;
}

test('a touch raises the generation, makes pending, starts the wait and is announced', async (t) => {
  const store = await temporaryStore(t);
  const row = await withBalancer(store, { generation: 4, delivered_generation: 4 });
  const heard: string[][] = [];
  store.onChange((ids) => heard.push([...ids]));
  const touched = await store.transaction((tx) => touch(tx, row.id, NOW));
  const expected = { ...row, generation: 5, provisioning_status: 'PENDING_UPDATE', pending_since: NOW.toISOString(), updated_at: '2026-11-22T17:51:50' };
  assert.deepEqual(touched, { generation: 5, balancer: expected });
  assert.deepEqual(await now(store, row.id), expected);
  assert.deepEqual(heard, [[row.id]]);
  const again = await store.transaction((tx) => touch(tx, row.id, LATER));
  assert.equal(again.balancer.pending_since, NOW.toISOString(), 'the wait began with the first write');
});

test('the status after a touch is what the model says, except that deletion is final', async (t) => {
  const store = await temporaryStore(t);
  for (const provisioning_status of PROVISIONING_STATUSES.filter((status) => status !== 'PENDING_DELETE' && status !== 'DELETED')) {
    const row = await withBalancer(store, { provisioning_status });
    const { balancer } = await store.transaction((tx) => touch(tx, row.id, NOW));
    assert.equal(balancer.provisioning_status, pendingAfterWrite(provisioning_status));
  }
  for (const changes of [{ provisioning_status: 'PENDING_DELETE' }, { provisioning_status: 'ERROR', deleting: true }] as const) {
    const row = await withBalancer(store, changes);
    await assert.rejects(
      store.transaction((tx) => touch(tx, row.id, NOW)),
      { code: 'immutable', status: 409, message: `Load Balancer ${row.id} is immutable and cannot be updated.` },
    );
    assert.deepEqual(await now(store, row.id), row);
  }
  await assert.rejects(
    store.transaction((tx) => touch(tx, 'none', NOW)),
    { code: 'not_found', status: 404 },
  );
});

test('no touch of fifty at once is lost', async (t) => {
  const store = await temporaryStore(t);
  const row = await withBalancer(store);
  const generations = await Promise.all(
    Array.from({ length: 50 }, () => store.transaction((tx) => touch(tx, row.id, NOW).then(({ generation }) => generation))),
  );
  assert.deepEqual(
    generations.toSorted((a, b) => a - b),
    Array.from({ length: 50 }, (_, index) => index + 2),
  );
  assert.equal((await now(store, row.id)).generation, 51);
});

/** A balancer at generation 5 with children written at 3, 4 and 5, and one of each kind to be deleted at 4. */
async function pendingTree(store: Store): Promise<{ id: string }> {
  const balancer = await withBalancer(store, {
    generation: 5,
    delivered_generation: 2,
    provisioning_status: 'PENDING_UPDATE',
    pending_since: NOW.toISOString(),
    status_reason: 'refused',
  });
  const web = poolRow(balancer.id, { name: 'p3', generation: 3, provisioning_status: 'PENDING_CREATE' });
  const gone = poolRow(balancer.id, { name: 'p4 deleted', generation: 4, provisioning_status: 'PENDING_DELETE', deleting: true });
  await store.transaction(async ({ db }) => {
    await insertMany(db, pool, [web, gone]);
    await insert(db, listener, listenerRow(balancer.id, { name: 'l4', generation: 4, provisioning_status: 'ERROR', default_pool_id: gone.id }));
    await insert(
      db,
      listener,
      listenerRow(balancer.id, { name: 'l4 deleted', protocol_port: 81, generation: 4, provisioning_status: 'ERROR', deleting: true }),
    );
    await insert(db, member, memberRow(web, { name: 'm5', generation: 5, provisioning_status: 'PENDING_CREATE' }));
    await insert(db, member, memberRow(gone, { name: 'm1 below deleted', generation: 1 }));
    await insert(db, member, memberRow(web, { name: 'm5 deleted', generation: 5, provisioning_status: 'PENDING_DELETE', deleting: true }));
    await insert(db, healthMonitor, monitorRow(web, { name: 'h3', generation: 3, provisioning_status: 'PENDING_UPDATE' }));
  });
  return { id: balancer.id };
}

/** name → status of all rows below balancers. */
async function children({ db }: Store): Promise<Record<string, string>> {
  const tables = await Promise.all(
    (['pool', 'listener', 'member', 'health_monitor'] as const).map((table) => db.selectFrom(table).select(['name', 'provisioning_status']).execute()),
  );
  return Object.fromEntries(tables.flat().map(({ name, provisioning_status }) => [name, provisioning_status]));
}

test('delivering an older generation settles what was written by then and keeps the rest waiting anew', async (t) => {
  const store = await temporaryStore(t);
  const { id } = await pendingTree(store);
  await store.transaction((tx) => recordDelivered(tx, id, 4, LATER));
  assert.deepEqual(await children(store), { p3: 'ACTIVE', l4: 'ACTIVE', m5: 'PENDING_CREATE', 'm5 deleted': 'PENDING_DELETE', h3: 'ACTIVE' });
  const { delivered_generation, provisioning_status, pending_since } = await now(store, id);
  assert.deepEqual([delivered_generation, provisioning_status, pending_since], [4, 'PENDING_UPDATE', LATER.toISOString()]);
  assert.equal(
    (await store.db.selectFrom('listener').select('default_pool_id').executeTakeFirst())?.default_pool_id,
    null,
    "a deleted pool is nobody's default",
  );
  await store.transaction((tx) => recordDelivered(tx, id, 3, NOW));
  const after = await now(store, id);
  assert.deepEqual([after.delivered_generation, after.pending_since], [4, LATER.toISOString()], 'a late report changes nothing');
});

test('delivering the newest generation settles everything', async (t) => {
  const store = await temporaryStore(t);
  const { id } = await pendingTree(store);
  await store.transaction((tx) => recordDelivered(tx, id, 5, LATER));
  assert.deepEqual(await children(store), { p3: 'ACTIVE', l4: 'ACTIVE', m5: 'ACTIVE', h3: 'ACTIVE' });
  const { delivered_generation, provisioning_status, pending_since, status_reason } = await now(store, id);
  assert.deepEqual([delivered_generation, provisioning_status, pending_since, status_reason], [5, 'ACTIVE', null, null]);
  assert.deepEqual(await unsettled(store.db), []);
});

test('delivery ends an ERROR: at once when it is the newest, as a new wait when it is not', async (t) => {
  const store = await temporaryStore(t);
  const [newest, older] = [
    await withBalancer(store, { provisioning_status: 'ERROR', status_reason: 'x' }),
    await withBalancer(store, { provisioning_status: 'ERROR', generation: 3 }),
  ];
  await store.transaction(async (tx) => {
    await recordDelivered(tx, newest.id, 1, NOW);
    await recordDelivered(tx, older.id, 2, NOW);
  });
  assert.deepEqual(await now(store, newest.id), { ...newest, provisioning_status: 'ACTIVE', status_reason: null, updated_at: NOW.toISOString().slice(0, 19) });
  assert.deepEqual(await now(store, older.id), { ...older, provisioning_status: 'PENDING_UPDATE', delivered_generation: 2, pending_since: NOW.toISOString() });
});

test('delivery leaves alone what is to be deleted, what is gone and what belongs to others', async (t) => {
  const store = await temporaryStore(t);
  const going = await withBalancer(store, { deleting: true, provisioning_status: 'PENDING_DELETE', generation: 2 });
  const { id } = await pendingTree(store);
  const before = await children(store);
  await store.transaction(async (tx) => {
    await recordDelivered(tx, going.id, 2, NOW);
    await recordDelivered(tx, 'none', 2, NOW);
  });
  assert.deepEqual(await now(store, going.id), going);
  assert.deepEqual(await children(store), before);
  assert.equal((await now(store, id)).delivered_generation, 2);
});

test('a failure gives its reason and becomes an ERROR only when the deadline has passed', async (t) => {
  const store = await temporaryStore(t);
  const { id } = await pendingTree(store);
  const before = await children(store);
  await store.transaction((tx) => recordFailure(tx, id, 'first', LATER, 91));
  assert.deepEqual(await children(store), before);
  const waiting = await now(store, id);
  assert.deepEqual([waiting.provisioning_status, waiting.status_reason, waiting.pending_since], ['PENDING_UPDATE', 'first', NOW.toISOString()]);
  await store.transaction((tx) => recordFailure(tx, id, `second${'.'.repeat(3000)}`, LATER, 90));
  const failed = await now(store, id);
  assert.deepEqual([failed.provisioning_status, failed.status_reason?.length, failed.pending_since], ['ERROR', 2000, null]);
  assert.deepEqual(new Set(Object.values(await children(store))), new Set(['ACTIVE', 'ERROR']));
  assert.deepEqual(await store.db.selectFrom('member').select('deleting').where('name', '=', 'm5 deleted').execute(), [{ deleting: true }]);
  assert.deepEqual(await unsettled(store.db), [id]);
  const { balancer } = await store.transaction((tx) => touch(tx, id, LATER));
  assert.deepEqual([balancer.provisioning_status, balancer.pending_since], ['PENDING_UPDATE', LATER.toISOString()], 'the next write starts a new wait');
});

test('what is broken is an ERROR at once, also where nothing was waiting; what is on its way out stays so', async (t) => {
  const store = await temporaryStore(t);
  const { id } = await pendingTree(store);
  await store.transaction((tx) => recordBroken(tx, id, 5, `lost${'.'.repeat(3000)}`));
  const broken = await now(store, id);
  assert.deepEqual([broken.provisioning_status, broken.status_reason?.length, broken.pending_since], ['ERROR', 2000, null]);
  assert.deepEqual(new Set(Object.values(await children(store))), new Set(['ACTIVE', 'ERROR']));
  await store.transaction((tx) => recordDelivered(tx, id, broken.generation, LATER));
  await store.transaction((tx) => recordBroken(tx, id, 5, 'again'));
  assert.deepEqual([(await now(store, id)).provisioning_status, (await now(store, id)).status_reason], ['ERROR', 'again']);
  const { id: leaving } = await withBalancer(store, { id: randomUUID(), deleting: true, provisioning_status: 'PENDING_DELETE' });
  await store.transaction((tx) => recordBroken(tx, leaving, 1, 'lost'));
  assert.equal((await now(store, leaving)).provisioning_status, 'PENDING_DELETE');
});

test('what is broken in an older generation leaves alone what was written since', async (t) => {
  const store = await temporaryStore(t);
  const { id } = await pendingTree(store);
  await store.transaction((tx) => recordBroken(tx, id, 4, 'lost'));
  const waiting = await now(store, id);
  assert.deepEqual([waiting.provisioning_status, waiting.status_reason, waiting.pending_since], ['PENDING_UPDATE', 'lost', NOW.toISOString()]);
  assert.deepEqual(await children(store), {
    p3: 'ERROR',
    'p4 deleted': 'ERROR',
    l4: 'ERROR',
    'l4 deleted': 'ERROR',
    m5: 'PENDING_CREATE',
    'm1 below deleted': 'ACTIVE',
    'm5 deleted': 'PENDING_DELETE',
    h3: 'ERROR',
  });
});

test('waits past their deadline expire without any report', async (t) => {
  const store = await temporaryStore(t);
  const pending = { provisioning_status: 'PENDING_UPDATE', generation: 2 } as const;
  const [old, silent, young, settled] = [
    await withBalancer(store, { ...pending, pending_since: NOW.toISOString(), status_reason: 'refused' }),
    await withBalancer(store, { ...pending, pending_since: NOW.toISOString(), deleting: true, provisioning_status: 'PENDING_DELETE' }),
    await withBalancer(store, { ...pending, pending_since: LATER.toISOString() }),
    await withBalancer(store),
  ];
  await expirePending(store, LATER, 60);
  const states = await Promise.all(
    [old, silent, young, settled].map(async ({ id }) => now(store, id).then((row) => [row.provisioning_status, row.status_reason])),
  );
  assert.deepEqual(states, [
    ['ERROR', 'refused'],
    ['ERROR', 'Not delivered within 60 seconds'],
    ['PENDING_UPDATE', null],
    ['ACTIVE', null],
  ]);
  assert.equal((await now(store, silent.id)).deleting, true);
});

test('removing a balancer takes what is below it and the ports made for it, and nothing else', async (t) => {
  const store = await temporaryStore(t);
  const { db } = store;
  const net = networkRow();
  const sub = subnetRow(net.id);
  const [vip, leg, byClient, foreign] = [
    portRow(net.id, { device_owner: 'Octavia' }),
    portRow(net.id, { device_owner: 'Octavia' }),
    portRow(net.id, { device_owner: 'mine' }),
    portRow(net.id, { device_owner: 'Octavia', device_id: 'somebody' }),
  ];
  const [kept, gone] = [balancerRow({ vip_port_id: byClient.id }), balancerRow({ vip_port_id: vip.id })];
  const [node, web] = [amphoraRow(gone.id), poolRow(gone.id)];
  const front = listenerRow(gone.id, { default_pool_id: web.id });
  await store.transaction(async (tx) => {
    await insert(tx.db, network, net);
    await insert(tx.db, subnet, sub);
    await insertMany(tx.db, port, [{ ...vip, device_id: `lb-${gone.id}` }, { ...leg, device_id: node.id }, byClient, foreign]);
    await tx.db.insertInto('address').values({ subnet_id: sub.id, ip_address: '10.0.0.5', port_id: vip.id }).execute();
    await insertMany(tx.db, loadBalancer, [kept, gone]);
    await insert(tx.db, listener, front);
    await insert(tx.db, pool, web);
    await insert(tx.db, member, memberRow(web));
    await insert(tx.db, healthMonitor, monitorRow(web));
    await insert(tx.db, amphora, node);
    const zeros = { active_connections: 0, bytes_in: 0, bytes_out: 0, request_errors: 0, total_connections: 0 };
    await tx.db
      .insertInto('listener_statistics')
      .values({ listener_id: front.id, amphora_id: node.id, loadbalancer_id: gone.id, ...zeros, workers: {} })
      .execute();
  });
  await store.transaction((tx) => removeBalancer(tx, gone.id));
  for (const table of ['listener', 'pool', 'member', 'health_monitor', 'amphora', 'listener_statistics', 'address'] as const) {
    assert.deepEqual(
      await db
        .selectFrom(table)
        .select((row) => row.fn.countAll<number>().as('n'))
        .executeTakeFirst(),
      { n: 0 },
      table,
    );
  }
  await store.transaction((tx) => removeBalancer(tx, kept.id));
  await store.transaction((tx) => removeBalancer(tx, 'none'));
  const ports = await db.selectFrom('port').select('id').execute();
  assert.deepEqual(new Set(ports.map(({ id }) => id)), new Set([byClient.id, foreign.id]));
});

/** Notes the text of each statement. */
function recorder(statements: string[]): KyselyPlugin {
  return {
    transformQuery: ({ node }) => {
      statements.push(new SqliteQueryCompiler().compileQuery(node, { queryId: 'test' }).sql);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

test('unsettled is whatever is not ACTIVE or not delivered, found by its index', async (t) => {
  const store = await temporaryStore(t);
  const rows = [
    balancerRow({ id: '4' }),
    balancerRow({ id: '1', provisioning_status: 'ERROR' }),
    balancerRow({ id: '2', generation: 2 }),
    balancerRow({ id: '3', provisioning_status: 'PENDING_CREATE' }),
  ];
  await store.transaction((tx) => insertMany(tx.db, loadBalancer, rows));
  const ids = rows.map(({ id }) => id);
  assert.deepEqual(await allBalancerIds(store.db), ids);
  assert.deepEqual(await unsettled(store.db), ids.slice(1));
  await store.transaction((tx) => update(tx.db, loadBalancer, ids[2] ?? '', { delivered_generation: 2 }));
  const statements: string[] = [];
  assert.deepEqual(await unsettled(store.db.withPlugin(recorder(statements))), [ids[1], ids[3]]);
  const plan = await sql<{ detail: string }>`explain query plan ${sql.raw(statements.findLast((text) => text.includes('delivered_generation')) ?? '')}`.execute(
    store.db,
  );
  assert.match(plan.rows.map(({ detail }) => detail).join(), /^SCAN load_balancer USING (COVERING )?INDEX load_balancer_unsettled$/);
});

test('policies and rules are ONLINE once carried, unless switched off, and go when the nodes no longer carry them', async (t) => {
  const store = await temporaryStore(t);
  const balancer = await withBalancer(store, { generation: 3, provisioning_status: 'PENDING_UPDATE' });
  const front = listenerRow(balancer.id);
  const fresh = { generation: 2, provisioning_status: 'PENDING_CREATE', operating_status: 'OFFLINE' } as const;
  const [on, off, later, gone] = [
    policyRow(front, { ...fresh, position: 1 }),
    policyRow(front, { generation: 2, provisioning_status: 'PENDING_UPDATE', admin_state_up: false, position: 2 }),
    policyRow(front, { ...fresh, generation: 3, position: 3 }),
    policyRow(front, { generation: 2, provisioning_status: 'PENDING_DELETE', deleting: true }),
  ];
  const [rule, offRule, goneRule] = [ruleRow(on, fresh), ruleRow(on, { ...fresh, admin_state_up: false }), ruleRow(gone)];
  await store.transaction(async ({ db }) => {
    await insert(db, listener, front);
    await insertMany(db, l7Policy, [on, off, later, gone]);
    await insertMany(db, l7Rule, [rule, offRule, goneRule]);
  });
  await store.transaction((tx) => recordDelivered(tx, balancer.id, 2, LATER));
  const states = new Map<string, string>();
  for (const table of ['l7_policy', 'l7_rule'] as const) {
    for (const row of await store.db.selectFrom(table).selectAll().execute()) states.set(row.id, `${row.provisioning_status} ${row.operating_status}`);
  }
  assert.deepEqual(
    states,
    new Map([
      [on.id, 'ACTIVE ONLINE'],
      [off.id, 'ACTIVE OFFLINE'],
      [later.id, 'PENDING_CREATE OFFLINE'],
      [rule.id, 'ACTIVE ONLINE'],
      [offRule.id, 'ACTIVE OFFLINE'],
    ]),
  );
});
