/** Load from the lab's client while something else happens. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Playground } from './playground.fixture.ts';

const PROGRAM = fileURLToPath(new URL('load-program.fixture.ts', import.meta.url));

/** Requests by who answered them, or by what went wrong. */
export type Tally = Record<string, number>;

/** Asks the addresses without rest while `work` runs; fails if one request did. Ends the client also when `work` fails. */
export async function underLoad(cloud: Playground, addresses: readonly string[], work: () => Promise<void>): Promise<Tally> {
  const client = spawn('nsenter', [`--net=/run/netns/weir-${cloud.instance}-lab-client`, process.execPath, PROGRAM, ...addresses], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    await work();
    client.stdin.end();
    const tally = JSON.parse(String((await lines.next()).value)) as Tally;
    assert.deepEqual(
      Object.keys(tally).filter((who) => who.startsWith('failed')),
      [],
      JSON.stringify(tally),
    );
    assert.ok(Object.values(tally).reduce((sum, count) => sum + count, 0) > 20, `hardly a request was made: ${JSON.stringify(tally)}`);
    return tally;
  } finally {
    await ended(client);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
