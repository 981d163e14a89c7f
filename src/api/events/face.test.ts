import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { purge } from '../../store/retention.ts';
import type { Store } from '../../store/store.ts';
import { SYSTEM, writeIdentity } from '../../store/identity.ts';
import { type Block, type Listening, listen, records } from './events.fixture.ts';

interface Data {
  readonly id: string;
  readonly time: string;
  readonly type: string;
  readonly project_id: string;
  readonly payload: { readonly id: string; readonly description: string };
}

function balancerOf({ data }: Block): string {
  return (data as Data).payload.id;
}

async function take(listening: Listening, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let index = 0; index < count; index++) taken.push(balancerOf(await listening.next()));
  return taken;
}

test('a reader gets what is committed from now on, with number, type and the whole balancer', async (t) => {
  const api = await records(t);
  await api.tell('blue');
  const stream = await listen(t, api, await api.user('blue', 'reader'));
  assert.equal(stream.response.statusCode, 200);
  const { 'content-type': type, 'cache-control': cache, 'x-openstack-request-id': request, vary } = stream.response.headers;
  assert.deepEqual([type, cache, request, vary], ['text/event-stream; charset=utf-8', 'no-store', 'req-1', 'X-Auth-Token, Accept']);
  assert.equal((await stream.comment('notifications')).id, '1');
  const row = await api.tell('blue', 'update', { name: 'a\n\nevent: forged\r\n' });
  const block = await stream.next();
  const { id, time, ...rest } = block.data as Data;
  assert.match(`${id} ${time}`, /^[0-9a-f-]{36} \d{4}-.*Z$/);
  assert.deepEqual([block.id, block.event], ['2', 'octavia.loadbalancer.update.end']);
  assert.deepEqual([rest.type, rest.project_id, rest.payload.id], ['octavia.loadbalancer.update.end', api.projects.get('blue'), row.id]);
  assert.equal((rest.payload as unknown as { name: string }).name, 'a\n\nevent: forged\r\n');
});

test('everybody reads their own; only administrators read all, or whose they like', async (t) => {
  const api = await records(t);
  const [admin, member, reader] = [await api.user('admin', 'admin'), await api.user('blue', 'member'), await api.user('red', 'reader')];
  const streams = {
    all: await listen(t, api, admin, '/events?since=0'),
    one: await listen(t, api, admin, `/events?since=0&project_id=${api.projects.get('red')}`),
    own: await listen(t, api, admin, '/events?since=0&all_projects=false'),
    blue: await listen(t, api, member, '/events?since=0'),
    red: await listen(t, api, reader, `/events?since=0&project_id=${api.projects.get('red')}`),
  };
  const rows: string[] = [];
  for (const project of ['blue', 'red', 'blue', 'admin']) rows.push((await api.tell(project)).id);
  const [first = '', second = '', third = '', fourth = ''] = rows;
  assert.deepEqual(await take(streams.all, 4), rows);
  assert.deepEqual(await take(streams.one, 1), [second]);
  assert.deepEqual(await take(streams.own, 1), [fourth]);
  assert.deepEqual(await take(streams.blue, 2), [first, third]);
  assert.deepEqual(await take(streams.red, 1), [second]);
  const last = await api.tell('red');
  assert.deepEqual([await take(streams.red, 1), await take(streams.one, 1)], [[last.id], [last.id]], 'nothing came between');
});

test('what is not allowed or cannot be meant is refused before the stream begins', async (t) => {
  const api = await records(t);
  const [member, nobody, admin] = [await api.user('blue', 'member'), await api.user('blue', 'load-balancer_quota_admin'), await api.user('admin', 'admin')];
  const cases: [string, string | null, number, Record<string, string>?][] = [
    ['/events', null, 401],
    ['/events', 'not a token', 401],
    ['/events', nobody, 403],
    ['/events?all_projects=true', member, 403],
    [`/events?project_id=${api.projects.get('red')}`, member, 403],
    ['/events?since=x', admin, 400],
    ['/events?since=-1', admin, 400],
    ['/events?since=1&since=2', admin, 400],
    ['/events', admin, 400, { 'last-event-id': 'DROP TABLE' }],
    ['/events?format=xml', admin, 400],
    ['/events?limit=3', admin, 400],
    ['/events?format=json&limit=0', admin, 400],
    ['/events?colour=red', admin, 400],
    ['/events?all_projects=perhaps', admin, 400],
  ];
  for (const [path, token, status, headers] of cases) {
    const answer = await api.getJson(path, token, headers);
    assert.equal(answer.status, status, path);
    const { code, message, title } = answer.body['error'] as Record<string, unknown>;
    assert.deepEqual([code, typeof message, typeof title], [status, 'string', 'string'], path);
  }
  assert.equal((await fetch(`${api.url}/events`, { method: 'POST', headers: { 'x-auth-token': admin } })).status, 405);
});

