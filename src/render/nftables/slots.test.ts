import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Weighted, assignSlots, slotCount } from './slots.ts';

const members = (max: number): fc.Arbitrary<Weighted[]> =>
  fc
    .array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: max })
    .map((weights) => weights.map((weight, index) => ({ id: `member-${index}`, weight })));

function count(owners: readonly string[]): Map<string, number> {
  return new Map([...Map.groupBy(owners, (owner) => owner)].map(([id, slots]) => [id, slots.length]));
}

function moved(before: readonly string[], after: readonly string[]): number {
  return before.filter((owner, slot) => owner !== after[slot]).length;
}

test('every slot has a member, and every member its weight of them, exact to one slot, or one slot at least', () => {
  fc.assert(
    fc.property(members(100), (all) => {
      const slots = slotCount(all.length);
      const shares = count(assignSlots(all, slots));
      const total = all.reduce((sum, { weight }) => sum + weight, 0);
      assert.equal(
        [...shares.values()].reduce((sum, own) => sum + own, 0),
        slots,
      );
      // Where light members are lifted to one slot, the heavy ones pay for it: at most one slot for each.
      const lifted = all.filter(({ weight }) => (weight * slots) / total < 1).length;
      for (const { id, weight } of all) {
        const own = shares.get(id) ?? 0;
        assert.ok(own >= 1, `${id} has none`);
        assert.ok(Math.abs(own - (weight * slots) / total) <= 1 + lifted, `${id} has ${own} of ${slots}`);
      }
      if (lifted === 0) for (const { id, weight } of all) assert.ok(Math.abs((shares.get(id) ?? 0) / slots - weight / total) < 1 / 128);
    }),
  );
});

test('a member that goes leaves nearly all others where they were', () => {
  fc.assert(
    fc.property(members(40), fc.nat(), (all, pick) => {
      if (all.length < 2) return;
      const slots = slotCount(all.length);
      const before = assignSlots(all, slots);
      const gone = all[pick % all.length];
      const after = assignSlots(
        all.filter((member) => member !== gone),
        slots,
      );
      const own = count(before).get(gone?.id ?? '') ?? 0;
      const others = moved(before, after) - own;
      assert.ok(others <= slots / 4, `${others} of ${slots} slots of others moved with ${own} of its own`);
    }),
    { numRuns: 300 },
  );
});

test('the order in which members come does not matter', () => {
  fc.assert(fc.property(members(20), (all) => assert.deepEqual(assignSlots(all, 256), assignSlots(all.toReversed(), 256))));
});

test('without members there are no slots; beyond as many members as slots, the lightest get none', () => {
  assert.deepEqual(assignSlots([], 256), []);
  const many = Array.from({ length: 5000 }, (_, index) => ({ id: `member-${index}`, weight: index < 4096 ? 2 : 1 }));
  const shares = count(assignSlots(many, slotCount(5000)));
  assert.equal(shares.size, 4096);
  assert.equal(shares.has('member-4999'), false);
});
