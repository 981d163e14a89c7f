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
    ['TCP', 'HTTP', 'HTTPS'],
  );
  assert.deepEqual(
    POOL_PROTOCOLS.filter((protocol) => unsupportedPool({ protocol }) === null),
    ['TCP', 'HTTP', 'HTTPS', 'PROXY', 'PROXYV2'],
  );
  assert.deepEqual(
    ALGORITHMS.filter((algorithm) => unsupportedPool({ lb_algorithm: algorithm }) === null),
    ['ROUND_ROBIN', 'LEAST_CONNECTIONS', 'SOURCE_IP'],
  );
  assert.deepEqual(
    MONITOR_TYPES.filter((type) => unsupportedMonitor({ type }) === null),
    ['HTTP', 'HTTPS', 'TCP', 'TLS-HELLO'],
  );
});

test('options of a listener', () => {
  assert.equal(unsupportedListener({ ...PLAIN_LISTENER, sni_container_refs: [] }), null);
  assert.equal(unsupportedListener({}), null);
  assert.equal(unsupportedListener({ insert_headers: { 'X-Forwarded-For': 'true', 'X-Real-IP': 'false' } }), null);
  assert.equal(unsupportedListener({ insert_headers: { 'X-SSL-Client-CN': 'true' } }), 'inserting the header "X-SSL-Client-CN"');
  assert.equal(unsupportedListener({ connection_limit: 0 }), 'a connection limit of 0');
  assert.equal(unsupportedListener({ client_authentication: 'MANDATORY' }), 'client certificates');
  assert.equal(unsupportedListener({ default_tls_container_ref: 'http://kms/1' }), 'a TLS certificate');
  assert.equal(unsupportedListener({ hsts_max_age: 0 }), 'HSTS');
});

test('options of a pool', () => {
  const cookie = { type: 'HTTP_COOKIE', cookie_name: null, persistence_timeout: null, persistence_granularity: null } as const;
  assert.equal(unsupportedPool({ protocol: 'HTTP', session_persistence: cookie, tls_enabled: false, tls_versions: null }), null);
  assert.equal(unsupportedPool({ protocol: 'PROXY', session_persistence: cookie }), null);
  assert.match(unsupportedPool({ protocol: 'TCP', session_persistence: cookie }) ?? '', /HTTP_COOKIE for a pool of protocol TCP/);
  assert.equal(unsupportedPool({ tls_enabled: true }), 'TLS towards members');
  for (const type of PERSISTENCE_TYPES) assert.equal(unsupportedPool({ protocol: 'HTTP', session_persistence: { ...cookie, type } }), null);
});
