import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, passwordMatches } from './password.ts';

test('a hash accepts its password and no other', async () => {
  const hash = await hashPassword('päss wörd \u{1f511}');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await passwordMatches('päss wörd \u{1f511}', hash), true);
  for (const wrong of ['', 'päss wörd', 'päss wörd \u{1f511} ', hash]) assert.equal(await passwordMatches(wrong, hash), false, wrong);
});

test('the same password has another hash each time', async () => {
  assert.notEqual(await hashPassword('x'), await hashPassword('x'));
});

test('an empty password is a password', async () => {
  assert.equal(await passwordMatches('', await hashPassword('')), true);
});

test('no hash and a damaged hash match nothing', async () => {
  for (const stored of [
    null,
    '',
    'plain',
    '$argon2id$v=19$m=19456,t=2,p=1$$',
    '$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ]) {
    assert.equal(await passwordMatches('x', stored), false, String(stored));
  }
});

test('hashing leaves the event loop free', async () => {
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns += 1;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  await hashPassword('x');
  running = false;
  // Hashing on this thread would be over before the first.
  assert.ok(turns > 0);
});
