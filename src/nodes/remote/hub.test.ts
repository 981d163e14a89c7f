import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { silent } from '../../model/log.ts';
import { NoopNodes } from '../noop/noop-nodes.ts';
import { type Greeting, PROTOCOL } from './agreement.ts';
import { Authority, type Credentials, type Issued, SERVER_NAME, newRequest } from './authority.ts';
import { Channel } from './channel.ts';
import { type HostBook, Hub } from './hub.ts';
import { connectServer, joinServer, renewCredentials } from './join.ts';
import { digestOf, parseJoinToken } from './join-token.ts';
import { answerFrom } from './serve-nodes.ts';

const GREETING: Greeting = {
  protocol: PROTOCOL,
  version: '1',
  pretends: true,
  observed: true,
  advertMs: 100,
  syncsFlows: false,
  flowLogs: null,
  physicalNetworks: ['physnet1'],
  facts: {},
};

/** One host, written down in memory. */
class Book implements HostBook {
  readonly hostId = randomUUID();
  digest: string | null = null;
  readonly serials = new Set<string>();
  readonly said: string[] = [];

  async admit(hostId: string, digest: string, { serial }: Issued): Promise<boolean> {
    if (hostId !== this.hostId || digest !== this.digest) return false;
    this.serials.add(serial);
    return true;
  }

  async renew(_hostId: string, serial: string, issued: Issued): Promise<boolean> {
    this.serials.add(issued.serial);
    return this.serials.delete(serial);
  }

  async recognise(hostId: string, serial: string): Promise<string | null> {
    return hostId === this.hostId && this.serials.has(serial) ? 'rack-1' : null;
  }

  async online(_hostId: string, address: string): Promise<void> {
    this.said.push(`online ${address}`);
  }

  async offline(): Promise<void> {
    this.said.push('offline');
  }

  async allOffline(): Promise<void> {
    this.said.push('all offline');
  }
}

interface Site {
  readonly hub: Hub;
  readonly book: Book;
  readonly authority: Authority;
  readonly address: { readonly host: string; readonly port: number };
  /** A token for the host. */
  token(): NonNullable<ReturnType<typeof parseJoinToken>>;
}

async function site(t: TestContext): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-hub-'));
  t.after(() => rm(directory, { recursive: true }));
  const [authority, book] = [await Authority.open(directory), new Book()];
  const hub = new Hub({ driver: 'local', authority, book, bindHost: '127.0.0.1', bindPort: 0, tokenLifetime: 60_000, log: silent, beat: 200 });
  await hub.start();
  t.after(() => hub.stop());
  const token: Site['token'] = () => {
    const { token: text, digest } = hub.invite(book.hostId);
    book.digest = digest;
    return parseJoinToken(text) ?? assert.fail();
  };
  return { hub, book, authority, address: { host: '127.0.0.1', port: hub.port }, token };
}

async function agent(t: TestContext, { address }: Site, credentials: Credentials, nodes = new NoopNodes()): Promise<Channel> {
  const channel = await connectServer(address, credentials, { answer: (method, params) => answerFrom(nodes, method, params), hear: () => {} });
  t.after(() => channel.close('the test is over'));
  return channel;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !holds(); tries++) await pause(10);
  assert.ok(holds());
}

test('a host joins, is greeted, asked, and missed', async (t) => {
  const set = await site(t);
  const { hub, book, address, token } = set;
  const arrived: string[] = [];
  hub.onArrival(({ name }) => arrived.push(name));
  const credentials = await joinServer(address, token());
  const nodes = new NoopNodes();
  const channel = await agent(t, set, credentials, nodes);
  assert.deepEqual(hub.connected(), []);
  assert.deepEqual(await channel.ask('hello', GREETING, 5000), { name: 'rack-1' });
  await until(() => arrived.length === 1);
  const [host] = hub.connected();
  assert.deepEqual([host?.id, host?.name, [...(host?.physicalNetworks ?? [])]], [book.hostId, 'rack-1', ['physnet1']]);
  const node = randomUUID();
  await host?.driver.apply(node, [{ kind: 'create-node', cost: 'restart' }]);
  assert.deepEqual(await nodes.list(), [node]);
  const lost: string[] = [];
  host?.driver.onLost((id) => lost.push(id));
  channel.tell('lost', node);
  await until(() => lost.length === 1);
  channel.close('enough');
  await until(() => hub.connected().length === 0);
  await assert.rejects(host?.driver.list() ?? Promise.resolve(), /is gone/);
  await until(() => book.said.length === 3);
  assert.deepEqual(book.said, ['all offline', 'online 127.0.0.1', 'offline']);
});

