/** Bad queries and headers for the load-balancer face: refused in the right words, and what is only rehearsed changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Body, expect } from '../src/api/octavia/octavia.fixture.ts';
import { type Kind, MONITOR, RULE, type Site, refusal, site, unchanged } from './hostile-octavia.fixture.ts';

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const COLLECTIONS: readonly (readonly [string, string])[] = [
  ['loadbalancer', '/loadbalancers'],
  ['listener', '/listeners'],
  ['pool', '/pools'],
  ['healthmonitor', '/healthmonitors'],
  ['l7policy', '/l7policies'],
];

describe('queries', () => {
  test('the limit', async (t) => {
    const { api } = await site(t);
    const limited = async (limit: string): Promise<number> => (await api.send('GET', `/loadbalancers?limit=${encodeURIComponent(limit)}`)).statusCode;
    for (const limit of ['0', '-1', '-999999999', '1', '999999999', 'infinite', '007', '9'.repeat(400)]) assert.equal(await limited(limit), 200, limit);
    for (const limit of ['1.5', '-1.5', '1e3', '0x10', 'many', '', '٣', '1 000', 'NaN', 'Infinity', '--1', '1;2'])
      assert.equal(await limited(limit), 400, limit);
  });

  test('orders by what is no column, or none of a client', async (t) => {
    const { api } = await site(t);
    const keys = [
      'listeners',
      'tenant_id',
      'tags',
      'generation',
      'delivered_generation',
      'deleting',
      'announce',
      'pending_since',
      'rowid',
      '__proto__',
      'constructor',
      'name desc',
      'name;drop',
      '1',
      'NAME',
      'additional_vips',
    ];
    for (const key of keys) {
      for (const query of [`sort=${encodeURIComponent(key)}`, `sort_key=${encodeURIComponent(key)}`])
        assert.match(refusal(await api.send('GET', `/loadbalancers?${query}`), 400), /^Sort key value invalid: /, query);
    }
    for (const direction of ['up', 'ASC', 'desc;', '1'])
      assert.match(refusal(await api.send('GET', `/loadbalancers?sort=name:${direction}`), 400), /^Sort direction must be asc or desc: /);
  });

  test('filters that exclude each other, that are none, and very many', async (t) => {
    const { api } = await site(t);
    const found = async (query: string): Promise<number> => (expect(await api.send('GET', `/loadbalancers?${query}`), 200)['loadbalancers'] as Body[]).length;
    assert.equal(await found('admin_state_up=true&admin_state_up=false'), 1);
    assert.equal(await found('tags=a&not-tags=a'), 0);
    assert.equal(await found('name=&name=b'), 1);
    assert.equal(await found(many(2000, (index) => `name=n${index}`).join('&')), 0);
    assert.equal(await found(`not-tags-any=${many(3000, String).join(',')}`), 1);
    assert.equal(await found(`sort=${many(2000, (index) => ['name', 'id', 'provider', 'created_at'][index % 4]).join(',')}`), 1);
    assert.equal(await found(`fields=${many(3000, String).join(',')}`), 1);
    for (const query of ['colour=red', 'generation=1', '__proto__=1', 'listeners=a', 'limit[]=1', 'name[$ne]=a', 'tags[]=a'])
      assert.equal(refusal(await api.send('GET', `/loadbalancers?${query}`), 400), 'One or more arguments are either duplicate or invalid', query);
    for (const query of ['admin_state_up=perhaps', 'admin_state_up='])
      assert.match(refusal(await api.send('GET', `/loadbalancers?${query}`), 400), /^Invalid input for field\/attribute admin_state_up\./);
  });

  test("a marker of another project's tells as little as one of nothing", async (t) => {
    const { api, ids } = await site(t);
    const token = await api.user('blue', 'member');
    const nothing = '00000000-0000-4000-8000-000000000000';
    for (const [kind, path] of COLLECTIONS) {
      for (const more of ['', '&sort=name', '&page_reverse=true', '&limit=1']) {
        const [foreign, none] = [
          await api.send('GET', `${path}?marker=${ids[kind as Kind]}${more}`, undefined, token),
          await api.send('GET', `${path}?marker=${nothing}${more}`, undefined, token),
        ];
        assert.equal(refusal(foreign, 400), `Invalid marker: ${ids[kind as Kind]}`);
        assert.equal(refusal(none, 400), `Invalid marker: ${nothing}`);
      }
    }
    const quota = [...api.projects.values()].at(-1) ?? '';
    expect(await api.send('PUT', `/quotas/${quota}`, { quota: { pool: 1 } }), 202);
    assert.equal(refusal(await api.send('GET', `/quotas?marker=${quota}`, undefined, token), 400), `Invalid marker: ${quota}`);
  });

  test("nor does a marker that is another pool's member or another policy's rule", async (t) => {
    const { api, ids } = await site(t);
    const pool = await api.make('/pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: ids.loadbalancer });
    const policy = await api.make('/l7policies', 'l7policy', { action: 'REJECT', listener_id: ids.listener });
    assert.equal(refusal(await api.send('GET', `/pools/${pool.id}/members?marker=${ids.member}`), 400), `Invalid marker: ${ids.member}`);
    assert.equal(refusal(await api.send('GET', `/l7policies/${policy.id}/rules?marker=${ids.rule}`), 400), `Invalid marker: ${ids.rule}`);
  });
});

/** Every write there is, each of which would be carried out. */
function writes({ api, ids, paths, sparePool, amphora, limited }: Site): ['POST' | 'PUT' | 'DELETE', string, Body | undefined][] {
  const balancer = { vip_subnet_id: api.subnetId, provider: 'noop' };
  return [
    [
      'POST',
      '/loadbalancers',
      { loadbalancer: { ...balancer, listeners: [{ protocol: 'HTTP', protocol_port: 80, l7policies: [{ action: 'REJECT', rules: [RULE] }] }] } },
    ],
    ['PUT', paths.loadbalancer, { loadbalancer: { name: 'x' } }],
    ['DELETE', `${paths.loadbalancer}?cascade=true`, undefined],
    ['PUT', `${paths.loadbalancer}/failover`, undefined],
    ['PUT', `${paths.loadbalancer}/reset-state`, undefined],
    ['POST', '/listeners', { listener: { protocol: 'UDP', protocol_port: 53, loadbalancer_id: ids.loadbalancer } }],
    ['PUT', paths.listener, { listener: { name: 'x' } }],
    ['DELETE', paths.listener, undefined],
    [
      'POST',
      '/pools',
      {
        pool: {
          protocol: 'HTTP',
          lb_algorithm: 'SOURCE_IP',
          listener_id: ids.listener,
          healthmonitor: MONITOR,
          members: [{ address: '192.0.2.9', protocol_port: 80 }],
        },
      },
    ],
    ['PUT', paths.pool, { pool: { lb_algorithm: 'SOURCE_IP' } }],
    ['DELETE', paths.pool, undefined],
    ['POST', `${paths.pool}/members`, { member: { address: '192.0.2.9', protocol_port: 80 } }],
    ['PUT', `${paths.pool}/members`, { members: [{ address: '192.0.2.9', protocol_port: 80 }] }],
    ['PUT', paths.member, { member: { weight: 7 } }],
    ['DELETE', paths.member, undefined],
    ['POST', '/healthmonitors', { healthmonitor: { ...MONITOR, pool_id: sparePool } }],
    ['PUT', paths.healthmonitor, { healthmonitor: { delay: 7 } }],
    ['DELETE', paths.healthmonitor, undefined],
    ['POST', '/l7policies', { l7policy: { action: 'REJECT', listener_id: ids.listener, position: 1, rules: [RULE] } }],
    ['PUT', paths.l7policy, { l7policy: { name: 'x' } }],
    ['DELETE', paths.l7policy, undefined],
    ['POST', `${paths.l7policy}/rules`, { rule: RULE }],
    ['PUT', paths.rule, { rule: { value: '/b' } }],
    ['DELETE', paths.rule, undefined],
    ['PUT', `/quotas/${limited}`, { quota: { pool: 1 } }],
    ['DELETE', `/quotas/${limited}`, undefined],
    ['PUT', `/../octavia/amphorae/${amphora}/failover`, undefined],
    ['POST', '/flavorprofiles', { flavorprofile: { name: 'x', provider_name: 'noop', flavor_data: '{}' } }],
    ['PUT', paths.flavorprofile, { flavorprofile: { name: 'x' } }],
    ['POST', '/flavors', { flavor: { name: 'x', flavor_profile_id: ids.flavorprofile } }],
    ['PUT', paths.flavor, { flavor: { name: 'x' } }],
    ['DELETE', paths.flavor, undefined],
    ['POST', '/availabilityzoneprofiles', { availability_zone_profile: { name: 'x', provider_name: 'noop', availability_zone_data: '{}' } }],
    ['PUT', paths.availability_zone_profile, { availability_zone_profile: { name: 'x' } }],
    ['POST', '/availabilityzones', { availability_zone: { name: 'x', availability_zone_profile_id: ids.availability_zone_profile } }],
    ['PUT', paths.availability_zone, { availability_zone: { description: 'x' } }],
    ['DELETE', paths.availability_zone, undefined],
  ];
}

