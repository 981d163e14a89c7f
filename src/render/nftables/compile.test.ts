import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { ListenerTopology, MemberTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { renderProxy } from '../haproxy/compile.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from '../haproxy/topology.fixture.ts';
import { assertAccepted } from './check-table.fixture.ts';
import { renderPackets } from './compile.ts';
import { disjoint } from './networks.ts';
import { numbersOf } from './numbers.ts';
import { unsupportedByPackets, unsupportedOnVips } from './support.ts';
import { changeText } from './table.ts';

const run = promisify(execFile);
const udp = (change: Partial<ListenerTopology> = {}): ListenerTopology => listenerOf({ protocol: 'UDP', port: 53, ...change });

function topology(pool: Partial<PoolTopology> = {}, listener: Partial<ListenerTopology> = {}, change: Partial<Topology> = {}): Topology {
  return topologyOf({ listeners: [udp(listener)], pools: [poolOf({ protocol: 'UDP', ...pool })], ...change });
}

test('nothing to carry is no table', () => {
  assert.equal(renderPackets(topologyOf()), null);
  assert.equal(renderPackets(topology({}, { enabled: false })), null);
  assert.equal(renderPackets(topology({}, {}, { enabled: false })), null);
});

test('which engine carries a listener: datagrams the kernel, TCP by the flavor as far as the kernel can', () => {
  const tcp = (pool: Partial<PoolTopology> = {}, listener: Partial<ListenerTopology> = {}, engine: Topology['engine'] = 'auto'): boolean => {
    const rendered = topologyOf({
      engine,
      listeners: [listenerOf({ protocol: 'TCP', ...listener })],
      pools: [poolOf({ protocol: 'TCP', ...pool })],
    });
    assert.equal(renderPackets(rendered) === null, renderProxy(rendered) !== null);
    return renderPackets(rendered) !== null;
  };
  assert.equal(tcp(), true);
  assert.equal(tcp({}, {}, 'nftables'), true);
  assert.equal(tcp({}, {}, 'haproxy'), false);
  assert.equal(tcp({ algorithm: 'LEAST_CONNECTIONS' }), false);
  assert.equal(tcp({ protocol: 'PROXY' }), false);
  assert.notEqual(unsupportedByPackets({ protocol: 'UDP', tls_enabled: true }), null);
  assert.equal(unsupportedByPackets({ protocol: 'UDP', tls_enabled: false }), null);
  assert.equal(tcp({ protocol: 'HTTP' }), false);
  assert.equal(tcp({ members: [memberOf({ address: '2001:db8::1' })] }), false);
  assert.equal(tcp({}, { defaultPool: null }), true);
});

test('where the flavor wants the kernel and nothing else, what the kernel cannot do is no case for HAProxy', () => {
  const tcp = (pool: Partial<PoolTopology>, change: Partial<Topology> = {}): Topology =>
    topologyOf({ engine: 'nftables', listeners: [listenerOf({ protocol: 'TCP' })], pools: [poolOf({ protocol: 'TCP', ...pool })], ...change });
  for (const [topology_, words] of [
    [tcp({}, { additionalVips: [SIXTH] }), /additional_vips of another address family/],
    [tcp({ algorithm: 'LEAST_CONNECTIONS' }), /LEAST_CONNECTIONS/],
    [tcp({ protocol: 'PROXY' }), /PROXY/],
    [tcp({ members: [memberOf({ address: '2001:db8::1' })] }), /IPv6 member/],
    [topologyOf({ engine: 'nftables' }), /HTTP/],
  ] as const) {
    for (const render of [renderPackets, renderProxy]) assert.throws(() => render(topology_), { name: 'PacketError', message: words });
    assert.equal(renderPackets({ ...topology_, engine: 'auto' }), null);
    assert.notEqual(renderProxy({ ...topology_, engine: 'auto' }), null);
  }
});

const SIXTH = { ...topologyOf().vip, address: '2001:db8::5' };

test('several addresses: those of one family are one service, with one number, limit and counters', () => {
  const { vip } = topologyOf();
  const several = renderPackets(topology({}, { connectionLimit: 5 }, { additionalVips: [{ ...vip, address: '192.0.2.6' }] }));
  assert.deepEqual(Object.keys(several?.elements['services'] ?? {}), [`${vip.address} . udp . 53`, '192.0.2.6 . udp . 53']);
  assert.equal(new Set(Object.values(several?.elements['services'] ?? {}).map((text) => text.split(' : ')[1])).size, 1);
  assert.equal(Object.keys(several?.elements['limits'] ?? {}).length, 1);
  assert.deepEqual(several?.services[0]?.furtherAddresses, ['192.0.2.6']);
  assert.throws(() => renderPackets(topology({}, {}, { additionalVips: [SIXTH] })), { name: 'PacketError', message: /another address family/ });
  assert.equal(unsupportedOnVips(['192.0.2.5']), null);
  assert.equal(unsupportedOnVips(['192.0.2.5', '192.0.2.6']), null);
  assert.notEqual(unsupportedOnVips(['2001:db8::5', '2001:db8::6', '192.0.2.6']), null);
});

test('a monitored pool of datagrams is checked by a proxy that serves nobody', () => {
  const checked = topology({ monitor: monitorOf({ type: 'UDP-CONNECT', http: null }), members: [memberOf({ monitorAddress: '192.0.2.99', monitorPort: 99 })] });
  const proxy = renderProxy(checked) ?? assert.fail('no proxy');
  assert.doesNotMatch(proxy.text, /^frontend/m);
  assert.match(proxy.text, /^backend pool-1:listener-1$/m);
  assert.match(proxy.text, /server member-1 192\.0\.2\.99:99 /);
  assert.equal(proxy.files.length, 1);
  assert.equal(renderProxy(topology()), null);
  assert.equal(renderPackets(checked)?.services[0]?.checked, true);
});

test('what is no address, no port, no id is refused before there is any text', () => {
  const bad: Topology[] = [
    topology({ members: [memberOf({ address: '192.0.2.1; flush ruleset' })] }),
    topology({ members: [memberOf({ address: 'fe80::1%eth0' })] }),
    topology({ members: [memberOf({ address: '2001:db8::1' })] }),
    topology({ members: [memberOf({ port: 0 })] }),
    topology({ members: [memberOf({ port: 1.5 })] }),
    topology({}, { port: 65_536 }),
    topology({}, { id: 'a b' }),
    topology({}, { id: '' }),
    topology({}, { connectionLimit: -1 }),
    topology({}, { allowedCidrs: ['192.0.2.0/33'] }),
    topology({}, { allowedCidrs: ['192.0.2.0/24/1'] }),
    topology({}, { allowedCidrs: ['192.0.2.0'] }),
    topology({}, { defaultPool: 'nowhere' }),
    topology({ algorithm: 'LEAST_CONNECTIONS' }),
    topology({ persistence: { type: 'HTTP_COOKIE', cookie_name: null, persistence_timeout: null, persistence_granularity: null } }),
    topology({ persistence: { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: 60, persistence_granularity: '255.255.255.0 }' } }),
  ];
  for (const one of bad) assert.throws(() => renderPackets(one), { name: 'PacketError' }, JSON.stringify(one.listeners));
});

test('an arbitrary string in any one position is refused or changes nothing but numbers', () => {
  const shape = (text: string): string => text.replaceAll(/\d+|[0-9a-f:]{2,}/g, '#');
  const plain = shape(renderPackets(topology())?.text ?? '');
  const positions = [(text: string) => topology({ members: [memberOf({ id: text })] }), (text: string) => topology({ members: [memberOf({ address: text })] })];
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...positions), (text, at) => {
      let rendered: string;
      try {
        rendered = renderPackets(at(text))?.text ?? '';
      } catch (error) {
        assert.equal((error as Error).name, 'PacketError');
        return;
      }
      assert.equal(shape(rendered), plain);
    }),
  );
});

