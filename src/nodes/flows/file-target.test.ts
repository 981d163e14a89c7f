import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FileTarget } from './file-target.ts';

const line = (text: string): { text: string; node: string; pid: string } => ({ text, node: '-', pid: '1' });

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-file-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('batches are appended; the directory is made; others may not read it', (t) => {
  const path = join(directory(t), 'log', 'flows.log');
  const target = new FileTarget(path);
  target.write([]);
  target.write([line('one'), line('zwö')]);
  target.write([line('three')]);
  assert.equal(readFileSync(path, 'utf8'), 'one\nzwö\nthree\n');
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.deepEqual(target.counts(), { written: 3, lost: 0, trouble: null });
  assert.deepEqual(target.counts(), { written: 0, lost: 0, trouble: null });
});

test('a file that was moved away is made again: at once when told, else when it is looked for', async (t) => {
  const path = join(directory(t), 'flows.log');
  const target = new FileTarget(path);
  target.write([line('one')]);
  renameSync(path, `${path}.1`);
  target.reopen();
  target.write([line('two')]);
  assert.equal(readFileSync(path, 'utf8'), 'two\n');
  renameSync(path, `${path}.2`);
  await pause(1100);
  target.write([line('three')]);
  await target.close();
  assert.deepEqual([readFileSync(`${path}.2`, 'utf8'), readFileSync(path, 'utf8')], ['two\n', 'three\n']);
});

test('a line that somebody did not finish does not take the next one with it', (t) => {
  const path = join(directory(t), 'flows.log');
  appendFileSync(path, 'whole\nhal');
  const target = new FileTarget(path);
  target.write([line('next')]);
  assert.equal(readFileSync(path, 'utf8'), 'whole\nhal\nnext\n');
});

test('a full disk loses lines and says so; so does a path that is no file', (t) => {
  const target = new FileTarget('/dev/full');
  target.write([line('one'), line('two')]);
  assert.match(target.counts().trouble ?? '', /ENOSPC/);
  const path = join(directory(t), 'taken');
  mkdirSync(path);
  const other = new FileTarget(path);
  other.write([line('one')]);
  const { lost, trouble } = other.counts();
  assert.equal(lost, 1);
  assert.match(trouble ?? '', /EISDIR/);
});
