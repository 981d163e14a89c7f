import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyConfig } from '../../model/node-config.ts';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { serverLine } from './server-line.ts';
import { tokenize } from './tokenize.fixture.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';
import type { Topology } from '../../model/topology.ts';

function rendered(topology: Topology): { text: string; structure: string; lines: string[] } {
  const proxy = renderProxy(topology);
  assert.ok(proxy);
  return { text: proxy.text, structure: proxy.structure, lines: tokenize(proxy.text).map((words) => words.join(' ')) };
}

function structureWith(change: Partial<Topology>): string {
  return rendered(topologyOf(change)).structure;
}

test('nothing to listen on renders to no proxy', () => {
  assert.equal(renderProxy(topologyOf({ enabled: false })), null);
  assert.equal(renderProxy(topologyOf({ listeners: [] })), null);
  assert.equal(renderProxy(topologyOf({ listeners: [listenerOf({ enabled: false })] })), null);
});

test('the same topology gives the same bytes', () => {
  assert.equal(rendered(topologyOf()).text, rendered(structuredClone(topologyOf())).text);
});

test('the file carries the structure as its description', () => {
  const { lines, structure } = rendered(topologyOf());
  assert.match(structure, /^[0-9a-f]{16}$/);
  assert.ok(lines.includes(`description weir:${structure}`));
});

test('whose balancer it is does not get into the file', () => {
  assert.doesNotMatch(rendered(topologyOf({ projectId: 'dear-project' })).text, /dear/);
});

test('what the runtime socket can change leaves the structure alone', () => {
  const base = structureWith({});
  const members = [memberOf({ weight: 0, enabled: false, backup: true }), memberOf({ id: 'member-2', address: '2001:db8::2' })];
  assert.equal(structureWith({ pools: [poolOf({ members })] }), base);
  assert.equal(structureWith({ pools: [poolOf({ members: [] })] }), base);
});

test('what only a reload can change is in the structure', () => {
  const base = structureWith({});
  const changes: Partial<Topology>[] = [
    { listeners: [listenerOf({ port: 81 })] },
    { listeners: [listenerOf({ connectionLimit: 10 })] },
    { pools: [poolOf({ algorithm: 'SOURCE_IP' })] },
    // The same as no default pool.
    { pools: [poolOf({ enabled: false })] },
    { pools: [poolOf({ monitor: monitorOf({ type: 'TCP' }) })] },
    { pools: [poolOf({ protocol: 'PROXY' })] },
  ];
  assert.equal(new Set([base, ...changes.map(structureWith)]).size, changes.length + 1);
});

test('a check that comes to an empty backend is in the structure', () => {
  const without = structureWith({ pools: [poolOf({ members: [] })] });
  const slow = structureWith({ pools: [poolOf({ members: [], monitor: monitorOf({ type: 'TCP', delay: 5 }) })] });
  const fast = structureWith({ pools: [poolOf({ members: [], monitor: monitorOf({ type: 'TCP', delay: 1 }) })] });
  assert.equal(new Set([without, slow, fast]).size, 3);
});

test('the servers are exactly what the lines say', () => {
  const members = [memberOf(), memberOf({ id: 'member-2', enabled: false, backup: true, weight: 7, monitorAddress: '192.0.2.99', monitorPort: 99 })];
  const proxy = renderProxy(topologyOf({ pools: [poolOf({ members, monitor: monitorOf({ type: 'TLS-HELLO' }) })] }));
  const lines = proxy?.text.split('\n').filter((line) => line.startsWith('    server '));
  assert.deepEqual(
    lines,
    proxy?.servers.map((server) => `    ${serverLine(server)}`),
  );
  assert.deepEqual(proxy?.servers[1]?.check, { address: '192.0.2.99', port: 99 });
  assert.equal(proxy?.servers[1]?.state, 'maint');
});

test('without a monitor there is no check', () => {
  const proxy = renderProxy(topologyOf({ pools: [poolOf({ members: [memberOf({ monitorPort: 99 })] })] }));
  assert.equal(proxy?.servers[0]?.check, null);
  assert.doesNotMatch(proxy?.text ?? '', /check|port 99/);
});

