import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Breaker } from './breaker.ts';

const WINDOW = 60_000;
const TRIAL = 1000;
const TICK = 100;

interface Grant {
  readonly at: number;
  readonly key: string;
  /** Whether it was held back from others then. */
  readonly open: boolean;
}

/** Load balancers that are lost and healed, visited as the patrol does. */
class World {
  now = 0;
  /** Whether a restart works now. */
  works: (key: string) => boolean = () => true;
  readonly lost = new Set<string>();
  readonly grants: Grant[] = [];
  readonly told: boolean[] = [];
  readonly breaker: Breaker;

  constructor(threshold: number) {
    this.breaker = new Breaker({ threshold, windowMs: WINDOW, trialMs: TRIAL, now: () => this.now, onChange: (open) => this.told.push(open) });
  }

  lose(...keys: string[]): void {
    for (const key of keys) this.lost.add(key);
    for (const key of keys) this.visit(key);
  }

  visit(key: string): void {
    if (!this.lost.has(key)) return this.breaker.ended(key, true);
    if (!this.breaker.ask(key)) return;
    this.grants.push({ at: this.now, key, open: this.breaker.isOpen });
    const right = this.works(key);
    if (right) this.lost.delete(key);
    this.breaker.ended(key, right);
  }

  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end;) {
      this.now += TICK;
      for (const key of this.breaker.due()) this.visit(key);
      for (const key of this.lost) this.visit(key);
    }
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `lb${index}`);

test('below the threshold all go on at once', () => {
  const world = new World(5);
  world.lose(...names(4));
  assert.deepEqual([world.lost.size, world.breaker.isOpen, world.told], [0, false, []]);
});

test('at the threshold it opens, tries one after the other, closes after three that worked, and the rest goes on', () => {
  const world = new World(2);
  world.lose(...names(8));
  assert.deepEqual([world.grants.length, world.breaker.isOpen], [1, true]);
  assert.deepEqual([world.breaker.holds('lb0'), world.breaker.holds('lb1')], [false, true]);
  world.pass(3 * TRIAL);
  assert.deepEqual(
    world.grants.map(({ at, key }) => [at, key]),
    [
      [0, 'lb0'],
      [1000, 'lb1'],
      [2000, 'lb2'],
      [3000, 'lb3'],
    ],
  );
  world.pass(TRIAL);
  assert.deepEqual([world.lost.size, world.told], [0, [true, false]]);
});

test('losses that come one by one within the window count together, those before it do not', () => {
  const world = new World(3);
  world.lose('a');
  world.pass(WINDOW / 2);
  world.lose('b');
  world.pass(WINDOW / 2);
  world.lose('c');
  assert.equal(world.breaker.isOpen, false);
  world.lose('d');
  assert.equal(world.breaker.isOpen, true);
});

test('one that goes on dying is one, and is always tried again', () => {
  const world = new World(2);
  world.works = () => false;
  world.lose('a');
  world.pass(WINDOW);
  assert.ok(world.grants.length > 100);
  assert.equal(world.breaker.isOpen, false);
});

test('one that cannot be put right does not keep the others from it', () => {
  const world = new World(2);
  world.works = (key) => key !== 'lb1';
  world.lose(...names(6));
  world.pass(10 * TRIAL);
  assert.deepEqual([...world.lost], ['lb1']);
  world.pass(WINDOW);
  assert.equal(world.breaker.isOpen, false);
});

test('a trial that dies again counts for nothing', () => {
  const world = new World(2);
  world.lose(...names(20));
  for (let round = 0; round < 10; round++) {
    world.pass(TRIAL);
    world.lose(world.grants.at(-1)?.key ?? '');
  }
  assert.equal(world.breaker.isOpen, true);
});

test('what was put right otherwise waits for nothing', () => {
  const world = new World(2);
  world.works = () => false;
  world.lose(...names(5));
  world.lost.clear();
  for (const key of names(5)) world.visit(key);
  world.pass(2 * TRIAL);
  assert.equal(world.breaker.isOpen, false);
});

