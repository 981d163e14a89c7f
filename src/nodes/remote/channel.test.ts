import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { NodeError, NotYetError } from '../node.ts';
import { Channel, type ChannelOptions } from './channel.ts';
import { frame } from './frames.ts';

const LONGEST = 100_000;

async function sockets(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return [client, accepted];
}

function options(more: Partial<ChannelOptions> = {}): ChannelOptions {
  const answer = (method: string, params: unknown): Promise<unknown> => Promise.resolve({ method, params });
  return { peer: 'the peer', answer, hear: () => {}, beat: 10_000, longest: LONGEST, ...more };
}

async function pair(t: TestContext, left: Partial<ChannelOptions> = {}, right: Partial<ChannelOptions> = {}): Promise<[Channel, Channel]> {
  const [client, accepted] = await sockets(t);
  const channels: [Channel, Channel] = [new Channel(client, options(left)), new Channel(accepted, options(right))];
  t.after(() => channels.forEach((channel) => channel.close('the test is over')));
  return channels;
}

test('both sides ask, many questions at a time, and each gets its own answer', async (t) => {
  const [left, right] = await pair(t);
  const asked = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? left : right).ask('double', index, 5000));
  assert.deepEqual(
    await Promise.all(asked),
    asked.map((_, index) => ({ method: 'double', params: index })),
  );
});

test('what an answer throws is told, and the next question is answered', async (t) => {
  const answer = async (method: string): Promise<string> => {
    if (method === 'fail') throw new NodeError('the cable is cut');
    if (method === 'early') throw new NotYetError('the tables are not yet told', 1200);
    return 'well';
  };
  const [left] = await pair(t, {}, { answer });
  await assert.rejects(left.ask('fail', null, 5000), { message: 'the cable is cut' });
  await assert.rejects(left.ask('early', null, 5000), (error) => error instanceof NotYetError && error.after === 1200 && /not yet told/.test(error.message));
  assert.equal(await left.ask('other', null, 5000), 'well');
});

test('news come in order', async (t) => {
  const heard: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const hear = (news: string, params: unknown): void => {
    heard.push([news, params]);
    if (heard.length === 3) resolve();
  };
  const [left] = await pair(t, {}, { hear });
  for (const id of [1, 2, 3]) left.tell('lost', id);
  await promise;
  assert.deepEqual(
    heard,
    [1, 2, 3].map((id) => ['lost', id]),
  );
});

test('when the connection ends, nobody waits for ever', async (t) => {
  const [left, right] = await pair(t, {}, { answer: () => new Promise(() => {}) });
  const asked = left.ask('wait', null, 60_000);
  right.close('gone');
  await assert.rejects(asked, (error) => error instanceof NodeError && /the peer is gone/.test(error.message));
  await assert.rejects(left.ask('more', null, 1000), /the peer is gone/);
  await left.closed;
});

test('an answer that does not come in time is given up, and the conversation goes on', async (t) => {
  const answer = (method: string): Promise<unknown> => (method === 'never' ? new Promise(() => {}) : Promise.resolve('well'));
  const [left] = await pair(t, {}, { answer });
  await assert.rejects(left.ask('never', null, 50), /has not answered 'never' within 0.05 s/);
  assert.equal(await left.ask('other', null, 5000), 'well');
});

test('one that says nothing is gone; two that only beat stay', async (t) => {
  const [client, silent] = await sockets(t);
  silent.resume();
  const lonely = new Channel(client, options({ beat: 20 }));
  assert.equal(await lonely.closed, 'it is silent');
  const [left, right] = await pair(t, { beat: 20 }, { beat: 20 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(await left.ask('still', 1, 5000).then(() => 'there'), 'there');
  assert.equal(await right.ask('still', 1, 5000).then(() => 'there'), 'there');
});

test('one that does not speak as agreed is left, whatever it says', async (t) => {
  const longer = Buffer.alloc(4);
  longer.writeUInt32BE(LONGEST + 1);
  for (const bytes of [longer, Buffer.from('GET / HTTP/1.1\r\n\r\n'), frame('text', LONGEST), frame([1], LONGEST), frame(null, LONGEST)]) {
    const [client, stranger] = await sockets(t);
    const channel = new Channel(client, options());
    stranger.write(bytes);
    assert.match(await channel.closed, /does not speak as agreed/);
  }
});

test('answers to nothing and messages without a meaning are passed over', async (t) => {
  const [client, accepted] = await sockets(t);
  const channel = new Channel(client, options());
  for (const message of [{ id: 99, result: 1 }, { id: 'x', method: 'a' }, {}, { other: 1 }]) accepted.write(frame(message, LONGEST));
  const other = new Channel(accepted, options());
  assert.deepEqual(await channel.ask('a', 1, 5000), { method: 'a', params: 1 });
  other.close('over');
});

test('an answer that is too long ends the conversation in words', async (t) => {
  const [left, right] = await pair(t, {}, { answer: async () => 'x'.repeat(LONGEST) });
  await assert.rejects(left.ask('long', null, 5000), /the peer is gone/);
  assert.match(await right.closed, /longer than/);
});
