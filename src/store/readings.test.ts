import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { pool } from '../model/pool.ts';
import { recordReadings } from './balancers.ts';
import { byId, insert, insertMany } from './rows.ts';
import { balancerRow, memberRow, poolRow, temporaryStore } from './store.fixture.ts';

test('writes many statuses of several tables, and none else', async (t) => {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  const web = poolRow(balancer.id);
  const members = Array.from({ length: 500 }, (_, index) => memberRow(web, { protocol_port: index + 1 }));
  await store.transaction(async (tx) => {
    await insert(tx.db, loadBalancer, balancer);
    await insert(tx.db, pool, web);
    await insertMany(tx.db, member, members);
  });
  const ids = members.map(({ id }) => id);
  await store.transaction((tx) =>
    recordReadings(tx, [
      { table: 'load_balancer', id: balancer.id, status: 'DEGRADED' },
      { table: 'member', id: "gone'); drop table member; --", status: 'ERROR' },
      ...ids.slice(1).map((id) => ({ table: 'member', id, status: 'ERROR' }) as const),
    ]),
  );
  assert.deepEqual(await byId(store.db, loadBalancer, balancer.id), { ...balancer, operating_status: 'DEGRADED' });
  assert.deepEqual(await byId(store.db, pool, web.id), web);
  const rows = await store.db.selectFrom('member').selectAll().orderBy('protocol_port').execute();
  assert.deepEqual(
    rows,
    members.map((row, index) => ({ ...row, operating_status: index === 0 ? 'ONLINE' : 'ERROR' })),
  );
  await store.transaction((tx) => recordReadings(tx, []));
});

test('a status that is none is refused by the table', async (t) => {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  await store.transaction((tx) => insert(tx.db, loadBalancer, balancer));
  await assert.rejects(
    store.transaction((tx) => recordReadings(tx, [{ table: 'load_balancer', id: balancer.id, status: 'FINE' as 'ONLINE' }])),
    /CHECK constraint failed/,
  );
});
