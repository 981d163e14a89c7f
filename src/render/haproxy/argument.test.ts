import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address, encode, endpoint, fetch, format, integer, milliseconds, name, network, text } from './argument.ts';
import { CompileError } from './compile-error.ts';
import { MOST_WORDS, encodeWords } from './directive.ts';
import { backendName, poolIdOf } from './names.ts';
import { tokenizeLine } from './tokenize.fixture.ts';

test('text of printable ASCII comes out of the parser as the one word it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 }), (string) => {
      assert.deepEqual(tokenizeLine(`before ${encode(text(string))} after`), ['before', string, 'after']);
    }),
  );
});

test('text with anything else is refused', () => {
  for (const string of ['', '\n', '\r', '\t', '\0', '\x7f', '\x85', '\u2028', 'é', '\ud800', 'x'.repeat(1025)]) {
    assert.throws(() => encode(text(string)), CompileError, JSON.stringify(string));
    assert.throws(() => encode(format(string)), CompileError, JSON.stringify(string));
    assert.throws(() => encode(fetch('req.cook', string, '')), CompileError, JSON.stringify(string));
  }
});

test('harmless text stays bare, everything else is quoted', () => {
  assert.equal(encode(text('/health?x=1')), '/health?x=1');
  assert.equal(encode(text('a b')), "'a b'");
  assert.equal(encode(text("it's")), "'it'\\''s'");
  assert.equal(encode(text('$HOME')), "'$HOME'");
  assert.equal(encode(format('50%')), "'50%%'");
  assert.equal(encode(fetch('req.cook', 'ID', ',sha1')), "'req.cook(ID),sha1'");
});

test('addresses', () => {
  assert.equal(encode(address('192.0.2.1')), '192.0.2.1');
  assert.equal(encode(address('2001:db8::1')), '[2001:db8::1]');
  assert.equal(encode(endpoint('192.0.2.1', 80)), '192.0.2.1:80');
  assert.equal(encode(endpoint('2001:db8::1', 80)), '[2001:db8::1]:80');
  assert.equal(encode(network('2001:db8::/32')), '2001:db8::/32');
  for (const wrong of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '1.2.3.4 ', '[::1]']) assert.throws(() => encode(address(wrong)), CompileError, wrong);
  for (const wrong of ['1.2.3.4', '1.2.3.4/33', '::/129', '1.2.3.4/8/8', '1.2.3.4/', '1.2.3.4/1e1', '/8'])
    assert.throws(() => encode(network(wrong)), CompileError, wrong);
});

test('numbers keep to their range', () => {
  assert.equal(encode(integer(5, 1, 10)), '5');
  assert.equal(encode(milliseconds(0)), '0ms');
  for (const wrong of [0, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => encode(integer(wrong, 1, 10)), CompileError, String(wrong));
  assert.throws(() => encode(milliseconds(-1)), CompileError);
});

test('names of sections', () => {
  assert.equal(encode(name('pool-1:listener-1')), 'pool-1:listener-1');
  for (const wrong of ['', 'a b', 'a:b:c', ':a', 'a\n', 'ä', 'x'.repeat(129)]) assert.throws(() => encode(name(wrong)), CompileError, wrong);
});

test('a backend name, and the pool in what a proxy tells', () => {
  assert.equal(backendName('pool', 'listener'), 'pool:listener');
  assert.deepEqual(['pool:listener', 'pool', '', 'a:b:c'].map(poolIdOf), ['pool', 'pool', '', 'a']);
  assert.throws(() => backendName('pool:x', 'listener'), CompileError);
});

test('a line longer than HAProxy reads is refused', () => {
  const words = Array.from({ length: MOST_WORDS + 1 }, () => name('x'));
  assert.equal(encodeWords(words.slice(1)).split(' ').length, MOST_WORDS);
  assert.throws(() => encodeWords(words), CompileError);
});
