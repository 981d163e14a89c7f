import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { type Share, markOf, packConfig, sectionsOf } from './pack.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const NODE = '11111111-2222-4333-8444-555555555555';

function topology(more: Partial<Parameters<typeof topologyOf>[0]> = {}) {
  const pools = [poolOf({ members: [memberOf({ id: 'one' })], monitor: monitorOf() })];
  return topologyOf({ listeners: [listenerOf()], pools, packed: true, ...more });
}

function shareOf(change: Partial<Share> = {}): Share {
  const { text, structure } = renderProxy(topology()) ?? assert.fail('nothing to share');
  return { node: NODE, namespace: 'weir-abcdef-1', inode: 4_026_531_840, structure, text, ...change };
}

test('a share listens and connects in its namespace, and has no global section of its own', () => {
  const { text, servers, packed } = renderProxy(topology()) ?? assert.fail('nothing to share');
  assert.match(text, /^ {4}bind \S+ namespace "\$\{WEIR_NAMESPACE\}"$/m);
  assert.match(text, /^ {4}server one .* namespace "\$\{WEIR_NAMESPACE\}"$/m);
  assert.doesNotMatch(text, /^(global|peers)/m);
  assert.deepEqual([packed, servers.map(({ dynamic }) => dynamic)], [true, [false]]);
});

test('what a worker that is told to stop has just taken goes to the next one, through a socket in no namespace', () => {
  const { text } = renderProxy(topology()) ?? assert.fail('nothing to share');
  assert.match(text, /^ {4}bind unix@next\/listener-1.sock name weir-next mode 600 accept-proxy$/m);
  assert.match(text, /^ {4}use-server weir-next if \{ stopping \}\n {4}server weir-next unix@next\/listener-1.sock weight 0 non-stick send-proxy-v2$/m);
});

test('what goes through two workers is asked for its address when that is known, and is told who the client is once', () => {
  const pools = [
    poolOf({
      members: [memberOf({ id: 'one' })],
      persistence: { type: 'HTTP_COOKIE', cookie_name: null, persistence_timeout: null, persistence_granularity: null },
    }),
  ];
  const listeners = [listenerOf({ allowedCidrs: ['10.0.0.0/8'], insertHeaders: { 'X-Forwarded-For': 'true' } })];
  const { text } = renderProxy(topology({ pools, listeners })) ?? assert.fail('nothing to share');
  assert.match(text, /^ {4}tcp-request session reject unless allowed$/m);
  assert.match(text, /^ {4}http-request add-header X-Forwarded-For %\[src\] unless \{ so_name weir-next \}$/m);
  assert.doesNotMatch(text, /tcp-request connection|option forwardfor/);
  assert.match(text, /^ {4}http-request add-header Cookie SRV=%\[req.hdr\(weir-next-srv\)\] if /m);
});

test('every bind and every server of whatever share is in a namespace', () => {
  const pools = [poolOf({ members: [memberOf({ id: 'one' }), memberOf({ id: 'two', backup: true })] })];
  const vips = [{ ...topologyOf().vip, address: '2001:db8::5' }];
  const listeners = [listenerOf(), listenerOf({ id: 'listener-2', port: 81, protocol: 'TCP' })];
  const { text } = renderProxy(topology({ pools, listeners, additionalVips: vips })) ?? assert.fail('nothing to share');
  const lines = text.split('\n').filter((line) => /^ {4}(bind|server) /.test(line) && !line.includes('unix@next/'));
  assert.equal(lines.length, 8);
  for (const line of lines) assert.ok(line.endsWith(' namespace "${WEIR_NAMESPACE}"'), line);
});

test('the structure of the whole changes with a share’s structure and its namespace, and not with its weights', () => {
  const structure = (change: Partial<Share> = {}): string => packConfig([shareOf(change)], 2).structure;
  const before = structure();
  assert.equal(structure({ text: shareOf().text.replace('weight 1', 'weight 9') }), before);
  assert.notEqual(structure({ structure: '0123456789abcdef' }), before);
  assert.notEqual(structure({ inode: 5 }), before);
});

test('what the process is asked for its shares with is told apart from any other backend', () => {
  const [, name = ''] = /^backend (share\.\S+)$/m.exec(packConfig([shareOf()], 1).text) ?? [];
  const { node, inode, structure } = shareOf();
  assert.deepEqual(markOf(name), { node, inode, structure });
  for (const other of ['pool-1:listener-1', 'share.x', `share.${NODE}.0123456789abcdef`, `share.${NODE}.0123456789abcdef.1x`])
    assert.equal(markOf(other), null);
});

test('the names of a share’s sections are read from its text', () => {
  const { frontends, backends } = sectionsOf(shareOf().text);
  assert.deepEqual([[...frontends], [...backends]], [['listener-1'], ['pool-1:listener-1']]);
});

test('what a shared process cannot do is refused', () => {
  const ping = [poolOf({ monitor: monitorOf({ type: 'PING', http: null }) })];
  for (const more of [{ redundancy: 'ACTIVE_STANDBY' as const }, { pools: ping }, { listeners: [listenerOf({ protocol: 'PROMETHEUS', defaultPool: null })] }])
    assert.throws(() => renderProxy(topology(more)), CompileError);
});

test('a name that is no name of a namespace is refused', () => {
  assert.throws(() => packConfig([shareOf({ namespace: 'a b' })], 1), CompileError);
});
