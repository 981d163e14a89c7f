import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from './line-splitter.ts';

test('lines are the same however they come in pieces', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }), fc.array(fc.nat(5)), (text, cuts) => {
      const splitter = new LineSplitter();
      let rest = text;
      const pieces = cuts.map((length) => {
        const piece = rest.slice(0, length);
        rest = rest.slice(length);
        return piece;
      });
      const lines = [...pieces, rest].flatMap((piece) => splitter.push(Buffer.from(piece)));
      assert.deepEqual(lines, text.split('\n').slice(0, -1));
    }),
  );
});

test('of a line without an end only the beginning is told', () => {
  const splitter = new LineSplitter();
  const much = Buffer.alloc(40_000, 'x');
  assert.deepEqual(splitter.push(Buffer.from('one\ntw')), ['one']);
  const told = Array.from({ length: 10 }, () => splitter.push(much)).flat();
  assert.deepEqual(told, [`tw${'x'.repeat(98)}`]);
  assert.deepEqual(splitter.push(Buffer.from('end\nthree\nfo')), ['three']);
  assert.deepEqual(splitter.push(Buffer.from('ur\n')), ['four']);
});
