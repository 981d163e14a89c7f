import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault } from './fault.ts';

const refused = (value: unknown): string => fault.invalidInput('tags', value, 'No.').message;

test('a value is shown as JSON, the first 255 characters of it', () => {
  assert.equal(refused({ a: [1, 'b', null] }), `Invalid input for field/attribute tags. Value: '{"a":[1,"b",null]}'. No.`);
  assert.equal(refused('x'.repeat(1000)).split("'")[1], `${'x'.repeat(255)}…`);
  assert.equal(refused(undefined).split("'")[1], 'None');
});

test('of a large value only what is shown is looked at', () => {
  let reads = 0;
  const watched = new Proxy(
    Array.from({ length: 100_000 }, () => 'tag'),
    {
      get: (array, name, receiver) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1;
        return Reflect.get(array, name, receiver) as unknown;
      },
    },
  );
  assert.equal(refused(watched).split("'")[1]?.length, 256);
  assert.ok(reads <= 255, `${reads} elements read`);
  const bushy = (depth: number): unknown => (depth === 0 ? 1 : Array.from({ length: 200 }, () => bushy(depth - 1)));
  assert.ok(refused(bushy(2)).length < 400);
});

test('of many unknown names the first are listed', () => {
  const names = Array.from({ length: 80_000 }, (_, index) => `n${index}`);
  assert.match(fault.unknownAttribute('pool', names).message, /^Unknown attribute\(s\) for argument pool: n0, n1, .*…$/);
  assert.ok(fault.unknownAttribute('pool', names).message.length < 400);
});
