import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { Member } from '../model/member.ts';
import type { MemberReading } from '../model/reading.ts';
import type { OperatingStatus } from '../model/status.ts';
import { seenOf } from './status-reason.ts';

const member = (change: Partial<Member> = {}): Member =>
  ({ id: 'm', admin_state_up: true, operating_status: 'ONLINE', status_reason: 'HTTP 200', status_seen_by: 'check', ...change }) as Member;
const reading = (change: Partial<MemberReading> = {}): MemberReading => ({ id: 'm', poolId: 'p', state: 'down', reason: 'connection refused', ...change });
const monitor = { expected_codes: '200-204' } as HealthMonitor;

interface Given {
  readonly row?: Partial<Member>;
  readonly status?: OperatingStatus;
  readonly now?: Partial<MemberReading>;
  readonly before?: Partial<MemberReading>;
}

function seen({ row, status = 'ERROR', now, before }: Given): [string | null, string | null] {
  const { reason, by } = seenOf(member(row), status, { reading: reading(now), before: before && reading(before), monitor });
  return [reason, by];
}

test('a member that goes down: what the check said', () => {
  assert.deepEqual(seen({}), ['connection refused', 'check']);
  assert.deepEqual(seen({ now: { reason: 'HTTP 503' } }), ['HTTP 503, expected 200-204', 'check']);
  assert.deepEqual(seen({ row: { operating_status: 'ERROR' }, status: 'ONLINE', now: { state: 'up', reason: 'HTTP 200' } }), ['HTTP 200', 'check']);
});

test('failed connections of clients: told by HAProxy, or by its counter when a check has spoken since', () => {
  assert.deepEqual(seen({ now: { observed: true, reason: '3 connections in a row failed' } }), ['3 connections in a row failed', 'traffic']);
  assert.deepEqual(seen({ now: { observedFailures: 2 }, before: { observedFailures: 1 } })[1], 'traffic');
  assert.deepEqual(seen({ now: { observedFailures: 2 }, before: { observedFailures: 2 } })[1], 'check');
  assert.deepEqual(seen({ now: { observedFailures: 1 }, before: { observedFailures: 9 } })[1], 'traffic', 'a new worker counts anew');
  assert.deepEqual(seen({ now: { observedFailures: 7 } })[1], 'check', 'without an earlier reading nobody knows when it counted');
});

test('who saw a change stays told while the state does', () => {
  const row = { operating_status: 'ERROR', status_seen_by: 'traffic' } as const;
  assert.deepEqual(seen({ row, now: { reason: 'connection refused' } }), ['connection refused', 'traffic']);
});

test('what nobody checks has no reason; what is switched off or drained has its own', () => {
  assert.deepEqual(seen({ status: 'NO_MONITOR', now: { state: 'unchecked', reason: '' } }), [null, null]);
  assert.deepEqual(seen({ status: 'OFFLINE', now: { state: 'maint', reason: 'HTTP 200' } }), ['switched off', null]);
  assert.deepEqual(seen({ status: 'DRAINING', now: { state: 'drain', reason: '' } })[0], 'weight 0');
  assert.deepEqual(seen({ status: 'ONLINE', now: { state: 'unknown', reason: '' } }), ['HTTP 200', 'check']);
  assert.deepEqual(seenOf(member({ admin_state_up: false }), 'OFFLINE', { reading: undefined, before: undefined, monitor }), {
    reason: 'switched off',
    by: null,
  });
});
