import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allDone } from './all-done.ts';
import { run } from './command.ts';

test('a program started ahead gets its input when that is there', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const output = run('cat', [], { input: promise });
  resolve('late\n');
  assert.equal(await output, 'late\n');
});

test('when the input never comes the program gets none, and the reason is told', async () => {
  await assert.rejects(run('cat', [], { input: Promise.reject(new Error('nothing to say')) }), /nothing to say/);
});

test('a program that refuses is told in its own words', async () => {
  await assert.rejects(run('cat', ['/nonexistent']), /^CommandError: cat: .*No such file/);
});

test('the first failure is told when nothing is at work any more', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let told = false;
  const all = allDone([Promise.reject(new Error('first')), promise]).catch((error: unknown) => {
    told = true;
    throw error;
  });
  await new Promise(setImmediate);
  assert.equal(told, false);
  resolve('done');
  await assert.rejects(all, /first/);
});
