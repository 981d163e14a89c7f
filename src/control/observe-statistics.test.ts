/** What listeners counted is in the statistics, also of nodes and workers that are gone by then. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { amphora } from '../model/amphora.ts';
import { listener } from '../model/listener.ts';
import { loadBalancer } from '../model/load-balancer.ts';
import { silent } from '../model/log.ts';
import type { ListenerReading, Reading } from '../model/reading.ts';
import { Drivers } from '../nodes/drivers.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { insert, remove } from '../store/rows.ts';
import { statisticsOf } from '../store/statistics.ts';
import { amphoraRow, balancerRow, listenerRow, temporaryStore } from '../store/store.fixture.ts';
import { Observer } from './observe.ts';

/** Nodes whose listeners have counted what a test says, each with one connection open. */
class Counting extends NoopNodes {
  readonly counted = new Map<string, Record<string, number>>();

  override async read(id: string): Promise<Reading | null> {
    const counted = this.counted.get(id);
    return Promise.resolve(counted ? { listeners: Object.entries(counted).map(listenerReading), pools: [], members: [] } : null);
  }
}

function listenerReading([id, totalConnections]: [string, number]): ListenerReading {
  return { id, state: 'open', counters: [{ worker: 'w', activeConnections: 1, bytesIn: 0, bytesOut: 0, requestErrors: 0, totalConnections }] };
}

/** A balancer with two listeners and two nodes, of which none reads or writes by itself. */
async function world(t: TestContext) {
  const store = await temporaryStore(t);
  const balancer = balancerRow();
  const [one, two] = [listenerRow(balancer.id), listenerRow(balancer.id, { protocol_port: 81 })];
  const [old, fresh] = [amphoraRow(balancer.id), amphoraRow(balancer.id)];
  await store.transaction(async ({ db }) => {
    await insert(db, loadBalancer, balancer);
    for (const row of [one, two]) await insert(db, listener, row);
    for (const row of [old, fresh]) await insert(db, amphora, row);
  });
  const driver = new Counting();
  const never = 3_600_000;
  const observer = new Observer({ store, drivers: new Drivers(new Map([['noop', driver]])), log: silent, readInterval: never, statisticsInterval: never });
  await observer.start();
  return { store, driver, observer, balancer, one, two, old, fresh };
}

test('a node that is replaced takes nothing with it of what it has counted, and leaves no connection open', async (t) => {
  const { store, driver, observer, balancer, one, old, fresh } = await world(t);
  driver.counted.set(old.id, { [one.id]: 10 });
  await observer.readNode(old.id);
  driver.counted.set(fresh.id, { [one.id]: 3 });
  await store.transaction(({ db }) => remove(db, amphora, old.id));
  observer.assign(balancer.id, [fresh]);
  await observer.readNode(fresh.id);
  await observer.stop();
  const { total_connections, active_connections } = await statisticsOf(store.db, { loadBalancerId: balancer.id });
  assert.deepEqual([total_connections, active_connections], [13, 1]);
});

test('nor does a listener whose workers are gone', async (t) => {
  const { store, driver, observer, one, two, old } = await world(t);
  driver.counted.set(old.id, { [one.id]: 10, [two.id]: 1 });
  await observer.readNode(old.id);
  driver.counted.set(old.id, { [two.id]: 2 });
  await observer.readNode(old.id);
  await observer.stop();
  const told = await Promise.all([one, two].map(({ id }) => statisticsOf(store.db, { listenerId: id })));
  assert.deepEqual(
    told.map(({ total_connections: total, active_connections: active }) => [total, active]),
    [
      [10, 0],
      [2, 1],
    ],
  );
});

test('with a balancer its statistics are gone', async (t) => {
  const { store, driver, observer, balancer, one, old } = await world(t);
  driver.counted.set(old.id, { [one.id]: 10 });
  await observer.readNode(old.id);
  await store.transaction(({ db }) => remove(db, loadBalancer, balancer.id));
  observer.assign(balancer.id, []);
  await observer.stop();
  assert.equal((await statisticsOf(store.db, { loadBalancerId: balancer.id })).total_connections, 0);
});
