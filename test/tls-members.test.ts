/** TLS towards members, from the API to the traffic. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { footprint } from './footprint.fixture.ts';
import { until } from './playground.fixture.ts';
import { type Papers, type Site, TlsCloud, WEB1, papers } from './tls.fixture.ts';

/** Ports that no server of the lab has. */
const [SECURE, PLAIN] = [9443, 9090];
const MONITOR = { type: 'HTTP', delay: 1, timeout: 1, max_retries: 1, max_retries_down: 1, url_path: '/' } as const;

let tls: TlsCloud;

before(async () => {
  tls = await TlsCloud.start();
});
after(() => tls.cloud.destroy());
afterEach(() => tls.lbaas.clear());

async function site(ssl: Papers, pool: Record<string, unknown>): Promise<Site> {
  return tls.site({ default_tls_container_ref: await tls.store(ssl.bundle('a')) }, { tls_enabled: true, ...pool }, SECURE);
}

const keyed = (ssl: Papers, name: string): { cert: string; key: string } => ({ cert: ssl.text(`${name}.pem`), key: ssl.text(`${name}.key`) });

async function member({ pool }: Site): Promise<string> {
  return String((await tls.lbaas.list(`pools/${pool.id}/members`))[0]?.operating_status);
}

async function monitored(on: Site, monitor: Record<string, unknown> = {}): Promise<void> {
  await tls.lbaas.make('healthmonitors', 'healthmonitor', { pool_id: on.pool.id, ...MONITOR, ...monitor });
  await tls.lbaas.settled();
}

const becomes = (on: Site, status: string): Promise<void> => until(`the member is ${status}`, async () => (await member(on)) === status);

test('members are spoken to in TLS, whoever they are, with what was asked for', async (t) => {
  const ssl = await papers(t);
  await tls.member(t, { port: SECURE, tls: keyed(ssl, 'b') });
  const secure = await site(ssl, { tls_versions: ['TLSv1.2'], tls_ciphers: 'ECDHE-RSA-AES256-GCM-SHA384', alpn_protocols: ['http/1.1'] });
  const { headers, tls: said } = await tls.echo(secure, 'b.example', '-k');
  assert.deepEqual(said, { name: 'b.example', alpn: 'http/1.1', version: 'TLSv1.2', cipher: 'ECDHE-RSA-AES256-GCM-SHA384', client: '' });
  assert.equal(headers['host'], 'b.example');
  await tls.lbaas.change(`pools/${secure.pool.id}`, 'pool', {
    tls_versions: ['TLSv1.3'],
    tls_ciphers: 'TLS_AES_128_GCM_SHA256',
    alpn_protocols: ['h2', 'http/1.1'],
  });
  await tls.lbaas.settled();
  const second = await tls.echo(secure, 'b.example', '-k');
  assert.deepEqual([second.tls?.version, second.tls?.alpn, second.headers[':authority']], ['TLSv1.3', 'h2', 'b.example']);
  for (const type of ['HTTP', 'HTTPS', 'TLS-HELLO', 'TCP']) {
    const http = type.startsWith('HTTP') ? {} : { url_path: undefined };
    await monitored(secure, { type, ...http });
    await becomes(secure, 'ONLINE');
    const [monitor] = await tls.lbaas.list('healthmonitors');
    await tls.lbaas.remove(`healthmonitors/${monitor?.id}`);
    await tls.lbaas.settled();
  }
});

