/** Answers as HAProxy 2.6 gives them; most are also provoked in render/haproxy/monitors-live.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWords, isObservation } from './check-words.ts';

const WORDS: readonly [status: string, more: Record<string, string>, words: string][] = [
  ['', {}, ''],
  ['INI', { check_desc: 'Initializing' }, ''],
  ['L4OK', {}, 'accepts connections'],
  ['* L4CON', { last_chk: 'Connection refused' }, 'connection refused'],
  ['L4CON', { last_chk: 'General socket error (No route to host)' }, 'no route to host'],
  ['L4CON', {}, 'connection failed'],
  ['SOCKERR', { last_chk: 'Connection reset by peer' }, 'connection reset by peer'],
  ['L4TOUT', { check_duration: '5001' }, 'connecting timed out after 5 s'],
  ['L6TOUT', { check_duration: '2000' }, 'TLS handshake timed out after 2 s'],
  ['L6RSP', { last_chk: 'SSL handshake failure' }, 'TLS handshake failed'],
  ['L7OK', { check_code: '200' }, 'HTTP 200'],
  ['L7STS', { check_code: '503', last_chk: 'Service Unavailable' }, 'HTTP 503'],
  ['L7TOUT', { check_duration: '10002' }, 'answer timed out after 10 s'],
  ['L7RSP', {}, 'the answer is not HTTP'],
  ['PROCERR', { check_code: '1' }, 'no answer'],
  ['HANA', { last_chk: 'Detected 3 consecutive errors, last one was: L4 unsuccessful connection' }, '3 connections in a row failed'],
  ['NEW', { check_desc: 'What a later HAProxy says', last_chk: 'a\u001b[2Jb' }, 'What a later HAProxy says: a?[2Jb'],
];

test('what a check answered, in words', () => {
  for (const [check_status, more, words] of WORDS) assert.equal(checkWords({ check_status, ...more }), words, check_status);
});

test('what traffic met is told apart from what a check met', () => {
  assert.deepEqual(
    [isObservation({ check_status: 'HANA' }), isObservation({ check_status: '* HANA' }), isObservation({ check_status: 'L4CON' })],
    [true, true, false],
  );
});
