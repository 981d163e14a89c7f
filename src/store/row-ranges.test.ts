/** What is done in ranges is done to every row, in order, and to no other balancer's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { type Member, member } from '../model/member.ts';
import { pool } from '../model/pool.ts';
import { balancerTree } from './balancer-tree.ts';
import { recordDelivered, removeBalancer } from './balancers.ts';
import { markDeleting, markPending, markTreeDeleting } from './pending.ts';
import { membersOf } from './pool-members.ts';
import { rangesBelow } from './row-ranges.ts';
import { insert, insertMany } from './rows.ts';
import { NOW, balancerRow, listenerRow, memberRow, poolRow, temporaryStore } from './store.fixture.ts';
import type { Store } from './store.ts';

/** More than two ranges and pages, with the rows of two balancers in turns. */
const MEMBERS = 1201;

interface Filled {
  readonly id: string;
  readonly poolId: string;
  readonly members: readonly Member[];
}

async function fill(store: Store): Promise<[Filled, Filled]> {
  const made = [balancerRow(), balancerRow()].map((balancer) => {
    const row = poolRow(balancer.id);
    const members = Array.from({ length: MEMBERS }, (_, index) =>
      memberRow(row, { address: `10.1.${index >> 8}.${index & 255}`, provisioning_status: 'PENDING_CREATE' }),
    );
    return { balancer, row, members };
  });
  await store.transaction(async ({ db }) => {
    for (const { balancer, row } of made) {
      await insert(db, loadBalancer, balancer);
      await insert(db, pool, row);
      await insert(db, listener, listenerRow(balancer.id, { default_pool_id: row.id }));
    }
    await insertMany(db, member, Array.from({ length: MEMBERS }, (_, index) => made.flatMap(({ members }) => members[index] ?? [])).flat());
  });
  const [one, other] = made.map(({ balancer, row, members }) => ({ id: balancer.id, poolId: row.id, members }));
  assert.ok(one && other);
  return [one, other];
}

async function statuses(store: Store, id: string): Promise<string[]> {
  const rows = await store.db.selectFrom('member').select('provisioning_status').where('loadbalancer_id', '=', id).distinct().execute();
  return rows.map(({ provisioning_status: status }) => status);
}

test('ranges hold every row once', async (t) => {
  const store = await temporaryStore(t);
  const [one] = await fill(store);
  const seen: string[] = [];
  for await (const range of rangesBelow(store.db, 'member', one.id)) {
    const rows = await store.db.selectFrom('member').select('id').where(range).execute();
    assert.ok(rows.length <= 500);
    seen.push(...rows.map(({ id }) => id));
  }
  const wanted = one.members.map(({ id }) => id);
  assert.deepEqual(seen.toSorted(), wanted.toSorted());
  for await (const range of rangesBelow(store.db, 'member', 'nobody')) assert.equal(range, null, 'there is nothing');
});

test('trees and pools are read whole, in order of creation', async (t) => {
  const store = await temporaryStore(t);
  const [one] = await fill(store);
  const wanted = one.members.map(({ id }) => id);
  const tree = await balancerTree(store.db, one.id);
  assert.deepEqual(
    tree?.members.map(({ id }) => id),
    wanted,
  );
  const members = await membersOf(store.db, one.poolId);
  assert.deepEqual(members.map(({ id }) => id).toSorted(), wanted.toSorted());
});

test('statuses of thousands change together, and nobody else sees a difference', async (t) => {
  const store = await temporaryStore(t);
  const [one, other] = await fill(store);
  const ids = one.members.map(({ id }) => id);
  await store.transaction((tx) => recordDelivered(tx, one.id, 1, NOW));
  assert.deepEqual(await statuses(store, one.id), ['ACTIVE']);
  await store.transaction((tx) => markPending(tx, 'member', ids, 2));
  assert.deepEqual(await statuses(store, one.id), ['PENDING_UPDATE']);
  await store.transaction((tx) => markDeleting(tx, 'member', ids, 2));
  assert.deepEqual(await statuses(store, one.id), ['PENDING_DELETE']);
  await store.transaction((tx) => recordDelivered(tx, one.id, 2, NOW));
  assert.deepEqual(await membersOf(store.db, one.poolId), []);
  assert.deepEqual(await statuses(store, one.id), []);
  assert.deepEqual(await statuses(store, other.id), ['PENDING_CREATE']);
});

test('a balancer goes with all its rows, and only with its own', async (t) => {
  const store = await temporaryStore(t);
  const [one, other] = await fill(store);
  await store.transaction((tx) => markTreeDeleting(tx, one.id, 2));
  assert.deepEqual(await statuses(store, one.id), ['PENDING_DELETE']);
  await store.transaction((tx) => removeBalancer(tx, one.id, NOW));
  assert.equal(await balancerTree(store.db, one.id), undefined);
  assert.deepEqual(await statuses(store, one.id), []);
  const left = await balancerTree(store.db, other.id);
  assert.equal(left?.members.length, MEMBERS);
  assert.equal(left?.listeners[0]?.default_pool_id, other.poolId);
});
