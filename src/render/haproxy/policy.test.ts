import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REDIRECT_CODES } from '../../model/l7-policy.ts';
import { COMPARE_TYPES, MAX_RULES, RULE_TYPES } from '../../model/l7-rule.ts';
import type { ListenerTopology, PolicyTopology, RuleTopology } from '../../model/topology.ts';
import { assertAccepted } from './check-config.fixture.ts';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { unsupportedRule } from './support.ts';
import { tokenize } from './tokenize.fixture.ts';
import { listenerOf, memberOf, policyOf, poolOf, ruleOf, topologyOf } from './topology.fixture.ts';

const POOLS = [
  poolOf(),
  poolOf({ id: 'pool-2', members: [memberOf({ id: 'member-2' })] }),
  poolOf({ id: 'off', enabled: false, members: [memberOf({ id: 'member-3' })] }),
];

function rendered(
  policies: readonly PolicyTopology[],
  change: Partial<ListenerTopology> = {},
  pools = POOLS,
): { text: string; structure: string; lines: string[] } {
  const proxy = renderProxy(topologyOf({ listeners: [listenerOf({ policies, ...change })], pools })) ?? assert.fail('nothing rendered');
  return { ...proxy, lines: tokenize(proxy.text).map((words) => words.join(' ')) };
}

function beginning(lines: readonly string[], keyword: string): string[] {
  return lines.filter((line) => line.startsWith(`${keyword} `));
}

function toPool(redirectPool: string, change: Partial<PolicyTopology> = {}): PolicyTopology {
  return policyOf({ action: 'REDIRECT_TO_POOL', redirectPool, ...change });
}

test('a pool that policies choose has its backend once, also when it is the default pool', () => {
  const { lines } = rendered([toPool('pool-2'), toPool('pool-1'), toPool('pool-2')]);
  assert.deepEqual(beginning(lines, 'backend'), ['backend pool-1:listener-1', 'backend pool-2:listener-1']);
  assert.equal(beginning(lines, 'use_backend').length, 3);
});

test('a pool that is switched off is no target: the policy is left out', () => {
  const { lines, structure } = rendered([toPool('off')]);
  assert.deepEqual([beginning(lines, 'acl'), beginning(lines, 'use_backend')], [[], []]);
  assert.equal(structure, rendered([]).structure);
});

test('members of a chosen pool leave the structure alone, the policy does not', () => {
  const { structure } = rendered([toPool('pool-2')]);
  const more = POOLS.map((pool) => ({ ...pool, members: [...pool.members, memberOf({ id: `more-${pool.id}` })] }));
  assert.equal(rendered([toPool('pool-2')], {}, more).structure, structure);
  assert.notEqual(rendered([toPool('pool-2', { rules: [ruleOf({ value: '/other' })] })]).structure, structure);
});

test('with policies it is the backends that insert headers', () => {
  const insertHeaders = { 'X-Forwarded-Proto': 'true' };
  const at = (policies: readonly PolicyTopology[]): number[] => {
    const { lines } = rendered(policies, { insertHeaders });
    return lines.flatMap((line, index) => (line.startsWith('http-request set-header') ? [index - lines.indexOf('backend pool-1:listener-1')] : []));
  };
  assert.ok(at([]).every((place) => place < 0) && at([]).length === 1);
  const [first, second, ...more] = at([toPool('pool-2')]);
  assert.ok((first ?? 0) > 0 && (second ?? 0) > 0 && more.length === 0);
});

test('as many rules as a policy may have fit on a line', async () => {
  const rules = Array.from({ length: MAX_RULES }, (_, at) =>
    ruleOf({
      id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
      type: 'HEADER',
      key: "'".repeat(255),
      value: "'".repeat(255),
      invert: at % 2 === 0,
    }),
  );
  const policies = [
    policyOf({ rules }),
    policyOf({ action: 'REDIRECT_TO_URL', redirectUrl: `http://${"'".repeat(248)}`, redirectCode: 302, rules }),
    policyOf({ action: 'REDIRECT_PREFIX', redirectPrefix: `http://${"'".repeat(248)}`, redirectCode: 302, rules }),
    toPool('pool-2', { rules }),
  ];
  for (const policy of policies) await assertAccepted(rendered([policy]).text);
});

