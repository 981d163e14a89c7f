import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginLimit } from './login-limit.ts';

async function fail(limit: LoginLimit, source: string, user: string): Promise<boolean> {
  const attempt = await limit.begin(source, user);
  attempt?.end(false);
  return attempt !== null;
}

test('so many failures and no more, per source', async () => {
  const limit = new LoginLimit({ failures: 3 });
  for (const user of ['a', 'b', 'c']) assert.equal(await fail(limit, '192.0.2.1', user), true);
  assert.equal(await fail(limit, '192.0.2.1', 'd'), false);
  assert.equal(await fail(limit, '192.0.2.2', 'd'), true);
});

test('so many failures and no more, per user, from whatever sources', async () => {
  const limit = new LoginLimit({ failures: 2, userFailures: 3 });
  for (const source of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) assert.equal(await fail(limit, source, 'a'), true);
  assert.equal(await fail(limit, '192.0.2.4', 'a'), false);
});

test('successes do not count, and do not wipe out failures', async () => {
  const limit = new LoginLimit({ failures: 2 });
  for (let turn = 0; turn < 5; turn++) (await limit.begin('192.0.2.1', 'a'))?.end(true);
  await fail(limit, '192.0.2.1', 'a');
  (await limit.begin('192.0.2.1', 'a'))?.end(true);
  await fail(limit, '192.0.2.1', 'a');
  assert.equal(await limit.begin('192.0.2.1', 'a'), null);
});

test('the window passes', async () => {
  let now = 0;
  const limit = new LoginLimit({ failures: 1, window: 1000 }, () => now);
  assert.equal(await fail(limit, '192.0.2.1', 'a'), true);
  now = 999;
  assert.equal(await fail(limit, '192.0.2.1', 'a'), false);
  now = 1000;
  assert.equal(await fail(limit, '192.0.2.1', 'a'), true);
});

test('guesses at the same time: no more run than may fail, the others learn of it', async () => {
  const limit = new LoginLimit({ failures: 4 });
  let running = 0;
  let most = 0;
  const guesses = Array.from({ length: 100 }, async () => {
    const attempt = await limit.begin('192.0.2.1', 'a');
    if (!attempt) return false;
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running -= 1;
    attempt.end(false);
    return true;
  });
  const begun = (await Promise.all(guesses)).filter(Boolean).length;
  assert.equal(begun, 4);
  assert.ok(most <= 4);
});

test('a hundred clients with the right password at the same time all get in', async () => {
  const limit = new LoginLimit({ failures: 4 });
  const logins = Array.from({ length: 100 }, async () => {
    const attempt = await limit.begin('192.0.2.1', 'a');
    await new Promise(setImmediate);
    attempt?.end(true);
    return attempt !== null;
  });
  assert.deepEqual(new Set(await Promise.all(logins)), new Set([true]));
});

test('no more wait than may; they are refused at once, and the others get their turn', async () => {
  const limit = new LoginLimit({ failures: 2, waiting: 3 });
  const running = [await limit.begin('192.0.2.1', 'a'), await limit.begin('192.0.2.1', 'a')];
  const waiting = Array.from({ length: 3 }, () => limit.begin('192.0.2.1', 'a'));
  await assert.rejects(limit.begin('192.0.2.1', 'a'), { status: 429, code: 'busy' });
  assert.ok(await limit.begin('192.0.2.2', 'b'));
  for (const attempt of running) attempt?.end(true);
  for (const attempt of waiting) (await attempt)?.end(true);
});

test('who has failed is suspect as long as that counts, and nobody else is', async () => {
  let now = 0;
  const limit = new LoginLimit({ failures: 3, window: 1000 }, () => now);
  const suspect = async (source: string): Promise<boolean | undefined> => {
    const attempt = await limit.begin(source, 'a');
    attempt?.end(true);
    return attempt?.suspect;
  };
  assert.equal(await suspect('192.0.2.1'), false);
  await fail(limit, '192.0.2.1', 'a');
  assert.deepEqual([await suspect('192.0.2.1'), await suspect('192.0.2.2')], [true, false]);
  now = 1000;
  assert.equal(await suspect('192.0.2.1'), false);
});

test('an IPv6 host is its /64; a mapped IPv4 address is that address', async () => {
  const limit = new LoginLimit({ failures: 1 });
  await fail(limit, '2001:db8::1', 'a');
  assert.equal(await fail(limit, '2001:db8::ffff:2', 'b'), false);
  assert.equal(await fail(limit, '2001:db8:0:1::1', 'c'), true);
  await fail(limit, '::ffff:192.0.2.9', 'd');
  assert.equal(await fail(limit, '192.0.2.9', 'e'), false);
  assert.equal(await fail(limit, 'fe80::1%eth0', 'f'), true);
});

test('what is remembered is bounded', async () => {
  const limit = new LoginLimit({ failures: 1, remembered: 10 });
  await fail(limit, '192.0.2.1', 'first');
  for (let turn = 0; turn < 20; turn++) await fail(limit, `198.51.100.${turn}`, `user${turn}`);
  assert.equal(await fail(limit, '192.0.2.1', 'first'), true);
});
