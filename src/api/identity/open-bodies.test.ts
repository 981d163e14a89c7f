import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUser, faces } from './faces.fixture.ts';
import { V3, requestsWith } from './requests.fixture.ts';

const MAX = 65_536;

/** Valid JSON of so many bytes. */
function padded(body: object, bytes: number): string {
  const text = JSON.stringify(body);
  return `${text}${' '.repeat(bytes - text.length)}`;
}

test('without a token a body may be 64 KiB, with one as much as anywhere', async (t) => {
  const set = await faces(t);
  const id = await addUser(set.store, 'ann', 'old', 'blue', ['member']);
  const user = { id, password: 'old' };
  const bodies: [string, object, number][] = [
    [`${V3}/auth/tokens`, { auth: { identity: { methods: ['password'], password: { user } } } }, 201],
    [`${V3}/users/${id}/password`, { user: { original_password: 'old', password: 'new' } }, 204],
  ];
  for (const [url, body, status] of bodies) {
    const send = (bytes: number) => set.app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload: padded(body, bytes) });
    const refused = await send(MAX + 1);
    assert.equal(refused.statusCode, 413);
    assert.deepEqual(refused.json(), { error: { code: 413, message: 'Request is too large.', title: 'Payload Too Large' } });
    assert.equal((await send(MAX)).statusCode, status);
  }
  const api = requestsWith(set, await set.admin());
  await api.expect(400, 'POST', 'users', { user: { name: 'x', email: 'e'.repeat(MAX) } });
});

test('the longest passwords fit, in JSON’s longest spelling', async (t) => {
  const set = await faces(t);
  const [old, next] = ['\u{1f511}'.repeat(2048), '\u{1f5dd}'.repeat(2048)];
  const id = await addUser(set.store, 'ann', old, 'blue', ['member']);
  const escaped = JSON.stringify({ user: { original_password: old, password: next } }).replaceAll(
    /[\ud800-\udfff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
  );
  const answer = await set.app.inject({
    method: 'POST',
    url: `${V3}/users/${id}/password`,
    headers: { 'content-type': 'application/json' },
    payload: escaped,
  });
  assert.equal(answer.statusCode, 204, answer.body);
});
