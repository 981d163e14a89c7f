/** A hostile client against a running server: never a 5xx that is ours, never anything half-written, never a word of it in a configuration. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Field } from '../src/model/resource.ts';
import { type Answer, HostileClient } from './hostile-client.fixture.ts';
import { Parents, type Target, targets } from './hostile-targets.fixture.ts';
import { NASTY_STRINGS, PLAUSIBLE, WRONG_TYPES } from './nasty-values.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const LBAAS = '/load-balancer/v2.0/lbaas';
const BALANCERS = `${LBAAS}/loadbalancers`;
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

type Json = Record<string, unknown>;

function refusedOrDone({ status, body }: Answer, what: string): boolean {
  assert.ok([200, 201, 202, 204, 400, 403, 404, 409, 413, 501].includes(status), `${what}: ${status} ${JSON.stringify(body).slice(0, 500)}`);
  return status < 300;
}

const alive = async (): Promise<void> => assert.equal((await client.send('GET', `${BALANCERS}?limit=1`)).status, 200);

/** What was accepted is shown as it was sent, or as its type normalises it. */
function shownAsSent(field: Field, value: unknown, shown: unknown, what: string): void {
  if (field.place !== 'stored' || value === null) return;
  assert.deepEqual(shown, field.type.parse(value), what);
  if (field.type.name === 'string' && field.type.storage === 'text') assert.equal(shown, value, what);
}

async function spoil({ resource, path, body }: Target, name: string, value: unknown): Promise<void> {
  const field = resource.fields[name] as Field;
  const what = `${resource.name}.${name} = ${JSON.stringify(value)?.slice(0, 100)}`;
  const created = await client.send('POST', path, { [resource.name]: { ...(await body()), [name]: value } });
  if (!refusedOrDone(created, `POST ${what}`)) return;
  const row = (created.body as Record<string, Json>)[resource.name] ?? {};
  shownAsSent(field, value, row[name], `POST ${what}`);
  const single = `${path}/${String(row['id'])}`;
  const updated = await client.send('PUT', single, { [resource.name]: { [name]: value } });
  if (refusedOrDone(updated, `PUT ${what}`)) shownAsSent(field, value, (updated.body as Record<string, Json>)[resource.name]?.[name], `PUT ${what}`);
  const found = await client.send('GET', `${path}?${new URLSearchParams({ [name]: String(value) }).toString()}`.slice(0, 4000));
  refusedOrDone(found, `GET ?${what}`);
  refusedOrDone(await client.send('DELETE', single), `DELETE ${what}`);
}

describe('every attribute of every resource', () => {
  const RESOURCES = ['loadbalancer', 'listener', 'pool', 'member', 'healthmonitor', 'network', 'subnet', 'port'];
  let all: Target[];
  before(async () => {
    all = await targets(parents);
  });

  for (const name of RESOURCES) {
    test(`${name}: any value is taken as it is or refused`, async () => {
      const target = all.find(({ resource }) => resource.name === name) ?? assert.fail(name);
      const fields = Object.keys(target.resource.fields);
      const cases = fields.flatMap((field) => [...NASTY_STRINGS, ...WRONG_TYPES].map((value) => ({ field, value })));
      assert.ok(cases.length > 100);
      for (let from = 0; from < cases.length; from += 16) await Promise.all(cases.slice(from, from + 16).map(({ field, value }) => spoil(target, field, value)));
    });
  }

  test('attributes nobody declared, and envelopes that are none', async () => {
    for (const { resource, path } of all) {
      const bodies = ['__proto__', 'constructor', 'toString', '', 'generation', 'deleting', 'id'].map((key) => `{"${resource.name}":{"${key}":{"a":1}}}`);
      const envelopes = ['null', '[]', '1', '"a"', '{}', `{"${resource.name}":null}`, `{"${resource.name}":[]}`, `{"${resource.name}":{},"constructor":1}`, '{"__proto__":{}}'];
      for (const text of [...bodies, ...envelopes]) {
        const { status, body } = await client.text('POST', path, text);
        assert.equal(status, 400, `${path} ${text}: ${JSON.stringify(body)}`);
      }
    }
  });

  test('of a repeated key the last counts, and the prototype stays clean', async () => {
    const { subnet } = await parents.subnet('10.97.0.0/24');
    const { status, body } = await client.text('POST', BALANCERS, `{"loadbalancer":{"name":"a","vip_subnet_id":"${subnet}","name":"b"}}`);
    assert.deepEqual([status, (body as Record<string, Json>)['loadbalancer']?.['name']], [201, 'b']);
  });

  test('the batch of members takes no odd list', async () => {
    const { subnet } = await parents.subnet('10.96.0.0/24');
    const members = `${LBAAS}/pools/${await parents.pool(await parents.balancer(subnet))}/members`;
    const good = { address: '192.0.2.9', protocol_port: 80 };
    for (const list of [null, {}, 'a', [null], [[]], [1], [good, good], [good, { ...good, protocol_port: 0 }], [{ __proto__: 1 }], [{ ...good, id: 'x' }], [{ ...good, address: '169.254.169.254' }], Array.from({ length: 5000 }, () => null)]) {
      assert.equal((await client.send('PUT', members, { members: list })).status, 400, JSON.stringify(list)?.slice(0, 200));
    }
    assert.deepEqual((await client.send('GET', members)).body, { members: [], members_links: [] });
  });
});

