import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { l7Policy } from '../model/l7-policy.ts';
import { l7Rule } from '../model/l7-rule.ts';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { pool } from '../model/pool.ts';
import { markDeleting, markPending, markTreeDeleting, markUnmonitored } from './pending.ts';
import { byId, insert, insertMany } from './rows.ts';
import { balancerRow, listenerRow, memberRow, policyRow, poolRow, ruleRow, writableStore } from './store.fixture.ts';

test('marks take any number of rows, and leave what is made or going as that', async (t) => {
  const { db, transaction } = await writableStore(t);
  const balancer = balancerRow();
  const front = listenerRow(balancer.id);
  const policy = policyRow(front);
  const [made, fresh, other] = [ruleRow(policy), ruleRow(policy, { provisioning_status: 'PENDING_CREATE' }), ruleRow(policy)];
  await insert(db, loadBalancer, balancer);
  await insert(db, listener, front);
  await insert(db, l7Policy, policy);
  for (const row of [made, fresh, other]) await insert(db, l7Rule, row);
  const many = Array.from({ length: 40_000 }, () => randomUUID());
  const state = async (): Promise<unknown[]> =>
    Promise.all([made, fresh, other].map(async ({ id }) => byId(db, l7Rule, id).then((row) => [row?.provisioning_status, row?.generation, row?.deleting])));
  await transaction((tx) => markPending(tx, 'l7_rule', [...many, made.id, fresh.id], 2));
  assert.deepEqual(await state(), [
    ['PENDING_UPDATE', 2, false],
    ['PENDING_CREATE', 2, false],
    ['ACTIVE', 1, false],
  ]);
  await transaction((tx) => markDeleting(tx, 'l7_rule', [...many, fresh.id], 3));
  assert.deepEqual((await state())[1], ['PENDING_DELETE', 3, true]);
  await transaction((tx) => markTreeDeleting(tx, balancer.id, 4));
  assert.deepEqual(new Set((await state()).map(String)), new Set(['PENDING_DELETE,4,true']));
  assert.equal((await byId(db, l7Policy, policy.id))?.deleting, true);
});

test('without a monitor nobody knows of any member of the pool; other pools and what is switched off stay', async (t) => {
  const { db, transaction } = await writableStore(t);
  const balancer = balancerRow();
  const [unmonitored, other] = [poolRow(balancer.id), poolRow(balancer.id)];
  await insert(db, loadBalancer, balancer);
  await insertMany(db, pool, [unmonitored, other]);
  // More than one range of them.
  const many = Array.from({ length: 1201 }, (_, index) => memberRow(unmonitored, { address: `10.1.${index >> 8}.${index & 255}`, operating_status: 'ONLINE' }));
  const off = memberRow(unmonitored, { address: '10.2.0.1', admin_state_up: false, operating_status: 'OFFLINE' });
  const elsewhere = memberRow(other, { address: '10.2.0.2', operating_status: 'ONLINE' });
  await insertMany(db, member, [...many, off, elsewhere]);
  await transaction((tx) => markUnmonitored(tx, unmonitored.id));
  const changed = await db.selectFrom('member').select('id').where('operating_status', '=', 'NO_MONITOR').execute();
  assert.deepEqual(changed.map(({ id }) => id).toSorted(), many.map(({ id }) => id).toSorted());
  assert.deepEqual([(await byId(db, member, off.id))?.operating_status, (await byId(db, member, elsewhere.id))?.operating_status], ['OFFLINE', 'ONLINE']);
});
