/** TLS that ends at the balancer, from the API to the traffic. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LBAAS } from './balancers.fixture.ts';
import { type Papers, type Site, TlsCloud, WEB1, papers } from './tls.fixture.ts';

/** A port that no server of the lab has. */
const ECHO = 9090;
const PROXY_PROTOCOL = fileURLToPath(new URL('proxy-protocol-program.fixture.ts', import.meta.url));

let tls: TlsCloud;

before(async () => {
  tls = await TlsCloud.start();
});
after(() => tls.cloud.destroy());
afterEach(() => tls.lbaas.clear());

test('the default certificate, those chosen by SNI, and HTTP/2', async (t) => {
  const ssl = await papers(t);
  const [a, b] = [await tls.store(ssl.bundle('a')), await tls.store(ssl.bundle('b'))];
  const site = await tls.site({ default_tls_container_ref: a, sni_container_refs: [b] });
  const trusted = ['--cacert', await ssl.path('root.pem')];
  await tls.answers(site, 'a.example');
  assert.equal(await tls.page(site, 'a.example', ...trusted), 'web1');
  assert.equal(await tls.page(site, 'b.example', ...trusted, '--http1.1'), 'web1');
  assert.deepEqual([await tls.shown(site), await tls.shown(site, 'b.example'), await tls.shown(site, 'c.example')], ['a.example', 'b.example', 'a.example']);
  assert.equal(await tls.page(site, 'b.example', ...trusted, '-o', '/dev/null', '-w', '%{http_version}'), '2');
  assert.match(await tls.handshake(site, '-alpn', 'http/1.1'), /ALPN protocol: http\/1\.1/);
});