test('a token that is none gets nothing, and no word of it is kept', async (t) => {
  const { address, token } = await site(t);
  const good = token();
  for (const wrong of [
    { ...good, secret: 'A'.repeat(43) },
    { ...good, hostId: randomUUID() },
  ])
    await assert.rejects(joinServer(address, wrong), /the token is not taken/);
  await assert.rejects(joinServer(address, { ...good, fingerprint: 'A'.repeat(43) }), /is not the one that the token is of: nothing was told to it/);
  assert.notEqual(digestOf(good.secret), good.secret);
});

test('a stranger may join, and nothing else', async (t) => {
  const { address, authority } = await site(t);
  const socket = tls.connect({ ...address, servername: SERVER_NAME, ca: authority.certificate });
  await once(socket, 'secureConnect');
  const channel = new Channel(socket, { peer: 'the server', answer: async () => null, hear: () => {}, beat: 1000, longest: 1_000_000 });
  for (const [method, params] of [
    ['hello', GREETING],
    ['renew', {}],
    ['constructor', {}],
  ] as const)
    await assert.rejects(channel.ask(method, params, 5000), /a certificate is needed/, method);
  await assert.rejects(channel.ask('join', { hostId: 'x', secret: 1 }, 5000), /not understood: the request.hostId/);
  await assert.rejects(channel.ask('join', 'x'.repeat(20_000), 5000), /the server is gone/);
});

test('certificates of others, of servers, and those that count no more are not taken', async (t) => {
  const set = await site(t);
  const { address, authority, book, token } = set;
  const directory = await mkdtemp(join(tmpdir(), 'weir-hub-'));
  t.after(() => rm(directory, { recursive: true }));
  const other = await Authority.open(directory);
  const { key, request } = await newRequest();
  const foreign: Credentials = { key, certificate: (await other.forAgent(request, book.hostId)).certificate, authority: authority.certificate };
  for (const credentials of [foreign, await authority.forServer()]) {
    const refused = await connectServer(address, credentials, { answer: async () => null, hear: () => {} }).catch((error: Error) => error);
    if (refused instanceof Channel) await assert.rejects(refused.ask('hello', GREETING, 5000));
  }
  const channel = await agent(t, set, await joinServer(address, token()));
  book.serials.clear();
  await assert.rejects(channel.ask('hello', GREETING, 5000), /not taken any more/);
});

test('a greeting that is not understood, or of another protocol, is refused in words', async (t) => {
  const set = await site(t);
  const channel = await agent(t, set, await joinServer(set.address, set.token()));
  await assert.rejects(channel.ask('hello', { ...GREETING, protocol: PROTOCOL + 1 }, 5000), /bring both to one release/);
  await assert.rejects(channel.ask('hello', { ...GREETING, facts: { x: 'a\nb' } }, 5000), /not understood: the greeting.facts.x/);
  await assert.rejects(channel.ask('hello', null, 5000), /not understood/);
  assert.deepEqual(set.hub.connected(), []);
});

test('who connects anew takes the place of the old connection', async (t) => {
  const set = await site(t);
  const credentials = await joinServer(set.address, set.token());
  const first = await agent(t, set, credentials);
  await first.ask('hello', GREETING, 5000);
  const second = await agent(t, set, credentials);
  await second.ask('hello', GREETING, 5000);
  await first.closed;
  await until(() => set.hub.connected().length === 1);
  await set.hub.connected()[0]?.driver.list();
  set.hub.dismiss(set.book.hostId);
  await second.closed;
  await until(() => set.hub.connected().length === 0);
});

test('a certificate is renewed over the connection', async (t) => {
  const set = await site(t);
  const channel = await agent(t, set, await joinServer(set.address, set.token()));
  await channel.ask('hello', GREETING, 5000);
  const renewed = await renewCredentials(channel);
  const again = await agent(t, set, renewed);
  assert.deepEqual(await again.ask('hello', GREETING, 5000), { name: 'rack-1' });
});

test('noise, silence and crowds keep nobody out', async (t) => {
  const set = await site(t);
  const noise = Array.from({ length: 80 }, (_, index) => {
    const socket = connect(set.address.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(index % 2 === 0 ? 'GET / HTTP/1.1\r\n\r\n' : Buffer.alloc(100, index));
    t.after(() => socket.destroy());
    return socket;
  });
  // Who speaks something else is sent away, who speaks slowly is waited for.
  await Promise.all(noise.filter((_, index) => index % 2 === 0).map((socket) => once(socket, 'close')));
  const channel = await agent(t, set, await joinServer(set.address, set.token()));
  await channel.ask('hello', GREETING, 5000);
});

test('a port that is taken is said to be', async (t) => {
  const { hub, authority, book } = await site(t);
  const second = new Hub({ driver: 'local', authority, book, bindHost: '127.0.0.1', bindPort: hub.port, tokenLifetime: 60_000, log: silent });
  await assert.rejects(second.start(), /cannot listen for agents on 127.0.0.1 port/);
  await second.stop();
});
