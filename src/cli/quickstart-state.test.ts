import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { claimState, ownershipMark } from './quickstart-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgeweir-claim-'));
after(() => rmSync(folder, { recursive: true }));

test('a directory that is not there or empty is taken, and taken again after a crash', () => {
  const path = join(folder, 'new/state');
  assert.equal(claimState(path), 'new');
  writeFileSync(join(path, 'edgeweir.db'), '');
  assert.equal(claimState(path), 'own');
});

test('a directory with anything in it is left to its owner', () => {
  const path = join(folder, 'somebody');
  mkdirSync(path);
  writeFileSync(join(path, 'edgeweir.db'), '');
  assert.equal(claimState(path), 'foreign');
});

test('what a server was run on is not thrown away any more', () => {
  const path = join(folder, 'served');
  claimState(path);
  writeFileSync(join(path, 'edgeweir.db'), '');
  rmSync(ownershipMark(path));
  assert.equal(claimState(path), 'foreign');
});
