/** A server with the noop provider and the lab's networks, and the weir command as a person runs it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { ApiClient, readCredentials } from '../../lab/api-client.ts';
import { registerLab } from '../../lab/registry.ts';
import { silent } from '../../model/log.ts';
import { startServer } from '../server.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Site {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly password: string;
  /** As the administrator, with requests of one's own. */
  readonly api: ApiClient;
  /** Runs `weir` with these words. */
  weir(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** The same, which must succeed; resolves to what it printed. */
  ok(...words: readonly string[]): Promise<string>;
  /** The same with -f json. */
  json<T = Record<string, unknown>>(...words: readonly string[]): Promise<T>;
  /** The same, which must fail with this code and say this on standard error. */
  fails(code: number, said: RegExp, ...words: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Nothing of whoever runs the tests: neither their clouds nor their variables. */
function environment(folder: string, more: Readonly<Record<string, string>>): Record<string, string> {
  // The cache makes a start three times as fast.
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    EDGEWEIR_CONF: '/dev/null',
    ...more,
  };
}

export function runWeir(folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const args = ['--disable-warning=ExperimentalWarning', MAIN, ...words];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { encoding: 'utf8', cwd: folder, env: environment(folder, env), maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(error ?? new Error('weir has not ended by itself'));
    });
  });
}

export async function startSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'edgeweir-weir-'));
  const port = await freePort();
  const overrides = {
    DEFAULT: { state_path: join(folder, 'state'), run_path: join(folder, 'run') },
    api_settings: { bind_port: String(port), pagination_max_limit: '5' },
    identity: { bootstrap_projects: 'admin, iot', admin_password: 'password' },
    lb_provider: { provider: 'noop', enabled_providers: 'noop, octavia' },
    // Nothing is carried here: hosts may be invited, and none comes.
    local_node: { enabled: 'false' },
    agents: { bind_host: '127.0.0.1', bind_port: String(await freePort()) },
  };
  const server = await startServer(loadConfig({ file: '/dev/null', overrides }), silent);
  const api = new ApiClient(readCredentials(server.cloudsFile) ?? assert.fail());
  await registerLab(api);
  const weir: Site['weir'] = (words, env = {}) => runWeir(folder, words, { OS_CLIENT_CONFIG_FILE: server.cloudsFile, ...env });
  const ok: Site['ok'] = async (...words) => {
    const { code, stdout, stderr } = await weir(words);
    assert.deepEqual([code, stderr], [0, ''], words.join(' '));
    return stdout;
  };
  return {
    url: server.url,
    port,
    folder,
    password: 'password',
    api,
    weir,
    ok,
    json: async <T>(...words: readonly string[]) => JSON.parse(await ok(...words, '-f', 'json')) as T,
    async fails(code, said, ...words) {
      const outcome = await weir(words);
      assert.deepEqual([outcome.code, outcome.stdout], [code, ''], `${words.join(' ')}: ${outcome.stderr}`);
      assert.match(outcome.stderr, said, words.join(' '));
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