test('codes of redirects are those that HAProxy knows', async () => {
  const policies = REDIRECT_CODES.map((redirectCode) => policyOf({ action: 'REDIRECT_TO_URL', redirectUrl: 'http://a', redirectCode }));
  await assertAccepted(rendered(policies).text);
});

function refusesRule(change: Partial<RuleTopology>): void {
  assert.throws(() => rendered([policyOf({ rules: [ruleOf(change)] })]), CompileError, JSON.stringify(change));
}

test('rules that cannot be written are refused', () => {
  for (const value of ['', '-1', '1.5', '2147483648', '0 or 1', '1\n']) refusesRule({ type: 'SSL_VERIFY_RESULT', compareType: 'EQUAL_TO', value });
  for (const key of [null, '', '1', 'C N', 'CN,2', 'CN)', 'CN\n']) refusesRule({ type: 'SSL_DN_FIELD', compareType: 'EQUAL_TO', key, value: 'x' });
  for (const compareType of COMPARE_TYPES.filter((name) => name !== 'EQUAL_TO' && name !== 'REGEX')) refusesRule({ type: 'FILE_TYPE', compareType });
  for (const key of [null, '', 'a b', 'a:b', 'a)b', 'a\nb', 'é']) {
    refusesRule({ type: 'HEADER', key });
    refusesRule({ type: 'COOKIE', key });
  }
  for (const value of ['', '""', '"a\tb"', 'a\nb', '\0', 'é', '\x7f', 'x'.repeat(1025)]) {
    for (const type of ['HOST_NAME', 'PATH', 'FILE_TYPE', 'HEADER', 'COOKIE'] as const) {
      if (value !== '""' || type !== 'COOKIE') refusesRule({ type, compareType: 'EQUAL_TO', key: 'X', value });
    }
  }
  refusesRule({ type: 'toString' as 'PATH' });
  refusesRule({ compareType: 'toString' as 'REGEX' });
  refusesRule({ id: 'a b' });
});

test('policies that cannot be written are refused', () => {
  const refused: Partial<PolicyTopology>[] = [
    { rules: [] },
    { action: 'REDIRECT_TO_POOL', redirectPool: null },
    { action: 'REDIRECT_TO_POOL', redirectPool: 'nowhere' },
    { action: 'REDIRECT_TO_URL', redirectUrl: null, redirectCode: 302 },
    { action: 'REDIRECT_TO_URL', redirectUrl: 'http://a', redirectCode: null },
    { action: 'REDIRECT_TO_URL', redirectUrl: 'http://a', redirectCode: 304 },
    ...['', '/', 'ftp://a', 'http://', 'http://a b', 'http://a\nb', 'http://a\r\nX: y', 'http://é', ' http://a'].flatMap(
      (address): Partial<PolicyTopology>[] => [
        { action: 'REDIRECT_TO_URL', redirectUrl: address, redirectCode: 302 },
        { action: 'REDIRECT_PREFIX', redirectPrefix: address, redirectCode: 302 },
      ],
    ),
  ];
  for (const change of refused) assert.throws(() => rendered([policyOf(change)]), CompileError, JSON.stringify(change));
  assert.throws(() => rendered([policyOf()], { protocol: 'TCP', defaultPool: null }), CompileError);
});

test('what the API must refuse before', () => {
  assert.equal(unsupportedRule({}), null);
  assert.equal(unsupportedRule({ type: 'PATH', compare_type: 'EQUAL_TO', value: '/x' }), null);
  for (const type of RULE_TYPES) assert.equal(unsupportedRule({ type, compare_type: 'EQUAL_TO', value: '1' }), null);
  assert.equal(unsupportedRule({ type: 'HEADER', compare_type: 'EQUAL_TO', value: '"a\tb"' }), 'an L7 rule with characters other than printable ASCII');
  assert.equal(unsupportedRule({ type: 'HEADER', compare_type: 'EQUAL_TO', value: '""' }), 'an L7 rule with nothing to compare with');
  assert.equal(unsupportedRule({ type: 'HEADER', compare_type: 'REGEX', value: '""' }), null);
});
