import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaints, endOfLog, trimLog, wordsSince } from './daemon-log.ts';

test('alerts are quoted without decoration; without an alert, all is', () => {
  const text = '[NOTICE]   (7) : haproxy version is 2.6\n[ALERT]    (7) : config : line 3 is wrong\n[ALERT]    (7) : config : Fatal errors\n';
  assert.equal(complaints(text), 'config : line 3 is wrong; config : Fatal errors');
  assert.equal(complaints('cannot execute\n'), 'cannot execute');
  assert.ok(complaints('x'.repeat(5000)).length < 1000);
});

test('only what was written since is quoted; a log that grew too large is cut', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-log-'));
  const path = join(directory, 'haproxy.log');
  try {
    assert.equal(await endOfLog(path), 0);
    await writeFile(path, '[ALERT]    (1) : old\n');
    const end = await endOfLog(path);
    await writeFile(path, '[ALERT]    (1) : new\n', { flag: 'a' });
    assert.equal(await wordsSince(path, end), 'new');
    await writeFile(path, 'x'.repeat(2 * 1024 * 1024));
    await trimLog(path);
    assert.equal((await stat(path)).size, 0);
  } finally {
    await rm(directory, { recursive: true });
  }
});
