import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getSetting, setSetting } from './settings.ts';
import { writableStore } from './store.fixture.ts';

test('a setting is unset, then set, then set anew', async (t) => {
  const { db } = await writableStore(t);
  assert.equal(await getSetting(db, 'quickstart'), undefined);
  await setSetting(db, 'quickstart', '{"a":1}');
  assert.equal(await getSetting(db, 'quickstart'), '{"a":1}');
  await setSetting(db, 'quickstart', '');
  assert.equal(await getSetting(db, 'quickstart'), '');
});
