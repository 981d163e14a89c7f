import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import type { ListenerReading, WorkerCounters } from '../model/reading.ts';
import { insert, remove } from './rows.ts';
import { addReadings, statisticsOf } from './statistics.ts';
import { balancerRow, listenerRow, temporaryStore } from './store.fixture.ts';
import type { Store } from './store.ts';

function worker(name: string, counted: number, activeConnections = 0): WorkerCounters {
  return { worker: name, activeConnections, bytesIn: counted * 10, bytesOut: counted * 100, requestErrors: 0, totalConnections: counted };
}

function reading(id: string, ...counters: WorkerCounters[]): ListenerReading[] {
  return [{ id, state: 'open', counters }];
}

function sums(total: number, active = 0): object {
  return { active_connections: active, bytes_in: total * 10, bytes_out: total * 100, request_errors: 0, total_connections: total };
}

async function oneListener(
  t: TestContext,
): Promise<{ store: Store; lb: string; id: string; add(readings: ListenerReading[], amphora?: string): Promise<void>; total(): Promise<object> }> {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  const row = listenerRow(balancer.id);
  await store.transaction((tx) => insert(tx.db, loadBalancer, balancer));
  await store.transaction((tx) => insert(tx.db, listener, row));
  return {
    store,
    lb: balancer.id,
    id: row.id,
    add: (readings, amphora = 'a1') => store.transaction((tx) => addReadings(tx, balancer.id, amphora, readings)),
    total: () => statisticsOf(store.db, { listenerId: row.id }),
  };
}

test('adds differences per worker: a restart and a reload count nothing twice', async (t) => {
  const { id, add, total } = await oneListener(t);
  assert.deepEqual(await total(), sums(0));
  await add(reading(id, worker('1', 5, 2)));
  await add(reading(id, worker('1', 7, 1)));
  assert.deepEqual(await total(), sums(7, 1));
  await add(reading(id, worker('1', 7, 1)));
  assert.deepEqual(await total(), sums(7, 1));
  await add(reading(id, worker('1', 8, 1), worker('2', 3, 4)));
  assert.deepEqual(await total(), sums(11, 5));
  await add(reading(id, worker('2', 4)));
  await add(reading(id, worker('1', 9), worker('2', 4)));
  assert.deepEqual(await total(), sums(13), 'a worker that did not answer once is remembered');
  await add(reading(id, worker('2', 1)));
  assert.deepEqual(await total(), sums(14), 'cleared counters count from zero');
});

test('whatever is read and in whatever order, the sum is what the workers counted', async (t) => {
  const { store, id, add, total } = await oneListener(t);
  const steps = fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 9 })), { maxLength: 5 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(steps, async (rounds) => {
      await store.transaction((tx) => tx.db.deleteFrom('listener_statistics').execute());
      const counted = new Map<number, number>();
      for (const round of rounds) {
        for (const [name, more] of round) counted.set(name, (counted.get(name) ?? 0) + more);
        const present = new Set(round.map(([name]) => name));
        await add(reading(id, ...[...present].map((name) => worker(String(name), counted.get(name) ?? 0))));
      }
      assert.deepEqual(await total(), sums([...counted.values()].reduce((sum, one) => sum + one, 0)));
    }),
    { numRuns: 60 },
  );
});

test('workers long gone are forgotten, their counts are not', async (t) => {
  const { store, id, add, total } = await oneListener(t);
  for (let index = 0; index < 40; index++) await add(reading(id, worker(`w${index}`, 1)));
  assert.deepEqual(await total(), sums(40));
  const row = await store.db.selectFrom('listener_statistics').select('workers').executeTakeFirstOrThrow();
  assert.deepEqual(
    Object.keys(row.workers),
    Array.from({ length: 9 }, (_, index) => `w${index + 31}`),
  );
});

test("a balancer's sums are its listeners' over all amphorae; unknown listeners are left out", async (t) => {
  const { store, lb, id, add, total } = await oneListener(t);
  const second = listenerRow(lb, { protocol_port: 81 });
  await store.transaction((tx) => insert(tx.db, listener, second));
  await add([...reading(id, worker('1', 1)), ...reading(second.id, worker('1', 2)), ...reading('gone', worker('1', 99))]);
  await add(reading(id, worker('1', 4)), 'a2');
  assert.deepEqual(await total(), sums(5));
  assert.deepEqual(await statisticsOf(store.db, { loadBalancerId: lb }), sums(7));
  await store.transaction((tx) => remove(tx.db, listener, id));
  assert.deepEqual(await statisticsOf(store.db, { loadBalancerId: lb }), sums(2));
  assert.deepEqual(await statisticsOf(store.db, { loadBalancerId: 'none' }), sums(0));
});
