import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Fault } from '../../model/fault.ts';
import type { Caller } from '../identity/caller.ts';
import { type Reader, certificateStore, certificateVault, loadAuthority, loadCertificate, loadPem } from './certificates.ts';
import { type KeyManager, type User, expect, keyManager } from './key-manager.fixture.ts';
import { type Openssl, openssl } from './openssl.fixture.ts';
import { SecretKeys } from './secret-keys.ts';

interface Scene {
  readonly manager: KeyManager;
  readonly user: User;
  readonly who: Reader;
  readonly ssl: Openssl;
  load(ref: string, reader?: Reader): ReturnType<typeof loadCertificate>;
}

async function scene(t: TestContext): Promise<Scene> {
  const [manager, ssl] = [await keyManager(t), await openssl(t)];
  const user = await manager.user('blue', 'member');
  const who = whoIs(manager, user, 'blue');
  return { manager, user, who, ssl, load: (ref, reader = who) => loadCertificate(manager.store.db, manager.keys, reader, ref) };
}

const whoIs = (manager: KeyManager, { id }: User, project: string): Reader => ({
  userId: id,
  projectId: manager.projects.get(project) ?? '',
  roles: ['member'],
});

/** As the faces know the user. */
function caller(manager: KeyManager, { id }: User): Caller {
  const projectId = manager.projects.get('blue') ?? '';
  return { userId: id, projectId, roles: ['member'], userName: '', projectName: null, domainId: '', isAdmin: false, auditId: '', expiresAt: 0 };
}

const refusal =
  (ref: string, reason = '') =>
  (error: unknown) =>
    error instanceof Fault && error.status === 400 && error.message === `Could not retrieve certificate: ['${ref}']${reason}`;

const CA = 'basicConstraints=critical,CA:TRUE\n';
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** root → middle → site, with names. */
function chain(ssl: Openssl): void {
  ssl.selfSigned('root');
  ssl.signed('middle', 'root', CA);
  ssl.signed('site', 'middle', 'subjectAltName=DNS:Site.example,DNS:*.site.example,IP:192.0.2.1\n');
}

function usable({ certificate, privateKey }: { certificate: string; privateKey: string }): boolean {
  createSecureContext({ cert: certificate, key: privateKey });
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
}

describe('a PKCS#12 secret', () => {
  for (const [kind, options] of [
    ['new', []],
    ['old', ['-legacy']],
  ] as const) {
    test(`${kind}: certificate, key and chain in order, whatever the order in the file`, async (t) => {
      const { user, ssl, load } = await scene(t);
      chain(ssl);
      ssl.write('chain.pem', `${ssl.text('root.pem')}${ssl.text('middle.pem')}`);
      const ref = await user.store(ssl.bundle('site', [...options, '-certfile', 'chain.pem']));
      const found = await load(ref);
      assert.ok(usable(found));
      assert.deepEqual(
        found.intermediates,
        [ssl.text('middle.pem'), ssl.text('root.pem')].map((pem) => new X509Certificate(pem).toString()),
      );
      assert.deepEqual(found.names, ['site.example', '*.site.example']);
      assert.equal(found.notAfter, new Date(new X509Certificate(ssl.text('site.pem')).validTo).toISOString());
      for (const spelling of [
        ref.slice(-36),
        ref.slice(-36).replaceAll('-', ''),
        `https://cloud.example.org/key-manager/v1/secrets/${ref.slice(-36)}`,
        `${ref}/`,
      ]) {
        assert.deepEqual(await load(spelling), found, spelling);
      }
    });
  }

  test('with an EC key, and a name only in the subject', async (t) => {
    const { user, ssl, load } = await scene(t);
    ssl.selfSigned('a', EC);
    const found = await load(await user.store(ssl.bundle('a')));
    assert.ok(usable(found));
    assert.deepEqual([found.names, found.intermediates], [['a.example'], []]);
  });

  test('that needs a password, has no key, or is none at all is refused with the reason', async (t) => {
    const { user, ssl, load } = await scene(t);
    ssl.selfSigned('a', EC);
    const locked = await user.store(ssl.bundle('a', [], 'password'));
    await assert.rejects(load(locked), refusal(locked, ' (the check sum of the PKCS#12 file does not fit: it is damaged or needs a password)'));
    ssl.run('pkcs12', '-export', '-nokeys', '-in', 'a.pem', '-out', 'n.p12', '-passout', 'pass:');
    const keyless = await user.store(ssl.read('n.p12'));
    await assert.rejects(load(keyless), refusal(keyless, ' (the PKCS#12 file holds no private key)'));
    const text = await user.store(ssl.text('a.pem'));
    await assert.rejects(load(text), refusal(text, ' (the secret is no PKCS#12 file)'));
    const empty = await user.store(null);
    await assert.rejects(load(empty), refusal(empty));
    const cut = await user.store(ssl.bundle('a').subarray(0, 200));
    await assert.rejects(load(cut), (error) => error instanceof Fault && error.status === 400);
  });
});