test('versions and ciphers are those asked for, and what cannot be had is refused', async (t) => {
  const ssl = await papers(t);
  const ref = await tls.store(ssl.bundle('a'));
  const site = await tls.site({ default_tls_container_ref: ref, tls_versions: ['TLSv1.3'], tls_ciphers: 'TLS_CHACHA20_POLY1305_SHA256' });
  await tls.answers(site, 'a.example');
  assert.match(await tls.handshake(site, '-tls1_3'), /New, TLSv1\.3, Cipher is TLS_CHACHA20_POLY1305_SHA256/);
  assert.match(await tls.handshake(site, '-tls1_2'), /alert protocol version/);
  const change = (attributes: Record<string, unknown>): Promise<void> => tls.lbaas.change(`listeners/${site.listener.id}`, 'listener', attributes);
  await change({ tls_versions: ['TLSv1.2'], tls_ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', alpn_protocols: ['http/1.1'] });
  await tls.lbaas.settled();
  assert.match(await tls.handshake(site, '-tls1_2'), /Cipher is ECDHE-RSA-AES128-GCM-SHA256/);
  assert.match(await tls.handshake(site, '-tls1_3'), /alert protocol version/);
  assert.match(await tls.handshake(site, '-alpn', 'h2'), /No ALPN negotiated|no application protocol/i);
  for (const version of ['SSLv3', 'TLSv1', 'TLSv1.1']) await assert.rejects(change({ tls_versions: [version, 'TLSv1.2'] }), { status: 501 }, version);
  await assert.rejects(change({ tls_ciphers: 'NO-SUCH-CIPHER' }), { status: 501 });
  await assert.rejects(change({ tls_ciphers: 'ECDHE-RSA-AES128-GCM-SHA256\n    server x 192.0.2.1:1' }), { status: 400 });
});

/** A listener that wants to know its clients, and tells a member what it knows. */
async function guarded(
  t: Parameters<typeof papers>[0],
  client_authentication: string,
  more: Record<string, unknown> = {},
): Promise<{ site: Site; ssl: Papers }> {
  const ssl = await papers(t);
  ssl.run(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'odd.key',
    '-out',
    'odd.csr',
    '-subj',
    '/O=Blue\nX-Smuggled: yes/OU=web team/CN=odd "one"',
    '-multivalue-rdn',
  );
  ssl.run('x509', '-req', '-in', 'odd.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-out', 'odd.pem', '-days', '30');
  ssl.selfSigned('stranger');
  const [own, ca, crl] = [await tls.store(ssl.bundle('a')), await tls.store(ssl.text('root.pem')), await tls.store(ssl.revoke('b'))];
  await tls.member(t, { port: ECHO });
  const names = ['Client-Verify', 'Client-Has-Cert', 'Client-DN', 'Client-CN', 'Issuer', 'Client-SHA1', 'Client-Not-Before', 'Client-Not-After'];
  const insert_headers = Object.fromEntries([...names.map((name) => [`X-SSL-${name}`, 'true']), ['X-Forwarded-Proto', 'true']]);
  const asked = { client_authentication, client_ca_tls_container_ref: ca, client_crl_container_ref: crl, insert_headers };
  const site = await tls.site({ default_tls_container_ref: own, ...asked, ...more }, {}, ECHO);
  await tls.answers(site, 'a.example', ...(await ssl.showing('odd')));
  return { site, ssl };
}

/** In TLS 1.2 the handshake itself fails, and says why. */
async function assertRefused(site: Site, words: RegExp, ...options: string[]): Promise<void> {
  const { code, stderr } = await tls.curl(site, 'a.example', '-k', '--tls-max', '1.2', ...options);
  assert.notEqual(code, 0);
  assert.match(stderr, words);
  assert.notEqual((await tls.curl(site, 'a.example', '-k', '--tlsv1.3', ...options)).code, 0);
}

test('MANDATORY: only certificates of the authority that are not revoked; the member hears whose', async (t) => {
  const { site, ssl } = await guarded(t, 'MANDATORY');
  const trusted = ['--cacert', await ssl.path('root.pem')];
  await assertRefused(site, /handshake failure|certificate required/);
  await assertRefused(site, /unknown ca|bad certificate/, ...(await ssl.showing('stranger')));
  await assertRefused(site, /certificate revoked/, ...(await ssl.showing('b')));
  const forged = ['-H', 'X-SSL-Client-CN: admin', '-H', 'X_SSL_Client_CN: admin', '-H', 'x-ssl-client-verify: 0', '-H', 'X-Forwarded-Proto: http'];
  const { headers } = await tls.echo(site, 'a.example', ...trusted, ...(await ssl.showing('odd')), ...forged);
  assert.equal(headers['x-ssl-client-verify'], '0');
  assert.equal(headers['x-ssl-client-has-cert'], '1');
  assert.equal(headers['x-ssl-client-dn'], '/O=Blue%0AX-Smuggled: yes/OU=web team/CN=odd "one"');
  assert.equal(headers['x-ssl-client-cn'], 'odd "one"');
  assert.equal(headers['x-ssl-issuer'], '/CN=root.example');
  const digest = /Fingerprint=([0-9A-F:]+)/.exec(ssl.run('x509', '-in', 'odd.pem', '-noout', '-fingerprint', '-sha1').toString())?.[1]?.replaceAll(':', '');
  assert.equal(headers['x-ssl-client-sha1'], digest);
  assert.match(String(headers['x-ssl-client-not-before']), /^\d{12}Z$/);
  assert.match(String(headers['x-ssl-client-not-after']), /^\d{12}Z$/);
  assert.equal(headers['x-forwarded-proto'], 'https');
  assert.deepEqual([headers['x_ssl_client_cn'], headers['x-smuggled']], [undefined, undefined]);
});

test('OPTIONAL: clients without a certificate are served, and rules tell them apart', async (t) => {
  const { site, ssl } = await guarded(t, 'OPTIONAL');
  const trusted = ['--cacert', await ssl.path('root.pem')];
  const status = async (...options: string[]): Promise<string> => tls.page(site, 'a.example', ...trusted, '-o', '/dev/null', '-w', '%{http_code}', ...options);
  const { headers } = await tls.echo(site, 'a.example', ...trusted, '-H', 'X-SSL-Client-CN: admin');
  assert.deepEqual([headers['x-ssl-client-has-cert'], headers['x-ssl-client-cn'] ?? ''], ['0', '']);
  await assertRefused(site, /unknown ca|bad certificate/, ...(await ssl.showing('stranger')));
  const policy = await tls.lbaas.make('l7policies', 'l7policy', { listener_id: site.listener.id, action: 'REJECT' });
  const rule = await tls.lbaas.make(`l7policies/${policy.id}/rules`, 'rule', {
    type: 'SSL_CONN_HAS_CERT',
    compare_type: 'EQUAL_TO',
    value: 'true',
    invert: true,
  });
  await tls.lbaas.settled();
  const odd = await ssl.showing('odd');
  assert.deepEqual([await status(), await status(...odd)], ['403', '200']);
  const now = async (attributes: Record<string, unknown>): Promise<string[]> => {
    await tls.lbaas.change(`l7policies/${policy.id}/rules/${rule.id}`, 'rule', attributes);
    await tls.lbaas.settled();
    return [await status(), await status(...odd)];
  };
  assert.deepEqual(await now({ type: 'SSL_DN_FIELD', compare_type: 'EQUAL_TO', key: 'OU', value: '"web team"', invert: false }), ['200', '403']);
  assert.deepEqual(await now({ type: 'SSL_DN_FIELD', compare_type: 'STARTS_WITH', key: 'CN', value: 'even' }), ['200', '200']);
  assert.deepEqual(await now({ type: 'SSL_VERIFY_RESULT', compare_type: 'EQUAL_TO', key: null, value: '0' }), ['403', '403']);
});

test('HSTS is in every answer, those of the balancer too', async (t) => {
  const ssl = await papers(t);
  const ref = await tls.store(ssl.bundle('a'));
  const site = await tls.site({ default_tls_container_ref: ref, hsts_max_age: 31_536_000, hsts_include_subdomains: true, hsts_preload: true });
  await tls.answers(site, 'a.example');
  const header = ['-k', '-o', '/dev/null', '-w', '%{http_code} %header{strict-transport-security}'];
  assert.equal(await tls.page(site, 'a.example', ...header), '200 max-age=31536000; includeSubDomains; preload');
  await tls.lbaas.change(`listeners/${site.listener.id}`, 'listener', { hsts_include_subdomains: false, hsts_preload: false, default_pool_id: null });
  await tls.lbaas.settled();
  assert.equal(await tls.page(site, 'a.example', ...header), '503 max-age=31536000');
  await tls.lbaas.change(`listeners/${site.listener.id}`, 'listener', { hsts_max_age: null });
  await tls.lbaas.settled();
  assert.equal(await tls.page(site, 'a.example', ...header), '503');
});

test('what tells metrics may speak TLS too', async (t) => {
  const ssl = await papers(t);
  const site = await tls.site({ default_tls_container_ref: await tls.store(ssl.bundle('a')) });
  const own = await tls.store(ssl.bundle('b'));
  const asked = { protocol: 'PROMETHEUS', protocol_port: 8088, loadbalancer_id: site.balancer.id, default_tls_container_ref: own };
  await tls.lbaas.make('listeners', 'listener', asked);
  await tls.lbaas.settled();
  const words = ['curl', '-sS', '--cacert', await ssl.path('root.pem'), '--resolve', `b.example:8088:${site.address}`, 'https://b.example:8088/metrics'];
  assert.match(await tls.cloud.inLab('client', ...words), /^octavia_/m);
});

test('members of the PROXY protocol, version 2, are told whose certificate it was', async (t) => {
  const { site, ssl } = await guarded(t, 'OPTIONAL');
  await tls.program(t, PROXY_PROTOCOL, '9091');
  const subnet_id = await tls.lbaas.subnet('private-subnet');
  const pool = await tls.lbaas.make('pools', 'pool', { protocol: 'PROXYV2', lb_algorithm: 'ROUND_ROBIN', loadbalancer_id: site.balancer.id });
  await tls.lbaas.make(`pools/${pool.id}/members`, 'member', { address: WEB1, protocol_port: 9091, subnet_id });
  await tls.lbaas.change(`listeners/${site.listener.id}`, 'listener', { default_pool_id: pool.id });
  await tls.lbaas.settled();
  assert.deepEqual(JSON.parse(await tls.page(site, 'a.example', '-k', ...(await ssl.showing('odd')))), { tls: true, name: 'odd "one"' });
  assert.deepEqual(JSON.parse(await tls.page(site, 'a.example', '-k')), { tls: true, name: '' });
});

test('a plan names the files and shows no key', async (t) => {
  const ssl = await papers(t);
  const [a, b] = [await tls.store(ssl.bundle('a')), await tls.store(ssl.bundle('b'))];
  const site = await tls.site({ default_tls_container_ref: a });
  const password = (await readFile(join(tls.cloud.statePath, 'admin-password'), 'utf8')).trim();
  const user = { name: 'admin', domain: { id: 'default' }, password };
  const auth = { identity: { methods: ['password'], password: { user } }, scope: { project: { name: 'admin', domain: { id: 'default' } } } };
  const json = { 'Content-Type': 'application/json' };
  const login = await fetch(`${tls.cloud.url}/identity/v3/auth/tokens`, { method: 'POST', headers: json, body: JSON.stringify({ auth }) });
  const headers = { ...json, 'X-Auth-Token': login.headers.get('X-Subject-Token') ?? '', 'X-Weir-Dry-Run': 'true' };
  const body = JSON.stringify({ listener: { default_tls_container_ref: b } });
  const answer = await fetch(`${tls.cloud.url}${LBAAS}/listeners/${site.listener.id}`, { method: 'PUT', headers, body });
  const plan = await answer.text();
  assert.equal(answer.status, 200, plan);
  assert.match(plan, /"reload-proxy".*tls\/[0-9a-f]{32}\.pem/);
  assert.match(plan, /\+ +bind [^"]*crt-list tls\//);
  for (const name of ['a', 'b']) for (const line of ssl.text(`${name}.key`).split('\n').slice(1, -2)) assert.ok(!plan.includes(line));
  assert.equal(await tls.shown(site), 'a.example');
});
