import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBalancer } from '../model/load-balancer.ts';
import { member } from '../model/member.ts';
import { pool } from '../model/pool.ts';
import { type Seen, recordReadings } from './readings.ts';
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

test('why a member is in its state, who saw it and when it changed', async (t) => {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  const web = poolRow(balancer.id);
  const row = memberRow(web, { operating_status: 'ONLINE' });
  await store.transaction(async (tx) => {
    await insert(tx.db, loadBalancer, balancer);
    await insert(tx.db, pool, web);
    await insert(tx.db, member, row);
  });
  const shownAfter = async (status: 'ONLINE' | 'ERROR', seen: Seen, seconds: number): Promise<unknown[]> => {
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
    await store.transaction((tx) => recordReadings(tx, [{ table: 'member', id: row.id, status, seen }], at));
    const { operating_status, status_reason, status_changed_at, status_seen_by } = (await byId(store.db, member, row.id)) ?? assert.fail('gone');
    return [operating_status, status_reason, status_changed_at, status_seen_by];
  };
  const nasty = "'); drop table member; --";
  assert.deepEqual(await shownAfter('ERROR', { reason: nasty, by: 'traffic' }, 1), ['ERROR', nasty, '2026-01-01T00:00:01', 'traffic']);
  assert.deepEqual(await shownAfter('ERROR', { reason: 'HTTP 503', by: 'traffic' }, 2), ['ERROR', 'HTTP 503', '2026-01-01T00:00:01', 'traffic']);
  assert.deepEqual(await shownAfter('ONLINE', { reason: null, by: 'check' }, 3), ['ONLINE', null, '2026-01-01T00:00:03', 'check']);
});
