import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Body, type Octavia, type Shown, expect, octavia } from './octavia.fixture.ts';

function member(last: number, more: Body = {}): Body {
  return { address: `192.0.2.${last}`, protocol_port: 80, ...more };
}

function webPool(name: string, more: Body = {}): Body {
  return {
    name,
    protocol: 'HTTP',
    lb_algorithm: 'ROUND_ROBIN',
    members: [member(10, { weight: 5 }), member(11)],
    healthmonitor: { type: 'HTTP', delay: 5, timeout: 3, max_retries: 2 },
    ...more,
  };
}

function tree(api: Octavia, more: Body = {}): Body {
  return { loadbalancer: { name: 'whole', provider: 'noop', vip_subnet_id: api.subnetId, ...more } };
}

const WITH_POLICIES: Body = {
  listeners: [
    {
      name: 'web',
      protocol: 'HTTP',
      protocol_port: 80,
      default_pool: webPool('blue'),
      l7policies: [
        {
          name: 'images',
          action: 'REDIRECT_TO_POOL',
          redirect_pool: { name: 'green' },
          rules: [{ type: 'PATH', compare_type: 'STARTS_WITH', value: '/images' }],
        },
        { action: 'REJECT', rules: [{ type: 'HOST_NAME', compare_type: 'EQUAL_TO', value: 'old.example' }] },
      ],
    },
    { name: 'other', protocol: 'HTTP', protocol_port: 8080, default_pool: { name: 'green' } },
  ],
  pools: [webPool('green', { healthmonitor: null })],
};

type Tree = Shown & {
  listeners: (Shown & { default_pool_id: string; l7policies: (Shown & { redirect_pool_id: string | null; position: number; rules: Shown[] })[] })[];
  pools: (Shown & { name: string; members: Shown[]; healthmonitor: Shown | null })[];
};

