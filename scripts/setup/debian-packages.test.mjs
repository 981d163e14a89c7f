import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PACKAGES, missingPackages, parsePackages } from './debian-packages.mjs';

test('only packages whose files are there count as installed', () => {
  const found = parsePackages('installed haproxy\nconfig-files nftables\nhalf-configured curl\ninstalled libc6:amd64\n');
  assert.deepEqual([...found], ['haproxy', 'libc6']);
});

test('a package that does not exist is missing, one that brings a known command is not', () => {
  assert.deepEqual(missingPackages([{ name: 'edgeweir-no-such-package' }]), ['edgeweir-no-such-package']);
  assert.deepEqual(missingPackages([{ name: 'edgeweir-no-such-package', command: 'sh' }]), []);
});

test('the tests need what running needs', () => {
  for (const wanted of PACKAGES.run) assert.ok(PACKAGES.test.includes(wanted) && PACKAGES.bench.includes(wanted));
});
