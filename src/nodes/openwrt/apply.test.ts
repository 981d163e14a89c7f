/** Whatever happens in the middle, a gateway ends either as it was or as it is to be. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SetClock } from '../../lab/gateways/clock.ts';
import { Device } from '../../lab/gateways/device.ts';
import type { Ran } from '../../lab/gateways/file-object.ts';
import { GUARD } from '../../lab/gateways/guard.ts';
import { answer } from '../../lab/gateways/rpc.ts';
import type { ServiceAction } from '../../lab/gateways/services.ts';
import { section } from '../../render/uci/package.ts';
import { NotAppliedError, applyConfig, readPresent } from './apply.ts';
import { type DeviceConfig, changeOf, isNothing } from './device-config.ts';
import { GatewayClient } from './ubus/client.ts';
import { GatewayFault } from './ubus/fault.ts';
import { Session } from './ubus/session.ts';
import type { UbusTransport } from './ubus/transport.ts';

const HAPROXY = '/etc/haproxy.cfg';
const FAST = { within: 30, settle: 0 };

/** Debian's HAProxy looks at the file as OpenWrt's would. */
function haproxy(device: () => Device, args: readonly string[]): Ran {
  const directory = mkdtempSync(join(tmpdir(), 'weir-lint-'));
  try {
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, device().files.text(args.at(-1) ?? '') ?? '');
    execFileSync('haproxy', ['-c', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { code: 0 };
  } catch (error) {
    return { code: 1, stderr: String((error as { stderr?: Buffer }).stderr ?? error) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Bench {
  readonly device: Device;
  readonly clock: SetClock;
  /** A controller's client; `cut` is asked before each request, and may fail it. */
  client(cut?: (requests: number) => void, after?: (requests: number) => void): GatewayClient;
}

function bench({ onAction = () => {} }: { onAction?: (device: Device, name: string, action: ServiceAction) => void } = {}): Bench {
  const clock = new SetClock();
  const names = {
    hostname: 'gw',
    lanAddress: '192.168.1.1/24',
    wanAddress: '198.51.100.2/24',
    wanGateway: '198.51.100.1',
    serial: 'one',
    rootPassword: 'secret',
  };
  const device: Device = new Device({
    ...names,
    release: '24.10',
    packages: ['haproxy'],
    clock,
    flash: 200_000,
    programs: new Map([['/usr/sbin/haproxy', (args: readonly string[]) => haproxy(() => device, args)]]),
    hooks: { onAction: (name, action) => onAction(device, name, action), onSignal: () => {} },
  });
  device.files.write(GUARD, '#!/bin/sh\n', 0o755);
  device.files.write('/etc/config/edgeweir', '');
  const client = (cut: (requests: number) => void = () => {}, after: (requests: number) => void = () => {}): GatewayClient => {
    let requests = 0;
    const transport: UbusTransport = {
      post: async (body) => {
        cut(++requests);
        const { body: text } = await answer(device, { method: 'POST', path: '/ubus', authorization: undefined, body });
        after(requests);
        return text;
      },
    };
    return new GatewayClient(new Session(transport, { username: 'root', password: 'secret' }));
  };
  return { device, clock, client };
}

const CFG = 'defaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\nfrontend f\n    bind 127.0.0.1:8080\n';

function wanted(change: { readonly haproxy?: string; readonly port?: string; readonly destination?: string } = {}): DeviceConfig {
  const { haproxy: content = CFG, port = '80', destination } = change;
  const redirect = destination === undefined ? [] : [section('weir_b', 'redirect', { src: 'wan', dest_ip: destination, target: 'DNAT' })];
  return {
    uci: {
      edgeweir: [section('weir_share_a', 'share', { digest: port })],
      firewall: [section('weir_a', 'rule', { src: 'wan', dest_port: port, proto: ['tcp'], target: 'ACCEPT' }), ...redirect],
    },
    files: { [HAPROXY]: { content, mode: 0o640, service: 'haproxy', lint: ['/usr/sbin/haproxy', '-c', '-f'] } },
    services: ['haproxy'],
  };
}

/** All of its flash, but for what somebody does to be safe. */
function flashOf({ files }: Device): Record<string, string> {
  return Object.fromEntries(
    files
      .paths()
      .filter((path) => !path.startsWith('/etc/edgeweir/undo'))
      .map((path) => [path, files.text(path) ?? '']),
  );
}

const isAsWanted = async ({ client }: Bench, config: DeviceConfig): Promise<boolean> => isNothing(changeOf(await readPresent(client(), config), config));

test('a change is made, looked at and confirmed, in few requests; a second time there is nothing to do', async () => {
  const one = bench();
  const { device, clock } = one;
  const before = flashOf(device);
  const client = one.client();
  const change = await applyConfig(client, wanted(), FAST);
  assert.deepEqual(
    change?.operations.map(({ op, config }) => `${op} ${config}`),
    ['add edgeweir', 'add firewall'],
  );
  await client.end();
  assert.ok(client.requests <= 8, `${client.requests} requests`);
  clock.advance(300_000);
  const after = flashOf(device);
  const { [HAPROXY]: cfg, '/etc/config/firewall': firewall = '', '/etc/config/edgeweir': own, ...others } = after;
  const { [HAPROXY]: _cfg, '/etc/config/firewall': foreign = '', '/etc/config/edgeweir': _own, ...unchanged } = before;
  assert.deepEqual(others, unchanged);
  assert.equal(cfg, CFG);
  assert.match(own ?? '', /config share 'weir_share_a'/);
  assert.equal(firewall.replace(/config rule 'weir_a'[^]*$/, ''), foreign);
  assert.equal(device.services.get('haproxy')?.running, true);
  const again = one.client();
  assert.equal(await applyConfig(again, wanted(), FAST), null);
  assert.equal(again.requests, 2, 'a login and a look');
});

test('a file that its reader refuses changes nothing', async () => {
  const one = bench();
  const before = flashOf(one.device);
  await assert.rejects(
    applyConfig(one.client(), wanted({ haproxy: 'frontend f\n    nonsense\n' }), FAST),
    (error: unknown) => error instanceof NotAppliedError && /haproxy refuses .*nonsense/s.test(error.message),
  );
  assert.deepEqual(flashOf(one.device), before);
});

test('a firewall that leaves our rule out, and says that all is well, is not believed', async () => {
  const one = bench();
  const before = flashOf(one.device);
  await assert.rejects(
    applyConfig(one.client(), wanted({ destination: '192.168.1.10 192.168.1.11' }), FAST),
    /fw4 does not take its rules: \[!\] Section weir_b/,
  );
  assert.deepEqual(flashOf(one.device), before);
});

test('a service that does not run afterwards is told, and all is as it was', async () => {
  const one = bench({
    onAction: (device, name, action) => {
      const service = device.services.get(name);
      if (name === 'haproxy' && action !== 'enable' && service) service.running = false;
    },
  });
  const before = flashOf(one.device);
  await assert.rejects(applyConfig(one.client(), wanted(), FAST), /what has to run does not: haproxy/);
  assert.deepEqual(flashOf(one.device), before);
});

test('somebody else’s unconfirmed change is not touched', async () => {
  const one = bench();
  one.device.files.write(
    '/etc/config/rpcd',
    `${one.device.files.text('/etc/config/rpcd')}\nconfig login\n\toption username 'luci'\n\toption password 'plain:x'\n\tlist read '*'\n\tlist write '*'\n`,
  );
  const luci = new GatewayClient(
    new Session(
      { post: async (body) => (await answer(one.device, { method: 'POST', path: '/ubus', authorization: undefined, body })).body },
      { username: 'luci', password: 'x' },
    ),
  );
  await luci.uciStage([{ op: 'set', config: 'system', section: '@system[0]', values: { hostname: 'theirs' } }]);
  await luci.uciApply(60);
  const before = flashOf(one.device);
  await assert.rejects(applyConfig(one.client(), wanted(), FAST), /somebody else is changing its configuration/);
  assert.deepEqual(flashOf(one.device), before);
  await luci.uciConfirm();
  assert.ok(await applyConfig(one.client(), wanted(), FAST));
});

test('no room, no writing: nothing is begun', async () => {
  for (const spoil of [
    (device: Device) => (device.files.isReadOnly = true),
    (device: Device) => device.files.write('/etc/big', 'x'.repeat(200_000 - device.files.used())),
  ]) {
    const one = bench();
    spoil(one.device);
    const before = flashOf(one.device);
    await assert.rejects(applyConfig(one.client(), wanted(), FAST), (error: unknown) => error instanceof GatewayFault);
    one.device.files.isReadOnly = false;
    one.clock.advance(300_000);
    assert.deepEqual(flashOf(one.device), before);
  }
});

test('without its guard a gateway is not changed', async () => {
  const one = bench();
  one.device.files.remove(GUARD);
  await assert.rejects(applyConfig(one.client(), wanted(), FAST), /its guard is not installed/);
});

class Died extends Error {}

/** How many requests a change takes. */
async function requestsOfChange(): Promise<number> {
  const client = bench().client();
  await applyConfig(client, wanted(), FAST);
  return client.requests;
}

/** What a controller that is gone leaves behind, once all timers have run out. */
async function afterwards(one: Bench, config: DeviceConfig, old: Record<string, string>): Promise<'old' | 'new'> {
  one.clock.advance(300_000);
  if (await isAsWanted(one, config)) return 'new';
  assert.deepEqual(flashOf(one.device), old);
  return 'old';
}

const die = (): never => {
  throw new Died();
};

test('a controller that dies at any moment leaves the old or the new, and its successor need not wait', async () => {
  const all = await requestsOfChange();
  const ends: string[] = [];
  for (const moment of ['before', 'after'] as const) {
    for (let at = 1; at <= all; at++) {
      const one = bench();
      const old = flashOf(one.device);
      const [cut, after] = [(requests: number) => void (requests >= at + (moment === 'before' ? 0 : 1) && die()), () => {}];
      await assert.rejects(
        applyConfig(one.client(cut, after), wanted(), FAST).then(() => (moment === 'after' && at === all ? die() : undefined)),
        Died,
      );
      ends.push(await afterwards(one, wanted(), old));
      const hurried = bench();
      await applyConfig(hurried.client(cut, after), wanted(), FAST).catch(() => {});
      await applyConfig(hurried.client(), wanted({ port: '81' }), FAST);
      hurried.clock.advance(300_000);
      assert.ok(await isAsWanted(hurried, wanted({ port: '81' })), `after a death ${moment} request ${at}`);
    }
  }
  assert.ok(ends.includes('old') && ends.includes('new'), ends.join());
});

test('a reboot at any moment, and a loss of power, leave the old or the new', async () => {
  const all = await requestsOfChange();
  for (let at = 1; at <= all; at++) {
    const one = bench();
    const old = flashOf(one.device);
    let isDown = false;
    const client = one.client(
      () => void (isDown && die()),
      (requests) => {
        if (requests !== at) return;
        isDown = true;
        one.device.reboot();
      },
    );
    await applyConfig(client, wanted(), FAST).catch(() => {});
    await afterwards(one, wanted(), old);
  }
});

test('the hole in rpcd: somebody’s apply without rollback throws its copies away; ours are still there', async () => {
  const one = bench();
  const old = flashOf(one.device);
  const client = one.client((requests) => {
    // The change is made; then the other one comes, and we are gone.
    if (requests >= 6) die();
  });
  await assert.rejects(applyConfig(client, wanted(), FAST), Died);
  const other = one.device.sessions.create(0);
  other.rights.set('uci', new Map([['*', ['read', 'write']]]));
  assert.equal(one.device.uci.call(other, 'apply', { rollback: false }), 0);
  assert.equal(await afterwards(one, wanted(), old), 'old');
});
