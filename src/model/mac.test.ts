import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { macOf } from './mac.ts';

test('an IPv4 address is visible in its MAC', () => {
  assert.equal(macOf('192.168.1.5'), '02:00:c0:a8:01:05');
});

test('spellings of one IPv6 address have one MAC', () => {
  assert.equal(macOf('2001:db8::1'), macOf('2001:0DB8:0:0:0:0:0:1'));
  assert.notEqual(macOf('2001:db8::1'), macOf('2001:db8::2'));
});

test('every MAC is locally administered and unicast', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const mac = macOf(address);
      assert.match(mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      assert.equal(Number.parseInt(mac.slice(0, 2), 16) & 0b11, 0b10);
    }),
  );
});
