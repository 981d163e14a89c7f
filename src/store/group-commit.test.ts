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
