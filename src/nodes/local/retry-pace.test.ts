import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryPace } from './retry-pace.ts';

test('the pauses grow to a minute, for each by itself, and begin anew when it was done', () => {
  let now = 0;
  const pace = new RetryPace(() => now);
  const times: number[] = [];
  for (; now < 200_000; now += 500) if (pace.isTime('a')) times.push(now / 1000);
  assert.deepEqual(times, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
  assert.equal(pace.isTime('b'), true);
  assert.equal(pace.isTime('a'), false);
  pace.done('a');
  assert.equal(pace.isTime('a'), true);
});
