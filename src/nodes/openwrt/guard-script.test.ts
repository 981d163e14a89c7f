/** edge/edgeweir-guard itself, in a directory of its own, by each shell that is here and BusyBox's ash is like. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type TestContext, test } from 'node:test';

const SCRIPT = fileURLToPath(new URL('../../../edge/edgeweir-guard', import.meta.url));
/** dash, and BusyBox where it is installed. */
const SHELLS = [['dash'], ['busybox', 'ash']].filter(([program = '']) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);

interface Place {
  readonly root: string;
  run(...args: string[]): number | null;
  read(path: string): string | null;
  write(path: string, text: string, mode?: number): void;
}

function place(t: TestContext, shell: readonly string[]): Place {
  const root = mkdtempSync(join(tmpdir(), 'weir-guard-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'etc/config'), { recursive: true });
  const [program = '', ...first] = shell;
  return {
    root,
    run: (...args) => spawnSync(program, [...first, SCRIPT, ...args], { env: { ...process.env, EDGEWEIR_ROOT: root }, stdio: 'ignore' }).status,
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null),
    write: (path, text, mode = 0o600) => writeFileSync(join(root, path), text, { mode }),
  };
}

test('there is a shell to try it with, and it fits on a device', () => {
  assert.ok(SHELLS.length > 0);
  assert.ok(statSync(SCRIPT).size <= 10_240 && (statSync(SCRIPT).mode & 0o111) !== 0);
});

for (const shell of SHELLS) {
  const name = shell.join(' ');

  test(`${name}: what was changed comes back, what was made goes, with its permissions`, (t) => {
    const { root, run, read, write } = place(t, shell);
    write('/etc/haproxy.cfg', 'old\n', 0o640);
    write('/etc/config/firewall', "config x 'ü'\n");
    assert.equal(run('arm', '60', 'haproxy', '/etc/haproxy.cfg', '/etc/config/firewall', '/etc/new'), 0);
    write('/etc/haproxy.cfg', 'new\n', 0o600);
    write('/etc/new', 'made\n');
    rmSync(join(root, '/etc/config/firewall'));
    assert.equal(run('undo'), 0);
    assert.deepEqual([read('/etc/haproxy.cfg'), read('/etc/config/firewall'), read('/etc/new')], ['old\n', "config x 'ü'\n", null]);
    assert.equal(statSync(join(root, '/etc/haproxy.cfg')).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(join(root, '/etc/edgeweir')), []);
    write('/etc/haproxy.cfg', 'later\n');
    assert.equal(run('undo'), 0, 'where nothing is armed nothing happens');
    assert.equal(read('/etc/haproxy.cfg'), 'later\n');
  });

  test(`${name}: by itself when the time is over, and not once it is said to be good`, async (t) => {
    const { run, read, write } = place(t, shell);
    write('/etc/a', 'old');
    assert.equal(run('arm', '1', 'none', '/etc/a'), 0);
    write('/etc/a', 'new');
    await pause(200);
    assert.equal(read('/etc/a'), 'new');
    for (let looks = 0; read('/etc/a') === 'new' && looks < 300; looks++) await pause(50);
    assert.equal(read('/etc/a'), 'old');
    assert.equal(run('arm', '1', 'none', '/etc/a'), 0);
    write('/etc/a', 'good');
    assert.equal(run('disarm'), 0);
    // A second change: the timer of the first one is none of its.
    assert.equal(run('arm', '60', 'none', '/etc/a'), 0);
    write('/etc/a', 'better');
    await pause(1500);
    assert.equal(read('/etc/a'), 'better');
    run('disarm');
  });

  test(`${name}: at boot, whatever is armed was never said to be good; half of it is nothing`, (t) => {
    const { root, run, read, write } = place(t, shell);
    write('/etc/a', 'old');
    run('arm', '60', 'none', '/etc/a');
    write('/etc/a', 'new');
    // Killed while the next one was being saved.
    mkdirSync(join(root, '/etc/edgeweir/undo.new/files'), { recursive: true });
    writeFileSync(join(root, '/etc/edgeweir/undo.new/files/%etc%a'), 'half');
    assert.equal(run('boot'), 0);
    assert.equal(read('/etc/a'), 'old');
    assert.equal(run('arm', '60', 'none', '/etc/a'), 0);
    assert.ok(!existsSync(join(root, '/etc/edgeweir/undo.new')));
    run('disarm');
  });

  test(`${name}: names that are no paths are refused, and nothing is armed`, (t) => {
    const { root, run } = place(t, shell);
    for (const path of ['relative', '/etc/a b', '/etc/$(touch x)', '/etc/a;id', '/etc/%', "/etc/'", '/etc/*'])
      assert.equal(run('arm', '60', 'none', path), 2, path);
    for (const args of [[], ['arm'], ['arm', '60'], ['nonsense']]) assert.equal(run(...args), 2, args.join(' '));
    assert.ok(!existsSync(join(root, '/etc/edgeweir/undo')));
  });
}

test('it is good shell: checked by the shell itself', () => {
  execFileSync('sh', ['-n', SCRIPT]);
});
