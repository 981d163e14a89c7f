import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Sealed } from './sealed.ts';

test('a sealed text is told apart from others, and shown by nothing but open', () => {
  const sealed = new Sealed('the private key');
  const shown = [inspect({ sealed }, { depth: 9, showHidden: true }), JSON.stringify({ sealed }), String(sealed), Object.entries(sealed).join(' ')];
  for (const text of shown) assert.ok(!text.includes('private'), text);
  assert.equal(sealed.open(), 'the private key');
  assert.equal(sealed.digest, new Sealed('the private key').digest);
  assert.notEqual(sealed.digest, new Sealed('the private key ').digest);
  assert.deepEqual(structuredClone({ digest: sealed.digest }), { digest: sealed.digest });
});
