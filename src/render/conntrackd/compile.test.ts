import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFlowSync } from './compile.ts';

test('each node tells the other, and what they do themselves is left out', () => {
  const { text } = renderFlowSync({ own: '192.0.2.11', peer: '192.0.2.12' });
  assert.match(text, /IPv4_address 192\.0\.2\.11\n\s+IPv4_Destination_Address 192\.0\.2\.12\n/);
  const [, ignored = ''] = /Address Ignore \{([^}]*)\}/.exec(text) ?? [];
  assert.deepEqual(
    ignored
      .trim()
      .split('\n')
      .map((line) => line.trim()),
    ['IPv4_address 127.0.0.1', 'IPv6_address ::1', 'IPv4_address 192.0.2.11', 'IPv4_address 192.0.2.12'],
  );
});

test('addresses of IPv6 are spoken over IPv6', () => {
  assert.match(renderFlowSync({ own: '2001:db8::1', peer: '2001:db8::2' }).text, /IPv6_address 2001:db8::1\n\s+IPv6_Destination_Address 2001:db8::2\n/);
});

test('what is no address is refused', () => {
  for (const own of ['', 'x', '192.0.2.1\nUNIX {', 'fe80::1%eth0', '192.0.2.1/24']) assert.throws(() => renderFlowSync({ own, peer: '192.0.2.2' }));
});
