import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { BASE, faces } from './faces.fixture.ts';

test('without a token that holds: 401 as keystonemiddleware says it, with the way to the identity face', async (t) => {
  const set = await faces(t);
  for (const token of [null, '', 'garbage', 'x'.repeat(5000)]) {
    const response = await set.send('GET', '/network/v2.0/networks', token);
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['www-authenticate'], `Keystone uri="${BASE}/identity"`);
    assert.deepEqual(response.json(), { error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' } });
  }
});

test('noauth: everybody is administrator, of the named project or the default one', async (t) => {
  const set = await faces(t, { strategy: 'noauth' });
  const create = (headers: Record<string, string>): Promise<LightMyRequestResponse> =>
    set.app.inject({ method: 'POST', url: '/network/v2.0/networks', headers, payload: { network: {} } });
  const owner = (response: LightMyRequestResponse): unknown => response.json<{ network: { project_id: string } }>().network.project_id;
  assert.equal(owner(await create({})), set.projects.get('admin'));
  assert.equal(owner(await create({ 'x-project-id': 'elsewhere' })), 'elsewhere');
  for (const id of ['', 'a b', "x'", 'x'.repeat(37)]) assert.equal((await create({ 'x-project-id': id })).statusCode, 400, id);
});
