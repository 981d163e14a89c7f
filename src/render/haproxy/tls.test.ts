/** What is sealed stays sealed, and no option of TLS becomes syntax: not even from rows that were stored before anybody checked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Sealed } from '../../model/sealed.ts';
import type { ListenerTls, PoolTls, Topology } from '../../model/topology.ts';
import { CompileError } from './compile-error.ts';
import { renderProxy } from './compile.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const PEM = new Sealed('a key that nobody must see');
const NO_OPTIONS = { ciphers: null, versions: null, alpn: null } as const;

const listenerTls = (change: Partial<ListenerTls> = {}): ListenerTls => ({ ...NO_OPTIONS, certificates: [PEM], clients: null, hsts: null, ...change });
const poolTls = (change: Partial<PoolTls> = {}): PoolTls => ({
  ...NO_OPTIONS,
  certificate: PEM,
  authority: { certificates: PEM, revocations: PEM },
  ...change,
});

function topology(listener: Partial<ListenerTls>, pool: Partial<PoolTls> = {}): Topology {
  return topologyOf({
    listeners: [listenerOf({ protocol: 'TERMINATED_HTTPS', tls: listenerTls(listener) })],
    pools: [poolOf({ tls: poolTls(pool), monitor: monitorOf() })],
  });
}

function linesOf(value: Topology): string[] {
  return (renderProxy(value)?.text ?? '').split('\n');
}

const shape = (lines: readonly string[]): string[] => lines.map((line) => line.trim().split(' ')[0] ?? '');
const HARMLESS = shape(linesOf(topology({ ciphers: 'HIGH' }, { ciphers: 'HIGH' })));

const NASTY = [
  'HIGH\n    server evil 192.0.2.66:80',
  'HIGH\r\nX: y',
  'HIGH no-sslv3',
  'HIGH#',
  'HIGH"',
  "HIGH'",
  'HIGH\\',
  'HIGH;show info',
  '$HOME',
  '%[src]',
  '\0',
  'é',
  ' ',
];

test('a cipher string that is none is refused, wherever it comes from', () => {
  for (const ciphers of NASTY) {
    assert.throws(() => renderProxy(topology({ ciphers })), CompileError, ciphers);
    assert.throws(() => renderProxy(topology({}, { ciphers })), CompileError, ciphers);
  }
});

test('any cipher string is refused or leaves every line where it was', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...NASTY)), fc.boolean(), (ciphers, ofPool) => {
      let lines: string[] = [];
      try {
        lines = linesOf(ofPool ? topology({ ciphers: 'HIGH' }, { ciphers }) : topology({ ciphers }, { ciphers: 'HIGH' }));
      } catch (error) {
        assert.ok(error instanceof CompileError);
        return;
      }
      assert.deepEqual(shape(lines), HARMLESS);
    }),
  );
});

test('versions and protocols that are none are refused', () => {
  for (const versions of [['TLSv1.1'], ['TLSv1.2', 'SSLv3'], ['TLSv1.2\nx'], []] as unknown as ListenerTls['versions'][]) {
    assert.throws(() => renderProxy(topology({ versions })), CompileError, JSON.stringify(versions));
  }
  for (const alpn of [['h3'], ['h2 verify'], ['h2\nx']] as unknown as ListenerTls['alpn'][]) assert.throws(() => renderProxy(topology({ alpn })), CompileError);
  for (const maxAge of [-1, 1.5, Number.NaN]) {
    assert.throws(() => renderProxy(topology({ hsts: { maxAge, includeSubdomains: false, preload: false } })), CompileError);
  }
  assert.throws(() => renderProxy(topology({ certificates: [] })), CompileError);
  assert.throws(() => renderProxy(topologyOf({ listeners: [listenerOf({ protocol: 'TERMINATED_HTTPS' })] })), /has no certificate/);
});

test('a file is named by what is in it; a plan that holds it shows no more', () => {
  const proxy = renderProxy(topology({}));
  assert.deepEqual(
    proxy?.files.map(({ path }) => path).toSorted(),
    [`tls/${PEM.digest}.pem`, `tls/${new Sealed(`tls/${PEM.digest}.pem\n`).digest}.list`].toSorted(),
  );
  assert.ok(!JSON.stringify(proxy).includes('nobody must see'));
  const other = renderProxy(topology({ certificates: [new Sealed('another')] }));
  assert.notEqual(other?.structure, proxy?.structure);
});

test('the runtime socket knows no quotes: none are in what adds a server', () => {
  const pool = poolOf({ tls: poolTls({ ciphers: 'HIGH:!aNULL:@SECLEVEL=2', alpn: ['h2', 'http/1.1'], certificate: null }), members: [memberOf()] });
  const [server] = renderProxy(topologyOf({ pools: [pool] }))?.servers ?? [];
  assert.ok(server);
  assert.equal(server.dynamic, true);
  const [add = ''] = addServerCommands(server);
  assert.match(add, / ciphers HIGH:!aNULL:@SECLEVEL=2 .* alpn h2,http\/1\.1/);
  assert.doesNotMatch(addServerCommands(server).join(' '), /['"\\;]/);
});

test('a check goes where the traffic does in TLS, elsewhere plainly, and in HTTP/1 where it can', () => {
  const members = [memberOf(), memberOf({ id: 'member-2', monitorPort: 81 })];
  const keywords = (change: Partial<PoolTls>): string[] =>
    (renderProxy(topologyOf({ pools: [poolOf({ tls: poolTls(change), members, monitor: monitorOf() })] }))?.servers ?? []).map((server) => server.keywords);
  const [own = '', elsewhere = ''] = keywords({ alpn: ['h2', 'http/1.1'] });
  assert.deepEqual([own.endsWith(' check-ssl'), elsewhere.includes('check-ssl')], [true, false]);
  assert.match(own, / check-alpn http\/1\.1 /);
  assert.match(keywords({ alpn: ['h2'] })[0] ?? '', / check-alpn h2 /);
  assert.doesNotMatch(keywords({ alpn: ['http/1.1'] })[0] ?? '', /check-alpn/);
});