describe('a configuration of HAProxy', () => {
  test('holds no word that a client chose', async () => {
    const { subnet } = await parents.subnet('10.95.0.0/24');
    const balancer = await parents.balancer(subnet, { provider: 'octavia' });
    const listener = await parents.make(`${LBAAS}/listeners`, 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer });
    const pool = await parents.make(`${LBAAS}/pools`, 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener });
    const member = await parents.make(`${LBAAS}/pools/${pool}/members`, 'member', { address: '10.95.0.200', protocol_port: 80 });
    await active(balancer);
    const plain = await proxyConfigs();
    assert.equal(plain.length, 1);
    const named = [['loadbalancers', 'loadbalancer', balancer], ['listeners', 'listener', listener], ['pools', 'pool', pool], [`pools/${pool}/members`, 'member', member]] as const;
    for (const name of NASTY_STRINGS) {
      for (const [path, kind, id] of named) {
        refusedOrDone(await client.send('PUT', `${LBAAS}/${path}/${id}`, { [kind]: { name, ...(kind === 'member' ? {} : { description: name }), tags: [name] } }), `${kind} ${name}`);
      }
    }
    await active(balancer);
    assert.deepEqual(await proxyConfigs(), plain);
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(balancer);
  });

  test('nor a network that one cannot live in', async () => {
    const destinations = ['0.0.0.0/0', '10.89.0.0/24', '10.89.0.0/25', '127.0.0.0/8', '224.0.0.0/4', '255.255.255.255/32', '0.0.0.0/8', '10.89.0.2/32', '10.0.0.0/8'];
    const nexthops = ['10.89.0.1', '10.89.0.2', '10.89.0.9', '192.0.2.1', '0.0.0.0', '255.255.255.255', '10.89.0.255', '10.89.0.0', '127.0.0.1'];
    for (const nexthop of nexthops) {
      for (const vip of ['10.89.0.2', '10.89.0.9']) {
        const { subnet } = await parents.subnet('10.89.0.0/24', { host_routes: destinations.map((destination) => ({ destination, nexthop })) });
        const { status, body } = await client.send('POST', BALANCERS, { loadbalancer: { vip_subnet_id: subnet, vip_address: vip, provider: 'octavia' } });
        assert.equal(status, 201, JSON.stringify(body));
        const { id } = (body as { loadbalancer: { id: string } }).loadbalancer;
        await active(id, () => `routes via ${nexthop}, VIP ${vip}`);
        assert.equal((await client.send('DELETE', `${BALANCERS}/${id}`)).status, 204);
        await gone(id);
      }
    }
  });

  test('can be made of whatever is accepted', async () => {
    const { subnet } = await parents.subnet('10.90.0.0/24');
    const balancer = await parents.balancer(subnet, { provider: 'octavia' });
    const listener = await parents.make(`${LBAAS}/listeners`, 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer });
    const pool = await parents.make(`${LBAAS}/pools`, 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener });
    const member = await parents.make(`${LBAAS}/pools/${pool}/members`, 'member', { address: '10.90.0.200', protocol_port: 80 });
    const monitor = await parents.make(`${LBAAS}/healthmonitors`, 'healthmonitor', { pool_id: pool, type: 'HTTP', delay: 5, timeout: 5, max_retries: 3 });
    const single: Record<string, string> = { listener: `listeners/${listener}`, pool: `pools/${pool}`, member: `pools/${pool}/members/${member}`, healthmonitor: `healthmonitors/${monitor}` };
    let accepted = 0;
    for (const { resource } of await targets(parents)) {
      const path = single[resource.name];
      const names = Object.keys(resource.fields).filter((name) => path && !['name', 'description', 'tags'].includes(name) && resource.fields[name]?.settable === 'always');
      for (const name of names) {
        for (const value of [...NASTY_STRINGS, ...WRONG_TYPES, ...PLAUSIBLE]) {
          const { status } = await client.send('PUT', `${LBAAS}/${path}`, { [resource.name]: { [name]: value } });
          if (status !== 200) continue;
          accepted += 1;
          await active(balancer, () => `${resource.name}.${name} = ${JSON.stringify(value)}`);
        }
        if (resource.fields[name]?.required !== true) await client.send('PUT', `${LBAAS}/${path}`, { [resource.name]: { [name]: null } });
      }
    }
    assert.ok(accepted > 50, `only ${accepted} values were accepted`);
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(balancer);
  });

  async function proxyConfigs(): Promise<string[]> {
    const run = join(cloud.directory, 'run', cloud.instance);
    return Promise.all((await readdir(run)).map((node) => readFile(join(run, node, 'haproxy.cfg'), 'utf8')));
  }
});

