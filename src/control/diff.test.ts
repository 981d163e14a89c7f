import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EMPTY_NODE, type Link, type NodeConfig, type ProxyConfig, STRANGE_PACKETS, type Server, serverKey } from '../model/node-config.ts';
import { Sealed } from '../model/sealed.ts';
import { applyGroup, groupsOf } from '../nodes/noop/apply-step.ts';
import { packetsOf } from '../nodes/sample-node.fixture.ts';
import { diff, meanwhile } from './diff.ts';

function server(name: string, changes: Partial<Server> = {}): Server {
  return {
    backend: 'p:l',
    name,
    address: '192.0.2.10',
    port: 80,
    weight: 1,
    state: 'ready',
    backup: false,
    check: null,
    keywords: '',
    dynamic: true,
    ...changes,
  };
}

function proxy(servers: Server[], structure = 's1'): ProxyConfig {
  return { text: `${structure} ${JSON.stringify(servers)}`, structure, servers, files: [] };
}

function link(changes: Partial<Link> = {}): Link {
  return { name: 'eth0', networkId: 'n1', physicalNetwork: null, mac: '02:00:c0:00:02:01', mtu: 1500, addresses: ['192.0.2.1/24'], neighbours: [], ...changes };
}

function config(changes: Partial<NodeConfig> = {}): NodeConfig {
  return { ...EMPTY_NODE, links: [link()], proxy: proxy([server('a')]), ...changes };
}

const kinds = (present: NodeConfig | null, wanted: NodeConfig, options = {}): string[] => diff(present, wanted, options).map(({ kind }) => kind);

test('equal configs need nothing', () => {
  assert.deepEqual(diff(config(), config()), []);
});

test('a node that is not there is made whole', () => {
  assert.deepEqual(kinds(null, config()), ['create-node', 'add-link', 'start-proxy']);
  assert.deepEqual(kinds(null, config({ routes: [{ to: 'default', via: '192.0.2.254' }], proxy: null })), ['create-node', 'add-link', 'set-routes']);
});

test('members change at runtime, and the file is written first', () => {
  const present = config({ proxy: proxy([server('a'), server('b')]) });
  assert.deepEqual(kinds(present, config({ proxy: proxy([server('a', { weight: 5 }), server('c')]) })), [
    'write-config',
    'add-server',
    'change-server',
    'delete-server',
  ]);
  assert.deepEqual(kinds(present, config({ proxy: proxy([]) })), ['write-config', 'delete-server', 'delete-server']);
});

test('another structure is one reload, whatever else changed', () => {
  assert.deepEqual(kinds(config(), config({ proxy: proxy([server('b')], 's2') })), ['reload-proxy']);
});

test('a backend that takes no servers at runtime is reloaded for a new one, but not for a weight', () => {
  const fixed = { dynamic: false };
  const present = config({ proxy: proxy([server('a', fixed)]) });
  assert.deepEqual(kinds(present, config({ proxy: proxy([server('a', fixed), server('b', fixed)]) })), ['reload-proxy']);
  assert.deepEqual(kinds(present, config({ proxy: proxy([server('a', { ...fixed, weight: 3 })]) })), ['write-config', 'change-server']);
});

test('after a failed runtime change the next attempt reloads', () => {
  const wanted = config({ proxy: proxy([server('a', { weight: 2 })]) });
  assert.deepEqual(kinds(config(), wanted, { avoidRuntime: true }), ['reload-proxy']);
  assert.deepEqual(kinds(config(), config(), { avoidRuntime: true }), []);
});

test('the proxy comes and goes with its listeners', () => {
  assert.deepEqual(kinds(config({ proxy: null }), config()), ['start-proxy']);
  assert.deepEqual(kinds(config(), config({ proxy: null })), ['stop-proxy']);
});

test('links: another network is another link, another neighbour only a change', () => {
  assert.deepEqual(kinds(config(), config({ links: [link({ networkId: 'n2' })] })), ['delete-link', 'add-link']);
  assert.deepEqual(kinds(config(), config({ links: [link({ neighbours: [{ address: '192.0.2.10', mac: '02:00:c0:00:02:0a' }] })] })), ['change-link']);
  assert.deepEqual(kinds(config({ links: [link(), link({ name: 'eth1' })] }), config()), ['delete-link']);
});

test('keepalived starts when all else is done, and takes another configuration without a restart', () => {
  const vrrp = { text: 'one' };
  assert.deepEqual(kinds(null, config({ vrrp })), ['create-node', 'add-link', 'start-proxy', 'start-vrrp']);
  assert.deepEqual(kinds(config({ vrrp }), config({ vrrp: { text: 'two' } })), ['reload-vrrp']);
  assert.deepEqual(kinds(config({ vrrp }), config()), ['stop-vrrp']);
  assert.deepEqual(kinds(config({ vrrp }), config({ vrrp })), []);
});

