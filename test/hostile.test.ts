/** A hostile client: requests that are none, races, floods and a server that ends meanwhile; never a 5xx that is ours, nothing half-written. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, HostileClient } from './hostile-client.fixture.ts';
import { Parents } from './hostile-targets.fixture.ts';
import { BALANCERS, type Json, LBAAS, active, assertNoErrors, gone } from './hostile.fixture.ts';
import { Playground } from './playground.fixture.ts';

const MIB = 1_048_576;

let cloud: Playground;
let client: HostileClient;
let parents: Parents;
let password: string;

before(async () => {
  cloud = await Playground.create('[lb_provider]\nprovider = noop');
  await cloud.serve();
  client = new HostileClient(cloud.port);
  password = (await readFile(join(cloud.statePath, 'admin-password'), 'utf8')).trim();
  await client.logIn(password);
  parents = new Parents(client);
});
after(() => cloud.destroy());

const alive = async (): Promise<void> => assert.equal((await client.send('GET', `${BALANCERS}?limit=1`)).status, 200);

describe('HTTP', () => {
  test('bodies that are no JSON, nested too deep or too large', async () => {
    const deep = (inside: string): string => `${'['.repeat(100_000)}${inside}${']'.repeat(100_000)}`;
    for (const text of [
      '{',
      'nonsense',
      '{"loadbalancer":',
      '\u0000',
      '{"loadbalancer":{"name":"\\ud8"}}',
      '['.repeat(100_000),
      deep('1'),
      `{"loadbalancer":{"name":${deep('')}}}`,
      `{"loadbalancer":${deep('')}}`,
    ]) {
      for (const path of [BALANCERS, '/network/v2.0/networks', '/identity/v3/auth/tokens'])
        // The login takes short bodies only: what is too long is not looked at.
        assert.equal(
          (await client.text('POST', path, text)).status,
          path.endsWith('/tokens') && text.length > 65_536 ? 413 : 400,
          `${path} ${text.slice(0, 60)}`,
        );
    }
    const fill = (bytes: number): string => `{"loadbalancer":{"name":"${'x'.repeat(bytes - 28)}"}}`;
    assert.equal((await client.text('POST', BALANCERS, fill(MIB))).status, 400);
    assert.equal((await client.text('POST', BALANCERS, fill(MIB + 1))).status, 413);
    const head = `POST ${BALANCERS} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${client.token}\r\nContent-Type: application/json\r\n`;
    assert.match(await client.raw([`${head}Content-Length: 99999999999\r\n\r\n{}`]), /^HTTP\/1\.1 413 /);
  });

  test('it answers others while large bodies are read', async () => {
    const large = JSON.stringify({ loadbalancer: { tags: Array.from({ length: 100_000 }, (_, index) => `t${index}`) } }).slice(0, MIB);
    const busy = Promise.all(Array.from({ length: 20 }, () => client.text('POST', BALANCERS, large)));
    await Promise.all([busy, ...Array.from({ length: 20 }, () => client.send('GET', '/load-balancer/').then(({ status }) => assert.equal(status, 200)))]);
    for (const { status } of await busy) assert.equal(status, 400);
  });

  test('a slow sender holds up nobody and is answered in the end', async () => {
    const head = `POST ${BALANCERS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Auth-Token: ${client.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const slow = client.raw([head, '1\r\n{\r\n', '1\r\n}\r\n', '0\r\n\r\n'], 100);
    await alive();
    assert.match(await slow, /^HTTP\/1\.1 400 /);
  });

  test('heads that are wrong or too large', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `X-${index}: v`).join('\r\n');
    const heads: [string, RegExp][] = [
      [`GET /load-balancer/ HTTP/1.1\r\nHost: a\r\n${many}\r\n\r\n`, /^HTTP\/1\.1 431 /],
      [`GET /load-balancer/ HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${'t'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
      ['GET /load-balancer/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['NONSENSE\r\n\r\n', /^HTTP\/1\.1 400 /],
      [`POST ${BALANCERS} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400 /],
      [`POST ${BALANCERS} HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n`, /^HTTP\/1\.1 400 /],
      ['GET /load-balancer/ HTTP/1.1\r\nHost: a"><b>\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 (?![^]*<b>)/],
    ];
    for (const [head, expected] of heads) assert.match(await client.raw([head]), expected, head.slice(0, 80));
    await alive();
  });

  test('methods, content types and conditions nobody asked for', async () => {
    const UNKNOWN = new Set(['PROPFIND', 'PURGE', 'QUERY', 'LOCK']);
    for (const path of ['/', '/load-balancer', BALANCERS, `${BALANCERS}/x`, '/network/v2.0/ports', '/identity/v3', '/identity/v3/auth/tokens', '/nothing']) {
      for (const method of ['HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY', 'LOCK']) {
        const { status } = await client.send(method, path);
        // What no resource takes is no error of the server's, though RFC 9110 §15.6.2 counts it among them.
        assert.ok(status < 500 || (status === 501 && UNKNOWN.has(method)), `${method} ${path}: ${status}`);
      }
    }
    const types = [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=a',
      '',
      ';',
      'application/json; charset=utf-16',
      'a'.repeat(5000),
      '*/*',
      'application/',
    ];
    for (const type of types) {
      const { status } = await client.text('POST', BALANCERS, '{"loadbalancer":{}}', { headers: { 'Content-Type': type } });
      assert.ok([400, 415].includes(status), `${type.slice(0, 40)}: ${status}`);
    }
    for (const headers of [
      { 'Content-Encoding': 'gzip' },
      { Expect: '100-continue' },
      { 'X-HTTP-Method-Override': 'DELETE' },
      { 'If-None-Match': '*' },
      { Range: 'bytes=0-0' },
      { 'Accept-Version': '99' },
      { Cookie: 'a='.repeat(2000) },
    ]) {
      const { status } = await client.text('POST', BALANCERS, '{"loadbalancer":{}}', { headers });
      assert.ok(status < 500, `${JSON.stringify(headers).slice(0, 60)}: ${status}`);
    }
    const pipelined = `GET /load-balancer/ HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(200);
    const said = await client.raw([pipelined, 'GET /load-balancer/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']);
    assert.equal(said.match(/HTTP\/1\.1 200 /g)?.length, 201);
    assert.match(await client.raw(['GET /load-balancer/ HTTP/1.0\r\n\r\n']), /^HTTP\/1\.1 200 /);
  });

  test('absurd addresses', async () => {
    const ids = [
      '%00',
      '%2e%2e',
      '%2e%2e%2f%2e%2e',
      '%ff%fe',
      '%',
      '%zz',
      '%E2%82',
      'a'.repeat(10_000),
      '*',
      "';--",
      '%0d%0aX-Injected:1',
      '__proto__',
      'constructor',
      'null',
      '..',
      '.',
      '%F0%9F%A6%8A',
    ];
    const paths = [
      BALANCERS,
      `${LBAAS}/listeners`,
      `${LBAAS}/pools`,
      `${LBAAS}/pools/%00/members`,
      '/network/v2.0/ports',
      '/identity/v3/users',
      '/identity/v3',
      '/load-balancer',
      '',
    ];
    for (const path of paths) {
      for (const id of ids) {
        for (const method of ['GET', 'DELETE', 'PUT']) {
          const { status, headers, body } = await client.text(method, `${path}/${id}`, method === 'PUT' ? '{}' : null);
          const allowed = [400, 404, 405, 414, 431, ...(method === 'GET' ? [200, 300] : [])];
          assert.ok(allowed.includes(status), `${method} ${path}/${id.slice(0, 40)}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
          assert.equal(headers['x-injected'], undefined);
        }
      }
    }
  });

  test('queries', async () => {
    const query = async (text: string): Promise<number> => (await client.send('GET', `${BALANCERS}?${text}`)).status;
    const bad = [
      'limit=abc',
      'limit=1.5',
      'limit=1e9',
      'sort_key=nothing',
      'sort_key=__proto__',
      'sort_key=generation',
      'sort=name:up',
      'sort=constructor:asc',
      'marker=nothing',
      'marker=%00',
      'nothing=1',
      '__proto__=1',
      'constructor=1',
      'toString=1',
      'generation=1',
      'admin_state_up=perhaps',
      'listeners=a',
    ];
    for (const text of bad) assert.equal(await query(text), 400, text);
    const good = [
      'limit=-1',
      'limit=0',
      'limit=999999999',
      'limit=99999999999999999999',
      'fields=__proto__',
      'fields=id&fields=name',
      'sort=name:desc,id',
      'name=%00',
      'name=%ED%A0%80',
      `name=${'x'.repeat(5000)}`,
      'tags=a,b&not-tags=c',
      'page_reverse=true',
      'id=not-a-uuid',
      'project_id=%27',
      '&&&',
      'name',
      'limit=1&limit=2',
    ];
    for (const text of good) assert.equal(await query(text), 200, text);
    const { subnet } = await parents.subnet('10.94.0.0/24');
    const pool = await parents.pool(await parents.balancer(subnet));
    assert.equal(await query(`marker=${pool}`), 400);
    assert.equal(await query(`fields=id&name=${'a&name='.repeat(1500)}`), 200);
  });

  test('tokens', async () => {
    const other = new HostileClient(cloud.port);
    await other.logIn(password);
    const tokens = [
      '',
      ' ',
      'x',
      other.token.slice(0, -1),
      other.token.slice(0, 20),
      `${other.token}A`,
      other.token.toLowerCase(),
      'a'.repeat(8000),
      '../../etc/passwd',
      'eyJhbGciOiJub25lIn0.e30.',
      other.token.split('').toReversed().join(''),
    ];
    for (const token of tokens) {
      for (const path of [BALANCERS, '/network/v2.0/networks', '/identity/v3/auth/catalog']) {
        const { status, body } = await client.send('GET', path, undefined, { headers: { 'X-Auth-Token': token } });
        assert.equal(status, 401, `${path} ${token.slice(0, 50)} ${JSON.stringify(body)}`);
      }
    }
    assert.equal((await other.send('DELETE', '/identity/v3/auth/tokens', undefined, { headers: { 'X-Subject-Token': other.token } })).status, 204);
    assert.equal((await other.send('GET', BALANCERS)).status, 401);
    await alive();
  });

  test('guesses at passwords are limited, and nobody else waits for it', async () => {
    const guesses = Promise.all(Array.from({ length: 60 }, (_, index) => client.logInAs('nobody', `guess ${index}`, '127.0.0.9')));
    const [first] = await Promise.all([client.logInAs('admin', password), alive()]);
    assert.equal(first.status, 201);
    const statuses = (await guesses).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set([401, 429]));
    assert.ok(statuses.filter((status) => status === 401).length <= 10);
    assert.equal((await client.logInAs('admin', password)).status, 201);
  });
});