test('numbers: none twice, none 0, the same whatever else there is', () => {
  const ids = Array.from({ length: 2000 }, (_, index) => `id-${index}`);
  const numbers = numbersOf(ids);
  assert.equal(new Set(numbers.values()).size, 2000);
  assert.ok([...numbers.values()].every((number) => number > 0));
  assert.equal(numbersOf(['id-7']).get('id-7'), numbers.get('id-7'));
});

test('networks: none in another, written from their first address, of one family', () => {
  assert.deepEqual(disjoint(['10.1.2.3/8', '10.0.0.0/8', '10.2.0.0/16', '192.0.2.7/32', '2001:db8::1/32'], 4), ['10.0.0.0/8', '192.0.2.7/32']);
  assert.deepEqual(disjoint(['2001:db8::1/33', '10.0.0.0/8'], 6), ['2001:db8::/33']);
  assert.deepEqual(disjoint(['0.0.0.0/0', '10.0.0.0/8'], 4), ['0.0.0.0/0']);
});

suite('changes, as nft sees them', () => {
  const member = fc.record({ host: fc.integer({ min: 2, max: 9 }), weight: fc.integer({ min: 0, max: 9 }), enabled: fc.boolean(), backup: fc.boolean() });
  const persistence = fc.option(
    fc.record({
      type: fc.constant('SOURCE_IP' as const),
      cookie_name: fc.constant(null),
      persistence_timeout: fc.option(fc.integer({ min: 1, max: 3600 })),
      persistence_granularity: fc.option(fc.constantFrom('255.255.255.0', '255.255.0.0')),
    }),
  );
  const service = fc.record({
    port: fc.integer({ min: 1, max: 4 }),
    protocol: fc.constantFrom('UDP' as const, 'TCP' as const, 'SCTP' as const),
    members: fc.uniqueArray(member, { selector: ({ host }) => host, maxLength: 6 }),
    algorithm: fc.constantFrom('ROUND_ROBIN' as const, 'SOURCE_IP' as const, 'SOURCE_IP_PORT' as const),
    persistence,
    connectionLimit: fc.option(fc.integer({ min: 1, max: 9 })),
    allowedCidrs: fc.option(fc.array(fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '192.0.2.0/24', '192.0.2.9/32', '2001:db8::/32'))),
  });
  const balancer = fc.uniqueArray(service, { selector: ({ port, protocol }) => `${port} ${protocol}`, minLength: 1, maxLength: 4 }).map((services) =>
    topologyOf({
      engine: 'nftables',
      listeners: services.map(({ port, protocol, connectionLimit, allowedCidrs }, index) =>
        listenerOf({ id: `listener-${index}`, port, protocol, connectionLimit, allowedCidrs, defaultPool: `pool-${index}` }),
      ),
      pools: services.map(({ protocol, members, algorithm, persistence: sticky }, index) =>
        poolOf({ id: `pool-${index}`, protocol, algorithm, persistence: sticky, members: members.map((one) => memberFrom(one)) }),
      ),
    }),
  );

  function memberFrom({ host, weight, enabled, backup }: { host: number; weight: number; enabled: boolean; backup: boolean }): MemberTopology {
    return memberOf({ id: `member-${host}`, address: `192.0.2.${host}`, weight, enabled, backup });
  }

  async function listing(...texts: string[]): Promise<string[]> {
    // Listed in the same run, a table would lack what the run has just added.
    const child = run('unshare', ['--net', 'sh', '-c', 'nft -f - && nft -s list table inet weir'], { maxBuffer: 64 * 1024 * 1024 });
    child.child.stdin?.end(texts.join('\n'));
    // Chains and sets stand in the order in which they were made.
    return (await child).stdout.split('\n\n').map(blockOf).toSorted();
  }

  function blockOf(block: string): string {
    const elements = (_all: string, words: string): string =>
      words
        .split(',')
        .map((word) => word.trim())
        .toSorted()
        .join('\n');
    const lines = block.replaceAll(/elements = \{([^}]*)\}/g, elements).split('\n');
    return lines
      .filter((line) => !/^\s*\}$|^table /.test(line))
      .join('\n')
      .trimEnd();
  }

  test('whatever a table is made from, it is the same as one made from nothing', async () => {
    await fc.assert(
      fc.asyncProperty(balancer, balancer, async (before, after) => {
        const [present, wanted] = [renderPackets(before), renderPackets(after)];
        assert.ok(present && wanted);
        await assertAccepted(present.text, changeText(present, wanted), changeText(wanted, present), wanted.text);
        assert.deepEqual(await listing(present.text, changeText(present, wanted)), await listing(wanted.text));
      }),
      { numRuns: 25 },
    );
  });

  test('what stays is not touched: a change of one member leaves limits, counters and the rest alone', () => {
    const limited = (members: MemberTopology[]): Topology => topology({ members }, { connectionLimit: 9, allowedCidrs: ['10.0.0.0/8'] });
    const present = renderPackets(limited([memberOf()]));
    const wanted = renderPackets(limited([memberOf(), memberOf({ id: 'member-2', address: '192.0.2.12' })]));
    assert.ok(present && wanted);
    const touched = new Set([...changeText(present, wanted).matchAll(/^\S+ \S+ inet weir (\S+)/gm)].map(([, name]) => name));
    assert.deepEqual(touched, new Set(['slots', 'members']));
    assert.equal(changeText(present, present).trim(), '');
  });
});
