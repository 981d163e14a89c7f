import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOf } from './pack-pace.ts';

test('reloads are as quick as they come while few workers linger, and fifty take ten minutes when many do', () => {
  assert.deepEqual([0, 9, 10, 24, 25, 50].map(paceOf), [0, 0, 1000, 1000, 12_000, 12_000]);
  assert.ok(paceOf(50) * 50 >= 600_000);
});