test('filters by the beginning of the type and by balancer, alive and on resuming', async (t) => {
  const api = await records(t);
  const admin = await api.user('admin', 'admin');
  const wanted = await api.tell('blue', 'create');
  const path = `/events?type=octavia.loadbalancer.u&loadbalancer_id=${wanted.id}&since=0`;
  const before = await listen(t, api, admin, path);
  const send = async (): Promise<void> => {
    await api.tell('blue', 'update');
    await api.tell('blue', 'update', { id: wanted.id });
    await api.tell('blue', 'update', { id: wanted.id, name: 'last' });
  };
  await send();
  const after = await listen(t, api, admin, path);
  for (const stream of [before, after]) {
    assert.deepEqual([(await stream.next()).id, (await stream.next()).id], ['3', '4']);
  }
});

test('a reader that was away resumes by the header behind what it has, however much that is', async (t) => {
  const api = await records(t);
  const token = await api.user('blue', 'reader');
  const rows: string[] = [];
  for (let index = 0; index < 20; index++) rows.push((await api.tell('blue')).id);
  const first = await listen(t, api, token, '/events?since=0');
  assert.deepEqual(await take(first, 5), rows.slice(0, 5));
  first.stop();
  await Promise.all(Array.from({ length: 350 }, () => api.tell('red')));
  for (let index = 0; index < 250; index++) rows.push((await api.tell('blue')).id);
  // The header counts: a browser asks for the same address again.
  const second = await listen(t, api, token, '/events?since=0', { 'last-event-id': '5' });
  const more = Promise.all(Array.from({ length: 50 }, () => api.tell('blue')));
  assert.deepEqual(await take(second, 265), rows.slice(5));
  const late = new Set((await more).map(({ id }) => id));
  assert.deepEqual(new Set(await take(second, 50)), late, 'what was written meanwhile comes once, too');
  const numbers = second.blocks.filter(({ event }) => event !== '').map(({ id }) => Number(id));
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
});

test('what is no longer kept is said to be missing', async (t) => {
  const api = await records(t);
  const token = await api.user('blue', 'member');
  for (let index = 0; index < 3; index++) await api.tell('blue');
  await purge(api.store, 'event', new Date(Date.now() + 60_000));
  const fourth = await api.tell('blue');
  const stream = await listen(t, api, token, '/events?since=1');
  const gap = await stream.next();
  assert.deepEqual([gap.event, gap.id, gap.data], ['gap', '3', { since: 1, resumed: 3 }]);
  assert.deepEqual(await take(stream, 1), [fourth.id]);
  const whole = await listen(t, api, token, '/events?since=3');
  assert.equal((await whole.next()).event, 'octavia.loadbalancer.create.end');
  const foreign = await listen(t, api, token, '/events', { 'last-event-id': '900' });
  assert.deepEqual((await foreign.next()).data, { since: 900, resumed: 4 });
  const fifth = await api.tell('blue');
  assert.deepEqual(await take(foreign, 1), [fifth.id]);
  const { body } = await api.getJson('/events?format=json&since=1', token);
  assert.deepEqual([body['gap'], (body['events'] as unknown[]).length], [{ since: 1, resumed: 3 }, 2]);
});

test('a stream ends when its token expires, and when it is revoked', async (t) => {
  const short = await records(t, { lifetime: 2 });
  const expiring = await listen(t, short, await short.user('blue', 'member'));
  assert.equal(expiring.response.statusCode, 200);
  assert.equal(await expiring.ended, 'ended');
  const api = await records(t);
  const [revoked, kept] = [await api.user('blue', 'member'), await api.user('blue', 'member')];
  const [gone, stays] = [await listen(t, api, revoked), await listen(t, api, kept)];
  await api.tokens.revoke(revoked, SYSTEM);
  assert.equal(await gone.ended, 'ended');
  const row = await api.tell('blue');
  assert.deepEqual(await take(stays, 1), [row.id]);
  const { userId } = await api.tokens.verify(kept);
  await writeIdentity(api.store, SYSTEM, ({ db }) => db.updateTable('user_account').set({ enabled: false }).where('id', '=', userId).execute());
  assert.equal(await stays.ended, 'ended');
});

test('signs of life come as comments and carry the number', async (t) => {
  const api = await records(t, { heartbeat: 20 });
  const stream = await listen(t, api, await api.user('blue', 'member'));
  await stream.comment('heartbeat');
  await api.tell('red');
  while ((await stream.comment('heartbeat')).id !== '1');
  assert.deepEqual(
    stream.blocks.filter(({ event }) => event !== ''),
    [],
  );
});

test('a slow reader is closed when too much waits for it, alone, and resumes without a loss', async (t) => {
  const api = await records(t);
  const token = await api.user('blue', 'member');
  const slow = await listen(t, api, token, '/events?since=0');
  await slow.comment('notifications');
  const quick = await listen(t, api, token, '/events?since=0');
  slow.response.pause();
  const rows: string[] = [];
  const closed = Promise.race([once(slow.request, 'close'), once(slow.response, 'close')]);
  let over = false;
  void closed.then(() => (over = true));
  // Far more than the kernel's own buffers hold; a paused client hears of the end only when it reads on.
  for (let index = 0; index < 200; index++) {
    const { id } = await api.tell('blue', 'update', { description: 'x'.repeat(200_000) });
    assert.deepEqual(await take(quick, 1), [id], 'others are not held up');
    rows.push(id);
  }
  assert.equal(over, false, 'the client has not read on yet');
  slow.response.resume();
  assert.equal(await slow.ended, 'cut');
  const had = slow.blocks.filter(({ event }) => event !== '');
  assert.ok(had.length < 200, 'it was closed before the end');
  const resumed = await listen(t, api, token, '/events', { 'last-event-id': had.at(-1)?.id ?? '0' });
  assert.deepEqual([...had.map(balancerOf), ...(await take(resumed, 200 - had.length))], rows);
});

