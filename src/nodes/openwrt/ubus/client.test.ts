/** Against virtual gateways over real sockets, with whatever is wrong with them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createRawServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { recordedDevice } from '../../../lab/gateways/recording.fixture.ts';
import type { Knobs } from '../../../lab/gateways/device.ts';
import { type Tls, listen } from '../../../lab/gateways/server.ts';
import { diffUci } from '../../../render/uci/diff.ts';
import { section } from '../../../render/uci/package.ts';
import { pauseAfter } from './backoff.ts';
import { GatewayClient } from './client.ts';
import { GatewayFault, type GatewayFaultKind } from './fault.ts';
import { BODY_AT_MOST, NOBODY, bodiesOf, outcomesOf } from './rpc.ts';
import { Session } from './session.ts';
import { type GatewayAddress, HttpTransport, pinOf } from './transport.ts';

type Recorded = ReturnType<typeof recordedDevice>;

async function gateway(
  t: TestContext,
  { address = {}, username = 'root', password = 'labpass', tls }: { address?: Partial<GatewayAddress>; username?: string; password?: string; tls?: Tls } = {},
): Promise<Recorded & { client: GatewayClient; url: string }> {
  const recorded = recordedDevice();
  const { url, close } = await listen(recorded.device, tls ? { tls } : {});
  t.after(close);
  const transport = new HttpTransport({ url, pin: null, answerWithin: 2000, ...address });
  return { ...recorded, url, client: new GatewayClient(new Session(transport, { username, password })) };
}

const fails = (kind: GatewayFaultKind, words: RegExp) => (error: unknown) => error instanceof GatewayFault && error.kind === kind && words.test(error.message);

test('facts, files and programs', async (t) => {
  const { client, device } = await gateway(t);
  assert.deepEqual((({ hostname, release, boardName }) => [hostname, release, boardName])(await client.board()), ['OpenWrt', '24.10.8', 'edgeweir,virtual']);
  assert.equal(await client.readFile('/etc/nosuch'), null);
  const text = `# ü\n${'x'.repeat(150_000)}\n`;
  await client.writeFile('/etc/haproxy.cfg', text, 0o640);
  assert.equal(device.files.text('/etc/haproxy.cfg'), text);
  assert.equal(device.files.read('/etc/haproxy.cfg')?.mode, 0o640);
  assert.equal(await client.readFile('/etc/haproxy.cfg'), text);
  await client.writeFile('/etc/empty', '');
  assert.equal(device.files.text('/etc/empty'), '');
  await client.removeFile('/etc/empty');
  await client.removeFile('/etc/empty');
  assert.deepEqual(await client.exec('fw4', ['check']), { code: 0, stdout: 'Ruleset passes nftables check.\n', stderr: '' });
  await assert.rejects(client.exec('nosuch'), fails('refused', /file exec nosuch: not found/));
  assert.ok((await client.running()).has('dnsmasq'));
});

test('packages are read whole, staged and confirmed', async (t) => {
  const { client, device, clock } = await gateway(t);
  const [firewall, nothing] = await client.uciGetAll(['firewall', 'nosuch']);
  assert.equal(nothing, null);
  assert.ok(firewall && firewall.sections.length > 10);
  assert.deepEqual(firewall.sections[1]?.options.get('network'), ['lan']);
  const wanted = [section('weir_a', 'rule', { src: 'wan', dest_port: '80', proto: ['tcp'], target: 'ACCEPT' })];
  await client.uciStage(diffUci(firewall, wanted, (name) => name.startsWith('weir_')));
  assert.deepEqual(await client.uciChanges(), ['firewall']);
  await client.uciApply(30);
  assert.match(device.files.text('/etc/config/firewall') ?? '', /config rule 'weir_a'/);
  await client.uciConfirm();
  clock.advance(60_000);
  assert.match(device.files.text('/etc/config/firewall') ?? '', /config rule 'weir_a'/);
  await assert.rejects(client.uciConfirm(), fails('refused', /no response/));
});

test('what is not confirmed goes back by itself', async (t) => {
  const { client, device, clock } = await gateway(t);
  const before = device.files.text('/etc/config/firewall');
  await client.uciStage([{ op: 'add', config: 'firewall', name: 'weir_a', type: 'rule', values: { src: 'wan' } }]);
  await client.uciApply(5);
  clock.advance(6000);
  assert.equal(device.files.text('/etc/config/firewall'), before);
  await client.uciRevert(await client.uciChanges());
  assert.deepEqual(await client.uciChanges(), []);
});

test('a session that is over is begun anew, once', async (t) => {
  const { client, clock } = await gateway(t);
  await client.board();
  const before = client.requests;
  clock.advance(3_600_000);
  await client.board();
  assert.equal(client.requests - before, 3, 'refused, logged in, answered');
});

test('who lacks a right is told so, and does not log in again and again', async (t) => {
  const { client } = await gateway(t, { username: 'ctl', password: 'ctlpass' });
  await client.board();
  const before = client.requests;
  await assert.rejects(client.readFile('/etc/shadow'), fails('refused', /file read \/etc\/shadow: permission denied/));
  await assert.rejects(client.one('system', 'reboot'), fails('denied', /no right/));
  assert.ok(client.requests - before <= 4);
});

test('a wrong password is a fault of its own', async (t) => {
  const { client } = await gateway(t, { password: 'wrong' });
  await assert.rejects(client.board(), fails('login', /does not know the user root/));
  assert.equal(client.requests, 1);
});

const TROUBLES: readonly [Knobs['trouble'], GatewayFaultKind, RegExp][] = [
  ['silent', 'silent', /no answer within 0.3 s/],
  ['html', 'nonsense', /page of HTML/],
  ['half', 'nonsense', /only its beginning/],
  ['cut', 'unreachable', /cut the connection off/],
  ['endless', 'nonsense', /longer than 8 MiB/],
  ['refuses', 'unreachable', /cut the connection off/],
];
for (const [trouble, kind, words] of TROUBLES) {
  test(`a gateway that is ${trouble}`, async (t) => {
    const { client, device } = await gateway(t, { address: { answerWithin: trouble === 'silent' ? 300 : 5000 } });
    device.knobs.trouble = trouble;
    await assert.rejects(client.board(), fails(kind, words));
    device.knobs.trouble = 'none';
    assert.equal((await client.board()).hostname, 'OpenWrt');
  });
}

test('nobody there, nothing that speaks HTTP, another path', async (t) => {
  const board = async (url: string): Promise<unknown> =>
    new GatewayClient(new Session(new HttpTransport({ url, pin: null, answerWithin: 2000 }), { username: 'a', password: 'b' })).board();
  const raw = createRawServer((socket) => socket.resume().end('220 smtp\r\n')).listen(0, '127.0.0.1');
  await once(raw, 'listening');
  const { port } = raw.address() as AddressInfo;
  await assert.rejects(board(`http://127.0.0.1:${port}`), fails('nonsense', /does not speak HTTP/));
  raw.close();
  await once(raw, 'close');
  await assert.rejects(board(`http://127.0.0.1:${port}`), fails('unreachable', /refuses the connection/));
  const { url } = await gateway(t);
  await assert.rejects(board(`${url}/elsewhere`), fails('http', /404.*uhttpd-mod-ubus/));
});

function certificate(t: TestContext): Tls {
  const directory = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const subject = ['-subj', '/CN=OpenWrt', '-days', '397', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

test('a certificate that it signed itself is trusted by its pin, and by nothing else', async (t) => {
  const tls = certificate(t);
  const pin = pinOf(new X509Certificate(tls.cert));
  const stranger = await gateway(t, { tls });
  await assert.rejects(stranger.client.board(), (error: unknown) => error instanceof GatewayFault && error.kind === 'untrusted' && error.pin === pin);
  const pinned = await gateway(t, { tls, address: { pin } });
  assert.equal((await pinned.client.board()).hostname, 'OpenWrt');
  const changed = await gateway(t, { tls: certificate(t), address: { pin } });
  await assert.rejects(changed.client.board(), fails('untrusted', /its key is sha256\/\/\S+, and not sha256\/\//));
  assert.equal(changed.client.requests, 1);
});

test('before the certificate is known nothing is sent, the password least of all', async (t) => {
  const tls = certificate(t);
  const { device, url } = await gateway(t, { tls });
  let asked = 0;
  const call = device.call.bind(device);
  device.call = (...args) => {
    asked++;
    return call(...args);
  };
  const transport = new HttpTransport({ url, pin: 'sha256//other' });
  await assert.rejects(new Session(transport, { username: 'root', password: 'labpass' }).batch([{ object: 'system', method: 'board', args: {} }]));
  assert.equal(asked, 0);
});

test('batches are split where a body would be too long, and put together again', async (t) => {
  const { client } = await gateway(t);
  const calls = Array.from({ length: 300 }, (_, index) => ({ object: 'file', method: 'write', args: { path: `/tmp/${index}`, data: 'x'.repeat(1000) } }));
  const bodies = bodiesOf(NOBODY, calls);
  assert.ok(bodies.length > 4 && bodies.every(({ body }) => Buffer.byteLength(body) <= BODY_AT_MOST));
  assert.equal((await client.all(calls)).length, 300);
  assert.throws(() => bodiesOf(NOBODY, [{ object: 'a', method: 'b', args: { c: 'x'.repeat(70_000) } }]), RangeError);
});

test('whatever a gateway answers is an outcome for each call, or a fault', () => {
  const reply = fc.oneof(
    fc.json(),
    fc.string(),
    fc.array(fc.record({ jsonrpc: fc.constant('2.0'), id: fc.nat(3), result: fc.anything() })).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(reply, fc.nat(3), (text, count) => {
      try {
        assert.equal(outcomesOf(text ?? '', count).length, count);
      } catch (error) {
        assert.ok(error instanceof GatewayFault, String(error));
      }
    }),
  );
});

test('pauses grow, differ, and end', () => {
  assert.deepEqual([pauseAfter(1, 0), pauseAfter(1, 0.999), pauseAfter(2, 0), pauseAfter(60, 0.999)], [500, 1000, 1000, 299_850]);
});
