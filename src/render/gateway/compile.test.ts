import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { gatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewayShare } from '../../model/node-config.ts';
import type { Topology } from '../../model/topology.ts';
import { assertAccepted as assertProxyAccepted } from '../haproxy/check-config.fixture.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from '../haproxy/topology.fixture.ts';
import { assertAccepted as assertTableAccepted } from '../nftables/check-table.fixture.ts';
import { renderGateway } from './compile.ts';
import { partsIn } from './marked-file.ts';
import { DIRECTORY } from './names.ts';
import { slotsFor } from './packets.ts';
import { PROXY, proxyFile } from './proxy-file.ts';

const NODE = '0a1b2c3d-0000-4000-8000-000000000001';
const FACTS = {
  address_lan: '192.0.2.254/24',
  address_wan: '198.51.100.2/24',
  address_loopback: '127.0.0.1/8',
  programs: 'haproxy nft',
  firewall: 'fw4',
  release: '24.10.8',
  memory_kib: '131072',
  taken_ports: '80 443',
};
const facts = (change: Readonly<Record<string, string>> = {}) => gatewayFacts({ id: 'g', name: 'gw-1', facts: { ...FACTS, ...change } });

function share(topology: Topology, change: Readonly<Record<string, string>> = {}): GatewayShare {
  const { gateway } = renderGateway(topology, NODE, facts(change));
  assert.ok(gateway);
  return gateway;
}

const named = (of: GatewayShare, config: string) => of.sections.filter((section) => section.config === config);
const forNft = ({ packets }: GatewayShare): string =>
  packets
    .split('\n')
    .filter((line) => !line.startsWith('@'))
    .join('\n');

