/**
 * No string becomes syntax. Whatever stands in any string of a topology, also what the API would never let through: it
 * is refused before there is any text, or the text has line for line and word for word the structure that the same
 * topology has with harmless strings.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ListenerTopology, MemberTopology, MonitorTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { assertAccepted } from './check-config.fixture.ts';
import { settlingFile } from './settling.ts';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { tokenize, tokenizeLine } from './tokenize.fixture.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

/** Every string position; what is absent stays harmless. */
interface Strings {
  readonly topology: string;
  readonly listener: string;
  readonly pool: string;
  readonly member: string;
  readonly monitor: string;
  readonly vip: string;
  readonly address: string;
  readonly monitorAddress: string;
  readonly cidr: string;
  readonly header: string;
  readonly headerValue: string;
  readonly method: string;
  readonly path: string;
  readonly codes: string;
  readonly domain: string;
  readonly cookie: string;
  readonly listenerProtocol: string;
  readonly poolProtocol: string;
  readonly algorithm: string;
  readonly persistence: string;
  readonly monitorType: string;
}

const HARMLESS: Strings = {
  topology: 'balancer-1',
  listener: 'listener-1',
  pool: 'pool-1',
  member: 'member-1',
  monitor: 'monitor-1',
  vip: '192.0.2.1',
  address: '192.0.2.11',
  monitorAddress: '192.0.2.12',
  cidr: '192.0.2.0/24',
  header: 'X-Forwarded-For',
  headerValue: 'true',
  method: 'GET',
  path: '/path',
  codes: '200',
  domain: 'www.example.com',
  cookie: 'COOKIE',
  listenerProtocol: 'HTTP',
  poolProtocol: 'HTTP',
  algorithm: 'ROUND_ROBIN',
  persistence: 'APP_COOKIE',
  monitorType: 'HTTPS',
};
const POSITIONS = Object.keys(HARMLESS) as (keyof Strings)[];

const NASTY = [
  '\n',
  'a\nserver evil 192.0.2.66:1',
  'a\r\nserver evil 192.0.2.66:1',
  '\r',
  ' ',
  'a b',
  '',
  'a\0b',
  '#',
  'a#b',
  "'",
  "'a'",
  "a' server evil",
  '"',
  '"$HOME"',
  '$HOME',
  '${HOME}',
  '"${HOME}"',
  '\\',
  'a\\',
  '\\n',
  '\\x0a',
  '%[env(HOME)]',
  '%',
  '%%',
  '%{+Q}[src]',
  '\u2028',
  '\u2029',
  '\u0085',
  '\ufeff',
  '\ud800',
  'é',
  'a),lower',
  "a')b",
  'a(b',
  'a,b',
  ')',
  'if',
  'unless',
  '{',
  '}',
  '-f /etc/passwd',
  '-f',
  '!',
  '|| TRUE',
  '../../etc/passwd',
  'pool:listener',
  '__proto__',
  'constructor',
  'x'.repeat(4096),
  "'".repeat(1000),
  '/' + "'".repeat(1000),
];

const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.constantFrom(...NASTY).map((string) => `/${string}`),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
);

