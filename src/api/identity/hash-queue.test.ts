import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HashBounds, HashQueue, type HashSource } from './hash-queue.ts';

const BUSY = { status: 429, code: 'busy' };
const from = (key: string, suspect = false): HashSource => ({ key, suspect });

/** A queue of one slot, taken; what else is asked for waits, and is noted when it runs. */
function held(bounds: Partial<HashBounds> = {}) {
  const queue = new HashQueue({ running: 1, ...bounds });
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = queue.run(from('first'), () => promise);
  const add = (name: string, source: HashSource): Promise<void> => queue.run(source, async () => void order.push(name));
  const open = async (): Promise<void> => {
    resolve();
    await first;
  };
  return { queue, order, add, open };
}

test('so many run at a time and no more, and all run in the end', async () => {
  const queue = new HashQueue({ running: 2 });
  let [running, most] = [0, 0];
  const work = async (): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    return running--;
  };
  await Promise.all(Array.from({ length: 30 }, (_, index) => queue.run(from(`${index % 6}`), work)));
  assert.deepEqual([running, most, queue.waiting], [0, 2, 0]);
});

test('sources take turns, whoever came first', async () => {
  const { order, add, open } = held();
  const all = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map((name) => add(name, from(name.slice(0, 1))));
  await open();
  await Promise.all(all);
  assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('of one source no more wait than may; the refusal comes at once, and others still wait', async () => {
  const { add, open, order } = held({ perSource: 2 });
  const all = [add('a1', from('a')), add('a2', from('a'))];
  await assert.rejects(add('a3', from('a')), BUSY);
  all.push(add('b1', from('b')));
  await open();
  await Promise.all(all);
  assert.deepEqual(order, ['a1', 'b1', 'a2']);
});

test('when all places are taken, whoever has most of them gives one up, and is not better off by asking again', async () => {
  const { queue, add, open, order } = held({ waiting: 4, perSource: 3 });
  const [a1, a2, a3, b1] = [add('a1', from('a')), add('a2', from('a')), add('a3', from('a')), add('b1', from('b'))];
  const c1 = add('c1', from('c'));
  await assert.rejects(a3, BUSY);
  await assert.rejects(add('a4', from('a')), BUSY);
  await assert.rejects(add('c2', from('c')), BUSY);
  const d1 = add('d1', from('d'));
  await assert.rejects(a2, BUSY);
  await assert.rejects(add('e1', from('e')), BUSY);
  assert.equal(queue.waiting, 4);
  await open();
  await Promise.all([a1, b1, c1, d1]);
  assert.deepEqual(order, ['a1', 'b1', 'c1', 'd1']);
});

test('suspects make room for the others and take nobody else’s', async () => {
  const { add, open, order } = held({ waiting: 3 });
  const suspects = ['s1', 's2', 's3'].map((name) => add(name, from(name, true)));
  await assert.rejects(add('s4', from('s4', true)), BUSY);
  const others = [add('a1', from('a')), add('b1', from('b'))];
  assert.deepEqual(
    (await Promise.allSettled(suspects.slice(0, 2))).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  await open();
  await Promise.all([...others, suspects[2]]);
  assert.deepEqual(order, ['a1', 'b1', 's3']);
});

test('suspects wait behind the others, and have a turn now and then all the same', async () => {
  const { add, open, order } = held();
  const suspects = ['s1', 's2', 's3'].map((name) => add(name, from(name, true)));
  const others = ['a', 'b', 'c', 'd', 'e'].map((name) => add(name, from(name)));
  await open();
  await Promise.all([...suspects, ...others]);
  assert.deepEqual(order, ['a', 'b', 'c', 's1', 'd', 'e', 's2', 's3']);
});

test('work that fails frees its place', async () => {
  const queue = new HashQueue({ running: 1 });
  const failing = queue.run(from('a'), async () => {
    throw new Error('no');
  });
  const next = queue.run(from('a'), async () => 'done');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'done');
  assert.equal(await queue.run(from('a'), async () => 'free'), 'free');
});