const anyServer = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  backend: fc.constantFrom('p:l', 'q:l'),
  address: fc.constantFrom('192.0.2.10', '192.0.2.11'),
  port: fc.constantFrom(80, 81),
  weight: fc.integer({ min: 0, max: 256 }),
  state: fc.constantFrom('ready' as const, 'maint' as const),
  backup: fc.boolean(),
  check: fc.constantFrom(null, { address: null, port: null }, { address: '192.0.2.9', port: 8080 }),
  keywords: fc.constant(''),
  dynamic: fc.constant(true),
});
const anyProxy = fc.option(
  fc
    .record({ structure: fc.constantFrom('s1', 's2'), servers: fc.uniqueArray(anyServer, { selector: serverKey }) })
    .map(({ servers, structure }) => proxy(servers, structure)),
);
const anyConfig: fc.Arbitrary<NodeConfig> = fc.record({
  links: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('eth0', 'eth1'), networkId: fc.constantFrom('n1', 'n2'), mtu: fc.constantFrom(1500, 9000) }).map(link),
    { selector: ({ name }) => name },
  ),
  routes: fc.subarray([
    { to: 'default', via: '192.0.2.254' },
    { to: '198.51.100.0/24', via: '192.0.2.253' },
  ]),
  proxy: anyProxy,
  packets: fc.option(fc.constantFrom(packetsOf([{ id: 'one' }]), packetsOf([{ id: 'two' }]), STRANGE_PACKETS)),
  vrrp: fc.constant(null),
  flowSync: fc.option(fc.constantFrom('a', 'b').map((text) => ({ text }))),
});

test('property: carrying out a plan leaves nothing to plan', () => {
  fc.assert(
    fc.property(fc.option(anyConfig), anyConfig, fc.boolean(), (present, wanted, avoidRuntime) => {
      const after = groupsOf(diff(present, wanted, { avoidRuntime })).reduce(applyGroup, present ?? EMPTY_NODE);
      assert.deepEqual(diff(after, wanted), []);
    }),
    { numRuns: 2000 },
  );
});

test('a file that is not there, or damaged, is written again; what is there beyond goes with the next reload', () => {
  const withFiles = (...texts: string[]): NodeConfig => {
    const files = texts.map((text, index) => ({ path: `lua/${index}`, content: new Sealed(text) }));
    return config({ proxy: { ...proxy([server('a')]), files } });
  };
  assert.deepEqual(kinds(withFiles('one'), withFiles('one')), []);
  assert.deepEqual(kinds(withFiles(), withFiles('one')), ['write-config']);
  assert.deepEqual(kinds(withFiles('half'), withFiles('one')), ['write-config']);
  assert.deepEqual(kinds(withFiles('one', 'two'), withFiles('one')), []);
});

test('who takes a listener over begins before the other one stops', () => {
  const packets = packetsOf([{ id: 'one' }]);
  const inProxy = config({ proxy: proxy([server('a')]) });
  const inKernel = config({ proxy: null, packets });
  assert.deepEqual(kinds(inProxy, inKernel), ['set-packets', 'stop-proxy']);
  assert.deepEqual(kinds(inKernel, inProxy), ['start-proxy', 'delete-packets']);
  assert.deepEqual(kinds(inKernel, config({ proxy: null, packets: packetsOf([{ id: 'two' }]) })), ['set-packets']);
  assert.deepEqual(kinds(config({ proxy: null, packets: STRANGE_PACKETS }), inKernel), ['set-packets']);
  assert.deepEqual(kinds(inKernel, inKernel), []);
});

test('while a reload waits, members come, change their weight and get no more clients; nothing is deleted', () => {
  const present = config({ proxy: proxy([server('a'), server('b'), server('gone')]) });
  const fixed = server('later', { backend: 'other:l' });
  const wanted = config({ proxy: proxy([server('a'), server('b', { weight: 0, backup: true, address: '192.0.2.99' }), server('new'), fixed], 's2') });
  const [weight, parked, added, ...others] = meanwhile(present, wanted);
  assert.deepEqual(weight, { kind: 'change-server', cost: 'runtime', server: server('b', { weight: 0 }), present: server('b') });
  assert.deepEqual(parked, { kind: 'change-server', cost: 'runtime', server: server('gone', { state: 'maint' }), present: server('gone') });
  assert.deepEqual(added, { kind: 'add-server', cost: 'runtime', server: server('new') });
  assert.deepEqual(others, [], 'a backend that is not there takes no members');
});

test('while a reload waits, all that is done is done once', () => {
  const present = proxy([server('a'), server('gone')]);
  const wanted = config({ proxy: proxy([server('a', { weight: 5 }), server('new')], 's2') });
  const done = groupsOf(meanwhile(config({ proxy: present }), wanted)).reduce(applyGroup, config({ proxy: present }));
  assert.deepEqual(meanwhile(done, wanted), []);
  assert.deepEqual(kinds(done, wanted), ['reload-proxy']);
});