function topologyWith(strings: Strings): Topology {
  const base = topologyOf();
  const http: NonNullable<MonitorTopology['http']> = {
    method: strings.method,
    path: strings.path,
    expectedCodes: strings.codes,
    version: 1.1,
    domainName: strings.domain,
  };
  const monitor = monitorOf({ id: strings.monitor, type: strings.monitorType as MonitorTopology['type'], http });
  const members: MemberTopology[] = [memberOf({ id: strings.member, address: strings.address, monitorAddress: strings.monitorAddress })];
  const persistence = {
    type: strings.persistence as 'APP_COOKIE',
    cookie_name: strings.cookie,
    persistence_timeout: null,
    persistence_granularity: strings.cookie,
  };
  const listener = listenerOf({
    id: strings.listener,
    protocol: strings.listenerProtocol as ListenerTopology['protocol'],
    defaultPool: strings.pool,
    allowedCidrs: [strings.cidr],
    insertHeaders: { [strings.header]: strings.headerValue },
  });
  const protocol = strings.poolProtocol as PoolTopology['protocol'];
  const algorithm = strings.algorithm as PoolTopology['algorithm'];
  return topologyOf({
    id: strings.topology,
    projectId: strings.topology,
    vip: { ...base.vip, address: strings.vip },
    listeners: [listener],
    pools: [poolOf({ id: strings.pool, protocol, algorithm, persistence, members, monitor })],
  });
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

const harmlessLines = tokenize(render(HARMLESS) ?? '');

/** The word that stands where a harmless one stood, with the strings in it put back; for the description null. */
function expectedWord(word: string, strings: Strings): string | null {
  if (word.startsWith('weir:')) return null;
  switch (word) {
    case HARMLESS.listener:
      return strings.listener;
    case HARMLESS.member:
      return strings.member;
    case `${HARMLESS.pool}:${HARMLESS.listener}`:
      return `${strings.pool}:${strings.listener}`;
    case HARMLESS.path:
      return strings.path;
    case HARMLESS.domain:
      return strings.domain.replaceAll('%', '%%');
    case HARMLESS.method:
      return strings.method;
    default:
      return word;
  }
}

/** Strings that may change what is asked for rather than how it is written are compared on their own below. */
const FREE: readonly (keyof Strings)[] = ['topology', 'listener', 'pool', 'member', 'monitor', 'method', 'path', 'domain'];

function only(strings: Partial<Strings>): Strings {
  return { ...HARMLESS, ...strings };
}

test('every nasty string in every position is refused or leaves the structure alone', () => {
  for (const position of POSITIONS) for (const string of NASTY) assertStructure(only({ [position]: string }), position);
});

function assertStructure(strings: Strings, what: string): void {
  const text = render(strings);
  if (text === null) return;
  const lines = tokenize(text);
  const shown = `${what}: ${JSON.stringify(strings)}`;
  if (FREE.every((position) => strings[position] === HARMLESS[position]) && what !== 'cookie') return assertKnownWords(lines, shown);
  assert.deepEqual(
    lines.map((words) => words.length),
    harmlessLines.map((words) => words.length),
    shown,
  );
  for (const [at, words] of lines.entries()) for (const [column, word] of words.entries()) assertWord(word, harmlessLines[at]?.[column] ?? '', strings, shown);
}

/** Where a string chooses between things (a protocol, a header), each line must still begin with a keyword of ours. */
function assertKnownWords(lines: string[][], shown: string): void {
  const keywords = new Set([...harmlessLines.map(([keyword]) => keyword), 'balance', 'hash-type', 'cookie', 'dynamic-cookie-key']);
  for (const [keyword] of lines) assert.ok(keywords.has(keyword ?? ''), `${keyword} in ${shown}`);
}

function assertWord(word: string, harmless: string, strings: Strings, shown: string): void {
  const inside = /^(re[qs]\.cook)\((.*)\),sha1$/s;
  const call = inside.exec(harmless);
  if (call === null) {
    const expected = expectedWord(harmless, strings);
    if (expected !== null) assert.equal(word, expected, shown);
    return;
  }
  // HAProxy reads the parentheses by the same rules once more: the name must come out whole, as one word.
  const [, fetch, argument] = inside.exec(word) ?? assert.fail(`${word} in ${shown}`);
  assert.equal(fetch, call[1], shown);
  assert.deepEqual(tokenizeLine(argument ?? ''), [strings.cookie], shown);
}

test('arbitrary strings in all free positions at once are refused or leave the structure alone', () => {
  const record = fc.record({
    listener: nasty,
    pool: nasty,
    member: nasty,
    monitor: nasty,
    topology: nasty,
    path: nasty,
    domain: nasty,
    cookie: nasty,
    method: nasty,
  });
  fc.assert(
    fc.property(record, (strings) => assertStructure(only(strings), 'free')),
    { numRuns: 2000 },
  );
});

test('an arbitrary string in any one position is refused or leaves the structure alone', () => {
  const position = fc.constantFrom(...POSITIONS);
  fc.assert(
    fc.property(position, nasty, (name, string) => assertStructure(only({ [name]: string }), name)),
    { numRuns: 10_000 },
  );
});

const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)), minLength: 1, maxLength: 60 });
const id = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '.', '-'), minLength: 1, maxLength: 36 });

/** What these configurations name, for the cookie's table. */
const FILES = [settlingFile()];

test('what is let through keeps its structure and is accepted by a real HAProxy', async () => {
  const record = fc.record({ listener: id, pool: id, member: id, path: visible.map((string) => `/${string}`), domain: visible, cookie: visible });
  const property = fc.asyncProperty(record, async (strings) => {
    assertStructure(only(strings), 'visible');
    const text = render(only(strings));
    assert.ok(text !== null);
    await assertAccepted(text, FILES);
  });
  await fc.assert(property, { numRuns: 60 });
});

test('the nasty strings that are let through are accepted by a real HAProxy', async () => {
  const texts = ['path', 'domain', 'cookie'].flatMap((position) =>
    NASTY.map((string) => render(only({ [position]: position === 'path' ? `/${string}` : string }))),
  );
  const accepted = texts.filter((text) => text !== null);
  assert.ok(accepted.length > 40);
  for (const text of accepted) await assertAccepted(text, FILES);
});
