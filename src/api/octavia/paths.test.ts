import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPath } from './paths.ts';

const CASES: readonly [string, string][] = [
  ['/v2.0/lbaas/loadbalancers', '/v2.0/lbaas/loadbalancers'],
  ['/v2/lbaas/loadbalancers/', '/v2.0/lbaas/loadbalancers'],
  ['/v2/loadbalancers/x', '/v2.0/lbaas/loadbalancers/x'],
  ['/v2.0/pools/x/members.json', '/v2.0/lbaas/pools/x/members'],
  ['/v2.0/octavia/amphorae', '/v2.0/octavia/amphorae'],
  ['/v2', '/v2.0'],
  ['/v2.0/', '/v2.0'],
  ['/v2/lbaas', '/v2.0'],
  ['/v2/lbaasx', '/v2.0/lbaas/lbaasx'],
  ['/', '/'],
  ['/healthcheck', '/healthcheck'],
  ['/v20/lbaas', '/v20/lbaas'],
];

test('many spellings, one path', () => {
  for (const [given, wanted] of CASES) assert.equal(canonicalPath(given), wanted, given);
});

test('a canonical path is its own canonical path', () => {
  for (const [, wanted] of CASES) assert.equal(canonicalPath(wanted), wanted);
});
