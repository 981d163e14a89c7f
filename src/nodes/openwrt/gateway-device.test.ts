/** One gateway as the carrier of shares, against a virtual one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SetClock } from '../../lab/gateways/clock.ts';
import { Device } from '../../lab/gateways/device.ts';
import { answer } from '../../lab/gateways/rpc.ts';
import { gatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewayShare } from '../../model/node-config.ts';
import { shareSection } from '../../render/gateway/names.ts';
import { NodeError, SilentGatewayError } from '../node.ts';
import { GatewayDevice } from './gateway-device.ts';
import { GatewayClient } from './ubus/client.ts';
import { GatewayFault } from './ubus/fault.ts';
import { Session } from './ubus/session.ts';

const [A, B] = ['0a0a0a0a-0000-4000-8000-000000000001', '0b0b0b0b-0000-4000-8000-000000000002'] as const;
const CONFIG = '/etc/haproxy.cfg';

interface Bench {
  readonly device: Device;
  readonly gateway: GatewayDevice;
  /** Requests so far. */
  readonly requests: () => number;
  /** Called before each request; may throw, or change the device. */
  before: (body: string) => void;
}

function bench(identity: string | null = null, refuses: (candidate: string) => boolean = () => false): Bench {
  const device: Device = new Device({
    release: '24.10',
    hostname: 'gw',
    lanAddress: '192.168.1.1/24',
    wanAddress: '198.51.100.2/24',
    wanGateway: '198.51.100.1',
    serial: 'one',
    rootPassword: 'secret',
    packages: ['haproxy'],
    clock: new SetClock(),
    flash: 200_000,
    programs: new Map([
      [
        '/usr/sbin/haproxy',
        (args: readonly string[]) => (refuses(device.files.text(args.at(-1) ?? '') ?? '') ? { code: 1, stderr: 'no such thing\n' } : { code: 0 }),
      ],
    ]),
  });
  device.adopt();
  let count = 0;
  const made: { before: (body: string) => void } = { before: () => {} };
  const post = async (body: string): Promise<string> => {
    count++;
    made.before(body);
    return (await answer(device, { method: 'POST', path: '/ubus', authorization: undefined, body })).body;
  };
  const facts = gatewayFacts({ id: 'g', name: 'gw', facts: { programs: 'haproxy', memory_kib: '65536' } });
  const client = new GatewayClient(new Session({ post }, { username: 'root', password: 'secret' }));
  const gateway = new GatewayDevice({ name: 'gw', identity, facts: async () => facts, client, within: 30, settle: 0, turn: (work) => work() });
  return Object.assign(made, { device, gateway, requests: () => count });
}

function share(node: string, proxy: string): GatewayShare {
  return { proxy, packets: '', files: [], sections: [{ config: 'edgeweir', name: shareSection(node), type: 'share', options: { node } }] };
}

const frontend = (name: string): string => `frontend ${name}\n    mode http\n`;

test('changes that come together are one, and ten requests', async () => {
  const { gateway, requests, device } = bench();
  await Promise.all([gateway.set(A, share(A, frontend('a'))), gateway.set(B, share(B, frontend('b')))]);
  assert.ok(requests() <= 10, String(requests()));
  assert.equal((await gateway.present(A))?.proxy, frontend('a'));
  assert.equal((await gateway.present(B))?.proxy, frontend('b'));
  assert.deepEqual((await gateway.nodes()).toSorted(), [A, B]);
  assert.match(device.files.text(CONFIG) ?? '', /frontend a[\s\S]*frontend b/);
});

test('a share that the gateway refuses holds up no other', async () => {
  const { gateway } = bench(null, (candidate) => candidate.includes('frontend bad'));
  const [good, bad] = await Promise.allSettled([gateway.set(A, share(A, frontend('good'))), gateway.set(B, share(B, frontend('bad')))]);
  assert.equal(good.status, 'fulfilled');
  assert.match(bad.status === 'rejected' ? String(bad.reason) : '', /refuses \/etc\/haproxy\.cfg: no such thing/);
  assert.equal((await gateway.present(A))?.proxy, frontend('good'));
  assert.equal(await gateway.present(B), null);
});

test('a file that is changed between its sum and its reading is not taken for another', async () => {
  const made = bench();
  const { device, gateway } = made;
  await gateway.set(A, share(A, frontend('a')));
  const good = device.files.text(CONFIG) ?? '';
  const fresh = bench();
  fresh.device.adopt();
  fresh.device.files.write(CONFIG, good);
  fresh.device.services.rc('init', { name: 'haproxy', action: 'start' });
  fresh.before = (body) => {
    if (body.includes('"read"')) fresh.device.files.write(CONFIG, good.replace('frontend a', 'frontend x'));
  };
  assert.notEqual((await fresh.gateway.present(A))?.proxy, frontend('a'));
  fresh.before = () => {};
  fresh.device.files.write(CONFIG, good);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await fresh.gateway.present(A))?.proxy, frontend('a'));
});

test('who is silent is asked once, and everybody else is told', async () => {
  const made = bench();
  made.before = () => {
    throw new GatewayFault('unreachable', 'nobody is there');
  };
  const asked = Array.from({ length: 50 }, () => made.gateway.present(A));
  const answers = await Promise.allSettled(asked);
  assert.ok(answers.every((one) => one.status === 'rejected' && one.reason instanceof SilentGatewayError));
  assert.equal(made.requests(), 1);
  assert.match(
    answers[0]?.status === 'rejected' ? String(answers[0].reason) : '',
    /gateway gw gives no answer since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: nobody is there$/,
  );
});

test('another device at the address is told of, and asked no more often than one that is silent', async () => {
  const { gateway, requests } = bench('02:00:00:00:00:01');
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => gateway.present(A)));
  assert.ok(
    answers.every(
      (one) => one.status === 'rejected' && /cannot be managed since .*: another device answers at the address of gateway gw: 02:/.test(String(one.reason)),
    ),
  );
  assert.ok(requests() <= 2, String(requests()));
});

test('what stands around the shares, and files of strangers', async () => {
  const { device, gateway } = bench();
  await gateway.set(A, share(A, frontend('a')));
  device.files.write(CONFIG, `${device.files.text(CONFIG) ?? ''}# mine\n`);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.match((await gateway.present(A))?.proxy ?? '', /what stands around the shares was changed/);
  await gateway.set(A, share(A, frontend('a')));
  assert.ok(!(device.files.text(CONFIG) ?? '').includes('# mine'));
  device.files.write(CONFIG, 'global\n# somebody’s\n');
  await assert.rejects(gateway.set(A, share(A, frontend('a'))), (error: Error) => error instanceof NodeError && /is somebody else's/.test(error.message));
});

test('with the last share nothing of ours is left, and what was there before is', async () => {
  const { device, gateway } = bench();
  const before = new Map(device.files.paths().map((path) => [path, device.files.text(path)]));
  await gateway.set(A, share(A, frontend('a')));
  await gateway.set(A, null);
  before.delete(CONFIG);
  assert.deepEqual(new Map(device.files.paths().map((path) => [path, device.files.text(path)])), before);
  assert.equal(device.services.get('haproxy')?.running, false);
});
