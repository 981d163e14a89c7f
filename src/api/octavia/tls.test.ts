/** TLS that nothing here could carry is refused before it is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Body, expect, octavia } from './octavia.fixture.ts';

const WORDS = "Provider 'octavia' does not support a requested option: ";
const ELSEWHERE = `${WORDS}a certificate in a key manager that this server does not read`;

test('certificates that are kept elsewhere are taken only where nothing is carried', async (t) => {
  const api = await octavia(t);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const pretended = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId, provider: 'noop' });
  const post = async (path: string, root: string, object: Body, status = 501): Promise<unknown> =>
    expect(await api.send('POST', path, { [root]: object }), status)['faultstring'];
  const listener = { protocol: 'TERMINATED_HTTPS', protocol_port: 443, default_tls_container_ref: 'https://kms.example.com/v1/secrets/1' };
  const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true };
  assert.equal(await post('/listeners', 'listener', { ...listener, loadbalancer_id: balancer.id }), ELSEWHERE);
  assert.equal(await post('/pools', 'pool', { ...pool, loadbalancer_id: balancer.id, ca_tls_container_ref: 'x' }), ELSEWHERE);
  await post('/listeners', 'listener', { ...listener, loadbalancer_id: pretended.id }, 201);
  await post('/pools', 'pool', { ...pool, loadbalancer_id: balancer.id }, 201);
});

test('ciphers that OpenSSL does not take are refused', async (t) => {
  const api = await octavia(t);
  const balancer = await api.make('/loadbalancers', 'loadbalancer', { vip_subnet_id: api.subnetId });
  const pool = { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', tls_enabled: true, loadbalancer_id: balancer.id };
  const refused = async (tls_ciphers: string): Promise<unknown> =>
    expect(await api.send('POST', '/pools', { pool: { ...pool, tls_ciphers } }), 501)['faultstring'];
  for (const ciphers of ['NO-SUCH', '@SECLEVEL=9', 'HIGH:@NO', '!ALL', 'TLS_AES_256_GCM_SHA384:NO-SUCH']) {
    assert.equal(await refused(ciphers), `${WORDS}a list of ciphers that OpenSSL does not take`, ciphers);
  }
  assert.equal(await refused('TLS_AES_256_GCM_SHA384'), `${WORDS}TLS 1.2 without a cipher for it`);
  for (const ciphers of ['HIGH:!aNULL', '@SECLEVEL=1:ECDHE-RSA-AES128-GCM-SHA256', 'NO-SUCH:HIGH']) {
    expect(await api.send('POST', '/pools', { pool: { ...pool, tls_ciphers: ciphers } }), 201);
  }
});
