import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expect, keyManager } from './key-manager.fixture.ts';

test('JSON of a shape that no client sends is refused before it is parsed', async (t) => {
  const user = await (await keyManager(t)).user('blue', 'member');
  const json = { 'content-type': 'application/json' };
  const many = `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join(',')}}`;
  const deep = `{"name":${'['.repeat(65)}${']'.repeat(65)}}`;
  const cases: [Buffer, RegExp][] = [
    [Buffer.from(many), /different names of attributes$/],
    [Buffer.from(deep), /lists or objects within each other$/],
    [Buffer.from('{"name":"\u00e4"}', 'latin1'), /^Request is not in valid JSON format$/],
    [Buffer.from('{'), /^Request is not in valid JSON format$/],
  ];
  const paths = [
    ['POST', '/secrets'],
    ['POST', '/containers'],
    ['PUT', `${await user.store('x')}/acl`],
    ['PUT', `${await user.store('x')}/metadata`],
  ] as const;
  for (const [method, path] of paths)
    for (const [body, words] of cases) {
      const { description } = expect(await user.send(method, path, body, json), 400);
      assert.match(String(description), words);
    }
});