async function active(balancer: string, after = (): string => 'all this'): Promise<void> {
  const status = async (): Promise<Json> => ((await client.send('GET', `${BALANCERS}/${balancer}/status`)).body as { statuses: { loadbalancer: Json } }).statuses.loadbalancer;
  // A failed delivery is tried again soon, and a second one says why.
  await until('the balancer is ACTIVE', async () => (await status())['provisioning_status'] === 'ACTIVE', 10).catch(async () => {
    const { provisioning_status: state, status_reason: reason } = await status();
    assert.fail(`${String(state)} after ${after()}: ${String(reason)}`);
  });
}

async function gone(balancer: string): Promise<void> {
  await until('the balancer is gone', async () => (await client.send('GET', `${BALANCERS}/${balancer}`)).status === 404);
}

describe('HTTP', () => {
  test('bodies that are no JSON, nested too deep or too large', async () => {
    const deep = (inside: string): string => `${'['.repeat(100_000)}${inside}${']'.repeat(100_000)}`;
    for (const text of ['{', 'nonsense', '{"loadbalancer":', '\u0000', '{"loadbalancer":{"name":"\\ud8"}}', '['.repeat(100_000), deep('1'), `{"loadbalancer":{"name":${deep('')}}}`, `{"loadbalancer":${deep('')}}`]) {
      for (const path of [BALANCERS, '/network/v2.0/networks', '/identity/v3/auth/tokens']) assert.equal((await client.text('POST', path, text)).status, 400, `${path} ${text.slice(0, 60)}`);
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
      ['GET /load-balancer/ HTTP/1.1\r\nHost: a"><b>\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 200 (?![^]*<b>)/],
    ];
    for (const [head, expected] of heads) assert.match(await client.raw([head]), expected, head.slice(0, 80));
    await alive();
  });

  test('methods, content types and conditions nobody asked for', async () => {
    for (const path of ['/', '/load-balancer', BALANCERS, `${BALANCERS}/x`, '/network/v2.0/ports', '/identity/v3', '/identity/v3/auth/tokens', '/nothing']) {
      for (const method of ['HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY', 'LOCK']) {
        const { status } = await client.send(method, path);
        assert.ok(status < 500, `${method} ${path}: ${status}`);
      }
    }
    const types = ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', '', ';', 'application/json; charset=utf-16', 'a'.repeat(5000), '*/*', 'application/'];
    for (const type of types) {
      const { status } = await client.text('POST', BALANCERS, '{"loadbalancer":{}}', { headers: { 'Content-Type': type } });
      assert.ok([400, 415].includes(status), `${type.slice(0, 40)}: ${status}`);
    }
    for (const headers of [{ 'Content-Encoding': 'gzip' }, { Expect: '100-continue' }, { 'X-HTTP-Method-Override': 'DELETE' }, { 'If-None-Match': '*' }, { Range: 'bytes=0-0' }, { 'Accept-Version': '99' }, { Cookie: 'a='.repeat(2000) }]) {
      const { status } = await client.text('POST', BALANCERS, '{"loadbalancer":{}}', { headers: headers as Record<string, string> });
      assert.ok(status < 500, `${JSON.stringify(headers).slice(0, 60)}: ${status}`);
    }
    const pipelined = `GET /load-balancer/ HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(200);
    const said = await client.raw([pipelined, 'GET /load-balancer/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']);
    assert.equal(said.match(/HTTP\/1\.1 200 /g)?.length, 201);
    assert.match(await client.raw(['GET /load-balancer/ HTTP/1.0\r\n\r\n']), /^HTTP\/1\.1 200 /);
  });

  test('absurd addresses', async () => {
    const ids = ['%00', '%2e%2e', '%2e%2e%2f%2e%2e', '%ff%fe', '%', '%zz', '%E2%82', 'a'.repeat(10_000), '*', "';--", '%0d%0aX-Injected:1', '__proto__', 'constructor', 'null', '..', '.', '%F0%9F%A6%8A'];
    const paths = [BALANCERS, `${LBAAS}/listeners`, `${LBAAS}/pools`, `${LBAAS}/pools/%00/members`, '/network/v2.0/ports', '/identity/v3/users', '/identity/v3', '/load-balancer', ''];
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
    const bad = ['limit=abc', 'limit=1.5', 'limit=1e9', 'limit=99999999999999999999', 'sort_key=nothing', 'sort_key=__proto__', 'sort_key=generation', 'sort=name:up', 'sort=constructor:asc', 'marker=nothing', 'marker=%00', 'nothing=1', '__proto__=1', 'constructor=1', 'toString=1', 'generation=1', 'admin_state_up=perhaps', 'listeners=a'];
    for (const text of bad) assert.equal(await query(text), 400, text);
    const good = ['limit=-1', 'limit=0', 'limit=999999999', 'fields=__proto__', 'fields=id&fields=name', 'sort=name:desc,id', 'name=%00', 'name=%ED%A0%80', `name=${'x'.repeat(5000)}`, 'tags=a,b&not-tags=c', 'page_reverse=true', 'id=not-a-uuid', 'project_id=%27', '&&&', 'name', 'limit=1&limit=2'];
    for (const text of good) assert.equal(await query(text), 200, text);
    const { subnet } = await parents.subnet('10.94.0.0/24');
    const pool = await parents.pool(await parents.balancer(subnet));
    assert.equal(await query(`marker=${pool}`), 400);
    assert.equal(await query(`fields=id&name=${'a&name='.repeat(1500)}`), 200);
  });

  test('tokens', async () => {
    const other = new HostileClient(cloud.port);
    await other.logIn(password);
    const tokens = ['', ' ', 'x', other.token.slice(0, -1), other.token.slice(0, 20), `${other.token}A`, other.token.toLowerCase(), 'a'.repeat(8000), '../../etc/passwd', 'eyJhbGciOiJub25lIn0.e30.', other.token.split('').toReversed().join('')];
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
    assert.deepEqual([...new Set(statuses)].toSorted(), [401, 429]);
    assert.ok(statuses.filter((status) => status === 401).length <= 10);
    assert.equal((await client.logInAs('admin', password)).status, 201);
  });
});

describe('many at once', () => {
  const statusesOf = (answers: readonly Answer[]): Record<string, number> => Object.fromEntries(Object.entries(Object.groupBy(answers, ({ status }) => String(status))).map(([status, some]) => [status, some?.length ?? 0]));

  test('no address is given twice, and none is lost', async () => {
    const { network, subnet } = await parents.subnet('10.93.0.0/28');
    const create = (): Promise<Answer> => client.send('POST', BALANCERS, { loadbalancer: { vip_subnet_id: subnet } });
    const answers = await Promise.all(Array.from({ length: 200 }, create));
    assert.deepEqual(statusesOf(answers), { 201: 13, 409: 187 });
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => (body as { loadbalancer: { id: string; vip_address: string } }).loadbalancer);
    assert.equal(new Set(made.map(({ vip_address }) => vip_address)).size, 13);
    await Promise.all(made.map(({ id }) => client.send('DELETE', `${BALANCERS}/${id}`)));
    for (const { id } of made) await gone(id);
    const { body } = await client.send('GET', `/network/v2.0/ports?network_id=${network}`);
    assert.deepEqual((body as { ports: unknown[] }).ports, []);
    assert.equal((await create()).status, 201);
  });

  test('a port is a listener\'s once', async () => {
    const { subnet } = await parents.subnet('10.92.0.0/24');
    const loadbalancer_id = await parents.balancer(subnet);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.send('POST', `${LBAAS}/listeners`, { listener: { protocol: 'HTTP', protocol_port: 80, loadbalancer_id } })));
    assert.deepEqual(statusesOf(answers), { 201: 1, 409: 49 });
    await active(loadbalancer_id);
  });

  test('a storm of every kind of write on one balancer ends with it ACTIVE and whole', async () => {
    const { subnet } = await parents.subnet('10.91.0.0/24');
    const balancer = await parents.balancer(subnet);
    const listener = await parents.make(`${LBAAS}/listeners`, 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer });
    const pool = await parents.make(`${LBAAS}/pools`, 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener });
    const members = `${LBAAS}/pools/${pool}/members`;
    const writes: ((turn: number) => Promise<Answer>)[] = [
      (turn) => client.send('PUT', members, { members: Array.from({ length: turn % 7 }, (_, index) => ({ address: `192.0.2.${index + 1}`, protocol_port: 80, weight: turn % 257 })) }),
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
    for (const { status, body } of answers) assert.ok([200, 201, 202, 204, 404, 409].includes(status) || JSON.stringify(body).includes('has children'), `${status} ${JSON.stringify(body)}`);
    await active(balancer);
    const { body } = await client.send('GET', members);
    for (const member of (body as { members: Json[] }).members) assert.equal(member['provisioning_status'], 'ACTIVE');
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(balancer);
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
      while (!end.signal.aborted) seen.add(await client.send('POST', '/network/v2.0/networks', { network: {} }).then(({ status }) => status, (error: NodeJS.ErrnoException) => error.code ?? error.message));
    };
    const asking = Array.from({ length: 8 }, ask);
    await pause(200);
    await cloud.end('SIGTERM');
    end.abort();
    await Promise.all(asking);
    assert.deepEqual([...seen].filter((one) => ![201, 503, 'ECONNREFUSED', 'ECONNRESET'].includes(one)), []);
    await cloud.serve();
    await alive();
  });

  test('nothing of all this was an error of its own', async () => {
    const log = await readFile(join(cloud.directory, 'server.log'), 'utf8');
    assert.deepEqual(log.split('\n').filter((line) => /"level":[56]0/.test(line)), []);
  });
});
