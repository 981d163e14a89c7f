import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberReading, Reading } from '../model/reading.ts';
import { servingReading } from './serving-reading.ts';

function readingOf(states: Readonly<Record<string, MemberReading['state']>>, more: Partial<Reading> = {}): Reading {
  const members = Object.entries(states).map(([id, state]): MemberReading => ({ id, poolId: 'p', state, reason: `${id} ${state}` }));
  const isDown = members.every(({ state }) => state === 'down');
  return { listeners: [{ id: 'l', state: 'open', counters: [] }], pools: [{ id: 'p', state: isDown ? 'down' : 'up' }], members, ...more };
}

const statesOf = (reading: Reading | null) => reading?.members.map(({ id, state, reason }) => [id, state, reason]);

test('the node with the clients says how things are, wherever it stands', () => {
  const waiting = readingOf({ one: 'down' }, { standby: true });
  const serving = readingOf({ one: 'up' });
  for (const both of [
    [waiting, serving],
    [serving, waiting],
  ])
    assert.equal(servingReading(both), serving);
});

test('where the one with the clients is silent, the other one’s word is better than none', () => {
  const waiting = readingOf({ one: 'up' }, { standby: true });
  assert.equal(servingReading([null, waiting]), waiting);
  assert.equal(servingReading([null, null]), null);
  assert.equal(servingReading([]), null);
});

test('where both serve, what one of them finds worse counts, with its reason', () => {
  const first = readingOf({ one: 'up', two: 'down', three: 'up' });
  const second = readingOf({ one: 'down', two: 'up', three: 'unknown' });
  const worst = [
    ['one', 'down', 'one down'],
    ['two', 'down', 'two down'],
    ['three', 'unknown', 'three unknown'],
  ];
  assert.deepEqual(statesOf(servingReading([first, second])), worst);
  assert.deepEqual(statesOf(servingReading([second, first])), worst);
});

test('where both serve, a pool without members for one and a full listener count; what one alone tells of counts', () => {
  const first = readingOf({ one: 'up' });
  const second = readingOf({ one: 'down', late: 'up' }, { listeners: [{ id: 'l', state: 'full', counters: [] }], pools: [{ id: 'p', state: 'down' }] });
  for (const both of [
    [first, second],
    [second, first],
  ]) {
    const merged = servingReading(both);
    assert.deepEqual([merged?.listeners[0]?.state, merged?.pools[0]?.state], ['full', 'down']);
    assert.deepEqual(merged?.members.map(({ id }) => id).toSorted(), ['late', 'one']);
  }
});
