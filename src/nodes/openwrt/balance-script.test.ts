/** edge/edgeweir-balance in BusyBox's shell, in a namespace of its own: which slots members have. Needs root. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listenerOf, memberOf, monitorOf, poolOf } from '../../render/haproxy/topology.fixture.ts';
import { balanceFile } from '../../render/gateway/balance-file.ts';
import { packetShare } from '../../render/gateway/packets.ts';
import type { MemberTopology } from '../../model/topology.ts';

const SCRIPT = fileURLToPath(new URL('../../../edge/edgeweir-balance', import.meta.url));
const NODE = '0a1b2c3d-0000-4000-8000-000000000001';
const APPLETS = ['awk', 'cat', 'cmp', 'cut', 'date', 'grep', 'head', 'ls', 'mkdir', 'mkfifo', 'mv', 'nc', 'rm', 'sed', 'sleep', 'tr'];

for (const shell of [['busybox', 'ash'], ['dash']]) {
  suite(shell.join(' '), () => {
    test('a lone member that is dead has no slot, and gets its own back', async (t) => {
      const bed = await run(t, shell, [memberOf({ address: '10.9.0.1', port: 80 })]);
      await bed.until(() => bed.slots().length === 0);
      bed.serve('10.9.0.1');
      await bed.until(() => new Set(bed.slots()).size === 1);
    });

    test('weights have their shares; the dead one’s slots go to the others and no others move; backups come last', async (t) => {
      const members = [
        memberOf({ id: 'a', address: '10.9.0.1', port: 80 }),
        memberOf({ id: 'b', address: '10.9.0.2', port: 80, weight: 2 }),
        memberOf({ id: 'c', address: '10.9.0.3', port: 80, backup: true }),
      ];
      const bed = await run(t, shell, members);
      const [a, b, c] = ['10.9.0.1', '10.9.0.2', '10.9.0.3'].map((address) => bed.serve(address));
      const share = (address: string): number => bed.slots().filter((one) => one === address).length;
      await bed.until(() => bed.status().match(/ up /g)?.length === 3);
      await bed.until(() => share('10.9.0.2') === 2 * share('10.9.0.1') && share('10.9.0.1') > 0);
      const before = bed.slots();
      b?.kill();
      await bed.until(() => share('10.9.0.2') === 0);
      const moved = bed.slots().flatMap((owner, slot) => (owner === before[slot] ? [] : [before[slot]]));
      assert.deepEqual(new Set(moved), new Set(['10.9.0.2']));
      a?.kill();
      await bed.until(() => new Set(bed.slots()).size === 1 && share('10.9.0.3') > 0);
      c?.kill();
      await bed.until(() => bed.slots().length === 0);
    });

    test('what is taken away is gone, and with its end nothing is left', async (t) => {
      const bed = await run(t, shell, [memberOf({ address: '10.9.0.1', port: 80 })]);
      assert.match(bed.nft('list', 'tables'), /table ip weir_0a1b2c3d0000/);
      bed.write('');
      bed.script.kill('SIGHUP');
      await bed.until(() => bed.nft('list', 'tables') === '');
      bed.write(null);
      bed.script.kill('SIGTERM');
      await once(bed.script, 'exit');
      await bed.until(() => execFileSync('ip', ['netns', 'pids', bed.namespace], { encoding: 'utf8' }).trim() === '');
    });
  });
}

interface Bed {
  readonly namespace: string;
  readonly script: ReturnType<typeof spawn>;
  slots(): string[];
  status(): string;
  nft(...words: string[]): string;
  /** @param text - null for what the bed began with */
  write(text: string | null): void;
  serve(address: string): ReturnType<typeof spawn>;
  until(holds: () => boolean): Promise<void>;
}

async function run(t: TestContext, shell: readonly string[], members: readonly MemberTopology[]): Promise<Bed> {
  const namespace = `weir-test-${process.pid}-${Math.floor(performance.now())}`;
  const directory = mkdtempSync('/tmp/balance-');
  const children: ReturnType<typeof spawn>[] = [];
  const inside = (...words: string[]): string =>
    execFileSync('ip', ['netns', 'exec', namespace, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  execFileSync('ip', ['netns', 'add', namespace]);
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
    const left = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).split('\n').filter(Boolean);
    for (const pid of left) endOf(Number(pid));
    execFileSync('ip', ['netns', 'del', namespace]);
    rmSync(directory, { recursive: true });
  });
  inside('ip', 'link', 'set', 'lo', 'up');
  for (const last of [1, 2, 3, 9]) inside('ip', 'address', 'add', `10.9.0.${last}/32`, 'dev', 'lo');
  mkdirSync(join(directory, 'bin'));
  for (const applet of APPLETS) symlinkSync('/usr/bin/busybox', join(directory, 'bin', applet));
  const pool = poolOf({ protocol: 'TCP', members, monitor: monitorOf({ type: 'TCP', delay: 1, timeout: 1, rise: 1, fall: 2, http: null }) });
  const listener = listenerOf({ protocol: 'TCP' });
  const file = balanceFile(new Map([[NODE, packetShare({ id: 'lb' }, NODE, [{ listener, vips: ['10.9.0.9'], carrier: { pool } }])]]));
  const path = join(directory, 'balance');
  writeFileSync(path, file);
  const env = { PATH: `${join(directory, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, EDGEWEIR_BALANCE: path, EDGEWEIR_RUN: join(directory, 'run') };
  const start = (words: readonly string[]): ReturnType<typeof spawn> => {
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...words], { stdio: 'ignore', env });
    children.push(child);
    return child;
  };
  const bed: Bed = {
    namespace,
    script: start([...shell, SCRIPT, 'run']),
    nft: (...words) => inside('nft', ...words),
    slots: () => {
      const found = inside('nft', 'list', 'map', 'ip', 'weir_0a1b2c3d0000', 'm_listener1').matchAll(/(\d+) : (10\.9\.0\.\d) \. 80/g);
      return [...found]
        .map(([, slot, address = '']) => ({ slot: Number(slot), address }))
        .toSorted((a, b) => a.slot - b.slot)
        .map(({ address }) => address);
    },
    status: () => execFileSync('nsenter', [`--net=/run/netns/${namespace}`, ...shell, SCRIPT, 'status'], { encoding: 'utf8', env }),
    write: (text) => writeFileSync(path, text ?? file),
    serve: (address) => start([process.execPath, '-e', `require('net').createServer((s) => s.on('error', () => {})).listen(80, '${address}')`]),
    until: async (holds) => {
      for (let left = 200; left > 0; left--) {
        if (attempt(holds)) return;
        await pause(50);
      }
      assert.ok(holds());
    },
  };
  await bed.until(() => bed.nft('list', 'tables').includes('weir_0a1b2c3d0000'));
  return bed;
}

function endOf(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** What is asked for may not be there yet. */
function attempt(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    return false;
  }
}
