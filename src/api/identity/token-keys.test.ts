import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../store/store.fixture.ts';
import { loadTokenKeys, rotateTokenKeys } from './token-keys.ts';

test('the first start makes a key that only the owner reads; the next finds it', async (t) => {
  const statePath = await temporaryDirectory(t);
  const first = await loadTokenKeys(statePath);
  assert.deepEqual([...first.keys()], [1]);
  assert.equal((await stat(join(statePath, 'token-keys', '1'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(statePath, 'token-keys'))).mode & 0o777, 0o700);
  assert.deepEqual(await loadTokenKeys(statePath), first);
});

test('rotation adds a higher key and keeps three', async (t) => {
  const statePath = await temporaryDirectory(t);
  await loadTokenKeys(statePath);
  for (const kept of [
    [1, 2],
    [1, 2, 3],
    [2, 3, 4],
    [3, 4, 5],
  ]) {
    const keys = await rotateTokenKeys(statePath);
    assert.deepEqual([...keys.keys()], kept);
    assert.deepEqual((await readdir(join(statePath, 'token-keys'))).toSorted(), kept.map(String));
  }
});

test('drafts of a killed start are no keys; a damaged key is named', async (t) => {
  const statePath = await temporaryDirectory(t);
  const keys = await loadTokenKeys(statePath);
  await writeFile(join(statePath, 'token-keys', '2.abcdef.new'), 'half');
  assert.deepEqual(await loadTokenKeys(statePath), keys);
  await writeFile(join(statePath, 'token-keys', '2'), 'short');
  await assert.rejects(loadTokenKeys(statePath), /token-keys\/2 has 5 bytes/);
});
