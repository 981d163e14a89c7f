import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sctpProgram } from './sctp-program.ts';
import { monitorOf, poolOf } from './topology.fixture.ts';

const MONITOR = monitorOf({ type: 'SCTP', http: null, timeout: 1 });

/** As HAProxy runs it: listener's address and port, then the member's. */
function check(t: TestContext, text: string, address: string, port: number): number | null {
  const directory = mkdtempSync(join(tmpdir(), 'weir-sctp-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'check');
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return spawnSync(file, ['NOT_USED', 'NOT_USED', address, String(port)], { stdio: 'ignore', env: { PATH: '/usr/bin:/bin' }, timeout: 10_000 }).status;
}

const programText = (): string => sctpProgram(poolOf({ protocol: 'SCTP', monitor: MONITOR }))?.content.open() ?? assert.fail('no program');
/** The same by a protocol that this kernel has sockets of. */
const overTcp = (): string => programText().replace('SOCK_STREAM, 132)', 'SOCK_STREAM, 6)');

test('only for SCTP, and with the monitor’s time in it', () => {
  assert.equal(sctpProgram(poolOf({ monitor: monitorOf({ type: 'TCP', http: null }) })), null);
  assert.equal(sctpProgram(poolOf({ monitor: null })), null);
  assert.match(programText(), /^alarm 1;$/m);
  assert.match(sctpProgram(poolOf({ monitor: { ...MONITOR, timeout: 7 } }))?.content.open() ?? '', /^alarm 7;$/m);
  assert.notEqual(overTcp(), programText());
});

for (const host of ['127.0.0.1', '::1']) {
  test(`it tells whether somebody answers at ${host}, where the kernel has the protocol`, async (t) => {
    const server = createServer((socket) => socket.resume().end()).listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.equal(check(t, overTcp(), host, port), 0);
    server.close();
    await once(server, 'close');
    assert.equal(check(t, overTcp(), host, port), 1);
  });
}

test('nobody answers SCTP here, and it ends by itself', (t) => {
  assert.equal(check(t, programText(), '127.0.0.1', 9), 1);
});

test('an address that is none is no member', (t) => {
  for (const address of ['localhost', '', '; id', '$(id)']) assert.equal(check(t, overTcp(), address, 9), 1, address);
});
