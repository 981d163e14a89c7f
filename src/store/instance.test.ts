import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { instanceOf } from './instance.ts';
import { temporaryDirectory } from './store.fixture.ts';

test('six hex digits, the same before and after the directory exists and through links', async (t) => {
  const root = await temporaryDirectory(t);
  const path = join(root, 'a', 'state');
  const before = instanceOf(path);
  assert.match(before, /^[0-9a-f]{6}$/);
  await mkdir(path, { recursive: true });
  await symlink(join(root, 'a'), join(root, 'link'));
  assert.equal(instanceOf(path), before);
  assert.equal(instanceOf(join(root, 'link', 'state')), before);
  assert.equal(instanceOf(`${path}/../state/`), before);
  assert.notEqual(instanceOf(join(root, 'b')), before);
});
