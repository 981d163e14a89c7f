import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OneByOne } from './one-by-one.ts';

test('each goes on in a turn of its own, in the order they came', async () => {
  const turns = new OneByOne();
  const went: string[] = [];
  let turn = 0;
  const tick = (): void => {
    turn += 1;
    if (went.length < 6) setImmediate(tick);
  };
  setImmediate(tick);
  const worker = async (name: string): Promise<void> => {
    for (let round = 0; round < 2; round++) {
      await turns.next();
      went.push(`${name}${round}@${turn}`);
    }
  };
  await Promise.all(['a', 'b', 'c'].map(worker));
  assert.deepEqual(
    went.map((entry) => entry.slice(0, 2)),
    ['a0', 'b0', 'c0', 'a1', 'b1', 'c1'],
  );
  assert.equal(new Set(went.map((entry) => entry.slice(3))).size, 6, went.join(' '));
});

test('it starts again after a rest', async () => {
  const turns = new OneByOne();
  await turns.next();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  await turns.next();
});