test('members that no authority of the pool vouches for are down, and so are revoked ones', async (t) => {
  const ssl = await papers(t);
  ssl.selfSigned('stranger');
  const [root, stranger, crl] = [await tls.store(ssl.text('root.pem')), await tls.store(ssl.text('stranger.pem')), await tls.store(ssl.revoke('b'))];
  await tls.member(t, { port: SECURE, tls: keyed(ssl, 'b') });
  const guarded = await site(ssl, { ca_tls_container_ref: root });
  await monitored(guarded);
  await becomes(guarded, 'ONLINE');
  assert.equal((await tls.echo(guarded, 'b.example', '-k')).tls?.name, 'b.example');
  // The name that a client asks for is the one that the member's certificate must be for.
  const status = ['-k', '-o', '/dev/null', '-w', '%{http_code}'];
  assert.equal(await tls.page(guarded, 'a.example', ...status), '503');
  const change = (attributes: Record<string, unknown>): Promise<void> => tls.lbaas.change(`pools/${guarded.pool.id}`, 'pool', attributes);
  await change({ ca_tls_container_ref: stranger });
  await becomes(guarded, 'ERROR');
  assert.equal(await tls.page(guarded, 'b.example', ...status), '503');
  await change({ ca_tls_container_ref: root });
  await becomes(guarded, 'ONLINE');
  await change({ crl_container_ref: crl });
  await becomes(guarded, 'ERROR');
  await change({ crl_container_ref: null, tls_enabled: false });
  await becomes(guarded, 'ERROR');
  await change({ tls_enabled: true });
  await becomes(guarded, 'ONLINE');
});

test('members come and go without a reload, also into a pool that had none', async (t) => {
  const ssl = await papers(t);
  await tls.member(t, { port: SECURE, tls: keyed(ssl, 'b') });
  await tls.member(t, { port: PLAIN });
  const guarded = await site(ssl, { ca_tls_container_ref: await tls.store(ssl.text('root.pem')) });
  await monitored(guarded);
  const [first] = await tls.lbaas.list(`pools/${guarded.pool.id}/members`);
  await tls.lbaas.remove(`pools/${guarded.pool.id}/members/${first?.id}`);
  await until('the member is gone', async () => (await tls.lbaas.list(`pools/${guarded.pool.id}/members`)).length === 0);
  // A reload makes a worker that never had a server with these files.
  await tls.lbaas.change(`listeners/${guarded.listener.id}`, 'listener', { connection_limit: 1000 });
  await tls.lbaas.settled();
  const { workers } = await footprint(tls.cloud);
  const subnet_id = await tls.lbaas.subnet('private-subnet');
  const path = `pools/${guarded.pool.id}/members`;
  const added = await tls.lbaas.make(path, 'member', { address: WEB1, protocol_port: SECURE, subnet_id });
  await tls.lbaas.settled();
  await becomes(guarded, 'ONLINE');
  assert.equal((await tls.echo(guarded, 'b.example', '-k')).tls?.name, 'b.example');
  // A check at a port of its own is plain, as with Octavia; back at the member's it is not.
  await tls.lbaas.change(`${path}/${added.id}`, 'member', { monitor_port: PLAIN });
  await tls.lbaas.settled();
  await becomes(guarded, 'ONLINE');
  await tls.lbaas.change(`${path}/${added.id}`, 'member', { monitor_port: null });
  await tls.lbaas.settled();
  await becomes(guarded, 'ONLINE');
  assert.deepEqual((await footprint(tls.cloud)).workers, workers, 'nothing was reloaded');
});

test('members are shown a certificate, also those that come later', async (t) => {
  const ssl = await papers(t);
  await tls.member(t, { port: SECURE, tls: { ...keyed(ssl, 'b'), ca: ssl.text('root.pem') } });
  await tls.member(t, { port: PLAIN, tls: { ...keyed(ssl, 'b'), ca: ssl.text('root.pem') } });
  const shown = await site(ssl, { tls_container_ref: await tls.store(ssl.bundle('a')) });
  await monitored(shown);
  await becomes(shown, 'ONLINE');
  assert.equal((await tls.echo(shown, 'b.example', '-k')).tls?.client, 'a.example');
  const subnet_id = await tls.lbaas.subnet('private-subnet');
  await tls.lbaas.make(`pools/${shown.pool.id}/members`, 'member', { address: WEB1, protocol_port: PLAIN, subnet_id });
  await tls.lbaas.settled();
  await until('both are ONLINE', async () =>
    (await tls.lbaas.list(`pools/${shown.pool.id}/members`)).every(({ operating_status }) => operating_status === 'ONLINE'),
  );
  for (let round = 0; round < 4; round++) assert.equal((await tls.echo(shown, 'b.example', '-k')).tls?.client, 'a.example');
});
