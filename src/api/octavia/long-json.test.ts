import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { longJson } from './long-json.ts';

const leaf = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 60 }),
  // As views have them: an attribute that is not there may be undefined.
  object: fc.dictionary(fc.string(), fc.oneof(tie('value'), fc.constant(undefined)), { maxKeys: 6 }),
}));

test('what is written piece by piece is what JSON.stringify writes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), value, { maxKeys: 4 }), async (object) => {
      assert.equal((await longJson(object)).toString(), JSON.stringify(object));
    }),
  );
});

test('megabytes are written whole', async () => {
  const tree = {
    loadbalancer: {
      pools: Array.from({ length: 300 }, (_, pool) => ({ members: Array.from({ length: 100 }, (_, index) => ({ pool, index, name: 'Käse 🧀' })) })),
    },
  };
  assert.deepEqual(JSON.parse((await longJson(tree)).toString()), tree);
});
