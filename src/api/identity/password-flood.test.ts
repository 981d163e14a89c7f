import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { type Faces, type FacesOptions, addUser, faces } from './faces.fixture.ts';
import { HashQueue } from './hash-queue.ts';
import { type Body, V3, loginAs, tokenOf } from './requests.fixture.ts';

async function setUp(t: TestContext, options: FacesOptions = {}): Promise<{ set: Faces; hashes: HashQueue; ann: string; token: string }> {
  const hashes = new HashQueue();
  const set = await faces(t, { hashes, ...options });
  const ann = await addUser(set.store, 'ann', 'pw', 'blue', ['member']);
  await addUser(set.store, 'bob', 'pw', 'blue', ['member']);
  return { set, hashes, ann, token: await tokenOf(loginAs(set, 'ann', 'pw', { project: { name: 'blue' } })) };
}

function loginFrom(set: Faces, remoteAddress: string, name: string, password: string): Promise<LightMyRequestResponse> {
  const user = { name, password, domain: { id: 'default' } };
  const payload = { auth: { identity: { methods: ['password'], password: { user } } } };
  return set.app.inject({ method: 'POST', url: `${V3}/auth/tokens`, remoteAddress, payload });
}

const statuses = (answers: readonly LightMyRequestResponse[]): number[] => answers.map(({ statusCode }) => statusCode);

/** Takes both slots until the result is called. */
function gate(hashes: HashQueue): () => Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const blocked = [1, 2].map(() => hashes.run({ key: 'gate', suspect: false }, () => promise));
  return () => {
    resolve();
    return Promise.all(blocked);
  };
}

test('one member’s many secrets: eight wait, the others are refused at once, and who comes later is not behind them all', async (t) => {
  const { set, hashes, ann, token } = await setUp(t);
  const path = `${V3}/users/${ann}/application_credentials`;
  const open = gate(hashes);
  const answered: LightMyRequestResponse[] = [];
  const order: string[] = [];
  const secrets = Array.from({ length: 60 }, async (_, index) => {
    const answer = await set.send('POST', path, token, { application_credential: { name: `robot ${index}` } });
    answered.push(answer);
    order.push('secret');
  });
  while (answered.length < 52) await new Promise(setImmediate);
  assert.deepEqual(new Set(statuses(answered)), new Set([429]));
  assert.equal(answered[0]?.headers['retry-after'], '1');
  const { error } = answered[0]?.json<{ error: Body }>() ?? {};
  assert.deepEqual({ ...error, message: '' }, { code: 429, message: '', title: 'Too Many Requests' });
  const login = loginFrom(set, '198.51.100.1', 'bob', 'pw');
  const noted = login.then(() => order.push('login'));
  while (hashes.waiting < 9) await new Promise(setImmediate);
  await open();
  await Promise.all([...secrets, noted]);
  assert.equal((await login).statusCode, 201);
  assert.deepEqual(new Set(statuses(answered.slice(52))), new Set([201]));
  assert.ok(order.indexOf('login') < 52 + 7, 'it had its turn after the first of theirs');
});

test('guesses from many addresses: who has not failed gets in, ahead of those who have', async (t) => {
  const { set, hashes } = await setUp(t);
  const address = (index: number): string => `203.0.113.${index}`;
  await Promise.all(Array.from({ length: 60 }, (_, index) => loginFrom(set, address(index), `nobody ${index}`, 'x')));
  const guesses = Array.from({ length: 240 }, (_, index) => loginFrom(set, address(index % 60), `nobody ${index}`, 'x'));
  while (hashes.waiting < 64) await new Promise(setImmediate);
  const right = await loginFrom(set, '198.51.100.1', 'bob', 'pw');
  assert.equal(right.statusCode, 201, right.body);
  assert.ok(hashes.waiting > 30, `only ${hashes.waiting} guesses were left`);
  assert.deepEqual(new Set(statuses(await Promise.all(guesses))), new Set([401, 429]));
});

test('an attempt that the queue refused is no failed login', async (t) => {
  const hashes = new HashQueue({ waiting: 0 });
  const { set } = await setUp(t, { hashes, limits: { failures: 2 } });
  const open = gate(hashes);
  for (let turn = 0; turn < 5; turn++) {
    const { statusCode, headers } = await loginAs(set, 'bob', 'pw');
    assert.deepEqual([statusCode, headers['retry-after']], [429, '1']);
  }
  await open();
  assert.equal((await loginAs(set, 'bob', 'pw')).statusCode, 201);
});

test('failed logins are refused before they come to the queue', async (t) => {
  const { set, hashes } = await setUp(t, { limits: { failures: 1 } });
  assert.equal((await loginFrom(set, '203.0.113.1', 'bob', 'x')).statusCode, 401);
  const open = gate(hashes);
  const { statusCode, headers } = await loginFrom(set, '203.0.113.1', 'bob', 'pw');
  assert.deepEqual([statusCode, headers['retry-after'], hashes.waiting], [429, '60', 0]);
  await open();
});

test('many clients of one address with the right password all get in', async (t) => {
  const { set } = await setUp(t);
  const answers = await Promise.all(Array.from({ length: 40 }, () => loginFrom(set, '198.51.100.1', 'bob', 'pw')));
  assert.deepEqual(new Set(statuses(answers)), new Set([201]));
});
