import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bridgeName, hostLinkName, hostLinkNames, idOfDirectory, idOfNamespace, nodeFiles, nodeNamespace, switchNamespace } from './names.ts';

const INSTANCE = 'a1b2c3';

test('an id is read back from the names of a namespace and of a directory', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      assert.equal(idOfNamespace(INSTANCE, nodeNamespace(INSTANCE, id)), id);
      assert.equal(idOfDirectory(nodeFiles('/run', id).directory.slice('/run/'.length)), id);
    }),
  );
});

test('other names carry no id', () => {
  const id = '11111111-2222-4333-8444-555555555555';
  for (const name of [switchNamespace(INSTANCE), nodeNamespace('ffffff', id), `weir-${INSTANCE}-client`, 'qrouter-1'])
    assert.equal(idOfNamespace(INSTANCE, name), null);
});

test('names of links are short enough for the kernel, and different', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const names = [bridgeName(id), ...hostLinkNames(id)];
      assert.ok(names.every((name) => name.length <= 15));
      assert.equal(new Set(names).size, 37);
    }),
  );
});

test('what cannot be a name is refused', () => {
  assert.throws(() => nodeNamespace('../x', '1'), { name: 'NodeError' });
  assert.throws(() => nodeNamespace(INSTANCE, '../../etc'), { name: 'NodeError' });
  assert.throws(() => hostLinkName('11111111-2222-4333-8444-555555555555', 'eth10'), { name: 'NodeError' });
});
