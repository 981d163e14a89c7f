/** The same of both: programs that are children of this process, and of a small one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';
import { here } from './here.ts';
import type { Programs } from './programs.ts';
import { Starter } from './starter.ts';

function subjectOf(kind: string, t: TestContext): Programs {
  if (kind === 'here') return here;
  const starter = new Starter();
  t.after(() => starter.stop());
  return starter;
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weir-programs-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const sh = (script: string) => ({ program: 'sh', args: ['-c', script] });

for (const kind of ['here', 'starter']) {
  test(`${kind}: what a program reads, writes and ends with`, async (t) => {
    const programs = subjectOf(kind, t);
    assert.deepEqual(await programs.execute(sh('cat; echo ü >&2; exit 3'), 'in ✓'), { code: 3, failure: '', stdout: 'in ✓', stderr: 'ü\n' });
    const more = { ...sh('echo "$PWD $ONE"'), cwd: '/', env: { ONE: '1' } };
    assert.equal((await programs.execute(more, '')).stdout, '/ 1\n');
    assert.deepEqual(await programs.execute(sh('kill -9 $$'), ''), { code: null, failure: 'SIGKILL', stdout: '', stderr: '' });
    assert.match((await programs.execute({ program: 'no-such-program', args: [] }, '')).failure, /ENOENT/);
  });

  test(`${kind}: what ends without reading its input is judged by its code`, async (t) => {
    assert.equal((await subjectOf(kind, t).execute(sh('exit 0'), 'x'.repeat(1_000_000))).code, 0);
  });

  test(`${kind}: an input that never comes is told`, async (t) => {
    const programs = subjectOf(kind, t);
    await assert.rejects(programs.execute({ program: 'cat', args: [] }, Promise.reject(new Error('nothing to say'))), /nothing to say/);
    assert.equal((await programs.execute({ program: 'cat', args: [] }, 'next')).stdout, 'next');
  });

  test(`${kind}: many at once, each gets its own`, async (t) => {
    const programs = subjectOf(kind, t);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => programs.execute({ program: 'cat', args: [] }, `${index}`)));
    assert.deepEqual(
      answers.map(({ stdout }) => stdout),
      answers.map((_, index) => `${index}`),
    );
  });

  test(`${kind}: a stream comes whole, at the pace of who takes it, and ends when nobody wants it`, async (t) => {
    const programs = subjectOf(kind, t);
    let [bytes, taking] = [0, 0];
    const slow = async (chunk: Buffer): Promise<void> => {
      assert.equal(++taking, 1, 'the next chunk waits');
      bytes += chunk.length;
      await new Promise(setImmediate);
      taking--;
    };
    assert.equal((await programs.stream({ program: 'head', args: ['-c', '5000000', '/dev/zero'] }, slow)).code, 0);
    assert.equal(bytes, 5_000_000);
    const refusal = new Error('not this one');
    await assert.rejects(
      programs.stream({ program: 'yes', args: [] }, () => {
        throw refusal;
      }),
      refusal,
    );
    assert.deepEqual(await programs.stream(sh('echo lost; echo kept >&2; exit 1'), null), { code: 1, failure: '', stdout: '', stderr: 'kept\n' });
  });

  test(`${kind}: a daemon has a session, a log and its pipes, and its end is told`, async (t) => {
    const [programs, directory] = [subjectOf(kind, t), scratch(t)];
    const [log, pipe] = [join(directory, 'log'), join(directory, 'pipe')];
    execFileSync('mkfifo', [pipe]);
    const script = 'echo "$PWD $ONE $(ps -o sid= -p $$)"; echo through >&3; read answer <&3; echo "$answer"';
    const daemon = await programs.launch({ command: ['sh', '-c', script], directory, log, pipes: { 3: pipe }, env: { ONE: '1' } });
    await daemon.ended;
    assert.equal(daemon.hasEnded(), true);
    assert.equal(readFileSync(log, 'utf8').replace(/ +/g, ' '), `${directory} 1 ${daemon.pid}\nthrough\n`);
    await assert.rejects(programs.launch({ command: ['no-such-program'], directory, log, pipes: {}, env: {} }), /ENOENT/);
    await assert.rejects(programs.launch({ command: ['true'], directory, log, pipes: { 3: join(directory, 'none') }, env: {} }), /ENOENT/);
  });
}

/** Process ids of starters that this process has. */
function starters(): number[] {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => (line.includes('starter-process') ? Number(line.trim().split(' ')[0]) : []));
}

test('a starter that is killed fails what it ran, and the next order has a new one', async (t) => {
  const programs = subjectOf('starter', t);
  assert.equal((await programs.execute({ program: 'true', args: [] }, '')).code, 0);
  const [pid = 0] = starters();
  const waiting = programs.execute({ program: 'sleep', args: ['5'] }, '');
  process.kill(pid, 'SIGKILL');
  await assert.rejects(waiting, /has ended/);
  assert.equal((await programs.execute({ program: 'true', args: [] }, '')).code, 0);
  assert.notEqual(starters()[0], pid);
});

test('a starter that is killed while an input is awaited fails that program, and nobody else', async (t) => {
  const programs = subjectOf('starter', t);
  assert.equal((await programs.execute({ program: 'true', args: [] }, '')).code, 0);
  const [pid = 0] = starters();
  const input = pause(300).then(() => 'late');
  const waiting = programs.execute({ program: 'cat', args: [] }, input);
  process.kill(pid, 'SIGKILL');
  await assert.rejects(waiting, /has ended/);
});

test('a starter that cannot be begun fails what waits for it', () => {
  const program = `
    import { closeSync, openSync } from 'node:fs';
    import { setTimeout as pause } from 'node:timers/promises';
    import { Starter } from '${new URL('starter.ts', import.meta.url).href}';
    const starter = new Starter();
    const open = [];
    try { for (;;) open.push(openSync('/dev/null', 'r')); } catch {}
    const waiting = starter.execute({ program: 'true', args: [] }, '').then(() => 'ran', () => 'failed');
    await pause(200);
    for (const number of open) closeSync(number);
    const first = await Promise.race([waiting, pause(2000, 'nothing')]);
    console.log(first, (await starter.execute({ program: 'true', args: [] }, '')).code);
    process.exit();
  `;
  const said = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program], { encoding: 'utf8' });
  assert.equal(said, 'failed 0\n');
});

test('daemons outlive their starter, and it ends with the process it works for', async (t) => {
  const directory = scratch(t);
  const starter = new Starter();
  const { pid } = await starter.launch({ command: ['sleep', '60'], directory, log: join(directory, 'log'), pipes: {}, env: {} });
  t.after(() => process.kill(pid, 'SIGKILL'));
  starter.stop();
  for (let looks = 0; starters().length > 0 && looks < 500; looks++) await pause(10);
  assert.deepEqual(starters(), []);
  assert.doesNotThrow(() => process.kill(pid, 0));
});
