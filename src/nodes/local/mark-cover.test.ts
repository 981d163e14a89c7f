import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coverMarks } from './mark-cover.ts';

const marks = fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 20 })), { maxLength: 40 });

test('the groups hold each wanted mark once and no spared one', () => {
  fc.assert(
    fc.property(marks, marks, (wanted, spared) => {
      const groups = coverMarks(wanted, spared);
      const times = (mark: number): number => groups.filter(({ value, mask }) => (mark & mask) >>> 0 === value).length;
      for (const mark of spared) assert.equal(times(mark), 0);
      for (const mark of wanted) assert.equal(times(mark), spared.includes(mark) ? 0 : 1);
    }),
  );
});

test('there are never more groups than marks, and only one where nothing is spared', () => {
  fc.assert(fc.property(marks, marks, (wanted, spared) => assert.ok(coverMarks(wanted, spared).length <= wanted.length)));
  assert.deepEqual(coverMarks([1, 2, 0xffff_ffff], []), [{ value: 0, mask: 0 }]);
  assert.deepEqual(coverMarks([], [1]), []);
  assert.deepEqual(coverMarks([0x8000_0000], [0]), [{ value: 0x8000_0000, mask: 0x8000_0000 }]);
});