test('limits add up, an unlimited listener counts as 50,000, and the process has a ceiling', () => {
  const listeners = [listenerOf({ connectionLimit: 7 }), listenerOf({ id: 'listener-2', port: 81 })];
  assert.ok(rendered(topologyOf({ listeners })).lines.includes('maxconn 50007'));
  const many = Array.from({ length: 30 }, (_, at) => listenerOf({ id: `listener-${at}`, port: 80 + at }));
  assert.ok(rendered(topologyOf({ listeners: many })).lines.includes('maxconn 1000000'));
  assert.ok(rendered(topologyOf({ listeners: [listenerOf({ connectionLimit: 9_000_000 })] })).lines.includes('maxconn 1000000'));
});

test('a long list of networks is cut into lines HAProxy can read, and loses none', () => {
  const allowedCidrs = Array.from({ length: 200 }, (_, at) => `10.0.${at}.0/24`);
  const { lines } = rendered(topologyOf({ listeners: [listenerOf({ allowedCidrs })] }));
  const acls = lines.filter((line) => line.startsWith('acl allowed src '));
  assert.deepEqual(
    acls.flatMap((line) => line.split(' ').slice(3)),
    allowedCidrs,
  );
  assert.ok(lines.includes('tcp-request connection reject unless allowed'));
});

test('what cannot be carried is refused before there is any text', () => {
  const refused: Partial<Topology>[] = [
    { listeners: [listenerOf({ protocol: 'TERMINATED_HTTPS' })] },
    { listeners: [listenerOf({ connectionLimit: 0 })] },
    { listeners: [listenerOf({ connectionLimit: Number.NaN })] },
    { listeners: [listenerOf({ port: 0 })] },
    { listeners: [listenerOf({ defaultPool: 'elsewhere' })] },
    { listeners: [listenerOf({ allowedCidrs: ['10.0.0.0/33'] })] },
    { listeners: [listenerOf({ insertHeaders: { 'X-SSL-Client-CN': 'true' } })] },
    { pools: [poolOf({ monitor: monitorOf({ type: 'SCTP', timeout: 1.5 }) })] },
    { pools: [poolOf({ monitor: monitorOf({ type: 'PING' }), members: [memberOf({ monitorAddress: '192.0.2.1; reboot' })] })] },
    { pools: [poolOf({ monitor: monitorOf({ type: 'PING' }), members: [memberOf({ id: '*) reboot ;; x' })] })] },
    { pools: [poolOf({ monitor: monitorOf({ type: 'PING', timeout: 1.5 }) })] },
    { pools: [poolOf({ members: [memberOf({ weight: 257 })] })] },
    { pools: [poolOf({ members: [memberOf({ address: 'fe80::1%eth0' })] })] },
    { pools: [poolOf({ persistence: { type: 'APP_COOKIE', cookie_name: null, persistence_timeout: null, persistence_granularity: null } })] },
  ];
  for (const change of refused) assert.throws(() => renderProxy(topologyOf(change)), CompileError, JSON.stringify(change));
});

test('every address is listened on; one table for clients of both families', () => {
  const vip = { ...topologyOf().vip, address: '2001:db8::5' };
  const persistence = { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: null, persistence_granularity: null } as const;
  const text = renderProxy(topologyOf({ additionalVips: [vip], pools: [poolOf({ persistence })] }))?.text ?? '';
  assert.match(text, /^ {4}bind 192\.0\.2\.1:80\n {4}bind \[2001:db8::5\]:80 v6only$/m);
  assert.match(text, /stick-table type ipv6 /);
});

test('what PING runs has addresses in it and nothing that a shell would take for more', () => {
  const members = [memberOf(), memberOf({ id: 'member-2', address: '2001:db8::2', monitorAddress: '192.0.2.9' })];
  const render = (timeout: number): ProxyConfig =>
    renderProxy(topologyOf({ pools: [poolOf({ members, monitor: monitorOf({ type: 'PING', timeout }) })] })) ?? assert.fail();
  const [program] = render(3).files;
  assert.equal(
    program?.content.open(),
    [
      '#!/bin/sh',
      'case "$HAPROXY_SERVER_NAME" in',
      'member-1) address=192.0.2.11 ;;',
      'member-2) address=192.0.2.9 ;;',
      '*) exit 1 ;;',
      'esac',
      'exec ping -n -q -c 1 -W 3 "$address" > /dev/null 2>&1',
      '',
    ].join('\n'),
  );
  assert.equal(program.program, true);
  assert.notEqual(render(3).structure, render(4).structure);
});
