import assert from 'node:assert/strict';
import { chmod, mkdir, open, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { loadBalancer } from '../model/load-balancer.ts';
import { type Log, silent } from '../model/log.ts';
import { byId, insert, remove, update } from './rows.ts';
import { getSetting, setSetting } from './settings.ts';
import { balancerRow, temporaryDirectory, temporaryStore } from './store.fixture.ts';
import { instanceOf, openStore } from './store.ts';

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

test('makes its directory and files for its user alone', async (t) => {
  const statePath = join(await temporaryDirectory(t), 'deep', 'state');
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  assert.equal(store.instance, instanceOf(statePath));
  assert.equal(await modeOf(statePath), '700');
  for (const name of await readdir(statePath)) assert.equal(await modeOf(join(statePath, name)), '600', name);
});

test('leaves the mode of a directory that exists, and says when others may write to it', async (t) => {
  const statePath = await temporaryDirectory(t);
  await chmod(statePath, 0o777);
  const warnings: string[] = [];
  const log: Log = { ...silent, warn: (_fields, message) => void warnings.push(message) };
  const store = await openStore({ statePath, log });
  t.after(() => store.close());
  assert.equal(await modeOf(statePath), '777');
  assert.deepEqual(warnings, ['Others may write to the state directory']);
});

test('a commit is synced to a write-ahead log, and foreign keys hold', async (t) => {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  const pragma = async (name: string): Promise<unknown[]> => {
    const { rows } = await store.transaction((tx) => sql<object>`pragma ${sql.raw(name)}`.execute(tx.db));
    return rows.map((row) => Object.values(row)[0] as unknown);
  };
  assert.deepEqual([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')], [['wal'], [2], [1]]);
});

test('what was written is there after closing and opening again', async (t) => {
  const statePath = await temporaryDirectory(t);
  const row = balancerRow({ tags: ['a', 'b'], name: '🦊 "\'; drop table load_balancer; --' });
  const first = await openStore({ statePath, log: silent });
  await first.transaction((tx) => insert(tx.db, loadBalancer, row));
  await first.close();
  await first.close();
  const second = await openStore({ statePath, log: silent });
  t.after(() => second.close());
  assert.deepEqual(await byId(second.db, loadBalancer, row.id), row);
});

test('a transaction that throws leaves nothing and announces nothing', async (t) => {
  const store = await temporaryStore(t);
  const row = balancerRow();
  const heard: string[][] = [];
  store.onChange((ids) => heard.push([...ids]));
  const failing = store.transaction(async (tx) => {
    await insert(tx.db, loadBalancer, row);
    tx.changed.add(row.id);
    throw new Error('no');
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await byId(store.db, loadBalancer, row.id), undefined);
  assert.deepEqual(heard, []);
});

test('a constraint that only fails at the commit rolls back, and the store goes on', async (t) => {
  const store = await temporaryStore(t);
  const orphan = store.transaction((tx) => tx.db.insertInto('address').values({ subnet_id: 'none', ip_address: '10.0.0.1', port_id: 'none' }).execute());
  await assert.rejects(orphan, /FOREIGN KEY constraint failed/);
  await store.transaction((tx) => insert(tx.db, loadBalancer, balancerRow()));
  assert.deepEqual(await store.db.selectFrom('address').selectAll().execute(), []);
});

test('a full disk fails the transaction, and the store goes on when there is room', async (t) => {
  const store = await temporaryStore(t);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await store.transaction((tx) => sql`pragma max_page_count = ${sql.lit((rows[0]?.page_count ?? 0) + 10)}`.execute(tx.db));
  const fill = (): Promise<void> =>
    store.transaction(async (tx) => {
      for (let index = 0; index < 100; index++) await setSetting(tx.db, `name ${index}`, 'x'.repeat(4000));
    });
  await assert.rejects(fill(), /database or disk is full/);
  assert.equal(await getSetting(store.db, 'name 0'), undefined);
  await store.transaction((tx) => sql`pragma max_page_count = 1000000`.execute(tx.db));
  await fill();
  assert.equal((await getSetting(store.db, 'name 99'))?.length, 4000);
});

test('work that goes on after a full disk writes nothing more', async (t) => {
  const store = await temporaryStore(t);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await store.transaction((tx) => sql`pragma max_page_count = ${sql.lit((rows[0]?.page_count ?? 0) + 10)}`.execute(tx.db));
  const stubborn = store.transaction(async (tx) => {
    await assert.rejects(setSetting(tx.db, 'big', 'x'.repeat(100_000)), /database or disk is full/);
    await setSetting(tx.db, 'small', 'x');
  });
  await assert.rejects(stubborn, /rolled the transaction back/);
  assert.equal(await getSetting(store.db, 'small'), undefined);
  await store.transaction((tx) => setSetting(tx.db, 'small', 'y'));
  assert.equal(await getSetting(store.db, 'small'), 'y');
});

test('listeners hear of balancers after the commit, one failing listener hides nothing, and may leave', async (t) => {
  const store = await temporaryStore(t);
  const row = balancerRow();
  const heard: unknown[] = [];
  store.onChange(() => {
    throw new Error('listener');
  });
  const leave = store.onChange((ids) => void heard.push(byId(store.db, loadBalancer, [...ids][0] ?? '')));
  const write = (): Promise<void> =>
    store.transaction(async (tx) => {
      await insert(tx.db, loadBalancer, balancerRow());
      tx.changed.add(row.id);
    });
  await store.transaction((tx) => insert(tx.db, loadBalancer, row));
  await write();
  assert.deepEqual(await Promise.all(heard), [row]);
  leave();
  await write();
  assert.equal(heard.length, 1);
});

test('a query beside the open transaction is an error inside it; outside it sees what was before, and waits for nobody', async (t) => {
  const store = await temporaryStore(t);
  const entered = Promise.withResolvers<void>();
  const mayLeave = Promise.withResolvers<void>();
  const order: string[] = [];
  const inside = store.transaction(async (tx) => {
    await assert.rejects(byId(store.db, loadBalancer, 'x'), /inside it/);
    await assert.rejects(
      store.transaction(async () => {}),
      /inside it/,
    );
    await insert(tx.db, loadBalancer, balancerRow({ id: 'x' }));
    entered.resolve();
    await mayLeave.promise;
    order.push('transaction');
  });
  await entered.promise;
  await byId(store.db, loadBalancer, 'x').then((row) => order.push(row ? 'sees it' : 'sees nothing'));
  await turn();
  mayLeave.resolve();
  await inside;
  await byId(store.db, loadBalancer, 'x').then((row) => order.push(row ? 'sees it' : 'sees nothing'));
  assert.deepEqual(order, ['sees nothing', 'transaction', 'sees it']);
});

test('nothing is written beside transactions', async (t) => {
  const store = await temporaryStore(t);
  const row = balancerRow();
  await store.transaction((tx) => insert(tx.db, loadBalancer, row));
  const writes: (() => Promise<unknown>)[] = [
    () => insert(store.db, loadBalancer, balancerRow()),
    () => update(store.db, loadBalancer, row.id, { name: 'other' }),
    () => remove(store.db, loadBalancer, row.id),
    () => store.db.transaction().execute((tx) => remove(tx, loadBalancer, row.id)),
    () => sql`create table beside (id text) strict`.execute(store.db),
    () => sql`pragma user_version = 999`.execute(store.db),
  ];
  for (const write of writes) await assert.rejects(write(), /readonly database/);
  assert.deepEqual(await store.db.selectFrom('load_balancer').selectAll().execute(), [row]);
});

test('what a transaction started may query once the transaction is over', async (t) => {
  const store = await temporaryStore(t);
  const over = Promise.withResolvers<void>();
  const later = Promise.withResolvers<unknown>();
  await store.transaction(async () => {
    void over.promise.then(() => later.resolve(byId(store.db, loadBalancer, 'x')));
  });
  over.resolve();
  assert.equal(await later.promise, undefined);
});

test('closing waits for the transaction at work and refuses whoever comes later', async (t) => {
  const store = await openStore({ statePath: await temporaryDirectory(t), log: silent });
  const mayEnd = Promise.withResolvers<void>();
  const work = store.transaction(async (tx) => {
    await mayEnd.promise;
    await insert(tx.db, loadBalancer, balancerRow());
  });
  await turn();
  const closing = store.close();
  mayEnd.resolve();
  await Promise.all([work, closing]);
  await assert.rejects(byId(store.db, loadBalancer, 'x'));
});

test('closing waits for every transaction asked for before, however many, and refuses those asked for while it waits', async (t) => {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  const before = Array.from({ length: 100 }, (_, index) => store.transaction((tx) => setSetting(tx.db, `s${index}`, 'x')));
  const closing = store.close();
  await assert.rejects(
    store.transaction((tx) => setSetting(tx.db, 'late', 'x')),
    /store is closed/,
  );
  await Promise.all([...before, closing]);
  const again = await openStore({ statePath, log: silent });
  t.after(() => again.close());
  assert.equal((await again.db.selectFrom('setting').selectAll().execute()).length, 100);
});

test('undefined is never a parameter', async (t) => {
  const store = await temporaryStore(t);
  const missing = undefined as unknown as string;
  await assert.rejects(byId(store.db, loadBalancer, missing), TypeError);
  await assert.rejects(store.db.selectFrom('setting').selectAll().where('name', 'in', [missing]).execute(), TypeError);
});

test('rows can be streamed', async (t) => {
  const store = await temporaryStore(t);
  const rows = Array.from({ length: 5 }, (_, index) => ({ name: String(index), value: 'v' }));
  await store.transaction((tx) => tx.db.insertInto('setting').values(rows).execute());
  const seen = await Array.fromAsync(store.db.selectFrom('setting').selectAll().orderBy('name').stream());
  assert.deepEqual(seen, rows);
  assert.deepEqual(await store.db.selectFrom('setting').selectAll().execute(), rows);
});

async function refusal(t: TestContext, spoil: (file: string) => Promise<void> | void): Promise<unknown> {
  const statePath = await temporaryDirectory(t);
  await mkdir(statePath, { recursive: true });
  await spoil(join(statePath, 'edgeweir.db'));
  const error: unknown = await openStore({ statePath, log: silent }).then(
    (store) => store.close(),
    (reason: unknown) => reason,
  );
  // A refused store holds no lock: the next attempt gets the same answer.
  await assert.rejects(openStore({ statePath, log: silent }), { name: (error as Error | undefined)?.name });
  return error;
}

test('a file that is no database is refused with a remedy, and left as it is', async (t) => {
  const text = 'not a database, but long enough to have a header'.repeat(20);
  const files: string[] = [];
  const error = await refusal(t, (file) => writeFile(file, text).then(() => void files.push(file)));
  assert.equal(await readFile(files[0] ?? '', 'utf8'), text);
  assert.match(String(error), /StoreDamagedError: .*edgeweir\.db is damaged.*move the file away/);
});

test('a database with a spoiled page is refused', async (t) => {
  const error = await refusal(t, async (file) => {
    const store = await openStore({ statePath: join(file, '..'), log: silent });
    for (let index = 0; index < 200; index++) await store.transaction((tx) => insert(tx.db, loadBalancer, balancerRow()));
    await store.close();
    const handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(4096 * 8, 0xff), 0, 4096 * 8, 4096 * 40);
    await handle.close();
  });
  assert.match(String(error), /StoreDamagedError/);
});

test('a newer schema is refused', async (t) => {
  const error = await refusal(t, async (file) => {
    const store = await openStore({ statePath: join(file, '..'), log: silent });
    await store.close();
    const database = new DatabaseSync(file);
    database.exec('pragma user_version = 999');
    database.close();
  });
  assert.match(String(error), /StoreTooNewError: .*schema 999/);
});