describe('many at once', () => {
  const statusesOf = (answers: readonly Answer[]): Record<string, number> =>
    Object.fromEntries(Object.entries(Object.groupBy(answers, ({ status }) => String(status))).map(([status, some]) => [status, some?.length ?? 0]));

  test('no address is given twice, and none is lost', async () => {
    const { network, subnet } = await parents.subnet('10.93.0.0/28');
    const create = (): Promise<Answer> => client.send('POST', BALANCERS, { loadbalancer: { vip_subnet_id: subnet } });
    const answers = await Promise.all(Array.from({ length: 200 }, create));
    assert.deepEqual(statusesOf(answers), { 201: 13, 409: 187 });
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => (body as { loadbalancer: { id: string; vip_address: string } }).loadbalancer);
    assert.equal(new Set(made.map(({ vip_address }) => vip_address)).size, 13);
    await Promise.all(made.map(({ id }) => client.send('DELETE', `${BALANCERS}/${id}`)));
    for (const { id } of made) await gone(client, id);
    const { body } = await client.send('GET', `/network/v2.0/ports?network_id=${network}`);
    assert.deepEqual((body as { ports: unknown[] }).ports, []);
    assert.equal((await create()).status, 201);
  });

  test("a port is a listener's once", async () => {
    const { subnet } = await parents.subnet('10.92.0.0/24');
    const loadbalancer_id = await parents.balancer(subnet);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.send('POST', `${LBAAS}/listeners`, { listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id } })),
    );
    assert.deepEqual(statusesOf(answers), { 201: 1, 409: 49 });
    await active(client, loadbalancer_id);
  });

  test('a storm of every kind of write on one balancer ends with it ACTIVE and whole', async () => {
    const { subnet } = await parents.subnet('10.91.0.0/24');
    const balancer = await parents.balancer(subnet);
    const listener = await parents.make(`${LBAAS}/listeners`, 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer });
    const pool = await parents.make(`${LBAAS}/pools`, 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener });
    const members = `${LBAAS}/pools/${pool}/members`;
    const writes: ((turn: number) => Promise<Answer>)[] = [
      (turn) =>
        client.send('PUT', members, {
          members: Array.from({ length: turn % 7 }, (_, index) => ({ address: `192.0.2.${index + 1}`, protocol_port: 80, weight: turn % 257 })),
        }),
      (turn) => client.send('POST', members, { member: { address: `192.0.2.${(turn % 5) + 1}`, protocol_port: 80 } }),
      async () => client.send('DELETE', `${members}/${await anyOf(members)}`),
      async (turn) => client.send('PUT', `${members}/${await anyOf(members)}`, { member: { weight: turn % 257, admin_state_up: turn % 2 === 0 } }),
      (turn) => client.send('PUT', `${LBAAS}/listeners/${listener}`, { listener: { connection_limit: turn, default_pool_id: turn % 3 === 0 ? null : pool } }),
      (turn) => client.send('POST', `${LBAAS}/listeners`, { listener: { protocol: 'TCP', protocol_port: 1000 + (turn % 3), loadbalancer_id: balancer } }),
      async () => client.send('DELETE', `${LBAAS}/listeners/${await anyOf(`${LBAAS}/listeners`, 'protocol=TCP&')}`),
      () => client.send('POST', `${LBAAS}/healthmonitors`, { healthmonitor: { pool_id: pool, type: 'TCP', delay: 1, timeout: 1, max_retries: 1 } }),
      async () => client.send('DELETE', `${LBAAS}/healthmonitors/${await anyOf(`${LBAAS}/healthmonitors`)}`),
      (turn) => client.send('PUT', `${LBAAS}/pools/${pool}`, { pool: { lb_algorithm: turn % 2 === 0 ? 'SOURCE_IP' : 'LEAST_CONNECTIONS' } }),
      () => client.send('DELETE', `${BALANCERS}/${balancer}`),
    ];
    const answers = await Promise.all(Array.from({ length: 400 }, (_, turn) => (writes[turn % writes.length] as (typeof writes)[number])(turn)));
    for (const { status, body } of answers)
      assert.ok([200, 201, 202, 204, 404, 409].includes(status) || JSON.stringify(body).includes('has children'), `${status} ${JSON.stringify(body)}`);
    await active(client, balancer);
    const { body } = await client.send('GET', members);
    for (const member of (body as { members: Json[] }).members) assert.equal(member['provisioning_status'], 'ACTIVE');
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(client, balancer);
  });

  async function anyOf(path: string, filter = ''): Promise<string> {
    const { body } = await client.send('GET', `${path}?${filter}limit=1`);
    return (Object.values(body as Record<string, { id: string }[]>)[0] ?? [])[0]?.id ?? 'none';
  }
});

describe('the end of the server', () => {
  test('answers what it took, refuses the rest, and ends', async () => {
    const seen = new Set<number | string>();
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      while (!end.signal.aborted)
        seen.add(
          await client.send('POST', '/network/v2.0/networks', { network: {} }).then(
            ({ status }) => status,
            (error: NodeJS.ErrnoException) => error.code ?? error.message,
          ),
        );
    };
    const asking = Array.from({ length: 8 }, ask);
    await pause(200);
    await cloud.end('SIGTERM');
    end.abort();
    await Promise.all(asking);
    assert.deepEqual(
      [...seen].filter((one) => ![201, 503, 'ECONNREFUSED', 'ECONNRESET'].includes(one)),
      [],
    );
    await cloud.serve();
    await alive();
  });

  test('nothing of all this was an error of its own', () => assertNoErrors(cloud));
});
