import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALGORITHMS, PERSISTENCE_TYPES, POOL_PROTOCOLS } from '../../model/pool.ts';
import { MONITOR_TYPES } from '../../model/health-monitor.ts';
import { LISTENER_PROTOCOLS } from '../../model/listener.ts';
import { unsupportedListener, unsupportedMonitor, unsupportedPool } from './support.ts';

/** The attributes of a row as a silent creator leaves them. */
const PLAIN_LISTENER = {
  connection_limit: -1,
  sni_container_refs: [],
  client_authentication: 'NONE',
  insert_headers: {},
  tls_versions: null,
  hsts_max_age: null,
  hsts_preload: false,
} as const;

test('protocols, algorithms and monitor types', () => {
  assert.deepEqual(
    LISTENER_PROTOCOLS.filter((protocol) => unsupportedListener({ protocol }) === null),
    ['TCP', 'HTTP', 'HTTPS', 'TERMINATED_HTTPS', 'UDP', 'SCTP', 'PROMETHEUS'],
  );
  assert.deepEqual(
    POOL_PROTOCOLS.filter((protocol) => unsupportedPool({ protocol }) === null),
    ['TCP', 'HTTP', 'HTTPS', 'PROXY', 'PROXYV2', 'UDP', 'SCTP'],
  );
  assert.deepEqual(
    ALGORITHMS.filter((algorithm) => unsupportedPool({ lb_algorithm: algorithm }) === null),
    ['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP', 'SOURCE_IP_PORT'],
  );
  assert.deepEqual(
    MONITOR_TYPES.filter((type) => unsupportedMonitor({ type }) === null),
    ['HTTP', 'HTTPS', 'PING', 'TCP', 'TLS-HELLO', 'UDP-CONNECT', 'SCTP'],
  );
});

test('options of a listener', () => {
  assert.equal(unsupportedListener({ ...PLAIN_LISTENER, sni_container_refs: [] }), null);
  assert.equal(unsupportedListener({}), null);
  assert.equal(unsupportedListener({ insert_headers: { 'X-Forwarded-For': 'true', 'X-Real-IP': 'false' } }), null);
  assert.equal(unsupportedListener({ protocol: 'HTTP', insert_headers: { 'X-SSL-Client-CN': 'true' } }), 'inserting the header "X-SSL-Client-CN"');
  assert.equal(unsupportedListener({ protocol: 'TERMINATED_HTTPS', insert_headers: { 'X-SSL-Client-CN': 'true' } }), null);
  assert.equal(unsupportedListener({ connection_limit: 0 }), null);
});

test('TLS of a listener and of a pool', () => {
  const ends = (more: Parameters<typeof unsupportedListener>[0]): string | null => unsupportedListener({ protocol: 'TERMINATED_HTTPS', ...more });
  assert.equal(ends({ tls_versions: ['TLSv1.2', 'TLSv1.3'], tls_ciphers: 'TLS_AES_256_GCM_SHA384:HIGH', alpn_protocols: ['h2'], hsts_max_age: 0 }), null);
  for (const version of ['SSLv3', 'TLSv1', 'TLSv1.1'] as const) assert.equal(ends({ tls_versions: [version, 'TLSv1.2'] }), `the TLS version ${version}`);
  assert.equal(ends({ tls_ciphers: 'TLS_AES_256_GCM_SHA384' }), 'TLS 1.2 without a cipher for it');
  assert.equal(ends({ tls_ciphers: 'TLS_AES_256_GCM_SHA384', tls_versions: ['TLSv1.3'] }), null);
  assert.equal(ends({ tls_ciphers: 'HIGH\n    server x 192.0.2.1:1' }), 'a list of ciphers with characters that none has');
  assert.equal(unsupportedListener({ protocol: 'HTTP', tls_versions: ['TLSv1.2'] }), 'TLS options of a listener that does not end TLS');
  assert.equal(unsupportedListener({ protocol: 'PROMETHEUS', default_tls_container_ref: 'a', tls_versions: ['TLSv1.2'] }), null);
  assert.equal(unsupportedPool({ protocol: 'HTTP', tls_enabled: true, tls_versions: ['TLSv1.3'] }), null);
  assert.equal(unsupportedPool({ protocol: 'HTTP', tls_enabled: true, tls_versions: ['TLSv1.1'] }), 'the TLS version TLSv1.1');
  assert.equal(unsupportedPool({ protocol: 'HTTP', tls_enabled: false, tls_versions: ['TLSv1.1'] }), null);
});

test('options of a pool', () => {
  const cookie = { type: 'HTTP_COOKIE', cookie_name: null, persistence_timeout: null, persistence_granularity: null } as const;
  assert.equal(unsupportedPool({ protocol: 'HTTP', session_persistence: cookie, tls_enabled: false, tls_versions: null }), null);
  assert.equal(unsupportedPool({ protocol: 'PROXY', session_persistence: cookie }), null);
  assert.match(unsupportedPool({ protocol: 'TCP', session_persistence: cookie }) ?? '', /HTTP_COOKIE for a pool of protocol TCP/);
  assert.equal(unsupportedPool({ tls_enabled: true }), null);
  for (const type of PERSISTENCE_TYPES) assert.equal(unsupportedPool({ protocol: 'HTTP', session_persistence: { ...cookie, type } }), null);
});
