/** Ways to a server: variables, application credentials, TLS, no login at all; and servers that are not ours. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, type Server, connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { stringify } from 'yaml';
import { ApiClient, type Credentials } from '../../lab/api-client.ts';
import { type Outcome, type Site, freePort, startSite } from './weir.fixture.ts';

const LIST = ['loadbalancer', 'list', '-f', 'json'];

describe('ways to a server', () => {
  let site: Site;
  before(async () => {
    site = await startSite();
  });
  after(() => site.stop());

  const variables = (more: Record<string, string> = {}): Record<string, string> => ({
    OS_CLIENT_CONFIG_FILE: '',
    OS_AUTH_URL: `${site.url}/identity`,
    OS_USERNAME: 'admin',
    OS_PASSWORD: site.password,
    OS_PROJECT_NAME: 'admin',
    ...more,
  });
  const succeeds = ({ code, stdout, stderr }: Outcome, warned = /^$/): void => {
    assert.deepEqual([code, stdout], [0, '[]\n'], stderr);
    assert.match(stderr, warned);
  };
  const failsWith = ({ code, stdout, stderr }: Outcome, expected: number, said: RegExp): void => {
    assert.deepEqual([code, stdout], [expected, ''], stderr);
    assert.match(stderr, said);
  };

  test('a password in variables; a wrong one is told in Keystone’s words', async () => {
    succeeds(await site.weir(LIST, variables()));
    failsWith(
      await site.weir(LIST, variables({ OS_PASSWORD: 'wrong' })),
      1,
      /^Error: The request you have made requires authentication.*401 Unauthorized\n {2}request req-/s,
    );
    failsWith(await site.weir(LIST, variables({ OS_PASSWORD: '' })), 2, /OS_\* variables: no password/);
    failsWith(await site.weir(LIST, variables({ OS_REGION_NAME: 'Nowhere' })), 1, /no load balancers \(interface public, region Nowhere\)/);
    succeeds(await site.weir(LIST, variables({ OS_REGION_NAME: 'RegionOne', OS_INTERFACE: 'internal' })));
  });

  test('a clouds.yaml whose password was changed since is named, by the verbs, the lab and the doctor', async () => {
    const [state, old] = [['--set', `DEFAULT.state_path=${join(site.folder, 'state')}`], { OS_CLIENT_CONFIG_FILE: '' }];
    const { users } = await site.api.request<{ users: { id: string }[] }>('GET', '/identity/v3/users?name=admin');
    const path = `/identity/v3/users/${users[0]?.id}/password`;
    const change = (from: string, to: string): Promise<unknown> =>
      new ApiClient({ ...credentials(site), password: from }).request('POST', path, { user: { original_password: from, password: to } });
    await change(site.password, 'another');
    try {
      const file = join(site.folder, 'state/clouds.yaml').replaceAll('.', '\\.');
      const named = new RegExp(`requires authentication.*\\n {2}What to do: The password of admin in ${file} is not right, or no longer`, 's');
      failsWith(await site.weir([...state, ...LIST], old), 1, named);
      failsWith(await site.weir([...state, 'lab', 'up'], old), 1, named);
      assert.match((await site.weir([...state, 'doctor', '-f', 'json'], old)).stdout, /takes no login.*The password of admin in/s);
    } finally {
      await change('another', site.password);
    }
  });

  test('the server of this host is found by its state path; nothing at all is said to be nothing', async () => {
    const state = ['--set', `DEFAULT.state_path=${join(site.folder, 'state')}`];
    succeeds(await site.weir([...state, ...LIST], { OS_CLIENT_CONFIG_FILE: '' }));
    succeeds(await site.weir([...state, '--os-cloud', 'edgeweir', ...LIST], { OS_CLIENT_CONFIG_FILE: '' }));
    failsWith(
      await site.weir([...state, ...LIST, '--os-cloud', 'nope'], { OS_CLIENT_CONFIG_FILE: '' }),
      2,
      /no cloud nope\n {2}What to do: Choose from: edgeweir/,
    );
    const empty = ['--set', `DEFAULT.state_path=${join(site.folder, 'empty')}`];
    failsWith(await site.weir([...empty, ...LIST], { OS_CLIENT_CONFIG_FILE: '' }), 2, /Nothing says which server to ask/);
  });

  test('an application credential, by variables and in a clouds.yaml', async () => {
    const { users } = await site.api.request<{ users: { id: string }[] }>('GET', '/identity/v3/users?name=admin');
    const path = `/identity/v3/users/${users[0]?.id}/application_credentials`;
    const { application_credential: made } = await site.api.request<{ application_credential: { id: string; secret: string } }>('POST', path, {
      application_credential: { name: 'program' },
    });
    const auth = { auth_url: `${site.url}/identity/v3`, application_credential_id: made.id, application_credential_secret: made.secret };
    const file = join(site.folder, 'credential.yaml');
    writeFileSync(file, stringify({ clouds: { program: { auth_type: 'v3applicationcredential', auth } } }));
    succeeds(await site.weir(LIST, { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: 'program' }));
    const env = { OS_CLIENT_CONFIG_FILE: '', OS_AUTH_URL: auth.auth_url, OS_APPLICATION_CREDENTIAL_ID: made.id };
    succeeds(await site.weir(LIST, { ...env, OS_APPLICATION_CREDENTIAL_SECRET: made.secret }));
    failsWith(await site.weir(LIST, { ...env, OS_APPLICATION_CREDENTIAL_SECRET: 'wrong' }), 1, /401/);
  });

  test('a certificate is checked, against those named too, unless that is not wanted', async (t) => {
    const { port, certificate } = await tlsFront(t, site);
    const env = variables({ OS_AUTH_URL: `https://127.0.0.1:${port}/identity` });
    failsWith(await site.weir(LIST, env), 1, /No answer from https:.*certificate.*OS_CACERT/s);
    succeeds(await site.weir(LIST, { ...env, OS_CACERT: certificate }));
    succeeds(await site.weir([...LIST, '--os-cacert', certificate], env));
    succeeds(await site.weir([...LIST, '--insecure'], env), /NODE_TLS_REJECT_UNAUTHORIZED/);
    succeeds(await site.weir(LIST, { ...env, OS_INSECURE: 'true' }), /NODE_TLS_REJECT_UNAUTHORIZED/);
    failsWith(await site.weir(LIST, { ...env, OS_CACERT: '/nowhere' }), 2, /Cannot use the certificates of \/nowhere/);
  });

  test('no server, and one that is in the way', async (t) => {
    failsWith(await site.weir(LIST, variables({ OS_AUTH_URL: `http://127.0.0.1:${await freePort()}` })), 1, /No answer from http:\/\/127.0.0.1:\d+: /);
    const { url } = await plainServer(t, () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }));
    failsWith(await site.weir(LIST, variables({ OS_AUTH_URL: url })), 1, /302 Found, see http:\/\/127.0.0.1:1\//);
    const page = await plainServer(t, () => ({ status: 502, headers: {}, body: '<html>Bad gateway</html>' }));
    failsWith(await site.weir(LIST, variables({ OS_AUTH_URL: page.url })), 1, /The server answered 502 Bad Gateway/);
  });

  test('another server than ours gets no write that is to be rehearsed only', async (t) => {
    const balancers = { loadbalancers: [{ id: '00000000-0000-0000-0000-000000000001', name: 'lb' }] };
    const other = await plainServer(t, (url) => ({
      status: 200,
      headers: {},
      body: JSON.stringify(url.includes('loadbalancers?') ? balancers : { versions: [] }),
    }));
    const env = { OS_CLIENT_CONFIG_FILE: '', OS_AUTH_TYPE: 'none', OS_ENDPOINT: `${other.url}/v2.0` };
    failsWith(await site.weir(['loadbalancer', 'delete', 'lb', '--dry-run'], env), 1, /is no Edgeweir: it would not rehearse the write but do it/);
    assert.deepEqual(other.seen, ['GET /v2.0/lbaas/loadbalancers?name=lb', 'GET /']);
    failsWith(await site.weir(['loadbalancer', 'create', '--vip-subnet-id', 'private'], env), 1, /no network service to look names up in/);
  });
});

function credentials({ url, password }: Site): Credentials {
  return { authUrl: `${url}/identity/v3`, username: 'admin', password, projectName: 'admin' };
}

interface PlainAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

async function plainServer(t: TestContext, answer: (url: string) => PlainAnswer): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { url = '/', method = '' } = request;
    seen.push(`${method} ${url}`);
    const { status, headers, body } = answer(url);
    response.writeHead(status, headers).end(body);
  });
  return { url: `http://127.0.0.1:${await listening(t, server)}`, seen };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  t.after(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** TLS in front of the server, with a certificate that nobody else trusts. */
async function tlsFront(t: TestContext, site: Site): Promise<{ port: number; certificate: string }> {
  const [key, certificate] = [join(site.folder, 'key.pem'), join(site.folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (client) => {
    const inside = connect(site.port, '127.0.0.1');
    client.on('error', () => inside.destroy());
    inside.on('error', () => client.destroy());
    client.pipe(inside).pipe(client);
  });
  return { port: await listening(t, server), certificate };
}