async function assertCarried(of: GatewayShare): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-gateway-'));
  try {
    // Its paths are the gateway's.
    if (of.proxy !== '')
      await assertProxyAccepted(proxyFile(new Map([[NODE, of.proxy]]), 131_072).replace(`default-path origin ${DIRECTORY}`, '# here'), of.files);
    if (of.packets !== '') await assertTableAccepted(forNft(of));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

suite('where the address is', () => {
  test('in a network of the gateway it becomes an alias of that interface', () => {
    assert.deepEqual(named(share(topologyOf()), 'network'), [
      { config: 'network', name: 'weir_0a1b2c3d0000_v0', type: 'interface', options: { device: '@lan', proto: 'static', ipaddr: ['192.0.2.1/32'] } },
    ]);
  });

  test('before 21.02 the option has another name', () => {
    const [alias] = named(share(topologyOf(), { release: '19.07.10' }), 'network');
    assert.deepEqual(alias?.options, { ifname: '@lan', proto: 'static', ipaddr: ['192.0.2.1/32'] });
  });

  test('an address that the gateway has needs nothing', () => {
    const topology = topologyOf({ vip: { ...topologyOf().vip, address: '198.51.100.2' } });
    assert.deepEqual(named(share(topology), 'network'), []);
  });

  test('elsewhere it is refused, and the networks are told', () => {
    const topology = topologyOf({ vip: { ...topologyOf().vip, address: '203.0.113.1' } });
    assert.throws(() => share(topology), /gateway gw-1 is in no network that 203\.0\.113\.1 is of: it has lan 192\.0\.2\.254\/24, wan 198\.51\.100\.2\/24$/);
  });
});

suite('who carries a listener', () => {
  const tcp = (change: Partial<Topology> = {}): Topology =>
    topologyOf({ listeners: [listenerOf({ protocol: 'TCP', port: 8080 })], pools: [poolOf({ protocol: 'TCP' })], ...change });
  const carriers = (of: GatewayShare): string => [of.proxy === '' ? '' : 'proxy', of.packets.includes('@service') ? 'kernel' : ''].join(' ').trim();

  test('HAProxy where it is installed, the kernel where it is not, and what the flavor says', () => {
    assert.equal(carriers(share(tcp())), 'proxy');
    assert.equal(carriers(share(tcp(), { programs: 'nft' })), 'kernel');
    assert.equal(carriers(share(tcp({ engine: 'nftables' }))), 'kernel');
    assert.equal(carriers(share(topologyOf({ listeners: [listenerOf({ port: 8080 })] }))), 'proxy');
  });

  test('a pool that is pinged is the kernel’s: HAProxy has no such check', () => {
    assert.equal(carriers(share(tcp({ pools: [poolOf({ protocol: 'TCP', monitor: monitorOf({ type: 'PING', http: null }) })] }))), 'kernel');
  });

  test('what cannot be carried is said in words', () => {
    assert.throws(() => share(topologyOf(), { programs: 'nft' }), /gateway gw-1 has no haproxy: its package is not installed/);
    assert.throws(
      () => share(tcp({ engine: 'nftables', pools: [poolOf({ protocol: 'TCP', algorithm: 'LEAST_CONNECTIONS' })] })),
      /LEAST_CONNECTIONS .* is not carried/,
    );
    assert.throws(() => share(tcp(), { programs: '' }), /has no nft|has no haproxy/);
    assert.throws(() => share(topologyOf({ listeners: [listenerOf({ protocol: 'PROMETHEUS' })] })), /PROMETHEUS on a gateway is not carried/);
  });

  test('a port that is the gateway’s own is sent to one where HAProxy listens, and rules and headers go by the right ones', async () => {
    const of = share(topologyOf({ listeners: [listenerOf({ id: '0000002a-0000-4000-8000-000000000001', insertHeaders: { 'X-Forwarded-Port': 'true' } })] }));
    assert.match(of.packets, /ip daddr \{ 192\.0\.2\.1 \} tcp dport 80 dnat to 192\.0\.2\.1:2\d{4}$/m);
    assert.match(of.proxy, /bind 192\.0\.2\.1:2\d{4} transparent/);
    assert.match(of.proxy, /tcp-request connection set-dst-port int\(80\)/);
    assert.deepEqual(
      named(of, 'firewall').map(({ options }) => options['dest_port']),
      [/:(2\d{4}) transparent/.exec(of.proxy)?.[1]],
    );
    await assertCarried(of);
  });
});

suite('what HAProxy and nft say to it', () => {
  const pools = [
    poolOf({
      protocol: 'TCP',
      members: [memberOf(), memberOf({ id: 'member-2', address: '192.0.2.12', weight: 3 }), memberOf({ id: 'member-3', address: '192.0.2.13', backup: true })],
    }),
  ];
  const cases: Readonly<Record<string, Partial<Topology>>> = {
    http: { listeners: [listenerOf({ port: 8080 })], pools: [poolOf({ monitor: monitorOf() })] },
    'sticky http': {
      listeners: [listenerOf({ port: 8080 })],
      pools: [poolOf({ persistence: { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: null, persistence_granularity: null } })],
    },
    'packets in turn': {
      engine: 'nftables',
      listeners: [listenerOf({ protocol: 'TCP', connectionLimit: 10, allowedCidrs: ['192.0.2.0/24', '192.0.2.0/25', '2001:db8::/32'] })],
      pools,
    },
    'packets by client': {
      engine: 'nftables',
      listeners: [listenerOf({ protocol: 'TCP', allowedCidrs: ['2001:db8::/32'] })],
      pools: pools.map((pool) => ({ ...pool, algorithm: 'SOURCE_IP' as const })),
    },
    datagrams: { listeners: [listenerOf({ protocol: 'UDP', port: 53 })], pools: [poolOf({ protocol: 'UDP', algorithm: 'SOURCE_IP_PORT' })] },
    'nobody to serve': { listeners: [listenerOf({ protocol: 'UDP', port: 53, defaultPool: null })], pools: [] },
    'IPv6 packets': {
      engine: 'nftables',
      vip: { ...topologyOf().vip, address: '2001:db8::1' },
      listeners: [listenerOf({ protocol: 'TCP' })],
      pools: [poolOf({ protocol: 'TCP', members: [memberOf({ address: '2001:db8::11' })] })],
    },
  };
  for (const [name, change] of Object.entries(cases))
    test(name, async () => {
      await assertCarried(share(topologyOf(change), { address_lan: '192.0.2.254/24 2001:db8::254/64' }));
    });
});

test('a client’s network that is not of the listener’s family lets nobody in', () => {
  const of = share(
    topologyOf({ engine: 'nftables', listeners: [listenerOf({ protocol: 'TCP', allowedCidrs: ['2001:db8::/32'] })], pools: [poolOf({ protocol: 'TCP' })] }),
  );
  assert.match(of.packets, /tcp dport 80 drop/);
});

test('slots hold all weights exactly as long as they can, and leave enough to spread a dead member’s', () => {
  const slots = (...weights: number[]): number => slotsFor(weights.map((weight) => ({ weight })));
  assert.deepEqual([slots(), slots(1), slots(1, 1, 1), slots(1, 3), slots(0, 5), slots(256, 1), slots(100, 100)], [64, 64, 66, 64, 64, 256, 64]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 256 }), { maxLength: 50 }), (weights) => {
      const count = slots(...weights);
      assert.ok(count >= 1 && count <= 256, String(count));
    }),
  );
});

test('no string of anybody’s becomes a line: what is no id, no address and no text of a request is refused or escaped', () => {
  const hostile = ['a\nb', 'a b', '$(id)', '`id`', "'", '"', '\\', '{', ';', '#', '\u2028', '', 'x'.repeat(4096)];
  for (const value of hostile) {
    const packets = (change: Partial<Topology>): Topology =>
      topologyOf({ engine: 'nftables', listeners: [listenerOf({ protocol: 'TCP' })], pools: [poolOf({ protocol: 'TCP' })], ...change });
    assert.throws(() => share(packets({ listeners: [listenerOf({ protocol: 'TCP', id: value })] })));
    assert.throws(() => share(packets({ pools: [poolOf({ protocol: 'TCP', members: [memberOf({ id: value })] })] })));
    assert.throws(() => share(packets({ pools: [poolOf({ protocol: 'TCP', members: [memberOf({ address: value })] })] })));
    const http = { method: 'GET', path: `/${value}`, expectedCodes: '200', version: 1.1, domainName: null };
    try {
      const { packets: text } = share(packets({ pools: [poolOf({ protocol: 'TCP', monitor: monitorOf({ http }) })] }));
      const request = /^@request \S+ (.*)$/m.exec(text)?.[1] ?? '';
      assert.match(request, /^[A-Za-z0-9/._\\-]+$/);
      assert.equal(text.split('\n').filter((line) => line.startsWith('@')).length, 5, text);
    } catch (error) {
      assert.match(String(error), /printable ASCII/);
    }
  }
});