test('a name that looks like two is none', async (t) => {
  const { user, ssl, load } = await scene(t);
  ssl.write('san.cnf', '[san]\nsubjectAltName=@names\n[names]\nDNS.1=a.example\nDNS.2="x, DNS:victim.example"\nDNS.3=b.example\n');
  ssl.selfSigned('a', EC, ['-config', 'san.cnf', '-extensions', 'san']);
  assert.deepEqual((await load(await user.store(ssl.bundle('a')))).names, ['a.example', 'b.example']);
});

describe('a certificate container', () => {
  const PASSPHRASE = 'open, sésame';

  for (const [form, command] of [
    ['PKCS#8', ['pkcs8', '-topk8', '-in', 'site.key', '-out', 'locked.key', '-passout', `pass:${PASSPHRASE}`]],
    ['PKCS#8 with scrypt', ['pkcs8', '-topk8', '-scrypt', '-in', 'site.key', '-out', 'locked.key', '-passout', `pass:${PASSPHRASE}`]],
    ['PKCS#8 with 3DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES', '-in', 'site.key', '-out', 'locked.key', '-passout', `pass:${PASSPHRASE}`]],
    ['PKCS#1', ['rsa', '-traditional', '-aes128', '-in', 'site.key', '-out', 'locked.key', '-passout', `pass:${PASSPHRASE}`]],
  ] as const) {
    test(`with a key encrypted as ${form}`, async (t) => {
      const { user, ssl, load } = await scene(t);
      chain(ssl);
      ssl.run(...command);
      const parts = { certificate: await user.store(ssl.text('site.pem')), private_key: await user.store(ssl.text('locked.key')) };
      const passphrase = await user.store(PASSPHRASE, { secret_type: 'passphrase' });
      assert.ok(usable(await load(await user.contain('certificate', { ...parts, private_key_passphrase: passphrase }))));
      const without = await user.contain('certificate', parts);
      await assert.rejects(load(without), refusal(without, ' (the private key needs a passphrase)'));
      const wrong = await user.contain('certificate', { ...parts, private_key_passphrase: await user.store('wrong') });
      await assert.rejects(load(wrong), (error) => error instanceof Fault && error.message.startsWith(`Could not retrieve certificate: ['${wrong}'] (`));
    });
  }

  test('with intermediates as PEM, PKCS#7 in PEM and PKCS#7 in DER', async (t) => {
    const { user, ssl, load } = await scene(t);
    chain(ssl);
    ssl.run('crl2pkcs7', '-nocrl', '-certfile', 'middle.pem', '-certfile', 'root.pem', '-out', 'chain.p7');
    ssl.run('crl2pkcs7', '-nocrl', '-certfile', 'middle.pem', '-certfile', 'root.pem', '-outform', 'DER', '-out', 'chain.p7b');
    const parts = { certificate: await user.store(ssl.text('site.pem')), private_key: await user.store(ssl.text('site.key')) };
    const expected = [ssl.text('middle.pem'), ssl.text('root.pem')].map((pem) => new X509Certificate(pem).toString());
    for (const intermediates of [`${ssl.text('root.pem')}\n${ssl.text('middle.pem')}`, ssl.read('chain.p7'), ssl.read('chain.p7b')]) {
      const ref = await user.contain('certificate', { ...parts, intermediates: await user.store(intermediates) });
      assert.deepEqual((await load(ref)).intermediates, expected);
    }
    const broken = await user.contain('certificate', { ...parts, intermediates: await user.store('nothing') });
    await assert.rejects(load(broken), (error) => error instanceof Fault && error.status === 400);
  });

  test('whose parts do not fit is refused', async (t) => {
    const { user, ssl, load } = await scene(t);
    ssl.selfSigned('a', EC);
    ssl.selfSigned('b', EC);
    const [a, b, key] = [await user.store(ssl.text('a.pem')), await user.store(ssl.text('b.pem')), await user.store(ssl.text('a.key'))];
    const other = await user.contain('certificate', { certificate: b, private_key: key });
    await assert.rejects(load(other), refusal(other, ' (the private key does not match the certificate)'));
    const swapped = await user.contain('certificate', { certificate: key, private_key: a });
    await assert.rejects(load(swapped), refusal(swapped, ' (the certificate is not in PEM format)'));
    const keyless = await user.contain('certificate', { certificate: a });
    await assert.rejects(load(keyless), refusal(keyless, ' (the private key is not in PEM format)'));
    const generic = await user.contain('generic', { certificate: a, private_key: key });
    await assert.rejects(load(generic), refusal(generic, ' (a container of type generic is no certificate)'));
  });
});

