/** What bodies may make the server keep and do, on every face: nothing without a token, nothing after it was revoked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { heldBytes } from './http/memory.fixture.ts';
import { type KeyManager, type User, expect, keyManager } from './key-manager/key-manager.fixture.ts';

const MIB = 1_048_576;
const OPEN = 65_536;
const BALANCERS = '/load-balancer/v2.0/lbaas/loadbalancers';

/** What is only written with a token, and what tells whether it was: a list, and a name in it. */
const WRITES: Readonly<Record<string, { readonly body: object; readonly list: string }>> = {
  [BALANCERS]: { body: { loadbalancer: { name: 'late', provider: 'noop' } }, list: BALANCERS },
  '/network/v2.0/lbaas/pools': { body: { pool: { name: 'late' } }, list: '/network/v2.0/lbaas/pools' },
  '/network/v2.0/networks': { body: { network: { name: 'late' } }, list: '/network/v2.0/networks?name=late' },
  '/identity/v3/projects': { body: { project: { name: 'late' } }, list: '/identity/v3/projects?name=late' },
  '/key-manager/v1/secrets': { body: { name: 'late' }, list: '/key-manager/v1/secrets' },
};
/** Of these, nothing is written at all. */
const READ_ONLY = ['/compute/v2.1/servers', '/image/v2/images'];

interface Served extends KeyManager {
  readonly port: number;
  readonly admin: User;
  /** A connection that is closed at the end of the test. */
  open(): Socket;
}

async function served(t: TestContext): Promise<Served> {
  const sockets: Socket[] = [];
  // First of all: a server that stops waits for requests that have begun.
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const set = await keyManager(t);
  await set.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = set.app.server.address() as AddressInfo;
  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  return { ...set, port, open, admin: await set.user('admin', 'admin', 'member') };
}

function head(method: string, path: string, length: number, token?: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/json', `Content-Length: ${length}`];
  return [...lines, ...(token === undefined ? [] : [`X-Auth-Token: ${token}`]), '', ''].join('\r\n');
}

async function statusOn(socket: Socket): Promise<number> {
  const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
  return Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);
}

test('without a token the answer does not wait for the body, nor look at it', async (t) => {
  const { app, open } = await served(t);
  for (const path of [...Object.keys(WRITES), ...READ_ONLY]) {
    const socket = open();
    socket.write(head('POST', path, 1000));
    assert.equal(await statusOn(socket), 401, path);
    for (const payload of ['{', ' '.repeat(MIB + 1)]) {
      const headers = { 'content-type': 'application/json' };
      assert.equal((await app.inject({ method: 'POST', url: path, headers, payload })).statusCode, 401, path);
    }
  }
});

test('nor does it where there is nothing, or nothing that takes the method', async (t) => {
  const { open } = await served(t);
  const faces = ['', '/load-balancer', '/network', '/network/v2.0/lbaas', '/identity/v3', '/compute', '/image', '/key-manager', '/events', '/audit'];
  for (const path of faces) {
    const socket = open();
    socket.write(head('POST', `${path}/nothing`, 1000));
    assert.equal(await statusOn(socket), 404, path);
  }
  for (const path of [BALANCERS, '/network/v2.0/networks', '/identity/v3', '/identity/v3/auth/tokens', '/compute/v2.1/servers', '/image', '/events']) {
    const socket = open();
    socket.write(head('PATCH', path, 1000));
    assert.equal(await statusOn(socket), 405, path);
  }
});

test('a token that is not taken is refused before a type that is not sent', async (t) => {
  const { app, admin } = await served(t);
  const get = (token: string) => app.inject({ method: 'GET', url: BALANCERS, headers: { accept: 'text/html', 'x-auth-token': token } });
  assert.equal((await get('nonsense')).statusCode, 401);
  assert.equal((await get(admin.token)).statusCode, 406);
});

test('with a token a body may have a mebibyte, without one 64 KiB', async (t) => {
  const { app, admin } = await served(t);
  const send = async (path: string, token: string | null, bytes: number): Promise<number> => {
    const headers = { 'content-type': 'application/json', ...(token === null ? {} : { 'x-auth-token': token }) };
    return (await app.inject({ method: 'POST', url: path, headers, payload: `{"a":1}${' '.repeat(bytes - 7)}` })).statusCode;
  };
  for (const path of Object.keys(WRITES)) {
    const status = await send(path, admin.token, MIB);
    assert.ok(status < 500 && status !== 413, `${path} ${status}`);
    assert.equal(await send(path, admin.token, MIB + 1), 413, path);
  }
  for (const path of ['/identity/v3/auth/tokens', `/identity/v3/users/${admin.id}/password`]) {
    assert.equal(await send(path, null, OPEN), 400, path);
    for (const token of [null, admin.token]) assert.equal(await send(path, token, OPEN + 1), 413, path);
  }
});

for (const [path, { body, list }] of Object.entries(WRITES)) {
  test(`a body for ${path} that comes after its token was revoked writes nothing`, async (t) => {
    const { app, open, admin, user } = await served(t);
    const author = await user('admin', 'admin', 'member');
    const text = JSON.stringify(body);
    const socket = open();
    const arrived = once(app.server, 'request');
    socket.write(`${head('POST', path, text.length, author.token)}${text.slice(0, 5)}`);
    await arrived;
    // The token was looked at by now, or is looked at before the answer to this.
    expect(await author.send('GET', '/secrets'), 200);
    await revoke(app, author);
    socket.write(text.slice(5));
    assert.equal(await statusOn(socket), 401);
    const answer = await app.inject({ method: 'GET', url: list, headers: { 'x-auth-token': admin.token } });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.doesNotMatch(answer.body, /late"/);
  });
}

async function revoke(app: FastifyInstance, { token }: User): Promise<void> {
  const headers = { 'x-auth-token': token, 'x-subject-token': token };
  assert.equal((await app.inject({ method: 'DELETE', url: '/identity/v3/auth/tokens', headers })).statusCode, 204);
}

/** What comes first on many connections at once; checks how much the server then holds. */
async function assertHeld({ app, open }: Served, count: number, start: string, bytesEach: number): Promise<void> {
  const arrived: Socket[] = [];
  app.server.on('connection', (socket: Socket) => void arrived.push(socket));
  const sockets = Array.from({ length: count }, open);
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const before = await heldBytes();
  for (const socket of sockets) socket.write(start);
  while (arrived.length < count || arrived.some(({ bytesRead }) => bytesRead < start.length)) await new Promise(setImmediate);
  const held = (await heldBytes()) - before;
  assert.ok(held < count * (bytesEach + CONNECTION) + MIB, `${held} bytes for ${count} connections`);
}

/** A connection at work takes some 20 KiB at each of its ends, both of which are here. */
const CONNECTION = 65_536;

test('a thousand halves of large bodies without a token are not kept', async (t) => {
  await assertHeld(await served(t), 1000, `${head('POST', BALANCERS, MIB)}${'x'.repeat(MIB / 4)}`, 0);
});

test('a thousand halves of logins take 64 KiB each at most', async (t) => {
  await assertHeld(await served(t), 1000, `${head('POST', '/identity/v3/auth/tokens', OPEN)}${'x'.repeat(OPEN - 1)}`, OPEN);
});

test('and no more when they come byte by byte', async (t) => {
  const chunked = ['POST /identity/v3/auth/tokens HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', ''].join('\r\n');
  await assertHeld(await served(t), 5, `${chunked}${'1\r\nx\r\n'.repeat(OPEN - 1)}`, OPEN);
});