describe('a fully populated create', () => {
  test('makes everything in one request and answers with all of it', async (t) => {
    const api = await octavia(t);
    const made = expect(await api.send('POST', '/loadbalancers', tree(api, WITH_POLICIES)), 201)['loadbalancer'] as Tree;
    const [web, other] = made.listeners;
    const [green, blue] = ['green', 'blue'].map((name) => made.pools.find((pool) => pool.name === name));
    assert.equal(made.provisioning_status, 'PENDING_CREATE');
    assert.equal(web?.default_pool_id, blue?.id);
    assert.equal(other?.default_pool_id, green?.id);
    assert.deepEqual(
      web?.l7policies.map(({ position, redirect_pool_id }) => [position, redirect_pool_id]),
      [
        [1, green?.id],
        [2, null],
      ],
    );
    assert.equal(web?.l7policies[0]?.rules[0]?.['value'], '/images');
    assert.deepEqual(blue?.members.map(({ address, weight }) => [address, weight]).toSorted(), [
      ['192.0.2.10', 5],
      ['192.0.2.11', 1],
    ]);
    assert.equal(blue?.healthmonitor?.['type'], 'HTTP');
    assert.equal(green?.healthmonitor, null);
    await api.settle();
    const shown = await api.show(`/loadbalancers/${made.id}`, 'loadbalancer');
    assert.equal(shown.provisioning_status, 'ACTIVE');
    assert.deepEqual((shown['listeners'] as Shown[]).map(({ id }) => id).toSorted(), made.listeners.map(({ id }) => id).toSorted());
    assert.deepEqual(Object.keys((shown['listeners'] as Shown[])[0] ?? {}), ['id']);
  });

  test('refuses what does not fit together, and leaves nothing behind', async (t) => {
    const api = await octavia(t);
    const listener = { protocol: 'HTTP', protocol_port: 80 };
    const refused: [Body, number, RegExp][] = [
      [{ listeners: [{ ...listener, default_pool: { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN' } }] }, 400, /Pools must be named/],
      [{ pools: [webPool('a'), webPool('a')] }, 400, /Pool names must be unique/],
      [{ listeners: [{ ...listener, default_pool: { name: 'nowhere' } }] }, 400, /Pool 'nowhere' was referenced but no full definition was found/],
      [{ listeners: [listener, listener] }, 409, /already using protocol HTTP and protocol_port 80/],
      [{ pools: [webPool('a', { members: [member(10), member(10)] })] }, 409, /already using ip 192.0.2.10/],
      [{ pools: [webPool('a', { lb_algorithm: 'BEST' })] }, 400, /lb_algorithm/],
      [{ pools: [webPool('a', { healthmonitor: { type: 'UDP-CONNECT', delay: 5, timeout: 3, max_retries: 2 } })] }, 400, /only supported for pools of type/],
      [{ listeners: [{ ...listener, protocol: 'UDP', default_pool: webPool('a') }] }, 400, /invalid while the listener protocol is 'UDP'/],
      [{ listeners: [{ ...listener, loadbalancer_id: '00000000-0000-0000-0000-000000000001' }] }, 400, /Unknown attribute/],
      [{ pools: [{ ...webPool('a'), listener_id: '00000000-0000-0000-0000-000000000001' }] }, 400, /Unknown attribute/],
      [{ listeners: 'all' }, 400, /listeners/],
      [{ listeners: [null] }, 400, /listeners/],
      [{ listeners: [{ ...listener, l7policies: [{ action: 'REJECT', rules: [{ type: 'PATH', compare_type: 'REGEX', value: '(' }] }] }] }, 400, /./],
    ];
    for (const [more, status, message] of refused) {
      const answer = await api.send('POST', '/loadbalancers', tree(api, more));
      assert.equal(answer.statusCode, status, `${JSON.stringify(more)}: ${answer.body}`);
      assert.match(answer.json<{ faultstring: string }>().faultstring, message);
    }
    for (const collection of ['loadbalancers', 'listeners', 'pools', 'l7policies', 'healthmonitors'])
      assert.deepEqual((expect(await api.send('GET', `/${collection}`), 200) as Record<string, unknown>)[collection], [], collection);
    assert.deepEqual(await api.store.db.selectFrom('audit').select('resource').where('resource', '=', 'loadbalancer').execute(), []);
  });

  test('takes quota for the whole of it, or nothing', async (t) => {
    const api = await octavia(t, { quotas: { member: 3 } });
    const refused = await api.send('POST', '/loadbalancers', tree(api, WITH_POLICIES));
    assert.equal(refused.statusCode, 403);
    assert.match(refused.body, /Quota has been met for resources: Member/);
    const small = tree(api, { pools: [webPool('a')] });
    const { id } = expect(await api.send('POST', '/loadbalancers', small), 201)['loadbalancer'] as Shown;
    const listener = { loadbalancer_id: id, protocol: 'HTTP', protocol_port: 80, default_pool: webPool('b') };
    const more = await api.send('POST', '/listeners', { listener });
    assert.equal(more.statusCode, 403, "a listener's pool counts with its members");
  });

  test('a listener and a pool bring their children along too', async (t) => {
    const api = await octavia(t);
    const { id } = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId });
    const listener = await api.make('/listeners', 'listener', {
      loadbalancer_id: id,
      protocol: 'HTTP',
      protocol_port: 80,
      default_pool: webPool('mine'),
      l7policies: [{ action: 'REDIRECT_TO_URL', redirect_url: 'https://example.org/', rules: [{ type: 'PATH', compare_type: 'EQUAL_TO', value: '/' }] }],
    });
    const pool = await api.show(`/pools/${String(listener['default_pool_id'])}`, 'pool');
    assert.equal((pool['members'] as unknown[]).length, 2);
    assert.equal((listener['l7policies'] as unknown[]).length, 1);
    const alone = await api.make('/pools', 'pool', { loadbalancer_id: id, ...webPool('alone') });
    assert.equal((alone['members'] as unknown[]).length, 2);
    assert.equal(typeof alone['healthmonitor_id'], 'string');
  });

  test('policies of a new listener take their places without moving one another', async (t) => {
    const api = await octavia(t);
    const { id } = await api.make('/loadbalancers', 'loadbalancer', { provider: 'noop', vip_subnet_id: api.subnetId });
    const places: [string, number | undefined][] = [
      ['c', 1],
      ['last', undefined],
      ['b', 1],
      ['d', 3],
      ['far', 900],
      ['a', 1],
    ];
    const l7policies = places.map(([name, position]) => ({ name, action: 'REJECT', ...(position === undefined ? {} : { position }) }));
    const many = Array.from({ length: 600 }, (_, index) => ({ name: `m${index}`, action: 'REJECT', position: 1 }));
    const listener = (port: number, policies: Body[]) => ({ listener: { loadbalancer_id: id, protocol: 'HTTP', protocol_port: port, l7policies: policies } });
    expect(await api.send('POST', '/listeners', listener(80, l7policies)), 201);
    expect(await api.send('POST', '/listeners', listener(81, many)), 201);
    const rows = await api.store.db.selectFrom('l7_policy').select(['name', 'position', 'listener_id']).orderBy('position').execute();
    const [short = [], long = []] = [...Map.groupBy(rows, ({ listener_id }) => listener_id).values()].toSorted((x, y) => x.length - y.length);
    assert.equal(short.map(({ name, position }) => `${name}${position}`).join(' '), 'a1 b2 c3 d4 last5 far6');
    assert.deepEqual(
      long.map(({ name, position }) => `${name} ${position}`),
      many.map((_, index) => `m${599 - index} ${index + 1}`),
    );
    const { count } = await api.store.db
      .selectFrom('audit')
      .select((row) => row.fn.countAll<number>().as('count'))
      .where('resource', '=', 'l7policy')
      .executeTakeFirstOrThrow();
    assert.equal(count, 606, 'one line on record for each');
  });
});
