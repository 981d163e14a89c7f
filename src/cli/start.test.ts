/** What `weir serve` says about a host or a configuration that is not right. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import { makeDirectory } from '../config/make-directory.ts';
import { silent } from '../model/log.ts';
import { instanceOf } from '../store/instance.ts';
import { bridgeChecks } from './doctor-bridges.ts';
import { startFindings } from './start-warnings.ts';
import { startServer } from './server.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** In Debian the user of nobody's files. */
const NOBODY = 65_534;
const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
const running = new Set<ChildProcess>();

after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  output: string;
}

async function serve(options: Record<string, string>, uid = 0): Promise<Run> {
  const settings = { 'DEFAULT.run_path': `${folder}/run`, 'api_settings.bind_port': String(await freePort()), ...options };
  const words = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const child = spawn(process.execPath, [MAIN, 'serve', ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { EDGEWEIR_CONF: '/dev/null' }, uid, gid: uid });
  running.add(child);
  const run: Run = { child, ended: once(child, 'exit'), output: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  return run;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : assert.fail();
}

async function says(run: Run, words: string): Promise<void> {
  while (!run.output.includes(words)) {
    if (run.child.exitCode !== null) assert.fail(`ended without saying '${words}':\n${run.output}`);
    await sleep(20);
  }
}

describe('weir serve', { timeout: 60_000 }, () => {
  test('a state, run or log path that cannot be made is named with the reason', async () => {
    for (const option of ['DEFAULT.state_path', 'DEFAULT.log_file']) {
      const run = await serve({ 'DEFAULT.state_path': `${folder}/unmade`, [option]: '/proc/edgeweir/below' });
      await run.ended;
      assert.equal(run.child.exitCode, 1, run.output);
      assert.match(run.output, /Error: Cannot make the directory \/proc\/edgeweir: ENOENT.*\n {2}What to do: .*choose another path/);
    }
  });

  test('as another user than root it says what to do', { skip: !readableByAll() && "the program is root's alone" }, async () => {
    chmodSync(folder, 0o755);
    const run = await serve({ 'DEFAULT.state_path': `${folder}/forbidden` }, NOBODY);
    await run.ended;
    assert.equal(run.child.exitCode, 2, run.output);
    assert.match(run.output, /EACCES.*\n {2}What to do: Run it as root/);
    assert.equal(existsSync(`${folder}/forbidden`), false);
  });

  test('what would make load balancers fail is said before it is ready', async () => {
    const wrong = { 'local_node.haproxy_binary': '/nowhere/haproxy', 'local_node.bridge_mappings': 'office:weir-nobridge' };
    const run = await serve({ 'DEFAULT.state_path': `${folder}/warned`, ...wrong });
    await says(run, '"ready"');
    run.child.kill('SIGTERM');
    await run.ended;
    const warnings = run.output.split('\n').filter((line) => line.includes('"level":40'));
    const told = warnings.map((line) => JSON.parse(line) as Record<string, string>);
    assert.deepEqual(
      told.map(({ check, detail }) => [check, detail]),
      [
        ['haproxy', '/nowhere/haproxy: not installed'],
        ['bridge of office', 'there is no weir-nobridge'],
      ],
    );
    for (const { msg, remedy } of told) assert.ok(msg?.includes('weir doctor') && remedy !== '', msg);
  });
});

/** Whether everybody may enter every directory above the program. */
function readableByAll(): boolean {
  try {
    process.setegid?.(NOBODY);
    process.seteuid?.(NOBODY);
    accessSync(MAIN);
    return true;
  } catch {
    return false;
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

const load = (text: Record<string, Record<string, string>>) => loadConfig({ file: '/dev/null', overrides: text });

test('bridges are looked for where they are mapped to, and must be bridges', async () => {
  const found = await bridgeChecks(load({ local_node: { bridge_mappings: 'a:lo, b:weir-nowhere/br0' } }));
  assert.deepEqual(
    found.map(({ check, result, detail }) => [check, result, detail]),
    [
      ['bridge of a', 'fail', 'lo is no bridge'],
      ['bridge of b', 'fail', 'there is no br0 in namespace weir-nowhere'],
    ],
  );
});

test('a host that carries nothing is asked nothing', async () => {
  const config = load({ lb_provider: { provider: 'noop', enabled_providers: 'noop' }, local_node: { haproxy_binary: '/nowhere/haproxy' } });
  assert.deepEqual(await startFindings(config), []);
});

test('stopped without a node, a server leaves no directory below the run path', async () => {
  const [state_path, run_path] = [join(folder, 'idle'), join(folder, 'idle-run')];
  const config = load({ DEFAULT: { state_path, run_path }, api_settings: { bind_port: String(await freePort()) } });
  const instance = join(run_path, instanceOf(state_path));
  makeDirectory(instance);
  await (await startServer(config, silent)).stop();
  assert.deepEqual([existsSync(run_path), existsSync(instance)], [true, false]);
});
