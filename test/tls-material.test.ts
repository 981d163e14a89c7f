/** Certificates that are replaced, lost, damaged or wrong to begin with. */
import assert from 'node:assert/strict';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { footprint } from './footprint.fixture.ts';
import { underLoad } from './load.fixture.ts';
import { until } from './playground.fixture.ts';
import { type Papers, type Site, TlsCloud, papers } from './tls.fixture.ts';

let tls: TlsCloud;

before(async () => {
  tls = await TlsCloud.start('[controller_worker]\nresync_interval = 1\nretry_max = 1');
});
after(() => tls.cloud.destroy());
afterEach(() => tls.lbaas.clear());

const change = ({ listener }: Site, attributes: Record<string, unknown>): Promise<void> => tls.lbaas.change(`listeners/${listener.id}`, 'listener', attributes);

/** `<node's directory>/tls` of the only node there is. */
async function directory(): Promise<string> {
  const { directories } = await footprint(tls.cloud);
  return join(tls.cloud.directory, 'run', tls.cloud.instance, directories[0] ?? assert.fail('no node'), 'tls');
}

async function shows(site: Site, name: string): Promise<void> {
  await until(`${name} is shown`, async () => (await tls.shown(site)) === name);
}

test('a certificate is replaced under load, and the server killed meanwhile: no request fails', async (t) => {
  const ssl = await papers(t);
  const [a, b] = [await tls.store(ssl.bundle('a')), await tls.store(ssl.bundle('b'))];
  const site = await tls.site({ default_tls_container_ref: a });
  await shows(site, 'a.example');
  await underLoad(tls.cloud, [`https://${site.address}`], async () => {
    for (const [ref, name] of [
      [b, 'b.example'],
      [a, 'a.example'],
    ] as const) {
      await change(site, { default_tls_container_ref: ref });
      await shows(site, name);
    }
    await change(site, { default_tls_container_ref: b });
    await tls.cloud.end('SIGKILL');
    await tls.cloud.serve();
    await shows(site, 'b.example');
    await tls.lbaas.settled();
  });
  await until('only what is needed lies there', async () => (await readdir(await directory())).length === 2);
});

test('a certificate that is lost: traffic goes on, the balancer says why, other changes arrive, and it heals', async (t) => {
  const ssl = await papers(t);
  const ref = await tls.store(ssl.bundle('a'));
  const site = await tls.site({ default_tls_container_ref: ref });
  await shows(site, 'a.example');
  await tls.forget(ref);
  await isBroken(site, ref);
  assert.equal(await tls.shown(site), 'a.example');
  const plain = await tls.lbaas.make('listeners', 'listener', {
    protocol: 'HTTP',
    protocol_port: 80,
    loadbalancer_id: site.balancer.id,
    default_pool_id: site.pool.id,
  });
  await tls.lbaas.answers(site.address);
  await isBroken(site, ref);
  assert.equal((await tls.lbaas.find(`listeners/${plain.id}`))?.provisioning_status, 'ACTIVE');
  await tls.cloud.end('SIGKILL');
  await tls.cloud.serve();
  await isBroken(site, ref);
  assert.equal(await tls.shown(site), 'a.example');
  await change(site, { default_tls_container_ref: await tls.store(ssl.bundle('b')) });
  await shows(site, 'b.example');
  await tls.lbaas.settled();
});

async function isBroken({ balancer }: Site, ref: string): Promise<void> {
  await until('the balancer is in ERROR', async () => (await tls.lbaas.find(`loadbalancers/${balancer.id}`))?.provisioning_status === 'ERROR');
  const { statuses } = await tls.lbaas.api.request<{ statuses: unknown }>('GET', `/load-balancer/v2.0/lbaas/loadbalancers/${balancer.id}/status`);
  assert.ok(JSON.stringify(statuses).includes(`Could not retrieve certificate: ['${ref}']`), JSON.stringify(statuses));
}