test('a reader that never takes anything is given up', async (t) => {
  const api = await records(t, { heartbeat: 20 });
  for (let index = 0; index < 100; index++) await api.tell('blue', 'update', { description: 'x'.repeat(200_000) });
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.write(`GET /events?since=0 HTTP/1.1\r\nHost: here\r\nX-Auth-Token: ${await api.user('blue', 'member')}\r\n\r\n`);
  const connections = async (): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    api.app.server.getConnections((_error, count) => resolve(count));
    return promise;
  };
  while ((await connections()) === 0) await pause(5);
  while ((await connections()) > 0) await pause(20);
});

test('a thousand readers cost one read of the store for each commit', async (t) => {
  let reads = 0;
  const watch = (store: Store): Store => {
    const db = store.db.withPlugin({
      transformQuery: ({ node }) => {
        reads += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const rest: Omit<Store, 'db'> = {
      instance: store.instance,
      transaction: (work) => store.transaction(work),
      onChange: (listener) => store.onChange(listener),
      onEvents: (listener) => store.onEvents(listener),
      close: () => store.close(),
    };
    return { db, ...rest };
  };
  // More than a user may have by default.
  const api = await records(t, { watch, maxConnections: 40_000 });
  const [blue, red] = [await api.user('blue', 'reader'), await api.user('red', 'reader')];
  const streams: Listening[] = [];
  for (let index = 0; index < 1000; index++) streams.push(await listen(t, api, index < 900 ? blue : red));
  for (const stream of streams) await stream.comment('notifications');
  // Whoever joined last has heard its beginning before it reads once more and is up to date.
  const warm = [(await api.tell('blue')).id, (await api.tell('red')).id];
  for (const [index, stream] of streams.entries()) assert.deepEqual(await take(stream, 1), [index < 900 ? warm[0] : warm[1]]);
  reads = 0;
  for (let commit = 1; commit <= 5; commit++) {
    const { id } = await api.tell('blue');
    await Promise.all(streams.slice(0, 900).map(async (stream) => assert.deepEqual(await take(stream, 1), [id])));
    assert.equal(reads, commit);
  }
  assert.equal(
    streams.slice(900).every(({ blocks }) => blocks.filter(({ event }) => event !== '').length === 1),
    true,
  );
});

test('a server that stops ends all streams at once, also those that nobody reads', async (t) => {
  const api = await records(t);
  const token = await api.user('blue', 'member');
  const streams = [await listen(t, api, token), await listen(t, api, token, '/events?since=0')];
  const stuck = await listen(t, api, token, '/events?since=0');
  stuck.response.pause();
  for (let index = 0; index < 60; index++) {
    await api.tell('blue', 'update', { description: 'x'.repeat(200_000) });
    for (const stream of streams) await take(stream, 1);
  }
  await api.app.close();
  for (const stream of streams) assert.equal(await stream.ended, 'ended');
});

test('JSON pages begin with the last notifications and go on by their link', async (t) => {
  const api = await records(t);
  const token = await api.user('blue', 'reader');
  const rows: string[] = [];
  for (let index = 0; index < 7; index++) rows.push((await api.tell('blue')).id);
  await api.tell('red');
  const page = async (path: string, headers = {}): Promise<{ ids: string[]; next: string; gap: unknown }> => {
    const { status, body } = await api.getJson(path, token, headers);
    assert.equal(status, 200);
    const { events, next, gap } = body as { events: Data[]; next: string; gap: unknown };
    return { ids: events.map(({ payload }) => payload.id), next: next.replace('http://here:9876', ''), gap };
  };
  const last = await page('/events?limit=3', { accept: 'application/json' });
  assert.deepEqual(last, { ids: rows.slice(4), next: '/events?limit=3&format=json&since=8', gap: null });
  assert.deepEqual((await page(last.next)).ids, []);
  const read: string[] = [];
  for (let path = '/events?format=json&since=0&limit=3'; read.length < 7;) {
    const { ids, next } = await page(path);
    read.push(...ids);
    path = next;
  }
  assert.deepEqual(read, rows);
  const fresh = await api.tell('blue');
  assert.deepEqual((await page(last.next)).ids, [fresh.id]);
  const { body } = await api.getJson('/events?format=json&limit=1', token);
  const [event] = body['events'] as Record<string, unknown>[];
  assert.deepEqual(Object.keys(event ?? {}), ['seq', 'id', 'time', 'type', 'project_id', 'payload']);
});
