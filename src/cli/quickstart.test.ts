/** The whole of `npm start`, as a user meets it: on real namespaces, with a crash in the middle. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { labDown, labStatus } from '../lab/lab.ts';
import { namespaceNames } from '../nodes/local/namespace.ts';
import { instanceOf } from '../store/instance.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'weir-q-'));
const statePath = join(folder, 'state');
const instance = instanceOf(statePath);
const port = await freePort();
const options = ['--set', `DEFAULT.state_path=${statePath}`, '--set', `DEFAULT.run_path=${folder}/run`, '--set', `api_settings.bind_port=${port}`];
const running = new Set<ChildProcess>();

after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await labDown(instance);
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : assert.fail();
}

interface Run {
  readonly child: ChildProcess;
  output: string;
}

function start(): Run {
  const child = spawn(process.execPath, [MAIN, 'quickstart', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, EDGEWEIR_CONF: '/dev/null' },
  });
  const run: Run = { child, output: '' };
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  child.once('exit', () => running.delete(child));
  return run;
}

async function says(run: Run, words: string): Promise<void> {
  while (!run.output.includes(words)) {
    if (run.child.exitCode !== null) assert.fail(`ended without saying '${words}':\n${run.output}`);
    await sleep(20);
  }
}

async function stop(run: Run, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(run.child, 'exit');
  run.child.kill(signal);
  await ended;
  return run.child.exitCode;
}

const ours = async (): Promise<string[]> => (await namespaceNames()).filter((name) => name.startsWith(`weir-${instance}-`)).sort();
const answers = (run: Run): string[] => [...run.output.matchAll(/^ {2}\d\. (web\d)$/gm)].map((match) => match[1] ?? '').sort();

describe('quickstart', { timeout: 120_000 }, () => {
  test('shows requests answered in turn; killed and started again it doubles nothing; Ctrl-C leaves nothing', async () => {
    const first = start();
    await says(first, 'Ctrl-C here removes everything');
    assert.deepEqual(answers(first), ['web1', 'web1', 'web1', 'web2', 'web2', 'web2']);
    const [namespaces, hosts] = [await ours(), await labStatus(instance)];
    await stop(first, 'SIGKILL');
    assert.deepEqual(await ours(), namespaces);

    const second = start();
    await says(second, 'Ctrl-C here removes everything');
    assert.deepEqual(answers(second), ['web1', 'web1', 'web1', 'web2', 'web2', 'web2']);
    assert.deepEqual([await ours(), await labStatus(instance)], [namespaces, hosts]);

    const third = spawnSync(process.execPath, [MAIN, 'quickstart', ...options], { encoding: 'utf8' });
    assert.equal(third.status, 1);
    assert.match(third.stderr, /It runs already/);

    second.child.kill('SIGINT');
    assert.equal(await stop(second, 'SIGINT'), 0, second.output);
    assert.deepEqual(await ours(), []);
    assert.equal(existsSync(statePath) || existsSync(join(folder, 'run')), false);
  });

  test('interrupted half-way it cleans up what there is', async () => {
    const run = start();
    await says(run, 'Building the lab');
    assert.equal(await stop(run, 'SIGTERM'), 0, run.output);
    assert.deepEqual(await ours(), []);
    assert.equal(existsSync(statePath), false);
  });
});
