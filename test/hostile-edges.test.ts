/** Requests at the edge of HTTP: every face answers them in its own shape, and none names the library beneath it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { HostileClient } from './hostile-client.fixture.ts';
import { BALANCERS } from './hostile.fixture.ts';
import { Playground } from './playground.fixture.ts';

let cloud: Playground;
let client: HostileClient;

before(async () => {
  cloud = await Playground.create('[lb_provider]\nprovider = noop');
  await cloud.serve();
  client = new HostileClient(cloud.port);
  await client.logIn((await readFile(join(cloud.statePath, 'admin-password'), 'utf8')).trim());
});
after(() => cloud.destroy());

/** A list of each face, and what its errors hold. */
const FACES: readonly (readonly [path: string, shape: RegExp])[] = [
  [BALANCERS, /^\{"(faultcode|code)":/],
  ['/network/v2.0/networks', /^\{"NeutronError":\{"type":/],
  ['/network/v2.0/lbaas/loadbalancers', /^\{"NeutronError":\{"type":/],
  ['/identity/v3/users', /^\{"error":\{"code":/],
  ['/compute/v2.1/servers', /^\{"(itemNotFound|badMethod|computeFault)":/],
  ['/key-manager/v1/secrets', /^\{"code":/],
];
const LIBRARY = /fastify|FST_|find-my-way/i;

async function raw(lines: readonly string[]): Promise<{ status: number; text: string; head: string }> {
  const answer = await client.raw([[...lines, 'Connection: close', '', ''].join('\r\n')]);
  const [head = '', text = ''] = answer.split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), text, head };
}

const asked = (method: string, path: string, ...headers: readonly string[]): Promise<{ status: number; text: string; head: string }> =>
  raw([`${method} ${path} HTTP/1.1`, 'Host: a', `X-Auth-Token: ${client.token}`, ...headers]);

describe('paths', () => {
  for (const bad of ['%', '%ff%fe', '%zz', `a${'b'.repeat(5000)}`])
    test(`that end in ${bad.slice(0, 10)}`, async () => {
      for (const [path, shape] of FACES) {
        const { status, text } = await asked('GET', `${path}/${bad}`);
        assert.equal(status, 404, `${path} ${text}`);
        assert.match(text, shape);
        // As it was asked for, as far as anybody reads it.
        if (!path.startsWith('/identity')) assert.ok(text.includes(`There is no ${path}/${bad}`.slice(0, 200)), text);
        assert.doesNotMatch(text, LIBRARY);
      }
      const { status, text } = await asked('GET', `/${bad}`);
      assert.equal(status, 404);
      assert.match(text, /There are: .*\/load-balancer/);
      assert.doesNotMatch(text, LIBRARY);
    });
});

describe('methods', () => {
  test('that a known path does not take are told which it does', async () => {
    for (const [path, shape] of FACES)
      for (const method of ['OPTIONS', 'TRACE', 'PATCH']) {
        const { status, text, head } = await asked(method, path, ...(method === 'PATCH' ? ['Content-Length: 0'] : []));
        assert.equal(status, 405, `${method} ${path} ${text}`);
        assert.match(head, /^allow: .*GET/im);
        assert.match(text, shape);
      }
  });

  test('that nothing takes', async () => {
    for (const [path, shape] of FACES)
      for (const method of ['PROPFIND', 'MKCOL', 'PURGE', 'QUERY']) {
        const { status, text } = await asked(method, path);
        assert.equal(status, 501, `${method} ${path} ${text}`);
        assert.match(text, shape);
        assert.doesNotMatch(text, LIBRARY);
      }
  });
});

describe('headers', () => {
  test('two hosts, and one that is no name, lead nobody anywhere', async () => {
    const { status } = await asked('GET', BALANCERS, 'Host: b');
    assert.equal(status, 400);
    for (const host of ['h'.repeat(256), 'h'.repeat(5000), 'a b', '<a>', 'a:b:c', '"'])
      for (const path of ['/load-balancer/', '/identity/v3', '/network/', '/compute/', '/key-manager/', '/']) {
        const { status: code, text } = await raw([`GET ${path} HTTP/1.1`, `Host: ${host}`]);
        assert.equal(code, 400, `${path} ${host}`);
        assert.doesNotMatch(text, /hhhh/);
        if (path === '/') assert.doesNotMatch(text, LIBRARY);
      }
    for (const host of ['a', 'a:80', '[::1]:9876', '127.0.0.1:1', `${'a'.repeat(251)}.org`, 'under_score'])
      assert.equal((await raw(['GET /load-balancer/ HTTP/1.1', `Host: ${host}`])).status, 200, host);
  });

  test('a content type that is none', async () => {
    for (const type of ['json', 'a', ';', 'application']) {
      const { status, text } = await asked('POST', BALANCERS, `Content-Type: ${type}`, 'Content-Length: 2', '', '{}');
      assert.equal(status, 415, `${type} ${text}`);
      assert.match(text, new RegExp(`Unknown mimetype: ${type}`));
    }
  });

  test('what is no matter of a face has a shape, too', async () => {
    for (const lines of [
      ['GET / HTTP/1.1', 'Host: a b'],
      ['PURGE / HTTP/1.1', 'Host: a'],
    ]) {
      const { text } = await raw(lines);
      assert.match(text, /^\{"error":\{"code":/, text);
    }
  });

  test('a condition on what is only made, or an amphora, is refused as well', async () => {
    const headers = { 'If-Match': '"stale"' };
    for (const [method, path] of [
      ['POST', BALANCERS],
      ['PUT', '/load-balancer/v2.0/octavia/amphorae/x/failover'],
      ['PUT', '/load-balancer/v2.0/octavia/amphorae/x/config'],
      ['DELETE', '/load-balancer/v2.0/octavia/amphorae/x'],
    ] as const) {
      const { status, body } = await client.text(method, path, '{}', { headers });
      assert.equal(status, 501, `${method} ${path} ${JSON.stringify(body)}`);
    }
  });

  test('a condition where there are no ETags is refused, not passed over', async () => {
    const body = JSON.stringify({ network: { name: 'conditional' } });
    const refused = await client.text('POST', '/network/v2.0/networks', body, { headers: { 'If-Match': '"stale"' } });
    assert.equal(refused.status, 501, JSON.stringify(refused.body));
    const { body: list } = await client.send('GET', '/network/v2.0/networks?name=conditional', undefined, { headers: { 'If-Match': '"stale"' } });
    assert.deepEqual((list as { networks: unknown[] }).networks, []);
  });
});

test('bytes that are no UTF-8 are no JSON', async () => {
  // The client writes each character as one byte.
  for (const path of [BALANCERS, '/network/v2.0/networks', '/identity/v3/auth/tokens']) {
    const text = '{"network":{"name":"a\u00ff\u00c3"}}';
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Auth-Token: ${client.token}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
    assert.match(await client.raw([`${head}${text}`]), /^HTTP\/1\.1 400 /, path);
  }
});

test('records: an argument that is not there is named, with those that are', async () => {
  const refusal = async (path: string): Promise<string> => {
    const { status, body } = await client.send('GET', path);
    assert.equal(status, 400, path);
    return JSON.stringify(body);
  };
  assert.match(await refusal('/events?frmat=json'), /no argument frmat here\. There are: .*format/);
  assert.match(await refusal('/audit?nope=1'), /no argument nope here\. There are: resource/);
  assert.match(await refusal('/audit?limit=1&limit=2'), /limit is given more than once/);
  assert.match(await refusal('/audit?resource=nonsense'), /resource.*one of: loadbalancer, listener/);
  assert.match(await refusal('/audit?action=nonsense'), /action.*one of: create, update/);
  for (const kind of ['loadbalancer', 'user', 'token', 'role_assignment', 'secret'])
    assert.equal((await client.send('GET', `/audit?resource=${kind}`)).status, 200);
});
