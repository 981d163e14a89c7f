import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Patrol } from './patrol.ts';

const failed = (error: unknown): never => assert.fail(String(error));

/** Walks until so many visits were made. */
async function visits(round: () => Promise<readonly string[]>, most: number, onError: (error: unknown) => void = failed): Promise<string[]> {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const visit = (id: string): void => {
    if (seen.push(id) === most) resolve();
  };
  const patrol = new Patrol({ round, visit, everyMs: 400, onError });
  // The patrol keeps no process alive by itself.
  const alive = setInterval(() => {}, 1000);
  await promise;
  patrol.stop();
  clearInterval(alive);
  return seen;
}

test('everybody is visited in each round, and who has come since in the next', async () => {
  let there = ['a', 'b'];
  const round = async (): Promise<string[]> => {
    const now = there;
    there = ['a', 'b', 'c'];
    return Promise.resolve(now);
  };
  assert.deepEqual(await visits(round, 5), ['a', 'b', 'a', 'b', 'c']);
});

test('a round that cannot be had is told, and the next one is walked', async () => {
  let troubles = 0;
  const round = async (): Promise<string[]> => {
    if (troubles === 0) throw new Error('no rows');
    return Promise.resolve(['a']);
  };
  assert.deepEqual(await visits(round, 1, () => void troubles++), ['a']);
  assert.equal(troubles, 1);
});

test('when it is stopped nobody is visited any more', async () => {
  const seen: string[] = [];
  const patrol = new Patrol({ round: async () => Promise.resolve(['a']), visit: (id) => seen.push(id), everyMs: 200, onError: failed });
  patrol.stop();
  await sleep(250);
  assert.deepEqual(seen, []);
});
