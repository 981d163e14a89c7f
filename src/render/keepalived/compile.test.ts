/** Against keepalived itself, which must be installed: a test that skips proves nothing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { KeepalivedError } from './argument.ts';
import { type PairMember, renderVrrp, sharedAddresses } from './compile.ts';

const run = promisify(execFile);
const VIP = { address: '192.0.2.5', mac: '02:00:c0:00:02:05' };
const VIP6 = { address: '2001:db8::5', mac: '06:01:02:03:04:05' };
const MASTER: PairMember = { role: 'MASTER', own: '192.0.2.6', peer: '192.0.2.7', advertMs: 100 };
const BACKUP: PairMember = { role: 'BACKUP', own: '192.0.2.7', peer: '192.0.2.6', advertMs: 100 };
const SECOND = { address: '192.0.2.8', mac: '02:00:c0:00:02:08' };
const BOTH = [VIP, VIP6, SECOND, { ...VIP, address: '192.0.2.9' }];
const CASES = {
  master: renderVrrp([VIP], MASTER),
  'backup-ipv6': renderVrrp([VIP6], { role: 'BACKUP', own: '2001:db8::7', peer: '2001:db8::6', advertMs: 1000 }),
  'further-vips': renderVrrp([VIP, { ...VIP, address: '192.0.2.8' }, VIP6], MASTER),
  'both-serve-master': renderVrrp(BOTH, { ...MASTER, bothServe: true }),
  'both-serve-backup': renderVrrp(BOTH, { ...BACKUP, bothServe: true }),
};

for (const [name, { text }] of Object.entries(CASES)) {
  test(`golden: ${name}`, async () => {
    const golden = new URL(`golden/${name}.conf`, import.meta.url);
    if (process.env['WEIR_GOLDEN'] === '1') await writeFile(golden, text);
    assert.equal(text, await readFile(golden, 'utf8'));
    await assertAccepted(text);
  });
}

/** In a namespace of its own, where the link is, because keepalived looks for it. */
async function assertAccepted(text: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wtr-keepalived-'));
  try {
    await writeFile(join(directory, 'keepalived.conf'), text);
    const script = 'ip link add eth0 type veth peer name eth1 && ip link set eth0 up && exec keepalived -P -t -f keepalived.conf';
    const { stdout, stderr } = await run('unshare', ['--net', 'sh', '-c', script], { cwd: directory });
    assert.equal(`${stdout}${stderr}`, '');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every other address of the first's family is the second node's; the other family's go in turn. */
const ORDERED = Array.from({ length: 2 }, () => ['192.0.2.5', '192.0.2.9', '192.0.2.8', '2001:db8::5']);

test('two nodes that both serve need an address each, of the family that they talk in', () => {
  for (const vips of [[VIP], [VIP, VIP6]]) assert.throws(() => renderVrrp(vips, { ...MASTER, bothServe: true }), KeepalivedError);
});

test('each node prefers its own group, and takes it again when it is back', () => {
  const priorities = (role: PairMember): string[] =>
    [...renderVrrp(BOTH, { ...role, bothServe: true }).text.matchAll(/^ {4}priority (\d+)/gm)].map(([, number = '']) => number);
  assert.deepEqual(
    [priorities(MASTER), priorities(BACKUP)],
    [
      ['100', '90'],
      ['90', '100'],
    ],
  );
  assert.ok(!CASES['both-serve-master'].text.includes('nopreempt'));
});

test('the shared addresses are read back from the text', () => {
  assert.deepEqual(Object.values(CASES).map(sharedAddresses), [['192.0.2.5'], ['2001:db8::5'], ['192.0.2.5', '192.0.2.8', '2001:db8::5'], ...ORDERED]);
});

test('nothing but addresses, MACs and numbers gets in: whatever else is refused, never written', () => {
  const hostile = fc.oneof(fc.string(), fc.constantFrom('192.0.2.1 }', 'fe80::1%eth0', '192.0.2.1\n}', '$A', '192.0.2.1/24', ''));
  fc.assert(
    fc.property(hostile, (value) => {
      for (const change of [() => renderVrrp([VIP, { ...VIP, address: value }], MASTER), () => renderVrrp([VIP], { ...MASTER, peer: value })]) {
        const line = attempt(change);
        assert.ok(line === null || /^[0-9a-fA-F.:]+$/.test(value), value);
      }
      assert.ok(attempt(() => renderVrrp([{ ...VIP, mac: value }], MASTER)) === null || /^[0-9a-f:]{17}$/.test(value));
    }),
  );
});

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof KeepalivedError);
    return null;
  }
}

test('times that VRRP cannot say are refused', () => {
  for (const advertMs of [0, 9, 40_951, 0.5, Number.NaN]) assert.throws(() => renderVrrp([VIP], { ...MASTER, advertMs }), KeepalivedError);
  for (const advertMs of [10, 50, 40_950]) assert.match(renderVrrp([VIP], { ...MASTER, advertMs }).text, /advert_int \d+\.\d\d\n/);
});
