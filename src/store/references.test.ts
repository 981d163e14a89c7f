import assert from 'node:assert/strict';
import { test } from 'node:test';
import { l7Policy } from '../model/l7-policy.ts';
import { l7Rule } from '../model/l7-rule.ts';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { pool } from '../model/pool.ts';
import { policiesOfListener, policiesUsingPool, rulesOfPolicies } from './l7-references.ts';
import { childrenOf, listenersOfPools } from './references.ts';
import { insert, insertMany } from './rows.ts';
import { balancerRow, listenerRow, policyRow, poolRow, ruleRow, writableStore } from './store.fixture.ts';

test("a pool's listeners are those it serves by default and those with an enabled policy with rules", async (t) => {
  const { db } = await writableStore(t);
  const balancer = balancerRow();
  const web = poolRow(balancer.id);
  const fronts = [1, 2, 3, 4].map((protocol_port) => listenerRow(balancer.id, { protocol_port, default_pool_id: protocol_port === 1 ? web.id : null }));
  const [byDefault, byPolicy, switchedOff, without] = fronts;
  assert.ok(byDefault && byPolicy && switchedOff && without);
  const redirect = { action: 'REDIRECT_TO_POOL', redirect_pool_id: web.id } as const;
  const policies = [byDefault, byPolicy, switchedOff, without].map((front) => policyRow(front, { ...redirect, admin_state_up: front !== switchedOff }));
  await insert(db, loadBalancer, balancer);
  await insert(db, pool, web);
  await insertMany(db, listener, fronts);
  await insertMany(db, l7Policy, policies);
  await insertMany(
    db,
    l7Rule,
    policies.slice(0, 3).map((policy) => ruleRow(policy)),
  );
  const found = (await listenersOfPools(db, [web.id, 'none'])).get(web.id) ?? [];
  assert.deepEqual(new Set(found.map(({ id }) => id)), new Set([byDefault.id, byPolicy.id]));
  assert.equal(found.length, 2);
  assert.equal((await policiesUsingPool(db, web.id)).length, 4);
  assert.deepEqual(await listenersOfPools(db, []), new Map());
});

test('policies are listed by position, rules by creation; what is on its way out only where it is asked for', async (t) => {
  const { db } = await writableStore(t);
  const balancer = balancerRow();
  const front = listenerRow(balancer.id);
  const [second, first] = [policyRow(front, { id: 'a', position: 2 }), policyRow(front, { id: 'b', position: 1 })];
  const gone = policyRow(front, { id: 'c', position: 3, deleting: true });
  const rules = [ruleRow(first, { id: 'x' }), ruleRow(first, { id: 'y' }), ruleRow(first, { id: 'z', deleting: true })];
  await insert(db, loadBalancer, balancer);
  await insert(db, listener, front);
  await insertMany(db, l7Policy, [second, first, gone]);
  await insertMany(db, l7Rule, rules);
  const ids = (references: readonly { id: string }[] | undefined): string => (references ?? []).map(({ id }) => id).join('');
  assert.equal(ids((await childrenOf(db, 'l7_policy', [front.id])).get(front.id)), 'bac');
  assert.equal(ids((await childrenOf(db, 'l7_policy', [front.id], { wanted: true })).get(front.id)), 'ba');
  assert.equal(ids((await childrenOf(db, 'l7_rule', [first.id])).get(first.id)), 'xyz');
  assert.equal(ids(await policiesOfListener(db, front.id)), 'ba');
  assert.equal(ids(await rulesOfPolicies(db, ['a', 'b'])), 'xy');
  assert.deepEqual(await rulesOfPolicies(db, []), []);
});
