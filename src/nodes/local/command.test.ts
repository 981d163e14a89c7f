import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allDone } from './all-done.ts';
import { run, runLines } from './command.ts';

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

test('lines are told as they come, more than a program may say at once', async () => {
  let lines = 0;
  let characters = 0;
  await runLines('seq', ['12000000'], (line) => {
    lines++;
    characters += line.length + 1;
  });
  assert.equal(lines, 12_000_000);
  assert.ok(characters > 64 * 1024 * 1024);
  const last: string[] = [];
  await runLines('printf', ['one\\n\\ntwo'], (line) => last.push(line));
  assert.deepEqual(last, ['one', '', 'two']);
});

test('of a program whose lines are told, failures are too: its own, one that it is not there, one of who is told', async () => {
  for (const tell of [() => {}, null]) {
    await assert.rejects(runLines('cat', ['/nonexistent'], tell), /^CommandError: cat: .*No such file/);
    await assert.rejects(runLines('no-such-program', [], tell), /^CommandError: no-such-program: .*ENOENT/);
  }
  const refusal = new Error('not this one');
  const refuse = (): void => {
    throw refusal;
  };
  await assert.rejects(runLines('yes', [], refuse), refusal);
  await assert.rejects(
    runLines('head', ['-c', '1000000', '/dev/zero'], () => {}),
    /too long/,
  );
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
