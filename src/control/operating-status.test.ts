import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberReading, Reading } from '../model/reading.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { statusChanges } from './operating-status.ts';

interface Shape {
  admin?: boolean;
  member?: string;
  monitored?: boolean;
  listenerProvisioning?: string;
}

function tree({ admin = true, member = 'NO_MONITOR', monitored = false, listenerProvisioning = 'ACTIVE' }: Shape = {}): BalancerTree {
  const row = (id: string, operating_status: string): object => ({
    id,
    operating_status,
    admin_state_up: true,
    deleting: false,
    provisioning_status: 'ACTIVE',
  });
  return {
    balancer: { ...row('lb', 'OFFLINE'), admin_state_up: admin },
    listeners: [{ ...row('l', 'OFFLINE'), provisioning_status: listenerProvisioning }],
    pools: [row('p', 'OFFLINE')],
    members: [
      { ...row('m1', member), pool_id: 'p', status_reason: null, status_seen_by: null },
      { ...row('m2', member), pool_id: 'p', status_reason: null, status_seen_by: null },
    ],
    monitors: monitored ? [{ ...row('h', 'OFFLINE'), pool_id: 'p' }] : [],
    policies: [],
    rules: [],
  } as unknown as BalancerTree;
}

function reading(states: [MemberReading['state'], MemberReading['state']], pool: 'up' | 'down' = 'up', listener: 'open' | 'full' = 'open'): Reading {
  return {
    listeners: [{ id: 'l', state: listener, counters: [] }],
    pools: [{ id: 'p', state: pool }],
    members: states.map((state, index) => ({ id: `m${index + 1}`, poolId: 'p', state, reason: '' })),
  };
}

const after = (shape: Shape, seen: Reading | null): Record<string, string> =>
  Object.fromEntries(statusChanges(tree(shape), seen).map(({ id, status }) => [id, status]));

test('all is well', () => {
  assert.deepEqual(after({}, reading(['unchecked', 'unchecked'])), { lb: 'ONLINE', l: 'ONLINE', p: 'ONLINE' });
  assert.deepEqual(after({ monitored: true }, reading(['up', 'up'])), { lb: 'ONLINE', l: 'ONLINE', p: 'ONLINE', m1: 'ONLINE', m2: 'ONLINE', h: 'ONLINE' });
});

test('one member down degrades pool and balancer; all down is an error; the listener is open all the same', () => {
  assert.deepEqual(after({ monitored: true }, reading(['down', 'up'])), { lb: 'DEGRADED', l: 'ONLINE', p: 'DEGRADED', m1: 'ERROR', m2: 'ONLINE', h: 'ONLINE' });
  assert.deepEqual(after({ monitored: true }, reading(['down', 'down'], 'down')), {
    lb: 'ERROR',
    l: 'ONLINE',
    p: 'ERROR',
    m1: 'ERROR',
    m2: 'ERROR',
    h: 'ONLINE',
  });
});

test('drain, maintenance and not yet checked', () => {
  const seen = after({ member: 'OFFLINE', monitored: true }, reading(['drain', 'unknown']));
  assert.equal(seen['m1'], 'DRAINING');
  assert.equal(seen['m2'], undefined, 'stays what it was');
  assert.equal(after({}, reading(['maint', 'unchecked']))['m1'], 'OFFLINE');
  // Its reason is another one; its status is not.
  assert.equal(after({ member: 'OFFLINE' }, reading(['maint', 'unknown']))['m1'], 'OFFLINE');
});

test('a full listener is degraded', () => {
  assert.deepEqual(after({}, reading(['unchecked', 'unchecked'], 'up', 'full')), { lb: 'DEGRADED', l: 'DEGRADED', p: 'ONLINE' });
});

test('without a reading an ACTIVE listener is an error, one that is not delivered yet is not', () => {
  assert.equal(after({}, null)['l'], 'ERROR');
  assert.equal(after({ listenerProvisioning: 'PENDING_CREATE' }, null)['l'], undefined);
});

test('a balancer that is switched off is OFFLINE', () => {
  assert.deepEqual(after({ admin: false, member: 'NO_MONITOR' }, null), {});
});
