import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { setSetting, getSetting } from './settings.ts';
import { temporaryStore } from './store.fixture.ts';

test('transactions that wait share commits, and each is rolled back alone', async (t) => {
  const store = await temporaryStore(t);
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) =>
      store.transaction(async (tx) => {
        await setSetting(tx.db, `s${index}`, 'x');
        if (index % 10 === 0) throw new Error(`no ${index}`);
        return index;
      }),
    ),
  );
  for (const [index, result] of results.entries()) {
    assert.equal(result.status, index % 10 === 0 ? 'rejected' : 'fulfilled');
    assert.equal(await getSetting(store.db, `s${index}`), index % 10 === 0 ? undefined : 'x');
  }
});

test('what one of a group breaks at the commit is its failure alone', async (t) => {
  const store = await temporaryStore(t);
  const orphan = (index: number) =>
    store.transaction(async (tx) => {
      await setSetting(tx.db, `s${index}`, 'x');
      // Foreign keys are checked at the commit.
      if (index === 3) await sql`insert into address (subnet_id, ip_address, port_id) values ('none', '192.0.2.1', 'none')`.execute(tx.db);
    });
  const results = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => orphan(index)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal(await getSetting(store.db, 's3'), undefined);
  assert.equal(await getSetting(store.db, 's5'), 'x');
});

test('one that fills the disk fails alone, and no other of its group is lost', async (t) => {
  const store = await temporaryStore(t);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await store.transaction((tx) => sql`pragma max_page_count = ${sql.lit((rows[0]?.page_count ?? 0) + 10)}`.execute(tx.db));
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, (_, index) => store.transaction((tx) => setSetting(tx.db, `s${index}`, 'x'.repeat(index === 3 ? 100_000 : 1)))),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  const names = await store.db.selectFrom('setting').select('name').orderBy('name').execute();
  assert.deepEqual(
    names.map(({ name }) => name),
    ['s0', 's1', 's2', 's4', 's5'],
  );
});

test('what a transaction leaves unawaited is not written with the next of its group', async (t) => {
  const store = await temporaryStore(t);
  const over = Promise.withResolvers<void>();
  const late = Promise.withResolvers<unknown>();
  const first = store.transaction(async (tx) => {
    void over.promise.then(() => setSetting(tx.db, 'late', 'x')).then(late.resolve, late.resolve);
  });
  const second = store.transaction(async (tx) => {
    over.resolve();
    assert.match(String(await late.promise), /transaction is over/);
    await setSetting(tx.db, 'second', 'x');
  });
  await Promise.all([first, second]);
  assert.equal(await getSetting(store.db, 'late'), undefined);
  assert.equal(await getSetting(store.db, 'second'), 'x');
});

test('what ran again announces what it changed the second time alone', async (t) => {
  const store = await temporaryStore(t);
  const announced: string[] = [];
  store.onChange((ids) => announced.push(...ids));
  let runs = 0;
  const twice = store.transaction(async (tx) => {
    tx.changed.add(`run ${++runs}`);
    await setSetting(tx.db, 'twice', String(runs));
  });
  const orphan = store.transaction((tx) => sql`insert into address (subnet_id, ip_address, port_id) values ('none', '192.0.2.1', 'none')`.execute(tx.db));
  await assert.rejects(orphan, /FOREIGN KEY/);
  await twice;
  assert.deepEqual(announced, ['run 2']);
  assert.equal(await getSetting(store.db, 'twice'), '2');
});

test('changes are announced after the commit that carries them', async (t) => {
  const store = await temporaryStore(t);
  const announced: string[] = [];
  store.onChange((ids) => announced.push(...ids));
  const work = Array.from({ length: 5 }, (_, index) =>
    store.transaction(async (tx) => {
      assert.deepEqual(announced, [], 'nothing is announced while the group is open');
      tx.changed.add(`lb-${index}`);
      await setSetting(tx.db, `s${index}`, 'x');
    }),
  );
  await Promise.all(work);
  assert.deepEqual(announced.toSorted(), ['lb-0', 'lb-1', 'lb-2', 'lb-3', 'lb-4']);
});

test('a closed store refuses whoever waits', async (t) => {
  const store = await temporaryStore(t);
  await store.close();
  const results = await Promise.allSettled([1, 2, 3].map(() => store.transaction(async () => 1)));
  assert.ok(results.every(({ status }) => status === 'rejected'));
});