test('a certificate in a container: a damaged file is mended, and a listener whose key is lost can be switched off', async (t) => {
  const ssl = await papers(t);
  const [certificate, private_key] = [await tls.store(ssl.text('a.pem')), await tls.store(ssl.text('a.key'))];
  const ref = await tls.contain({ certificate, private_key });
  const site = await tls.site({ default_tls_container_ref: ref });
  await shows(site, 'a.example');
  const place = await directory();
  const [pem = ''] = (await readdir(place)).filter((name) => name.endsWith('.pem'));
  assert.deepEqual([(await stat(place)).mode & 0o777, (await stat(join(place, pem))).mode & 0o777], [0o700, 0o600]);
  const text = await readFile(join(place, pem), 'utf8');
  await writeFile(join(place, pem), text.slice(0, 100));
  await until('the damaged file is whole', async () => (await readFile(join(place, pem), 'utf8')) === text);
  for (const name of await readdir(place)) await rm(join(place, name));
  await until('the files are back', async () => (await readdir(place)).length === 2 && (await readFile(join(place, pem), 'utf8')) === text);
  assert.equal(await tls.page(site, 'a.example', '--cacert', await ssl.path('root.pem')), 'web1');
  await tls.forget(private_key);
  await isBroken(site, ref);
  assert.equal(await tls.shown(site), 'a.example');
  await change(site, { admin_state_up: false });
  await tls.lbaas.settled();
  assert.equal(await tls.shown(site), '');
});

/** What each of these is refused with, or null where it is taken as Octavia takes it. */
async function refusals(ssl: Papers): Promise<Readonly<Record<string, string>>> {
  ssl.run('pkcs12', '-export', '-nokeys', '-in', 'a.pem', '-out', 'n.p12', '-passout', 'pass:');
  const certificate = await tls.store(ssl.text('a.pem'));
  return {
    broken: await tls.store(ssl.bundle('a').subarray(0, 300)),
    text: await tls.store('no certificate'),
    keyless: await tls.store(ssl.read('n.p12')),
    locked: await tls.store(ssl.bundle('a', [], 'secret')),
    halved: await tls.contain({ certificate }),
    mixed: await tls.contain({ certificate, private_key: await tls.store(ssl.text('b.key')) }),
    missing: 'http://127.0.0.1/key-manager/v1/secrets/00000000-0000-4000-8000-000000000000',
  };
}

test('certificates that are none are refused, in the API’s own words, and no key is told', async (t) => {
  const ssl = await papers(t);
  const site = await tls.site({ default_tls_container_ref: await tls.store(ssl.bundle('a')) });
  for (const [what, ref] of Object.entries(await refusals(ssl))) {
    await assert.rejects(change(site, { default_tls_container_ref: ref }), { status: 400, message: /Could not retrieve certificate: \[/ }, what);
    await assert.rejects(change(site, { sni_container_refs: [ref] }), { status: 400 }, what);
  }
  const [ca, crl] = [await tls.store(ssl.text('a.pem')), await tls.store(ssl.revoke('b'))];
  const foreign = { client_authentication: 'MANDATORY', client_ca_tls_container_ref: ca, client_crl_container_ref: crl };
  await assert.rejects(change(site, foreign), { status: 400, message: /The CRL specified is not valid/ });
  await shows(site, 'a.example');
  const log = await readFile(join(tls.cloud.directory, 'server.log'), 'utf8');
  for (const line of ssl
    .text('a.key')
    .split('\n')
    .filter((words) => words.length > 40))
    assert.ok(!log.includes(line));
});

test('one that has expired is shown as it is, as Octavia does; one that OpenSSL finds too weak is refused', async (t) => {
  const ssl = await papers(t);
  ssl.run('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'old.key', '-out', 'old.csr', '-subj', '/CN=old.example');
  ssl.write(
    'old.cnf',
    '[ca]\ndefault_ca = d\n[d]\ndatabase = old.index\nserial = old.serial\nnew_certs_dir = .\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n',
  );
  ssl.write('old.index', '');
  ssl.write('old.serial', '01\n');
  const times = ['-startdate', '200101000000Z', '-enddate', '210101000000Z'];
  ssl.run('ca', '-batch', '-config', 'old.cnf', '-in', 'old.csr', '-out', 'old.pem', '-keyfile', 'root.key', '-cert', 'root.pem', ...times);
  ssl.selfSigned('weak', ['-newkey', 'rsa:1024']);
  const site = await tls.site({ default_tls_container_ref: await tls.store(ssl.bundle('old')) });
  await shows(site, 'old.example');
  const fails = await tls.curl(site, 'old.example', '--cacert', await ssl.path('root.pem'));
  assert.match(fails.stderr, /certificate has expired/);
  const weak = await tls.store(ssl.bundle('weak'));
  await assert.rejects(change(site, { default_tls_container_ref: weak }), { status: 400, message: /OpenSSL does not take it: ee key too small/ });
  assert.equal(await tls.shown(site), 'old.example');
  await change(site, { default_tls_container_ref: await tls.store(ssl.bundle('a')) });
  await shows(site, 'a.example');
  await tls.lbaas.settled();
});
