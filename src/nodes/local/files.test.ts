import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeIfEmpty } from './files.ts';

test('a directory goes when it is empty, and stays with what is in it', async (t) => {
  const place = await mkdtemp(join(tmpdir(), 'weir-files-'));
  t.after(() => rm(place, { recursive: true, force: true }));
  const directory = join(place, 'run');
  await removeIfEmpty(directory);
  await mkdir(directory);
  await writeFile(join(directory, 'a'), '');
  await removeIfEmpty(directory);
  assert.ok(existsSync(join(directory, 'a')));
  await rm(join(directory, 'a'));
  await removeIfEmpty(directory);
  assert.ok(!existsSync(directory));
});
