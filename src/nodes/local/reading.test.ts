import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberReading } from '../../model/reading.ts';
import type { Row } from './proxy-answers.ts';
import { readingOf } from './reading.ts';

function frontend(change: Row = {}): Row {
  return { type: '0', pxname: 'l1', svname: 'FRONTEND', status: 'OPEN', scur: '2', slim: '10', bin: '3', bout: '4', ereq: '5', stot: '6', ...change };
}

function server(change: Row): Row {
  return {
    type: '2',
    pxname: 'p1:l1',
    svname: 'm1',
    status: 'UP',
    uweight: '1',
    check_status: 'L4OK',
    check_desc: 'Layer4 check passed',
    last_chk: '',
    check_code: '',
    ...change,
  };
}

function membersOf(...rows: Row[]): readonly MemberReading[] {
  return readingOf({ worker: 'w', rows }, []).members;
}

const stateOf = (change: Row): string | undefined => membersOf(server(change))[0]?.state;
const reasonOf = (change: Row): string | undefined => membersOf(server(change))[0]?.reason;

test('a status of HAProxy is a state of ours', () => {
  const states = Object.entries({
    UP: 'up',
    'UP 1/3': 'up',
    DOWN: 'down',
    'DOWN 1/2': 'down',
    'DOWN (agent)': 'down',
    MAINT: 'maint',
    'MAINT (via a/b)': 'maint',
    DRAIN: 'drain',
    NOLB: 'drain',
    'no check': 'unchecked',
  });
  for (const [status, state] of states) assert.equal(stateOf({ status }), state, status);
  assert.equal(stateOf({ uweight: '0' }), 'drain');
  assert.equal(stateOf({ check_status: 'INI' }), 'unknown');
});

test('the last answer of a check is told in words', () => {
  assert.equal(
    reasonOf({ status: 'DOWN', check_status: '* L4CON', check_desc: 'Layer4 connection problem', last_chk: 'Connection refused' }),
    'connection refused',
  );
  assert.equal(reasonOf({ status: 'DOWN', check_status: 'L7STS', check_code: '503', check_desc: 'Layer7 wrong status' }), 'HTTP 503');
  assert.equal(reasonOf({ status: 'no check', check_status: '' }), '');
  assert.equal(reasonOf({ check_status: 'INI', check_desc: 'Initializing' }), '');
});

test('a member in several backends of its pool is as bad as its worst reading', () => {
  const members = membersOf(server({}), server({ pxname: 'p1:l2', status: 'DOWN', check_status: 'L4CON', last_chk: 'Why' }), server({ pxname: 'p2:l1' }));
  assert.deepEqual(members, [
    { id: 'm1', poolId: 'p1', state: 'down', reason: 'why' },
    { id: 'm1', poolId: 'p2', state: 'up', reason: 'accepts connections' },
  ]);
});

test('a pool is up only if all its backends are', () => {
  const backend = (pxname: string, status: string): Row => ({ type: '1', pxname, svname: 'BACKEND', status });
  const { pools } = readingOf({ worker: 'w', rows: [backend('p1:l1', 'UP'), backend('p1:l2', 'DOWN'), backend('p2:l1', 'UP')] }, []);
  assert.deepEqual(pools, [
    { id: 'p1', state: 'down' },
    { id: 'p2', state: 'up' },
  ]);
});

test('counters of old workers are added beside, for listeners that still exist', () => {
  const { listeners } = readingOf({ worker: 'new', rows: [frontend()] }, [{ worker: 'old', rows: [frontend({ stot: '60' }), frontend({ pxname: 'gone' })] }]);
  const counters = { activeConnections: 2, bytesIn: 3, bytesOut: 4, requestErrors: 5 };
  assert.deepEqual(listeners, [
    {
      id: 'l1',
      state: 'open',
      counters: [
        { worker: 'new', ...counters, totalConnections: 6 },
        { worker: 'old', ...counters, totalConnections: 60 },
      ],
    },
  ]);
});

test('a listener at its limit is full', () => {
  const full = readingOf({ worker: 'w', rows: [frontend({ scur: '10' })] }, []).listeners[0];
  assert.equal(full?.state, 'full');
});
