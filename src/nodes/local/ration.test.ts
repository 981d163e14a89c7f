import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ration } from './ration.ts';

test('what is saved up may be spent at once, what is overspent is waited for, and no more than that is saved', () => {
  let now = 0;
  const ration = new Ration(0.05, 250, () => now);
  const spend = (cost: number): boolean => {
    now += cost;
    ration.spend(cost);
    return ration.isLeft();
  };
  assert.deepEqual([100, 100].map(spend), [true, true]);
  assert.equal(spend(1000), false);
  now += 17_000;
  assert.equal(ration.isLeft(), false);
  now += 1000;
  assert.equal(ration.isLeft(), true);
  now += 3_600_000;
  assert.equal(spend(300), false);
});

test('in the long run no more than the share is spent, whatever each costs', () => {
  let now = 0;
  let spent = 0;
  const ration = new Ration(0.05, 250, () => now);
  for (const cost of Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 1500)) {
    if (ration.isLeft()) {
      now += cost;
      spent += cost;
      ration.spend(cost);
    }
    now += 500;
  }
  assert.ok(spent < now * 0.05 + 250 + 1500, `${spent} of ${now}`);
  assert.ok(spent > now * 0.04, `${spent} of ${now}`);
});
