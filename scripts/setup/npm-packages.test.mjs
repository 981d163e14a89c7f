import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNode, recordMatches } from './npm-packages.mjs';

const HOST = { platform: 'linux', arch: 'x64' };
const LOCK = {
  '': { name: 'edgeweir' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/arm': { version: '1.0.0', optional: true, cpu: ['arm64'], os: ['linux'] },
};

test('an installation with what the lockfile asks of this machine is complete', () => {
  assert.equal(recordMatches(LOCK, { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } }, HOST), true);
});

test('another version, another integrity or a missing package is not', () => {
  assert.equal(recordMatches(LOCK, { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }, HOST), false);
  assert.equal(recordMatches(LOCK, { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }, HOST), false);
  assert.equal(recordMatches(LOCK, {}, HOST), false);
});

test('an optional package for this very machine must be there', () => {
  assert.equal(recordMatches(LOCK, { 'node_modules/a': LOCK['node_modules/a'] }, { platform: 'linux', arch: 'arm64' }), false);
});

test('without the bundled Node only a new enough one will do', () => {
  assert.equal(findNode('/nowhere', { version: '18.20.4', arch: 'x64', execPath: '/usr/bin/node' }), null);
  assert.equal(findNode('/nowhere', { version: '24.1.0', arch: 'x64', execPath: '/usr/bin/node' }), '/usr/bin/node');
});
