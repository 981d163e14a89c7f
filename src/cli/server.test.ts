import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { ApiClient, ApiError, readCredentials } from '../lab/api-client.ts';
import { registerLab, unregisterLab } from '../lab/registry.ts';
import { silent } from '../model/log.ts';
import { StoreLockedError } from '../store/store.ts';
import { CliError } from './cli-error.ts';
import { ensureDemo, removeBalancers, waitForDemo } from './demo-balancer.ts';
import { startServer } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgeweir-server-'));
after(() => rmSync(folder, { recursive: true }));

async function occupied(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function freePort(): Promise<number> {
  const server = await occupied();
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function configFor(name: string, ports: { bind_port: number; keystone_port?: number }): Config {
  const api = Object.fromEntries(Object.entries(ports).map(([option, port]) => [option, String(port)]));
  const state = { state_path: join(folder, name), run_path: join(folder, `${name}-run`) };
  return loadConfig({ file: '/dev/null', overrides: { DEFAULT: state, api_settings: api, lb_provider: { provider: 'noop', enabled_providers: 'noop' } } });
}

const client = (file: string): ApiClient => new ApiClient(readCredentials(file) ?? assert.fail(`no ${file}`));

describe('the server', () => {
  test('carries the demonstration from nothing to ONLINE, once only, and back to nothing', async () => {
    const server = await startServer(configFor('demo', { bind_port: await freePort() }), silent);
    try {
      const api = client(server.cloudsFile);
      const networks = await registerLab(api);
      assert.deepEqual(await registerLab(api), networks);
      assert.deepEqual(
        networks.map(({ name, mtu, prefixLength }) => [name, mtu, prefixLength]),
        [
          ['private', 1500, 24],
          ['public', 1500, 24],
        ],
      );
      const { id } = await ensureDemo(api);
      const balancer = await waitForDemo(api, id, AbortSignal.timeout(60_000));
      assert.equal((await ensureDemo(api)).id, id);
      const { members } = await api.request<{ members: unknown[] }>('GET', `/load-balancer/v2.0/lbaas/pools/${await poolOf(api)}/members`);
      assert.equal(members.length, 2);
      assert.match(balancer.vip_address, /^192\.168\.1\./);
      await removeBalancers(api, 'own');
      await unregisterLab(api);
      assert.deepEqual(await api.request('GET', '/network/v2.0/networks'), { networks: [] });
    } finally {
      await server.stop();
    }
  });

  test('writes clouds.yaml for its owner alone, and listens on the Keystone port too', async () => {
    const ports = { bind_port: await freePort(), keystone_port: await freePort() };
    const server = await startServer(configFor('keystone', ports), silent);
    try {
      assert.equal(statSync(server.cloudsFile).mode & 0o777, 0o600);
      const { version } = (await (await fetch(`http://127.0.0.1:${ports.keystone_port}/v3`)).json()) as { version: { id: string } };
      assert.match(version.id, /^v3/);
      const wrong = { ...(readCredentials(server.cloudsFile) ?? assert.fail()), password: 'wrong' };
      await assert.rejects(new ApiClient(wrong).request('GET', '/network/v2.0/networks'), (error) => error instanceof ApiError && error.status === 401);
    } finally {
      await server.stop();
    }
  });

  test('a port that is taken is said clearly, and nothing is held then', async () => {
    const other = await occupied();
    try {
      const { port } = other.address() as AddressInfo;
      await assert.rejects(
        startServer(configFor('busy', { bind_port: port }), silent),
        (error) => error instanceof CliError && error.message.includes(`port ${port} is already in use`),
      );
      const keystone = configFor('busy', { bind_port: await freePort(), keystone_port: port });
      await assert.rejects(startServer(keystone, silent), (error) => error instanceof CliError && error.remedy.includes('keystone_port'));
    } finally {
      other.close();
    }
    const server = await startServer(configFor('busy', { bind_port: await freePort() }), silent);
    await server.stop();
  });

  test('a second server on the same state refuses', async () => {
    const server = await startServer(configFor('twice', { bind_port: await freePort() }), silent);
    try {
      await assert.rejects(startServer(configFor('twice', { bind_port: await freePort() }), silent), StoreLockedError);
    } finally {
      await server.stop();
    }
  });
});

async function poolOf(api: ApiClient): Promise<string> {
  const { pools } = await api.request<{ pools: { id: string }[] }>('GET', '/load-balancer/v2.0/lbaas/pools');
  return pools[0]?.id ?? assert.fail('no pool');
}
