import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, text } from '../../render/haproxy/argument.ts';
import { assertAccepted } from '../../render/haproxy/check-config.fixture.ts';
import { RegexError } from './l7-regex-parser.ts';
import { checkRegex } from './l7-regex.ts';

/** What real rules look like: each must be taken. */
const GOOD = [
  '/images*',
  '^/api(/v[0-9]+)?$',
  '\\.(jpg|jpeg|png|gif)$',
  '^(www|static|cdn)\\.example\\.(com|org)$',
  '^(?:[a-z0-9](?:[a-z0-9-]*)\\.)?example\\.com$',
  '(?i)mozilla/[0-9.]+ .*firefox',
  '^/(?!private/).*',
  '(/[^/]+)*/index\\.html',
  '(\\w+\\.)*example\\.com',
  '(\\d{1,3}\\.){3}\\d{1,3}',
  '([0-9a-f]{2}:){5}[0-9a-f]{2}',
  '^STREET.*NO\\.$',
  '.*a.*b.*',
  '[]a-c^-]',
  '[.]',
  '[:/]x:]',
  '[^.a.]',
  '[^]]+',
  'a{2,}b{3}c{0,4}?',
  'x{y}{}',
  '(?P<name>a|b)(?i:c)',
  '(?<=ab)c(?<!d)',
  '\\x2fpath\\b\\Z',
  '[\\b\\x41-\\x5a\\-\\]]',
  '(|a)b',
  'a|',
  '()',
];

/** Patterns that are no patterns, or that the two engines read differently. */
const BAD = [
  ['(', ')', '(a', 'a)', '[a', '[', '[]', '[^]', '[z-a]', '[\\d-z]', '[a-\\d]', '\\', 'a\\'],
  ['*', '+a', '?', '(*a)', 'a|*', '^*', '$+', '\\b?', '(?=a)*', 'a**', 'a+*', 'a{2}{3}', 'a{3,2}', '{5}', '{,5}', 'a{,5}', 'a{,}'],
  ['a*+', 'a++', 'a?+', '(?>a)', '(?#a)', '(?(1)a)', '(?R)', '(?<n>a)', "(?'n'a)", '(a)\\1', '(?P<n>a)(?P=n)', '(?P<n>a)(?P<n>b)', '(?P<1>a)'],
  ['a(?i)b', '(?x)a', '(?u)a', '(?i-s:a)', '(?', '(?i', '(*UTF)a', '(?<=a+)b', '(?<!a|bc)d'],
  [
    '[[:alpha:]]',
    '[[.a.]]',
    '[./|)0.]',
    '[:a:]',
    '[=\\]=]',
    'a[..]',
    '\\z',
    '\\G',
    '\\K',
    '\\Q',
    '\\p{L}',
    '\\h',
    '\\v',
    '\\0',
    '\\1',
    '\\u0041',
    '\\x4',
    '\\xg0',
    '[\\B]',
    '[\\Z]',
  ],
  ['é', 'a\nb', 'a\tb', '\x00', '\x7f'],
].flat();

/** Patterns whose matching can take very many steps. */
const SLOW = [
  '(a+)+',
  '(a*)*',
  '(a|a)*',
  '(a|ab)*c',
  '(.*x)*',
  '([a-z]+[A-Z]*)+!',
  '(a?){50}a{50}',
  '(a{1,3})+b',
  '(\\w+\\s?)*$',
  '((ab?)+c?)+d',
  '(?:.+)+=',
  'a.*b.*c.*d',
  '\\d+\\d+\\d+\\d+x',
  'a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa',
  '((?=.*a)b)*',
  '((a{100}){100})',
  '[0-9]{1001}',
];

test('what rules need is taken', () => {
  for (const pattern of GOOD) assert.doesNotThrow(() => checkRegex(pattern), pattern);
});

test('what is no pattern to one of the engines is refused', () => {
  for (const pattern of BAD) assert.throws(() => checkRegex(pattern), RegexError, pattern);
});

test('what could make a proxy search for long is refused', () => {
  for (const pattern of SLOW) assert.throws(() => checkRegex(pattern), RegexError, pattern);
});

const ATOMS = ['a', 'B', '.', '/', '\\d', '\\W', '[a-c]', '[^x/]', '[]{}-]', '\\.', '\\x2e', '{', '}', ']', '-', ' ', "'", '"', '#', '%', '\\_', '\\ ', ','];
const SUFFIXES = ['', '', '', '*', '+', '?', '??', '{2}', '{1,3}', '{0,}', '{2,3}?', '{', '{,2}', '+*'];
const piece = fc.tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...SUFFIXES)).map((parts) => parts.join(''));
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    piece,
    fc.tuple(piece, tie('node')).map((parts) => parts.join('')),
    fc.tuple(tie('node'), tie('node')).map((parts) => parts.join('|')),
    fc
      .tuple(
        fc.constantFrom('(', '(?:', '(?=', '(?!', '(?<=', '^(', '(?i:', '(?P<n>'),
        tie('node'),
        fc.constantFrom(')', ')*', ')+', ')?', ')$', ')\\b', '){2}'),
      )
      .map((parts) => parts.join('')),
  ),
})).node;

const noise = fc.string({ unit: fc.constantFrom(...Array.from('ab01()[]{}|*+?.^$\\-,:=!<>P/dwsbxZ')), maxLength: 30 });

function accepted(patterns: readonly string[]): string[] {
  return patterns.filter((candidate) => {
    try {
      checkRegex(candidate);
      return candidate !== '' && candidate.length <= 255;
    } catch (error) {
      assert.ok(error instanceof RegexError, `${candidate}: ${String(error)}`);
      return false;
    }
  });
}

test('whatever is taken compiles in HAProxy', async () => {
  const patterns = accepted([...GOOD, ...fc.sample(pattern, 3000), ...fc.sample(noise, 3000)]);
  assert.ok(patterns.length > 500, `${patterns.length} patterns`);
  const rules = [...new Set(patterns)].map((candidate, index) => `  acl r${index} path_reg -- ${encode(text(candidate))}`);
  await assertAccepted(
    ['defaults', '  mode http', '  timeout connect 1s', '  timeout client 1s', '  timeout server 1s', 'frontend f', '  bind 127.0.0.1:1', ...rules, ''].join(
      '\n',
    ),
  );
});