test('a key whose passphrase would take hours to try is refused at once', async (t) => {
  const { user, ssl, load } = await scene(t);
  ssl.selfSigned('a', EC);
  ssl.run('pkcs8', '-topk8', '-iter', '3000000', '-in', 'a.key', '-out', 'slow.key', '-passout', 'pass:x');
  const parts = { certificate: await user.store(ssl.text('a.pem')), private_key: await user.store(ssl.text('slow.key')) };
  const ref = await user.contain('certificate', { ...parts, private_key_passphrase: await user.store('x') });
  await assert.rejects(load(ref), /3000000 iterations/);
});

test('missing, foreign and private ones all look the same; the access list, the project and the service open them', async (t) => {
  const { manager, user, ssl, load } = await scene(t);
  ssl.selfSigned('a', EC);
  const ref = await user.store(ssl.bundle('a'));
  const guest = await manager.user('red', 'member');
  const administrator = (project: string): Reader => ({ userId: 'another', projectId: manager.projects.get(project) ?? '', roles: ['admin'] });
  const [stranger, colleague] = [whoIs(manager, guest, 'red'), whoIs(manager, await manager.user('blue', 'member'), 'blue')];
  for (const missing of ['nonsense', '', randomUUID(), ref.replace('secrets', 'containers'), `${ref}/payload`])
    await assert.rejects(load(missing), refusal(missing));
  await assert.rejects(load(ref, stranger), refusal(ref));
  assert.ok(await load(ref, colleague));
  await user.send('PUT', `${ref}/acl`, { read: { users: [guest.id], 'project-access': false } });
  await assert.rejects(load(ref, colleague), refusal(ref));
  assert.ok(usable(await load(ref, stranger)));
  assert.ok(usable(await load(ref, 'service')));
  assert.ok(usable(await load(ref, administrator('blue'))));
  await assert.rejects(load(ref, administrator('red')), refusal(ref));
});

test('authorities and what they revoked', async (t) => {
  const { manager, user, who, ssl } = await scene(t);
  const check = (ca: string, crl: string | null) => loadAuthority(manager.store.db, manager.keys, who, ca, crl);
  ssl.selfSigned('ca');
  ssl.selfSigned('other', EC);
  const [ca, other, both] = [
    await user.store(ssl.text('ca.pem')),
    await user.store(ssl.text('other.pem')),
    await user.store(ssl.text('other.pem') + ssl.text('ca.pem')),
  ];
  const crl = await user.store(ssl.revocations('ca'));
  assert.deepEqual((await check(ca, crl)).revocations, [ssl.text('ca.crl')]);
  assert.equal((await check(both, crl)).certificates.length, 2);
  assert.deepEqual((await check(ca, null)).revocations, []);
  const validation = (words: RegExp) => (error: unknown) => error instanceof Fault && error.code === 'validation' && words.test(error.message);
  await assert.rejects(check(other, crl), validation(/The CRL specified is not valid for client certificate authority reference supplied/));
  await assert.rejects(check(crl, null), validation(/CA certificate is invalid/));
  await assert.rejects(check(ca, ca), validation(/revocation list is invalid/));
  await assert.rejects(check(await user.store('text'), null), validation(/CA certificate is invalid/));
  const missing = randomUUID();
  await assert.rejects(check(missing, crl), refusal(missing));
  await assert.rejects(check(ca, missing), refusal(missing));
  const container = await user.contain('generic', { ca });
  await assert.rejects(check(container, null), refusal(container));
  assert.equal(await loadPem(manager.store.db, manager.keys, who, ca), ssl.text('ca.pem').trim());
});

