/** Bad bodies for the load-balancer face: the right code, the right words, and not one value changed. */
import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import { type Body, expect } from '../src/api/octavia/octavia.fixture.ts';
import { LONGEST_REFUSAL, RULE, type Site, refusal, sendText, site, unchanged } from './hostile-octavia.fixture.ts';

const MIB = 1_048_576;

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

async function withToken(t: TestContext): Promise<Site & { token: string }> {
  const made = await site(t);
  return { ...made, token: await made.api.user('admin', 'admin') };
}

describe('texts that are no request', () => {
  const NO_JSON = [
    '{',
    'null,',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":-Infinity}',
    "{'a':1}",
    '{"a":1,}',
    '\ufeff{}',
    '{"a":"\n"}',
    '{"a":01}',
    '{"a":"\\x41"}',
    `${'['.repeat(60)}`,
    '\0',
  ];

  test('what is no JSON is refused as such, NaN and Infinity too', async (t) => {
    const { api, token, paths } = await withToken(t);
    await unchanged(api, async () => {
      for (const text of NO_JSON) {
        const answers = [await sendText(api, token, 'POST', '/loadbalancers', text), await sendText(api, token, 'PUT', paths.listener, text)];
        for (const answer of answers) assert.equal(refusal(answer, 400), 'Request is not in valid JSON format', text.slice(0, 40));
      }
    });
  });

  test('what is JSON and no object with the right name', async (t) => {
    const { api, token } = await withToken(t);
    const deep = `${'['.repeat(60)}${']'.repeat(60)}`;
    const bomb = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const texts: [string, RegExp][] = [
      ['null', /^Missing argument: "load_balancer_"$/],
      ['[]', /^Missing argument/],
      ['"loadbalancer"', /^Missing argument/],
      ['{"listener":{}}', /^Missing argument/],
      [deep, /^Missing argument/],
      ['{"loadbalancer":[]}', /^Invalid input for field\/attribute loadbalancer\./],
      [`{"loadbalancer":${deep}}`, /^Invalid input for field\/attribute loadbalancer\./],
      [`{"loadbalancer":{"name":${deep}}}`, /^Invalid input for field\/attribute name\./],
      [`{"loadbalancer":{"tags":${deep}}}`, /^Invalid input for field\/attribute tags\./],
      [`{"loadbalancer":{"listeners":[{"default_pool":${'{"a":'.repeat(50)}1${'}'.repeat(50)}}]}}`, /^Validation failure: /],
      [bomb, /lists or objects within each other$/],
      ['['.repeat(100_000), /lists or objects within each other$/],
      [`{"loadbalancer":{"name":${bomb}}}`, /lists or objects within each other$/],
      [`{"loadbalancer":{"listeners":[{"default_pool":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}]}}`, /lists or objects within each other$/],
      ['{"loadbalancer":{},"listener":{}}', /^Unknown argument: "listener"$/],
      ['{"loadbalancer":{"__proto__":{"admin":true}}}', /^Unknown attribute\(s\) for argument load_balancer: __proto__$/],
      ['{"loadbalancer":{"name":"a\\u0000b"}}', /^Invalid input for field\/attribute name\./],
      ['{"loadbalancer":{"description":"\\ud800"}}', /^Invalid input for field\/attribute description\./],
      ['{"loadbalancer":{"tags":["\\udfff\\ud800"]}}', /^Invalid input for field\/attribute tags\./],
      [`{"loadbalancer":{"name":"${'x'.repeat(MIB - 100)}"}}`, /^Invalid input for field\/attribute name\./],
      [`{"loadbalancer":{${many(900, (index) => `"k${index}":1`).join(',')}}}`, /^Unknown attribute/],
      [`{"loadbalancer":{${many(50_000, (index) => `"k${index}":1`).join(',')}}}`, /different names of attributes$/],
    ];
    await unchanged(api, async () => {
      for (const [text, words] of texts) {
        const said = refusal(await sendText(api, token, 'POST', '/loadbalancers', text), 400);
        assert.match(said, words);
        assert.ok(said.length < LONGEST_REFUSAL, `${said.length} characters`);
      }
    });
  });

  test('a body that is too large is refused with 413 and plain text', async (t) => {
    const { api, token, paths } = await withToken(t);
    const fill = (bytes: number): string => `{"loadbalancer":{"name":"${'x'.repeat(bytes - 28)}"}}`;
    await unchanged(api, async () => {
      assert.equal((await sendText(api, token, 'POST', '/loadbalancers', fill(MIB))).statusCode, 400);
      for (const path of ['/loadbalancers', '/listeners', `${paths.pool}/members`]) {
        const answer = await sendText(api, token, 'POST', path, fill(MIB + 1));
        assert.deepEqual([answer.statusCode, answer.body], [413, 'Request is too large.']);
        assert.match(String(answer.headers['content-type']), /^text\/plain/);
      }
    });
  });

  test('of a repeated key the last counts, as in Python', async (t) => {
    const { api, token, paths } = await withToken(t);
    const text = '{"listener":{"name":"first"},"listener":{"name":"a","connection_limit":1,"name":"b"}}';
    const changed = expect(await sendText(api, token, 'PUT', paths.listener, text), 200)['listener'] as Body;
    assert.deepEqual([changed['name'], changed['connection_limit']], ['b', 1]);
  });

  test('odd but good text is kept as it is', async (t) => {
    const { api, paths } = await withToken(t);
    for (const name of [
      '\u2028\u2029\u0085',
      '\ufeff',
      '\u202eabc',
      '🦊👩‍👩‍👧',
      '\u0001\u007f',
      '{{7*7}}',
      "'; drop table listener; --",
      '%s%n',
      '../../etc/passwd',
    ]) {
      const changed = expect(await api.send('PUT', paths.listener, { listener: { name, tags: [name] } }), 200)['listener'] as Body;
      assert.deepEqual([changed['name'], changed['tags']], [name, [name]]);
      const found = expect(await api.send('GET', `/listeners?${new URLSearchParams({ name }).toString()}`), 200)['listeners'] as Body[];
      assert.equal(found.length, 1, `${JSON.stringify(name)} ${encodeURIComponent(name)}`);
    }
  });

  test('content types and accepted types', async (t) => {
    const { api, token } = await withToken(t);
    await unchanged(api, async () => {
      for (const type of [
        'text/plain',
        'application/xml',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=a',
        'application/jsonx',
        `a/${'b'.repeat(5000)}`,
      ]) {
        const said = refusal(await sendText(api, token, 'POST', '/loadbalancers', '{"loadbalancer":{}}', { 'content-type': type }), 415);
        assert.ok(said.startsWith('Unknown mimetype: ') && said.length < 400, said);
      }
      for (const accept of ['text/html', 'application/xml', 'image/*', 'application/jsonx', 'nonsense', 'a'.repeat(10_000), 'text/*;q=1, application/xml']) {
        const answer = await sendText(api, token, 'POST', '/loadbalancers', '{"loadbalancer":{}}', { accept });
        assert.deepEqual(
          [answer.statusCode, answer.json<Body>()['description']],
          [406, 'Only content type application/json is accepted.'],
          accept.slice(0, 40),
        );
      }
    });
    for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.1', 'APPLICATION/JSON', ',,,*/*']) {
      assert.equal((await api.send('GET', '/loadbalancers', undefined, token, { accept })).statusCode, 200, accept);
    }
  });
});

describe('lists of ten thousand', () => {
  const TEN_THOUSAND = 10_000;
  const member = (index: number): Body => ({ address: `10.0.${index >> 8}.${index & 255}`, protocol_port: 80 });

  test('are refused by name, in few words, wherever they stand', async (t) => {
    const { api, ids, paths } = await site(t);
    const listener = { protocol: 'HTTP', protocol_port: 81, loadbalancer_id: ids.loadbalancer };
    const balancer = { vip_subnet_id: api.subnetId, provider: 'noop' };
    const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: ids.loadbalancer };
    const requests: ['POST' | 'PUT', string, Body, string][] = [
      ['POST', '/loadbalancers', { loadbalancer: { ...balancer, tags: many(TEN_THOUSAND, String) } }, 'tags'],
      ['POST', '/loadbalancers', { loadbalancer: { ...balancer, vip_sg_ids: many(TEN_THOUSAND, () => ids.pool) } }, 'vip_sg_ids'],
      [
        'POST',
        '/loadbalancers',
        { loadbalancer: { ...balancer, additional_vips: many(TEN_THOUSAND, () => ({ subnet_id: api.subnetId })) } },
        'additional_vips',
      ],
      [
        'POST',
        '/loadbalancers',
        { loadbalancer: { ...balancer, listeners: many(TEN_THOUSAND, (index) => ({ protocol: 'HTTP', protocol_port: index + 1 })) } },
        'listeners',
      ],
      ['POST', '/loadbalancers', { loadbalancer: { ...balancer, pools: many(TEN_THOUSAND, (index) => ({ name: `p${index}` })) } }, 'pools'],
      [
        'POST',
        '/listeners',
        { listener: { ...listener, allowed_cidrs: many(TEN_THOUSAND, (index) => `10.${index >> 8}.${index & 255}.0/24`) } },
        'allowed_cidrs',
      ],
      ['POST', '/listeners', { listener: { ...listener, sni_container_refs: many(TEN_THOUSAND, String) } }, 'sni_container_refs'],
      ['POST', '/listeners', { listener: { ...listener, tls_versions: many(TEN_THOUSAND, () => 'TLSv1.2') } }, 'tls_versions'],
      ['POST', '/listeners', { listener: { ...listener, l7policies: many(TEN_THOUSAND, () => ({ action: 'REJECT' })) } }, 'l7policies'],
      [
        'POST',
        '/listeners',
        { listener: { ...listener, insert_headers: Object.fromEntries(many(TEN_THOUSAND, (index) => [`X-${index}`, 'true'])) } },
        'names of attributes',
      ],
      ['POST', '/pools', { pool: { ...pool, members: many(TEN_THOUSAND, member) } }, 'members'],
      ['PUT', `${paths.pool}/members`, { members: many(TEN_THOUSAND, member) }, 'members'],
      ['PUT', paths.member, { member: { tags: many(TEN_THOUSAND, String) } }, 'tags'],
      ['POST', '/l7policies', { l7policy: { action: 'REJECT', listener_id: ids.listener, rules: many(TEN_THOUSAND, () => RULE) } }, 'rules'],
    ];
    await unchanged(api, async () => {
      for (const [method, path, body, name] of requests) {
        const said = refusal(await api.send(method, path, body), 400);
        assert.ok(said.includes(name), said.slice(0, 300));
        assert.ok(said.length < LONGEST_REFUSAL, `${name}: ${said.length} characters`);
      }
    });
  });

  test('one wrong object at the end of many leaves none of the others', async (t) => {
    const { api, ids, paths } = await site(t);
    const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' };
    const last: Body[] = [
      { ...member(400), weight: 257 },
      { ...member(0), name: 'again' },
      { address: '127.0.0.1', protocol_port: 80 },
      { ...member(400), colour: 1 },
      { ...member(400), subnet_id: ids.pool },
    ];
    await unchanged(api, async () => {
      for (const wrong of last) {
        const members = [...many(300, member), wrong];
        for (const [method, path, body] of [
          ['PUT', `${paths.pool}/members`, { members }],
          ['POST', '/pools', { pool: { ...pool, loadbalancer_id: ids.loadbalancer, members } }],
          [
            'POST',
            '/loadbalancers',
            {
              loadbalancer: {
                vip_subnet_id: api.subnetId,
                provider: 'noop',
                pools: [
                  { name: 'a', ...pool },
                  { name: 'b', ...pool, members },
                ],
              },
            },
          ],
        ] as const) {
          const { statusCode, body: said } = await api.send(method, path, body);
          assert.ok([400, 409].includes(statusCode), `${method} ${path} ${JSON.stringify(wrong)}: ${statusCode} ${said.slice(0, 300)}`);
        }
      }
      const rules = [...many(51, () => RULE)];
      assert.equal((await api.send('POST', '/l7policies', { l7policy: { action: 'REJECT', listener_id: ids.listener, rules } })).statusCode, 409);
    });
  });
});

describe('regular expressions', () => {
  const BOMBS = [
    '(a+)+$',
    '(a|a)*$',
    '(a|ab)*c',
    '(.*a){20}',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(x+x+)+y',
    'a{1,1000}{1,1000}',
    '(a?){500}a{500}',
    '(?R)',
    '(a)\\1',
    '(?>a+)',
    '[[:alpha:]]',
    '(',
    '[',
    'a**',
    '*',
    '(?#',
    '\\',
    '(?<=a*)b',
    '(?P<n>a)(?P=n)',
    '.*.*.*.*x',
    '\\x',
    '(?i',
    'a{2,1}',
    'é',
  ];

  test('that would keep a proxy busy, or are none, are refused', async (t) => {
    const { api, paths } = await site(t);
    await unchanged(api, async () => {
      for (const value of BOMBS) {
        for (const type of ['PATH', 'HOST_NAME', 'HEADER', 'COOKIE', 'FILE_TYPE']) {
          const rule = { type, compare_type: 'REGEX', value, key: 'X' };
          const answers = [await api.send('POST', `${paths.l7policy}/rules`, { rule }), await api.send('PUT', paths.rule, { rule })];
          for (const answer of answers) assert.match(refusal(answer, 400), /^Error parsing L7Rule: Unable to parse regular expression: /, value);
        }
      }
    });
  });

  test('that are long are judged in one pass', async (t) => {
    const { api, paths } = await site(t);
    for (const value of ['a?'.repeat(127), '(a|b)'.repeat(51), '[a-z]'.repeat(51), '(?:'.repeat(60) + 'a' + ')'.repeat(60), '\\w+'.repeat(80).slice(0, 255)]) {
      const { statusCode, body } = await api.send('POST', `${paths.l7policy}/rules`, { rule: { type: 'PATH', compare_type: 'REGEX', value } }, undefined, {
        'x-weir-dry-run': 'true',
      });
      assert.ok([200, 400].includes(statusCode), `${value}: ${statusCode} ${body}`);
    }
  });
});
