import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sampleConfig } from '../config/sample.ts';
import { judgeHaproxy, judgeKeepalived } from './doctor-host.ts';
import { shortLine } from './log.ts';

const LAUNCHER = join(import.meta.dirname, '../../weir');
const folder = mkdtempSync(join(tmpdir(), 'edgeweir-command-'));
after(() => rmSync(folder, { recursive: true }));

function weir(args: readonly string[], launcher = LAUNCHER): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(launcher, [...args], { encoding: 'utf8', cwd: folder, env: { ...process.env, EDGEWEIR_CONF: '/dev/null' } });
}

const STATE = ['--set', `DEFAULT.state_path=${folder}/state`];

describe('weir', () => {
  test('runs from anywhere, through a link, and prints data on standard output alone', () => {
    symlinkSync(LAUNCHER, join(folder, 'weir'));
    const { status, stdout, stderr } = weir(['config', 'sample'], join(folder, 'weir'));
    assert.deepEqual([status, stdout, stderr], [0, sampleConfig(), '']);
  });

  test('wrong usage ends with 2 and says what is wrong on standard error', () => {
    const cases: [string[], RegExp][] = [
      [['nonsense'], /unknown command 'nonsense'/],
      [['doctor', '-f', 'xml'], /Allowed choices are table, json, yaml, value/],
      [['config', 'show', '--set', 'bind_port'], /group\.option=value/],
      [['config', 'show', '--set', 'api_settings.bind_prot=1'], /did you mean \[api_settings\] bind_port\?/],
      [['config', 'show', '--set', '__proto__.x=1'], /no option of Edgeweir/],
      [['config', 'show', '--config-file', '/nowhere'], /Cannot read the configuration \/nowhere/],
      [['lab', 'exec', 'client'], /no command to run/],
      [[], /Usage: weir/],
    ];
    for (const [args, words] of cases) {
      const { status, stdout, stderr } = weir([...args]);
      assert.deepEqual([status, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, words);
    }
  });

  test('options stand before the noun as well as after the verb', () => {
    for (const args of [
      ['-f', 'json', ...STATE, 'lab', 'status'],
      ['lab', 'status', '-f', 'json', ...STATE],
    ]) {
      const { status, stdout } = weir(args);
      assert.equal(status, 0);
      assert.equal((JSON.parse(stdout) as unknown[]).length, 3);
    }
  });

  test('an error says what to do', () => {
    const exec = weir(['lab', 'exec', ...STATE, 'client', '--', 'curl', '-f', 'http://192.168.1.10/']);
    assert.deepEqual([exec.status, exec.stderr], [1, 'Error: The lab is not up: there is no namespace of client\n  What to do: Run weir lab up.\n']);
    const stop = weir(['lab', 'stop', ...STATE, 'client']);
    assert.deepEqual([stop.status, stop.stderr], [1, 'Error: client has no web server\n  What to do: Choose from: web1, web2.\n']);
    const up = weir(['lab', 'up', ...STATE]);
    assert.equal(up.status, 1);
    assert.match(up.stderr, /No server has run on this state path yet\n {2}There is no .*clouds.yaml.\n {2}What to do: Start one/);
  });

  test('the doctor has a line for each check', () => {
    const { status, stdout } = weir(['doctor', ...STATE, '--set', 'local_node.haproxy_binary=/nowhere/haproxy', '-f', 'json']);
    const findings = JSON.parse(stdout) as Record<string, string>[];
    assert.equal(status, 2);
    assert.deepEqual(
      findings.find((finding) => finding['Check'] === 'haproxy'),
      {
        Check: 'haproxy',
        Result: 'fail',
        Detail: '/nowhere/haproxy: not installed',
        'What to do': 'apt-get install haproxy, or set [local_node] haproxy_binary',
      },
    );
    assert.equal(findings.find((finding) => finding['Check'] === 'state_path')?.['Result'], 'ok');
  });
});

test('HAProxy must be 2.6 or newer', () => {
  const judge = (version: string, rest = '\nFeature list : +EPOLL +OPENSSL'): string => judgeHaproxy(`HAProxy version ${version}-1 2026/01/01${rest}`).result;
  assert.deepEqual(
    ['2.6.12', '2.10.0', '3.0.1', '2.4.22', '1.8.0'].map((version) => judge(version)),
    ['ok', 'ok', 'ok', 'fail', 'fail'],
  );
  assert.equal(judge('2.6.12', '\nFeature list : -OPENSSL'), 'warn');
  assert.equal(judgeHaproxy('something else').result, 'fail');
});

test('the doctor reads keepalived’s version; without it only pairs are missing', () => {
  const judge = (version: string): string => judgeKeepalived(`Keepalived v${version} (01/16,2022)\n\nCopyright`).result;
  assert.deepEqual(['2.2.7', '2.3.0', '3.0.0', '2.2.6', '1.3.9', 'x'].map(judge), ['ok', 'ok', 'ok', 'warn', 'warn', 'warn']);
});

test('a line for a person has the time, the level, the message and the rest', () => {
  const line = JSON.stringify({
    level: 40,
    time: '2026-11-22T12:30:01.123Z',
    id: 'a',
    reason: 'b\u001b[0m c',
    err: { message: 'broken', stack: '' },
    msg: 'it happened',
  });
  assert.equal(shortLine(line), '12:30:01 WARN  it happened  id=a  reason="b\\u001b[0m c"  err="broken"\n');
});
