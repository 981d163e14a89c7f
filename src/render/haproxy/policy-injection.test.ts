/**
 * No string of an L7 policy becomes syntax: whatever stands in it, it is refused before there is any text, or the frontend
 * has exactly the words that are expected here, which are put together apart from the compiler. That HAProxy then does
 * with them what it should is the matter of policy-live.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CompareType, RuleType } from '../../model/l7-rule.ts';
import type { PolicyTopology, RuleTopology, Topology } from '../../model/topology.ts';
import { assertAccepted } from './check-config.fixture.ts';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { tokenize, tokenizeLine } from './tokenize.fixture.ts';
import { listenerOf, policyOf, poolOf, ruleOf, topologyOf } from './topology.fixture.ts';

interface Strings {
  readonly policy: string;
  readonly rule: string;
  readonly type: string;
  readonly compareType: string;
  readonly key: string;
  readonly value: string;
  readonly url: string;
  readonly prefix: string;
  readonly pool: string;
}

const HARMLESS: Strings = {
  policy: 'policy-1',
  rule: 'rule-1',
  type: 'HEADER',
  compareType: 'EQUAL_TO',
  key: 'X-Group',
  value: 'blue',
  url: 'http://www.example.com/',
  prefix: 'http://old.example.com',
  pool: 'pool-1',
};
const POSITIONS = Object.keys(HARMLESS) as (keyof Strings)[];

const NASTY = [
  '\n',
  'a\nhttp-request deny',
  'a\r\nX-Injected: yes',
  '\r',
  '\t',
  ' ',
  'a b',
  '',
  'a\0b',
  '#',
  'a#b',
  "'",
  "a' if TRUE",
  '"',
  '"a b"',
  '""',
  '"$HOME"',
  '$HOME',
  '${HOME}',
  '\\',
  'a\\',
  '\\n',
  '\\x0a',
  '%[env(HOME)]',
  '%',
  '%%',
  '\u2028',
  '\u0085',
  '\ud800',
  'é',
  'a),lower',
  "a')b",
  'a(b',
  'a,b',
  'if',
  'unless',
  'or',
  '||',
  '{ always_true }',
  'TRUE',
  '!',
  '-f /etc/passwd',
  '-f',
  '-i',
  '-m',
  '--',
  'code',
  '-M',
  'a:b',
  '__proto__',
  'constructor',
  'x'.repeat(4096),
  "'".repeat(255),
];

const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.constantFrom(...NASTY).map((string) => `http://a/${string}`),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
);

function rulesWith({ rule, type, compareType, key, value }: Strings): RuleTopology[] {
  const chosen = { type: type as RuleType, compareType: compareType as CompareType, key, value };
  return [ruleOf({ id: rule, ...chosen }), ruleOf({ id: `${rule}-not`, ...chosen, invert: true })];
}

function topologyWith(strings: Strings): Topology {
  const of = (number: number, change: Partial<PolicyTopology>): PolicyTopology =>
    policyOf({ id: `${strings.policy}${number}`, redirectCode: 302, rules: rulesWith({ ...strings, rule: `${strings.rule}${number}` }), ...change });
  const policies = [
    of(1, { action: 'REDIRECT_TO_POOL', redirectPool: strings.pool }),
    of(2, { action: 'REDIRECT_PREFIX', redirectPrefix: strings.prefix }),
    of(3, { action: 'REDIRECT_TO_URL', redirectUrl: strings.url }),
    of(4, { action: 'REJECT' }),
  ];
  return topologyOf({ listeners: [listenerOf({ defaultPool: null, policies })], pools: [poolOf({ id: strings.pool })] });
}

/** The text, or null when it was refused in the one way it may be. */
function render(strings: Strings): string | null {
  try {
    return renderProxy(topologyWith(strings))?.text ?? null;
  } catch (error) {
    assert.ok(error instanceof CompileError, String(error));
    assert.match(error.message, /^[\x20-\x7e…]{1,300}$/);
    return null;
  }
}

const LOOKED_AT: Readonly<Record<string, readonly string[]>> = {
  HOST_NAME: ['req.hdr(host)', '-i'],
  PATH: ['path'],
  FILE_TYPE: ['path'],
  HEADER: ['req.hdr()'],
  COOKIE: ['req.cook()'],
  SSL_DN_FIELD: ['ssl_c_s_dn()'],
};
const COMPARED: Readonly<Record<string, string>> = { REGEX: 'reg', STARTS_WITH: 'beg', ENDS_WITH: 'end', CONTAINS: 'sub', EQUAL_TO: 'str' };

/** Words of the lines that one rule makes. */
function aclsOf(name: string, strings: Strings): string[][] {
  const { type, compareType, value } = strings;
  const fetched = LOOKED_AT[type] ?? assert.fail(`${type} was let through`);
  const bare = type === 'COOKIE' || compareType === 'REGEX' ? value : value.replace(/^"(.*)"$/, '$1');
  const isExtension = type === 'FILE_TYPE' && compareType === 'EQUAL_TO';
  const match = isExtension ? ['-m', 'end', '--', bare.startsWith('.') ? bare : `.${bare}`] : ['-m', COMPARED[compareType] ?? '', '--', bare];
  const lines = [['acl', name, ...fetched, ...match]];
  if (type === 'HEADER' && bare.includes(',')) lines.push(['acl', name, 'req.fhdr()', ...match]);
  if (type === 'HOST_NAME' && !['STARTS_WITH', 'CONTAINS'].includes(compareType)) lines.push(['acl', name, 'req.hdr(host),host_only', '-i', ...match]);
  return lines;
}

