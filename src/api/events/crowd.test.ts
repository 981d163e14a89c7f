import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { test } from 'node:test';
import { type Records, listen, records } from './events.fixture.ts';

/** What is said to a reader that is one too many. */
async function refusal(api: Records, token: string): Promise<string> {
  const { status, body } = await api.getJson('/events', token);
  assert.equal(status, 503);
  return (body['error'] as { message: string }).message;
}

test('one user keeps nobody else from reading, and reads again when it ends a stream', async (t) => {
  const api = await records(t, { maxConnections: 64 });
  const [crowd, other] = [await api.user('blue', 'member'), await api.user('blue', 'member')];
  const [first] = [await listen(t, api, crowd), await listen(t, api, crowd)];
  assert.match(await refusal(api, crowd), /one user may have at a time: 2\./);
  assert.equal((await api.getJson('/events?format=json', crowd)).status, 200, 'a page is no reader');
  assert.equal((await listen(t, api, other)).response.statusCode, 200);
  first.stop();
  let again = await listen(t, api, crowd);
  // The server hears of the end a moment later.
  while (again.response.statusCode === 503) again = await listen(t, api, crowd);
  assert.equal(again.response.statusCode, 200);
});

test('readers leave half of the connections to everybody else', async (t) => {
  const api = await records(t, { maxConnections: 64 });
  for (let user = 0; user < 16; user++) {
    const token = await api.user('blue', 'reader');
    for (let stream = 0; stream < 2; stream++) assert.equal((await listen(t, api, token)).response.statusCode, 200);
  }
  assert.match(await refusal(api, await api.user('blue', 'reader')), /^Too many readers/);
});

test('with the fewest connections there are, a user still has a reader', async (t) => {
  const api = await records(t, { maxConnections: 16 });
  const token = await api.user('blue', 'reader');
  assert.equal((await listen(t, api, token)).response.statusCode, 200);
  assert.match(await refusal(api, token), /one user may have at a time: 1\./);
});

test('what a reader sends behind its request is thrown away, not kept until the stream ends', async (t) => {
  const api = await records(t);
  const arrived = once(api.app.server, 'connection') as Promise<[Socket]>;
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  const [server] = await arrived;
  const head = `GET /events HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${await api.user('blue', 'member')}\r\nContent-Length: 100000000\r\n\r\n`;
  const body = Buffer.alloc(8_388_608);
  socket.write(head);
  socket.write(body);
  while (server.bytesRead < head.length + body.length) await new Promise(setImmediate);
});