test('while some are still being lost it does not close, however few they are', () => {
  const world = new World(3);
  world.works = () => false;
  world.lose('a', 'b', 'c');
  world.lost.clear();
  for (const key of ['a', 'b', 'c']) world.visit(key);
  world.pass(TRIAL - TICK);
  world.lose('d');
  world.pass(TRIAL - TICK);
  assert.equal(world.breaker.isOpen, true);
  world.pass(2 * TRIAL);
  assert.equal(world.breaker.isOpen, false);
});

test('a permission holds for the whole attempt, also when it opens meanwhile', () => {
  const { breaker } = new World(2);
  assert.deepEqual([breaker.ask('a'), breaker.ask('b'), breaker.ask('a')], [true, false, true]);
  breaker.ended('a', false);
  assert.equal(breaker.ask('a'), false);
});

test('a trial that hangs is given up after the window', () => {
  const world = new World(2);
  world.works = () => false;
  world.lose('a', 'b', 'c');
  world.now += TRIAL;
  const [first = ''] = world.breaker.due();
  assert.equal(world.breaker.ask(first), true);
  world.now += WINDOW - TICK;
  assert.deepEqual(world.breaker.due(), []);
  world.now += TICK;
  assert.deepEqual(world.breaker.due(), []);
  world.now += TRIAL;
  const [second = ''] = world.breaker.due();
  assert.notEqual(second, first);
  assert.notEqual(second, '');
});

test('0 holds nothing back', () => {
  const world = new World(0);
  world.lose(...names(1000));
  assert.deepEqual([world.lost.size, world.breaker.due()], [0, []]);
});

type Happening = { readonly lose: number[]; readonly pass: number; readonly luck: boolean };

const happening: fc.Arbitrary<Happening> = fc.record({
  lose: fc.array(fc.nat(29), { maxLength: 30 }),
  pass: fc.nat(80).map((ticks) => ticks * TICK),
  luck: fc.boolean(),
});

function live(threshold: number, happenings: readonly Happening[]): World {
  const world = new World(threshold);
  for (const { lose, pass, luck } of happenings) {
    world.works = () => luck;
    world.lose(...lose.map((index) => `lb${index}`));
    world.pass(pass);
  }
  return world;
}

test('open, there is one trial at a time, each a moment after the one before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(happening, { maxLength: 12 }), (threshold, happenings) => {
      const trials = live(threshold, happenings).grants.filter(({ open }) => open);
      for (const [index, { at }] of trials.entries()) if (index > 0) assert.ok(at - (trials[index - 1]?.at ?? 0) >= TRIAL);
    }),
  );
});

test('while restarts do not work, there are never more than the threshold and the trials in a window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(happening, { maxLength: 12 }), (threshold, happenings) => {
      const { grants } = live(
        threshold,
        happenings.map((one) => ({ ...one, luck: false })),
      );
      for (const { at } of grants) {
        const window = grants.filter((grant) => grant.at >= at && grant.at < at + WINDOW);
        const trials = window.filter(({ open }) => open).length;
        const others = new Set(window.filter(({ open }) => !open).map(({ key }) => key));
        assert.ok(others.size < threshold && trials <= WINDOW / TRIAL, `${others.size} and ${trials}`);
      }
    }),
  );
});

test('however it came, once restarts work everybody is healed and it closes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), fc.array(happening, { maxLength: 12 }), (threshold, happenings) => {
      const world = live(threshold, happenings);
      world.works = () => true;
      world.pass(WINDOW + 10 * TRIAL);
      assert.deepEqual([world.lost.size, world.breaker.isOpen], [0, false]);
      assert.deepEqual(
        world.told,
        world.told.map((_, index) => index % 2 === 0),
      );
    }),
  );
});