describe('headers', () => {
  test('X-Weir-Dry-Run: every write is answered with its plan, and not a value is changed', async (t) => {
    const made = await site(t);
    const { api } = made;
    for (const [method, path, body] of writes(made)) {
      const answer = await unchanged(api, () => api.send(method, path, body, undefined, { 'x-weir-dry-run': 'true' }));
      const { changes } = expect(answer, 200)['plan'] as { changes: Body[] };
      assert.ok(changes.length > 0, `${method} ${path}: ${answer.body}`);
    }
  });

  test('and without it, or with a word that does not ask for one, the same writes are carried out', async (t) => {
    for (const [index] of writes(await site(t)).entries()) {
      const made = await site(t);
      const [method, path, body] = writes(made)[index] ?? assert.fail();
      const { statusCode, body: said } = await made.api.send(method, path, body, undefined, index % 2 === 0 ? {} : { 'x-weir-dry-run': 'no' });
      assert.ok(statusCode >= 200 && statusCode < 300, `${method} ${path}: ${statusCode} ${said}`);
      assert.ok(!said.includes('"plan"'), said);
    }
  });

  test('If-Match: nonsense matches nothing', async (t) => {
    const { api, paths } = await site(t);
    const tags = [
      '',
      ' ',
      '"',
      'W/',
      'W/"',
      '""',
      'W/""',
      ',',
      ',,,',
      '"*"',
      '**',
      '* , "a"',
      'W/"a',
      "'a'",
      '\u00e9',
      'null',
      'undefined',
      '"a",'.repeat(3000),
      `"${'x'.repeat(10_000)}"`,
    ];
    const kinds: [Kind, Body][] = [
      ['loadbalancer', { name: 'x' }],
      ['listener', { name: 'x' }],
      ['pool', { name: 'x' }],
      ['member', { weight: 7 }],
      ['healthmonitor', { delay: 7 }],
      ['l7policy', { name: 'x' }],
      ['rule', { value: '/b' }],
      ['flavor', { name: 'x' }],
      ['flavorprofile', { name: 'x' }],
      ['availability_zone', { description: 'x' }],
      ['availability_zone_profile', { name: 'x' }],
    ];
    await unchanged(api, async () => {
      for (const [kind, changes] of kinds) {
        for (const tag of tags) {
          const headers = { 'if-match': tag };
          refusal(await api.send('PUT', paths[kind], { [kind]: changes }, undefined, headers), 412);
          refusal(await api.send('DELETE', paths[kind], undefined, undefined, headers), 412);
        }
      }
    });
    for (const [kind, changes] of kinds) {
      const tag = String((await api.send('GET', paths[kind])).headers['etag']);
      expect(await api.send('PUT', paths[kind], { [kind]: changes }, undefined, { 'if-match': `"nonsense" , ${tag}` }), 200);
      refusal(await api.send('PUT', paths[kind], { [kind]: changes }, undefined, { 'if-match': tag }), 412);
      expect(await api.send('PUT', paths[kind], { [kind]: changes }, undefined, { 'if-match': ' * ' }), 200);
    }
  });
});
