import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  defaultGateway,
  defaultPools,
  hostRange,
  isInside,
  networkRange,
  overlaps,
  poolRanges,
  roundFrom,
  sizeOf,
  toAddress,
  toNumber,
} from './address-range.ts';

test('addresses and numbers are the same thing', () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (value) => assert.equal(toNumber(toAddress(value, 4)), value)));
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (value) => assert.equal(toNumber(toAddress(value, 6)), value)));
  assert.equal(toAddress(toNumber('fd00::1') + 0xfffen, 6), 'fd00::ffff');
});

test('ranges of networks', () => {
  assert.deepEqual(networkRange('192.168.1.77/24'), { first: toNumber('192.168.1.0'), last: toNumber('192.168.1.255') });
  assert.deepEqual(hostRange('192.168.1.0/24'), { first: toNumber('192.168.1.1'), last: toNumber('192.168.1.254') });
  assert.deepEqual(hostRange('192.168.1.2/31'), { first: toNumber('192.168.1.2'), last: toNumber('192.168.1.3') });
  assert.deepEqual(hostRange('192.168.1.2/32'), { first: toNumber('192.168.1.2'), last: toNumber('192.168.1.2') });
  assert.deepEqual(hostRange('fd00::/64'), { first: toNumber('fd00::1'), last: toNumber('fd00::ffff:ffff:ffff:ffff') });
  assert.equal(isInside('192.168.1.0/24', '192.168.2.1'), false);
  assert.equal(isInside('0.0.0.0/1', '::1'), false);
});

test('default gateway and pools are those of the recorded Neutron', () => {
  assert.equal(defaultGateway('192.168.1.0/24'), '192.168.1.1');
  assert.deepEqual(defaultPools('192.168.1.0/24', '192.168.1.1'), [{ start: '192.168.1.2', end: '192.168.1.254' }]);
  assert.equal(defaultGateway('fdde:1a92:7523:70a0::/64'), 'fdde:1a92:7523:70a0::');
  assert.deepEqual(defaultPools('fdde:1a92:7523:70a0::/64', 'fdde:1a92:7523:70a0::'), [
    { start: 'fdde:1a92:7523:70a0::1', end: 'fdde:1a92:7523:70a0:ffff:ffff:ffff:ffff' },
  ]);
});

test('a gateway in the middle parts the pool; one elsewhere or none leaves it whole', () => {
  assert.deepEqual(defaultPools('10.0.0.0/29', '10.0.0.3'), [
    { start: '10.0.0.1', end: '10.0.0.2' },
    { start: '10.0.0.4', end: '10.0.0.6' },
  ]);
  assert.deepEqual(defaultPools('10.0.0.0/29', '10.0.0.6'), [{ start: '10.0.0.1', end: '10.0.0.5' }]);
  for (const gateway of [null, '10.1.0.1', 'fe80::1']) assert.deepEqual(defaultPools('10.0.0.0/29', gateway), [{ start: '10.0.0.1', end: '10.0.0.6' }]);
  assert.deepEqual(defaultPools('10.0.0.1/32', '10.0.0.1'), []);
});

const range = fc.tuple(fc.bigInt(0n, 60n), fc.bigInt(0n, 20n)).map(([first, length]) => ({ first, last: first + length }));

test('a round visits every address once, first those behind the cursor', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), fc.option(fc.bigInt(0n, 90n)), (drawn, cursor) => {
      const ranges = drawn.filter((one, index) => drawn.slice(0, index).every((other) => !overlaps(one, other))).toSorted((a, b) => Number(a.first - b.first));
      const visited = [...roundFrom(ranges, cursor)];
      assert.equal(BigInt(visited.length), sizeOf(ranges));
      assert.equal(new Set(visited).size, visited.length);
      const behind = visited.filter((value) => cursor === null || value > cursor);
      assert.deepEqual(visited, [...behind.toSorted((a, b) => Number(a - b)), ...visited.slice(behind.length).toSorted((a, b) => Number(a - b))]);
    }),
  );
});

test('pools are taken in ascending order, however they were written', () => {
  const pools = poolRanges({
    cidr: '10.0.0.0/24',
    gateway_ip: null,
    allocation_pools: [
      { start: '10.0.0.9', end: '10.0.0.9' },
      { start: '10.0.0.2', end: '10.0.0.3' },
    ],
  });
  assert.deepEqual(
    pools.map(({ first }) => toAddress(first, 4)),
    ['10.0.0.2', '10.0.0.9'],
  );
});
