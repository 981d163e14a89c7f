import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTables, pauseBeforeReload } from './proxy-tables.ts';

const INFO = 'Name: HAProxy\nUptime: 0d 0h00m01s\nUptime_sec: 1\n';
const TABLES = '# table: pool:one, type: ip, size:10240, used:3\n# table: pool:two, type: ip, size:10240, used:4\n';
const peers = (flags: string, left: string): string =>
  [
    `0x562d3c1bbe50: [23/Nov/2026:08:44:55] id=weir disabled=0 flags=${flags} resync_timeout=${left} task_calls=101`,
    '  0x562d3c1bbfb0: id=b(remote,active) addr=192.0.2.2:1025 last_status=CONN last_hdshk=0s',
    '        flags=0x3 appctx:0x0',
    '  0x562d3c1bbfc0: id=a(local,inactive) addr=2001:db8::1:1025 last_status=NONE last_hdshk=<NEVER>',
    '        shared tables:',
    '              table:0x562d3c1c2a20 id=b update=100 localupdate=100 commitupdate=0 refcnt=1',
  ].join('\n');

test('what a young worker says of itself and its tables', () => {
  const self = { name: 'a', address: '2001:db8::1', port: 1025 };
  assert.deepEqual(parseTables(INFO, TABLES, peers('0x11', '3s')), {
    used: 7,
    finished: false,
    expectsPredecessor: false,
    givesUpIn: 3,
    age: 1,
    self,
  });
});

test('one that nobody came to teach, one that was taught, and one that gave up', () => {
  const { expectsPredecessor, finished } = parseTables(INFO, TABLES, peers('0x0', '4s'));
  assert.deepEqual([expectsPredecessor, finished], [true, false]);
  assert.equal(parseTables(INFO, TABLES, peers('0x1103', '4s')).finished, true);
  assert.equal(parseTables(INFO, TABLES, peers('0x33', '<PAST>')).finished, true);
});

const pauseOf = (info: string, tables: string, text: string): number => pauseBeforeReload(parseTables(info, tables, text));

test('only a worker with something to lose that would not teach is waited for', () => {
  assert.equal(pauseOf(INFO, TABLES, peers('0x11', '3s')), 3000);
  assert.equal(pauseOf(INFO, TABLES, peers('0x11', '0s')), 250, 'less than a second is left');
  assert.equal(pauseOf(INFO, TABLES, peers('0x100c', '<PAST>')), 250, 'it is being taught');
  assert.equal(pauseOf(INFO, TABLES, peers('0x33', '<PAST>')), 0, 'it would teach');
  assert.equal(pauseOf(INFO, TABLES.replaceAll(/used:\d/g, 'used:0'), peers('0x11', '3s')), 0, 'nothing is in its tables');
  assert.equal(pauseOf(INFO, '', peers('0x11', '3s')), 0, 'it has no tables');
  assert.equal(pauseOf(INFO, TABLES, ''), 0, 'it has no peers');
});

test('nobody is waited for longer than every worker takes, whatever it says', () => {
  assert.equal(pauseOf('Uptime_sec: 10\n', TABLES, peers('0x0', '4s')), 4000);
  assert.equal(pauseOf('Uptime_sec: 11\n', TABLES, peers('0x0', '4s')), 0);
  assert.equal(pauseOf('an answer of another kind', TABLES, peers('0x0', '4s')), 0);
});
