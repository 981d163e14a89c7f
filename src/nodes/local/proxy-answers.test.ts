import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInfo, parseProcesses, parseServerStates, parseStat } from './proxy-answers.ts';

test('a worker is known by its process id and start, and by the structure in its description', () => {
  const info = parseInfo('Name: HAProxy\nPid: 42\ndescription: weir:abc\nStart_time_sec: 1700000000\n');
  assert.deepEqual(info, { pid: 42, worker: '42-1700000000', structure: 'abc' });
  assert.equal(parseInfo('Pid: 42\ndescription: somebody else\n').structure, '');
});

test('an answer that is none is refused', () => {
  assert.throws(() => parseInfo(''), { name: 'NodeError' });
  assert.throws(() => parseServerStates('2\n# a b\n'), { name: 'NodeError' });
  assert.throws(() => parseStat('Unknown command'), { name: 'NodeError' });
  assert.throws(() => parseProcesses('master'), { name: 'NodeError' });
});

test('values with commas and quotes stay whole', () => {
  assert.deepEqual(parseStat('# a,b,c,\nx,"said ""no"", twice",z,\n'), [{ a: 'x', b: 'said "no", twice', c: 'z', '': '' }]);
});

test('old workers are told from the current one', () => {
  const text = [
    '#<PID>          <type>          <reloads>       <uptime>        <version>      ',
    '100             master          2 [failed: 1]   0d00h00m05s     2.6.12',
    '# workers',
    '103             worker          0               0d00h00m01s     2.6.12',
    '# old workers',
    '101             worker          2               0d00h00m05s     2.6.12',
    '102             worker          1               0d00h00m03s     2.6.12',
    '# programs',
    '',
  ].join('\n');
  assert.deepEqual(parseProcesses(text), { master: 100, failedReloads: 1, oldWorkers: [101, 102] });
  assert.deepEqual(parseProcesses(text.replace(/# old workers\n(\d.*\n)*/, '')), { master: 100, failedReloads: 1, oldWorkers: [] });
});
