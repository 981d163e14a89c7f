import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainAddress, networkParts } from './address.ts';

test('addresses: no names, no zones, nothing that is no string', () => {
  for (const address of ['192.0.2.1', '2001:db8::1', '::']) assert.equal(isPlainAddress(address), true, address);
  for (const wrong of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '1.2.3.4 ', '1.2.3.4\n', '[::1]', null, undefined, 7, ['::1']])
    assert.equal(isPlainAddress(wrong), false, String(wrong));
});

test('networks: an address and a length that it can have', () => {
  assert.deepEqual(networkParts('192.0.2.0/24'), { address: '192.0.2.0', length: 24 });
  assert.deepEqual(networkParts('2001:db8::/128'), { address: '2001:db8::', length: 128 });
  for (const wrong of [
    '1.2.3.4',
    '1.2.3.4/33',
    '::/129',
    '1.2.3.4/8/8',
    '1.2.3.4/',
    '1.2.3.4/1e1',
    '1.2.3.4/-1',
    '1.2.3.4/8\n',
    '/8',
    'fe80::1%a/64',
    '',
    null,
  ])
    assert.equal(networkParts(wrong), null, String(wrong));
});