test('the store of certificates that the load-balancer face asks', async (t) => {
  const { manager, user, ssl } = await scene(t);
  ssl.selfSigned('a', EC);
  const store = certificateStore(manager.store.db, manager.keys);
  const [bundle, ca] = [await user.store(ssl.bundle('a')), await user.store(ssl.text('a.pem'))];
  const who = caller(manager, user);
  await store.check(who, { certificates: [bundle, bundle], authorities: [{ ca, crl: null }] });
  await assert.rejects(store.check(who, { certificates: [bundle, 'nothing'], authorities: [] }), refusal('nothing'));
  await assert.rejects(store.check(who, { certificates: [], authorities: [{ ca, crl: 'nothing' }] }), refusal('nothing'));
});

test('what a request names many times is opened once, however it is spelt', async (t) => {
  const { manager, user, ssl } = await scene(t);
  ssl.selfSigned('a', EC);
  const [bundle, ca] = [await user.store(ssl.bundle('a')), await user.store(ssl.text('a.pem'))];
  let opened = 0;
  const counting: Pick<SecretKeys, 'open'> = {
    open: (row, payload) => {
      opened += 1;
      return manager.keys.open(row, payload);
    },
  };
  const path = (ref: string): string => new URL(ref).pathname.replace('/key-manager/', '/');
  const certificates = Array.from({ length: 100 }, (_, index) => `http://host-${index % 50}.example${path(bundle)}`);
  const authorities = Array.from({ length: 100 }, (_, index) => ({ ca: `http://host-${index}.example${path(ca)}`, crl: null }));
  await certificateStore(manager.store.db, counting).check(caller(manager, user), { certificates, authorities });
  assert.equal(opened, 2);
});

test('the vault: a stamp that changes with what is stored, and nothing for what is gone', async (t) => {
  const { manager, user, ssl } = await scene(t);
  const vault = certificateVault(manager.store.db, manager.keys);
  ssl.selfSigned('a', EC);
  ssl.selfSigned('b', EC);
  const bundle = await user.store(ssl.bundle('a'));
  const [certificate, private_key] = [await user.store(ssl.text('b.pem')), await user.store(ssl.text('b.key'))];
  const container = await user.contain('certificate', { certificate, private_key });
  const stamps = [await vault.stamp([bundle]), await vault.stamp([container]), await vault.stamp([bundle, container])];
  assert.equal(new Set(stamps).size, 3);
  assert.deepEqual([await vault.stamp([bundle]), await vault.stamp([container])], stamps.slice(0, 2));
  assert.deepEqual([(await vault.certificate(bundle)).names, (await vault.certificate(container)).names], [['a.example'], ['b.example']]);
  expect(await user.send('DELETE', private_key), 204);
  assert.notEqual(await vault.stamp([container]), stamps[1]);
  await assert.rejects(vault.certificate(container), refusal(container, ' (the private key is not in PEM format)'));
  const keyless = certificateVault(manager.store.db, await SecretKeys.open({ statePath: `${manager.statePath}/elsewhere`, db: manager.store.db }));
  await assert.rejects(keyless.certificate(bundle), refusal(bundle, ' (the key manager cannot open it)'));
  await assert.rejects(keyless.authority(certificate, null), refusal(certificate, ' (the key manager cannot open it)'));
  expect(await user.send('DELETE', bundle), 204);
  await assert.rejects(vault.stamp([bundle]), refusal(bundle));
});
