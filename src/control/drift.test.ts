import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_NODE, type NodeConfig, STRANGE_PACKETS } from '../model/node-config.ts';
import type { Plan } from '../model/plan.ts';
import { diff } from './diff.ts';
import { driftOf } from './drift.ts';

const proxy = (text: string): NodeConfig => ({ ...EMPTY_NODE, proxy: { text, structure: 'one', servers: [], files: [] } });

test('lines and steps say what differed', () => {
  const [present, wanted] = [proxy('global\n  # a hand was here\n'), proxy('global\n')];
  const drift = driftOf('node', 'local', present, wanted, diff(present, wanted));
  assert.deepEqual(drift?.config, ['-  # a hand was here']);
  assert.ok((drift?.steps.length ?? 0) > 0);
});

test('what does not differ is none, and neither are the slots of members that follow their health', () => {
  const same = proxy('global\n');
  assert.equal(driftOf('node', 'local', same, same, diff(same, same)), null);
  const packets = { ...STRANGE_PACKETS, digest: 'a' };
  const slots: Plan = [{ kind: 'set-packets', cost: 'runtime', packets }] as unknown as Plan;
  assert.equal(driftOf('node', 'local', { ...EMPTY_NODE, packets }, { ...EMPTY_NODE, packets }, slots), null);
  assert.notEqual(driftOf('node', 'local', { ...EMPTY_NODE, packets: STRANGE_PACKETS }, { ...EMPTY_NODE, packets }, slots), null);
  assert.notEqual(driftOf('node', 'local', null, { ...EMPTY_NODE, packets }, slots), null);
});

test('a node that is gone whole is told in a hundred lines', () => {
  const text = Array.from({ length: 500 }, (_, line) => `line ${line}`).join('\n');
  assert.equal(driftOf('node', 'local', null, proxy(text), diff(null, proxy(text)))?.config.length, 100);
});
