/** kill -9 at any moment loses nothing that was acknowledged and breaks nothing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { silent } from '../model/log.ts';
import { type Child, runChild } from './crash.fixture.ts';
import { temporaryDirectory } from './store.fixture.ts';
import { openStore } from './store.ts';

const WRITER = `
  import { writeSync } from 'node:fs';
  import { loadBalancer } from '../model/load-balancer.ts';
  import { listener } from '../model/listener.ts';
  import { silent } from '../model/log.ts';
  import { openStore } from './store.ts';
  import { insert } from './rows.ts';
  import { balancerRow, listenerRow } from './store.fixture.ts';
  const store = await openStore({ statePath: process.argv[1], log: silent });
  const write = async () => {
    const balancer = balancerRow();
    await store.transaction(async (tx) => {
      await insert(tx.db, loadBalancer, balancer);
      for (const protocol_port of [1, 2, 3]) await insert(tx.db, listener, listenerRow(balancer.id, { protocol_port }));
    });
    // Written at once, past any buffer: what is read on the other side was committed before.
    writeSync(1, balancer.id + '\\n');
  };
  // Several at once, so that they share commits.
  await Promise.all(Array.from({ length: 5 }, async () => {
    for (;;) await write();
  }));
`;

test('acknowledged transactions survive kill -9, whole', async (t) => {
  const statePath = await temporaryDirectory(t);
  const acknowledged: string[] = [];
  for (const count of [1, 40, 90, 150]) acknowledged.push(...(await killAfter(runChild(t, WRITER, statePath), count)));
  const store = await openStore({ statePath, log: silent });
  const balancers = new Set((await store.db.selectFrom('load_balancer').select('id').execute()).map(({ id }) => id));
  const listeners = await store.db
    .selectFrom('listener')
    .select(['loadbalancer_id as id', (row) => row.fn.countAll<number>().as('count')])
    .groupBy('loadbalancer_id')
    .execute();
  await store.close();
  assert.deepEqual(
    acknowledged.filter((id) => !balancers.has(id)),
    [],
  );
  assert.ok(listeners.length === balancers.size && listeners.every(({ count }) => count === 3), 'no transaction is there by halves');
  const database = new DatabaseSync(join(statePath, 'edgeweir.db'), { readOnly: true });
  assert.equal(database.prepare('pragma integrity_check').get()?.['integrity_check'], 'ok');
  database.close();
});

/** Kills the writer after so many acknowledgements; returns all that it still gave before it died. */
async function killAfter(child: Child, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let line = await child.lines.next(); !line.done; line = await child.lines.next()) {
    seen.push(line.value);
    if (seen.length === count) child.process.kill('SIGKILL');
  }
  return seen;
}

const MIGRATOR = `
  import { DatabaseSync } from 'node:sqlite';
  import { migrate } from './migrate.ts';
  const database = new DatabaseSync(process.argv[1]);
  database.function('die', () => { process.kill(process.pid, 'SIGKILL'); return 0; });
  migrate(database, 'file', ['create table one (id text) strict', 'create table two (id text) strict; insert into one values (die())']);
`;

test('a migration killed in the middle is as if it had not begun', async (t) => {
  const file = join(await temporaryDirectory(t), 'x.db');
  const child = runChild(t, MIGRATOR, file);
  await child.lines.next();
  const database = new DatabaseSync(file);
  assert.deepEqual(
    database
      .prepare('select name from sqlite_schema')
      .all()
      .map((row) => row['name']),
    ['one'],
  );
  assert.equal(database.prepare('pragma user_version').get()?.['user_version'], 1);
  database.close();
});
