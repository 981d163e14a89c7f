/** OpenStack's own clients of the key manager against a server that listens: the command, Barbican's library, the SDK. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../../store/store.fixture.ts';
import { type Reader, loadCertificate } from './certificates.ts';
import { ADMIN_PASSWORD, type KeyManager, keyManager } from './key-manager.fixture.ts';
import { openssl } from './openssl.fixture.ts';

const PYTHON = '/usr/bin/python3';
const hasClient = spawnSync(PYTHON, ['-c', 'import barbicanclient, openstack, openstackclient']).status === 0;
const options = { skip: hasClient ? false : 'python3-barbicanclient is not installed' };
const run = promisify(execFile);

interface Clients {
  readonly manager: KeyManager;
  /** JSON that `openstack <args> -f json` prints. */
  openstack(...args: readonly string[]): Promise<unknown>;
  /** The same of a command that prints nothing. */
  quietly(...args: readonly string[]): Promise<void>;
  /** JSON that a Python program prints. */
  python(program: string, ...args: readonly string[]): Promise<unknown>;
}

async function clients(t: TestContext): Promise<Clients> {
  const port = await freePort();
  const manager = await keyManager(t, port);
  await manager.app.listen({ host: '127.0.0.1', port });
  const identity = { OS_USERNAME: 'admin', OS_PASSWORD: ADMIN_PASSWORD, OS_USER_DOMAIN_ID: 'default' };
  const scope = { OS_PROJECT_NAME: 'admin', OS_PROJECT_DOMAIN_ID: 'default', OS_REGION_NAME: 'RegionOne', OS_IDENTITY_API_VERSION: '3' };
  const home = await temporaryDirectory(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, ...identity, ...scope, OS_AUTH_URL: `http://127.0.0.1:${port}/identity/v3` };
  const quietly = async (...args: readonly string[]): Promise<void> => void (await run('openstack', args, { env, cwd: home }));
  return {
    manager,
    quietly,
    openstack: async (...args) => JSON.parse((await run('openstack', [...args, '-f', 'json'], { env, cwd: home })).stdout),
    python: async (program, ...args) => JSON.parse((await run(PYTHON, ['-W', 'ignore', '-c', program, ...args], { env, cwd: home })).stdout),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Row = Record<string, unknown>;

function administratorOf(projectId: string): Reader {
  return { userId: '', projectId, roles: ['admin'] };
}

test('the openstack command stores, lists, shows and deletes secrets and containers', options, async (t) => {
  const { manager, openstack, quietly } = await clients(t);
  const ssl = await openssl(t);
  ssl.selfSigned('site');
  const file = join(await temporaryDirectory(t), 'site.p12');
  ssl.run('pkcs12', '-export', '-inkey', 'site.key', '-in', 'site.pem', '-out', file, '-passout', 'pass:');
  const base64 = ssl.run('base64', '-in', file).toString();
  const bundle = (await openstack('secret', 'store', '--name=tls', '-t', 'application/octet-stream', '-e', 'base64', `--payload=${base64}`)) as Row;
  const text = (await openstack('secret', 'store', '-n', 'text', '-s', 'passphrase', '-p', 'geheim', '-t', 'text/plain')) as Row;
  const later = (await openstack('secret', 'store', '-n', 'later', '-x', '2999-01-01T00:00:00+02:00')) as Row;
  await quietly('secret', 'update', String(later['Secret href']), 'at last');
  const list = (await openstack('secret', 'list')) as Row[];
  assert.deepEqual(
    list.map((row) => [row['Name'], row['Status'], row['Secret type'], row['Expiration']]),
    [
      ['tls', 'ACTIVE', 'opaque', null],
      ['text', 'ACTIVE', 'passphrase', null],
      ['later', 'ACTIVE', 'opaque', '2998-12-31T22:00:00+00:00'],
    ],
  );
  assert.deepEqual(
    ((await openstack('secret', 'list', '-l', '1', '-o', '1')) as Row[]).map((row) => row['Name']),
    ['text'],
  );
  assert.deepEqual(await openstack('secret', 'get', '--payload', String(text['Secret href'])), { Payload: 'geheim' });
  assert.deepEqual(await openstack('secret', 'get', '-p', String(later['Secret href'])), { Payload: 'at last' });
  const shown = (await openstack('secret', 'get', String(bundle['Secret href']))) as Row;
  assert.deepEqual([shown['Content types'], shown['Bit length']], [{ default: 'application/octet-stream' }, 256]);
  const { store, keys, projects } = manager;
  const found = await loadCertificate(store.db, keys, administratorOf(projects.get('admin') ?? ''), String(bundle['Secret href']));
  assert.deepEqual(found.names, ['site.example']);
  const made = (await openstack('secret', 'container', 'create', '--name', 'box', '--secret', `one=${String(text['Secret href'])}`)) as Row;
  assert.deepEqual(
    ((await openstack('secret', 'container', 'list')) as Row[]).map((row) => [row['Name'], row['Type']]),
    [['box', 'generic']],
  );
  assert.equal(((await openstack('secret', 'container', 'get', String(made['Container href']))) as Row)['Name'], 'box');
  await quietly('acl', 'submit', '--user', 'somebody', '--no-project-access', String(text['Secret href']));
  const [acl] = (await openstack('acl', 'get', String(text['Secret href']))) as Row[];
  assert.deepEqual([acl?.['Users'], acl?.['Project Access']], [['somebody'], false]);
  await quietly('secret', 'container', 'delete', String(made['Container href']));
  for (const one of [bundle, text, later]) await quietly('secret', 'delete', String(one['Secret href']));
  assert.deepEqual(await openstack('secret', 'list'), []);
  await assert.rejects(quietly('secret', 'get', String(text['Secret href'])), /Not Found: Secret not found/);
});

/** What Octavia does with certificates: by its library, as a container with consumers, with an access list. */
const LIBRARY = `
import json, os, sys
from keystoneauth1 import session
from keystoneauth1.identity import v3
from barbicanclient import client
auth = v3.Password(auth_url=os.environ['OS_AUTH_URL'], username='admin', password=os.environ['OS_PASSWORD'], user_domain_id='default',
                   project_name='admin', project_domain_id='default')
barbican = client.Client(session=session.Session(auth=auth))
certificate, key = (open(name).read() for name in sys.argv[1:3])
secrets = barbican.secrets
parts = dict(certificate=secrets.create(name='c', payload=certificate, secret_type='certificate'),
             private_key=secrets.create(name='k', payload=key.encode(), secret_type='private'))
made = barbican.containers.create_certificate(name='box', **parts)
ref = made.store()
consumed = barbican.containers.register_consumer(ref, 'Octavia', 'lbaas://RegionOne/listener/1')
again = barbican.containers.get(ref)
acl = barbican.acls.create(entity_ref=parts['certificate'].secret_ref, users=['octavia'], project_access=False)
acl.submit()
stored = barbican.acls.get(parts['certificate'].secret_ref)
result = dict(
    ref=ref,
    certificate=again.certificate.payload == certificate.strip(),
    key=again.private_key.payload.decode() == key,
    consumers=consumed.consumers,
    acl=[stored.read.users, stored.read.project_access],
    total=secrets.total(),
    listed=[one.name for one in secrets.list(sort='name:desc', created='gt:2020-01-01')],
    containers=[type(one).__name__ for one in barbican.containers.list(type='certificate')],
)
barbican.containers.remove_consumer(ref, 'Octavia', 'lbaas://RegionOne/listener/1')
result['left'] = barbican.containers.get(ref).consumers
print(json.dumps(result))
`;

test("Barbican's library, as Octavia uses it", options, async (t) => {
  const { manager, python } = await clients(t);
  const [ssl, directory] = [await openssl(t), await temporaryDirectory(t)];
  ssl.selfSigned('site', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  const files = ['site.pem', 'site.key'].map((name) => join(directory, name));
  ssl.run('x509', '-in', 'site.pem', '-out', files[0] ?? '');
  ssl.run('pkey', '-in', 'site.key', '-out', files[1] ?? '');
  const { ref, ...rest } = (await python(LIBRARY, ...files)) as Row;
  assert.deepEqual(rest, {
    certificate: true,
    key: true,
    consumers: [{ name: 'Octavia', URL: 'lbaas://RegionOne/listener/1' }],
    acl: [['octavia'], false],
    total: 2,
    listed: ['k', 'c'],
    containers: ['CertificateContainer'],
    left: [],
  });
  const { store, keys, projects } = manager;
  assert.deepEqual((await loadCertificate(store.db, keys, administratorOf(projects.get('admin') ?? ''), String(ref))).names, ['site.example']);
});

const SDK = `
import json, openstack
manager = openstack.connect().key_manager
secret = manager.create_secret(name='sdk', payload='hello', payload_content_type='text/plain')
shown = manager.get_secret(secret.secret_id)
more = [manager.create_secret(name='more') for _ in range(11)]
container = manager.create_container(name='box', type='generic', secret_refs=[{'name': 'a', 'secret_ref': secret.secret_ref}])
result = dict(
    payload=shown.payload, status=shown.status, types=shown.content_types, listed=len(list(manager.secrets())),
    found=manager.find_container(container.container_id).name, held=len(manager.get_container(container.container_id).secret_refs),
    orders=[one.id for one in manager.orders()])
manager.delete_container(container.container_id, ignore_missing=False)
for one in [secret, *more]:
    manager.delete_secret(one.secret_id, ignore_missing=False)
result['left'] = len(list(manager.secrets())) + len(list(manager.containers()))
print(json.dumps(result))
`;

test('the SDK', options, async (t) => {
  const { python } = await clients(t);
  assert.deepEqual(await python(SDK), {
    payload: 'hello',
    status: 'ACTIVE',
    types: { default: 'text/plain' },
    listed: 12,
    found: 'box',
    held: 1,
    orders: [],
    left: 0,
  });
});
