/** The shell programs themselves, with a keepalived that ends at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TAKEOVER_ADVERTS, renderVrrp } from '../../render/keepalived/compile.ts';
import { kept } from './keeper.ts';
import { until } from './pause.ts';

const ADVERT_MS = 100;
const VIPS = [
  { address: '192.0.2.5', mac: '02:00:c0:00:02:05' },
  { address: '192.0.2.8', mac: '02:00:c0:00:02:08' },
];

/** Milliseconds between two starts of what is kept, in a namespace of its own. */
async function pauseBetweenStarts(t: TestContext, bothServe: boolean): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-keeper-'));
  const { text } = renderVrrp(VIPS, { role: 'MASTER', own: '192.0.2.6', peer: '192.0.2.7', advertMs: ADVERT_MS, bothServe });
  await writeFile(join(directory, 'keepalived.conf'), text);
  const child = spawn('unshare', ['--net', ...kept(['sh', '-c', 'date +%s%3N >> starts'])], { cwd: directory, stdio: 'ignore' });
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true });
  });
  const starts = async (): Promise<number[]> =>
    (await readFile(join(directory, 'starts'), 'utf8').catch(() => '')).trim().split('\n').filter(Boolean).map(Number);
  const [first = 0, second = 0] = (await until(async () => ((await starts()).length > 1 ? starts() : null), 10, 20_000)) ?? [];
  return second - first;
}

for (const bothServe of [false, true]) {
  test(`another keepalived is started once the peer has taken over (${bothServe ? 'two groups of addresses' : 'one'})`, async (t) => {
    assert.ok((await pauseBetweenStarts(t, bothServe)) >= TAKEOVER_ADVERTS * ADVERT_MS);
  });
}
