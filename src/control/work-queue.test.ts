import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Outcome, WorkQueue } from './work-queue.ts';

const DONE: Outcome = { done: true };
const queue = (work: (key: string, attempt: number) => Promise<Outcome>, workers = 2): WorkQueue =>
  new WorkQueue({ workers, retryFirstMs: 1, retryMaxMs: 5, work });

test('a key added while it runs runs once more, however often it was added, and never twice at a time', async () => {
  let [runs, together, most] = [0, 0, 0];
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work = queue(async () => {
    most = Math.max(most, ++together);
    begun.resolve();
    await gate.promise;
    together--;
    runs++;
    return DONE;
  });
  for (let index = 0; index < 10; index++) work.add('a');
  await begun.promise;
  for (let index = 0; index < 10; index++) work.add('a');
  gate.resolve();
  await work.idle();
  assert.deepEqual([runs, most], [2, 1]);
});

test('no more keys at a time than workers', async () => {
  let [together, most] = [0, 0];
  const work = queue(async () => {
    most = Math.max(most, ++together);
    await pause(2);
    together--;
    return DONE;
  }, 3);
  for (let index = 0; index < 20; index++) work.add(`k${index}`);
  await work.idle();
  assert.equal(most, 3);
});

test('failures and thrown errors are tried again, with the attempt counted, until it works', async () => {
  const attempts: number[] = [];
  const finished = Promise.withResolvers<void>();
  const work = queue(async (_key, attempt) => {
    attempts.push(attempt);
    if (attempt === 0) throw new Error('no');
    if (attempt < 3) return { done: false, reason: 'not yet' };
    finished.resolve();
    return DONE;
  });
  work.add('a');
  await finished.promise;
  assert.deepEqual(attempts, [0, 1, 2, 3]);
  await work.idle();
  work.add('a');
  await work.idle();
  assert.equal(attempts.at(-1), 0, 'success forgets the failures');
});

test('one that is sound but not done is tried again as if for the first time', async () => {
  const attempts: number[] = [];
  const finished = Promise.withResolvers<void>();
  const work = queue(async (_key, attempt) => {
    attempts.push(attempt);
    if (attempts.length === 1) return { done: false, reason: 'no' };
    if (attempts.length < 4) return { done: false, reason: 'a certificate is lost', sound: true };
    finished.resolve();
    return DONE;
  });
  work.add('a');
  await finished.promise;
  assert.deepEqual(attempts, [0, 1, 0, 0]);
});

test('what can be done later is done then, not at once and not as a failure; a write wakes it before', async () => {
  const attempts: number[] = [];
  const work = new WorkQueue({
    workers: 1,
    retryFirstMs: 60_000,
    retryMaxMs: 60_000,
    work: async (_key, attempt) => {
      attempts.push(attempt);
      if (attempts.length === 1) return { done: false, reason: 'not yet', after: 60_000 };
      if (attempts.length === 2) return { done: false, reason: 'not yet', after: 1 };
      finished.resolve();
      return DONE;
    },
  });
  const finished = Promise.withResolvers<void>();
  work.add('a');
  await work.idle();
  work.addGently('a');
  await work.idle();
  assert.equal(attempts.length, 1);
  work.add('a');
  await finished.promise;
  assert.deepEqual(attempts, [0, 0, 0]);
  await work.stop();
});

test('the clock does not defeat the backoff, a write does', async () => {
  let runs = 0;
  const work = new WorkQueue({ workers: 1, retryFirstMs: 60_000, retryMaxMs: 60_000, work: async () => ({ done: ++runs > 1, reason: 'down' }) });
  work.add('a');
  await work.idle();
  work.addGently('a');
  await work.idle();
  assert.equal(runs, 1);
  work.add('a');
  await work.idle();
  assert.equal(runs, 2);
  await work.stop();
});

test('stop waits for what runs and takes nothing more', async () => {
  let finished = false;
  const work = queue(async () => {
    await pause(10);
    finished = true;
    return DONE;
  });
  work.add('a');
  await work.stop();
  assert.equal(finished, true);
  work.add('b');
  await work.idle();
});

test('work that waits for quiet is done once, and in the end even without quiet', async () => {
  let runs = 0;
  const work = queue(async () => ({ done: ++runs > 0 }) as Outcome);
  for (let index = 0; index < 5; index++) work.addWhenQuiet('a', 1000, 20);
  assert.equal(runs, 0);
  await work.idle();
  assert.equal(runs, 1);
  work.addWhenQuiet('a', 60_000, 60_000);
  work.add('a');
  await work.idle();
  assert.equal(runs, 2, 'what is wanted at once does not wait');
});