test('a file tells its parts by their nodes; one that is somebody else’s tells none', () => {
  const of = share(topologyOf({ listeners: [listenerOf({ port: 8080 })] }));
  const other = NODE.replace(/1$/, '2');
  const text = proxyFile(
    new Map([
      [NODE, of.proxy],
      [other, 'backend b\n'],
      ['gone', ''],
    ]),
    65_536,
  );
  assert.deepEqual(
    [...(partsIn(PROXY, text) ?? [])],
    [
      [NODE, of.proxy],
      [other, 'backend b\n'],
    ],
  );
  assert.equal(partsIn(PROXY, 'global\n'), null);
  assert.deepEqual([...(partsIn(PROXY, null) ?? [])], []);
});

suite('two gateways that share an address', () => {
  const other = (change: Readonly<Record<string, string>> = {}) =>
    gatewayFacts({
      id: 'h',
      name: 'gw-2',
      facts: { ...FACTS, address_lan: '192.0.2.253/24', device_lan: 'br-lan', programs: 'haproxy keepalived nft', ...change },
    });
  const pairOf = (peer = other()) => ({ role: 'MASTER', group: 20, peer, advertMs: 200, bothServe: false }) as const;
  const here = (change: Readonly<Record<string, string>> = {}) => facts({ device_lan: 'br-lan', programs: 'haproxy keepalived nft', ...change });
  const sections = (own = here(), pair = pairOf()) => renderGateway(topologyOf(), NODE, own, pair).gateway?.sections ?? [];

  test('speak VRRP from address to address, and no alias is made', () => {
    const all = sections();
    const instance = all.find(({ type }) => type === 'vrrp_instance');
    const { unicast_src_ip, unicast_peer, interface: on, advert_int, nopreempt, virtual_router_id, priority } = instance?.options ?? {};
    assert.deepEqual(
      [unicast_src_ip, unicast_peer, on, advert_int, nopreempt, virtual_router_id, priority],
      ['192.0.2.254', ['weir_0a1b2c3d0000_peer'], 'br-lan', '0.2', '1', '20', '100'],
    );
    assert.equal(all.find(({ type }) => type === 'peer')?.options['address'], '192.0.2.253');
    assert.equal(
      all.some(({ config }) => config === 'network'),
      false,
    );
    assert.deepEqual(all.find(({ name }) => name.endsWith('_vrrp'))?.options['src_ip'], ['192.0.2.253']);
  });

  test('where both serve, each is the first for its own addresses', () => {
    const topology = topologyOf({ additionalVips: [{ ...topologyOf().vip, address: '192.0.2.2' }] });
    const of = (role: 'MASTER' | 'BACKUP') =>
      (renderGateway(topology, NODE, here(), { ...pairOf(), role, bothServe: true }).gateway?.sections ?? [])
        .filter(({ type }) => type === 'vrrp_instance')
        .map(({ options }) => [options['virtual_router_id'], options['priority'], options['nopreempt']]);
    assert.deepEqual(
      [of('MASTER'), of('BACKUP')],
      [
        [
          ['20', '100', undefined],
          ['21', '90', undefined],
        ],
        [
          ['20', '90', undefined],
          ['21', '100', undefined],
        ],
      ],
    );
    assert.throws(() => renderGateway(topologyOf(), NODE, here(), { ...pairOf(), bothServe: true }), /need two addresses/);
  });

  test('before 23.05 a peer is an address', () => {
    const all = sections(here({ release: '22.03.7' }), pairOf(other({ release: '22.03.7' })));
    assert.deepEqual(all.find(({ type }) => type === 'vrrp_instance')?.options['unicast_peer'], ['192.0.2.253']);
    assert.equal(
      all.some(({ type }) => type === 'peer'),
      false,
    );
  });

  test('what they lack is said in words', () => {
    assert.throws(() => sections(facts()), /gateway gw-1 has no keepalived/);
    assert.throws(() => sections(here(), pairOf(other({ keepalived: 'off' }))), /keepalived of gateway gw-2 is switched off there/);
    assert.throws(() => sections(here(), pairOf(other({ address_lan: '10.0.0.1/24' }))), /gateway gw-2 is in no network that 192\.0\.2\.1 is of/);
    assert.throws(() => sections(here({ address_lan: '192.0.2.1/24' })), /gateway gw-1 has 192\.0\.2\.1 for itself/);
  });
});