function expectedLines(strings: Strings): string[][] {
  const names = [1, 2, 3, 4].map((number) => [`rule:${strings.rule}${number}`, `rule:${strings.rule}${number}-not`]);
  const when = (at: number): string[] => ['if', names[at]?.[0] ?? '', `!${names[at]?.[1]}`];
  return [
    ...names.flat().flatMap((name) => aclsOf(name, strings)),
    ['http-request', 'deny', ...when(3)],
    ['redirect', 'code', '302', 'prefix', strings.prefix, ...when(1)],
    ['redirect', 'code', '302', 'location', strings.url, ...when(2)],
    ['use_backend', `${strings.pool}:listener-1`, ...when(0)],
  ];
}

/** A fetch's key, which HAProxy cuts out of the parentheses by the same rules once more, taken out of the word. */
function withoutKey(word: string, key: string): string {
  const call = /^(req\.(?:f?hdr|cook)|ssl_c_s_dn)\((.*)\)$/s.exec(word);
  if (!call || call[2] === 'host') return word;
  assert.deepEqual(tokenizeLine(call[2] ?? ''), [key]);
  return `${call[1]}()`;
}

function assertWords(strings: Strings): boolean {
  const text = render(strings);
  if (text === null) return false;
  const lines = tokenize(text);
  const begin = lines.findIndex(([keyword]) => keyword === 'acl');
  const end = lines.findIndex(([keyword]) => keyword === 'backend');
  const policies = lines
    .slice(begin, end)
    .map((words) => words.map((word, column) => (column === 2 && words[0] === 'acl' ? withoutKey(word, strings.key) : word)));
  assert.deepEqual(policies, expectedLines(strings), JSON.stringify(strings));
  const others = tokenize(render(HARMLESS) ?? '').filter(([keyword]) => keyword !== 'acl');
  assert.equal(lines.filter(([keyword]) => keyword !== 'acl').length, others.length, JSON.stringify(strings));
  return true;
}

function only(strings: Partial<Strings>): Strings {
  return { ...HARMLESS, ...strings };
}

test('harmless strings are let through', () => assert.ok(assertWords(HARMLESS)));

const types = fc.constantFrom('HOST_NAME', 'PATH', 'FILE_TYPE', 'HEADER', 'COOKIE', 'SSL_DN_FIELD');
const compareTypes = fc.constantFrom(...Object.keys(COMPARED));

test('every nasty string in every position is refused or leaves the structure alone', () => {
  for (const position of POSITIONS) for (const string of NASTY) assertWords(only({ [position]: string }));
  for (const value of NASTY)
    for (const type of Object.keys(LOOKED_AT)) for (const compareType of Object.keys(COMPARED)) assertWords(only({ type, compareType, value }));
});

test('an arbitrary string in any one position is refused or leaves the structure alone', () => {
  const position = fc.constantFrom(...POSITIONS);
  fc.assert(
    fc.property(position, nasty, types, compareTypes, (name, string, type, compareType) => void assertWords(only({ type, compareType, [name]: string }))),
    { numRuns: 8000 },
  );
});

const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 });
const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)), minLength: 1, maxLength: 60 });
const token = fc.string({ unit: fc.constantFrom(...Array.from("aZ09!#$%&'*+-.^_`|~")), minLength: 1, maxLength: 30 });
const id = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '.', '-'), minLength: 1, maxLength: 36 });
const address = visible.map((string) => `http://${string}`);

test('what is let through keeps its words and is accepted by a real HAProxy', async () => {
  const record = fc.record({
    policy: id,
    rule: id,
    type: fc.constantFrom('HOST_NAME', 'PATH', 'FILE_TYPE', 'HEADER', 'COOKIE'),
    compareType: fc.constantFrom('EQUAL_TO', 'EQUAL_TO', 'STARTS_WITH', 'ENDS_WITH', 'CONTAINS'),
    key: token,
    value: printable.filter((value) => value !== '""'),
    url: address,
    prefix: address,
    pool: id,
  });
  const property = fc.asyncProperty(record, async (strings) => {
    const fitting = strings.type === 'FILE_TYPE' ? { ...strings, compareType: 'EQUAL_TO' } : strings;
    assert.ok(assertWords(fitting), JSON.stringify(fitting));
    await assertAccepted(render(fitting) ?? '');
  });
  await fc.assert(property, { numRuns: 80 });
});

test('the nasty strings that are let through are accepted by a real HAProxy', async () => {
  const variants = NASTY.flatMap((value) => [
    ...['HEADER', 'COOKIE', 'HOST_NAME', 'PATH', 'FILE_TYPE'].map((type) => only({ type, value })),
    only({ key: value }),
    only({ type: 'COOKIE', key: value }),
    only({ url: `http://${value}`, prefix: `http://${value}` }),
    only({ rule: value }),
  ]);
  const accepted = variants.map(render).filter((text) => text !== null);
  assert.ok(accepted.length > 150, String(accepted.length));
  for (const text of accepted) await assertAccepted(text);
});
