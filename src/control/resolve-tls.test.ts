import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IN_NAME_ONLY } from './tls-references.ts';
import { Sealed } from '../model/sealed.ts';
import { listenerRow, poolRow } from '../store/store.fixture.ts';
import { listenerTls, poolTls } from './resolve-tls.ts';

const secure = listenerRow('lb', { default_tls_container_ref: 'own', sni_container_refs: ['other', 'own'], tls_versions: ['TLSv1.3'], tls_ciphers: '' });
const asked = { client_authentication: 'MANDATORY', client_ca_tls_container_ref: 'ca', client_crl_container_ref: null } as const;
const spoken = poolRow('lb', { tls_enabled: true, tls_container_ref: 'mine', ca_tls_container_ref: 'ca', crl_container_ref: 'crl' });

test('a listener: the default certificate first and each once; an empty list of ciphers is none', () => {
  const tls = listenerTls(secure, IN_NAME_ONLY);
  assert.deepEqual(
    tls?.certificates.map((certificate) => certificate.open()),
    ['own', 'other'],
  );
  assert.deepEqual([tls?.ciphers, tls?.versions, tls?.clients, tls?.hsts], [null, ['TLSv1.3'], null, null]);
  assert.equal(listenerTls(listenerRow('lb'), IN_NAME_ONLY), undefined);
  assert.equal(listenerTls({ ...secure, admin_state_up: false }, IN_NAME_ONLY), undefined);
});

test('clients are asked for certificates only where the listener says so', () => {
  const tls = listenerTls({ ...secure, ...asked, hsts_max_age: 0, hsts_preload: true }, IN_NAME_ONLY);
  assert.deepEqual(tls?.clients, { authentication: 'MANDATORY', authority: { certificates: new Sealed('ca'), revocations: null } });
  assert.deepEqual(tls?.hsts, { maxAge: 0, includeSubdomains: false, preload: true });
  assert.equal(listenerTls({ ...secure, ...asked, client_authentication: 'NONE' }, IN_NAME_ONLY)?.clients, null);
});

test('a pool: what it says of TLS counts when TLS is switched on', () => {
  const tls = poolTls(spoken, IN_NAME_ONLY);
  assert.deepEqual([tls?.certificate?.open(), tls?.authority?.certificates.open(), tls?.authority?.revocations?.open()], ['mine', 'ca', 'crl']);
  assert.deepEqual(poolTls({ ...spoken, tls_container_ref: null, ca_tls_container_ref: null }, IN_NAME_ONLY)?.authority, null);
  for (const off of [{ tls_enabled: false }, { admin_state_up: false }]) assert.equal(poolTls({ ...spoken, ...off }, IN_NAME_ONLY), undefined);
});
