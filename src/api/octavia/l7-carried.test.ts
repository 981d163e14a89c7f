/** What the API takes, the compiler can write and HAProxy reads: nothing is accepted that could not be delivered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { webUrl } from '../../model/l7-policy.ts';
import { COMPARE_TYPES, RULE_TYPES, l7Rule } from '../../model/l7-rule.ts';
import { parseNested } from '../../model/resource.ts';
import type { PolicyTopology, RuleTopology } from '../../model/topology.ts';
import { assertAccepted } from '../../render/haproxy/check-config.fixture.ts';
import { renderProxy } from '../../render/haproxy/compile.ts';
import { unsupportedRule } from '../../render/haproxy/support.ts';
import { listenerOf, policyOf, topologyOf } from '../../render/haproxy/topology.fixture.ts';
import { checkRule } from './l7-rule-rules.ts';

interface Candidate {
  readonly type: string;
  readonly compare_type: string;
  readonly key: string | null;
  readonly value: string;
}

/** The rule as the compiler gets it, or null when the API refuses it. */
function taken(candidate: Candidate, id: number): RuleTopology | null {
  try {
    const body = parseNested(l7Rule, { ...candidate });
    checkRule(body);
    const { type, compare_type: compareType, key, value, invert } = body;
    return unsupportedRule(body) === null ? { id: `rule-${id}`, type, compareType, key, value, invert } : null;
  } catch {
    return null;
  }
}

function takenUrl(value: string): string | null {
  try {
    return webUrl.parse(value);
  } catch {
    return null;
  }
}

async function assertCarried(policies: readonly PolicyTopology[]): Promise<void> {
  await assertAccepted(renderProxy(topologyOf({ listeners: [listenerOf({ policies })] }))?.text ?? '');
}

const NASTY = [
  `"`,
  `""`,
  `"'`,
  `'`,
  `\\`,
  '#',
  '$HOME',
  '${HOME}',
  '%[src]',
  '-f',
  '-i',
  '--',
  '"a\tb"',
  '"a b"',
  '" "',
  '||',
  'if',
  'a,b',
  '(',
  '[',
  'é',
  '\n',
];
const string = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 18 }).map((inner) => `"${inner}"`),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.string({ unit: fc.constantFrom(...Array.from('ab.\'"#$%{}|*+?^[]()\\,-12 ')), minLength: 1, maxLength: 12 }),
);
const candidate: fc.Arbitrary<Candidate> = fc.record({
  type: fc.constantFrom(...RULE_TYPES),
  compare_type: fc.constantFrom(...COMPARE_TYPES),
  key: fc.option(fc.oneof(string, fc.constant('X-A'))),
  value: string,
});

/** Of these types hardly any arbitrary string is taken: one in some two hundred, hence so many samples. */
const certificate: fc.Arbitrary<Candidate> = fc.record({
  type: fc.constantFrom('SSL_CONN_HAS_CERT', 'SSL_VERIFY_RESULT', 'SSL_DN_FIELD'),
  compare_type: fc.constantFrom('EQUAL_TO', 'ENDS_WITH'),
  key: fc.constantFrom(null, 'CN', 'OU-3', 'x-1--'),
  value: fc.oneof(string, fc.constantFrom('true', '0', '2147483647', '007')),
});

test('rules', async () => {
  const rules = [...fc.sample(candidate, 6000), ...fc.sample(certificate, 4000)].flatMap((rule, id) => taken(rule, id) ?? []);
  assert.ok(rules.length > 800, `${rules.length} rules`);
  assert.deepEqual(new Set(rules.map(({ type }) => type)).size, RULE_TYPES.length);
  await assertCarried(rules.map((rule) => policyOf({ id: `policy-of-${rule.id}`, rules: [rule] })));
});

test('addresses', async () => {
  const urls = fc.sample(
    fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      string.map((part) => `http://a/${part}`),
    ),
    3000,
  );
  const addresses = [...new Set(urls.flatMap((url) => takenUrl(url) ?? []))];
  assert.ok(addresses.length > 800, `${addresses.length} addresses`);
  const rules = [taken({ type: 'PATH', compare_type: 'EQUAL_TO', key: null, value: '/' }, 1) ?? assert.fail('a plain rule is refused')];
  const shared = { rules, redirectCode: 302 };
  await assertCarried(
    addresses.flatMap((address, at) => [
      policyOf({ ...shared, id: `url-${at}`, action: 'REDIRECT_TO_URL', redirectUrl: address }),
      policyOf({ ...shared, id: `prefix-${at}`, action: 'REDIRECT_PREFIX', redirectPrefix: address }),
    ]),
  );
});
