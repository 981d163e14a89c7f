/** A hostile client: whatever the value of an attribute, never a 5xx that is ours, never a word of it in a configuration. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Field } from '../src/model/resource.ts';
import { HostileClient } from './hostile-client.fixture.ts';
import { Parents, type Target, targets } from './hostile-targets.fixture.ts';
import { BALANCERS, type Json, LBAAS, active, assertNoErrors, gone, refusedOrDone } from './hostile.fixture.ts';
import { NASTY_STRINGS, PLAUSIBLE, WRONG_TYPES } from './nasty-values.fixture.ts';
import { Playground } from './playground.fixture.ts';

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
      for (let from = 0; from < cases.length; from += 16)
        await Promise.all(cases.slice(from, from + 16).map(({ field, value }) => spoil(target, field, value)));
    });
  }

  test('attributes nobody declared, and envelopes that are none', async () => {
    for (const { resource, path } of all) {
      const bodies = ['__proto__', 'constructor', 'toString', '', 'generation', 'deleting', 'id'].map((key) => `{"${resource.name}":{"${key}":{"a":1}}}`);
      const envelopes = [
        'null',
        '[]',
        '1',
        '"a"',
        '{}',
        `{"${resource.name}":null}`,
        `{"${resource.name}":[]}`,
        `{"${resource.name}":{},"constructor":1}`,
        '{"__proto__":{}}',
      ];
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
    for (const list of [
      null,
      {},
      'a',
      [null],
      [[]],
      [1],
      [good, good],
      [good, { ...good, protocol_port: 0 }],
      [{ __proto__: 1 }],
      [{ ...good, id: 'x' }],
      [{ ...good, address: '169.254.169.254' }],
      Array.from({ length: 5000 }, () => null),
    ]) {
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
    await active(client, balancer);
    const plain = await proxyConfigs();
    assert.equal(plain.length, 1);
    const named = [
      ['loadbalancers', 'loadbalancer', balancer],
      ['listeners', 'listener', listener],
      ['pools', 'pool', pool],
      [`pools/${pool}/members`, 'member', member],
    ] as const;
    for (const name of NASTY_STRINGS) {
      for (const [path, kind, id] of named) {
        refusedOrDone(
          await client.send('PUT', `${LBAAS}/${path}/${id}`, { [kind]: { name, ...(kind === 'member' ? {} : { description: name }), tags: [name] } }),
          `${kind} ${name}`,
        );
      }
    }
    await active(client, balancer);
    assert.deepEqual(await proxyConfigs(), plain);
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(client, balancer);
  });

  test('nor a network that one cannot live in', async () => {
    const destinations = [
      '0.0.0.0/0',
      '10.89.0.0/24',
      '10.89.0.0/25',
      '127.0.0.0/8',
      '224.0.0.0/4',
      '255.255.255.255/32',
      '0.0.0.0/8',
      '10.89.0.2/32',
      '10.0.0.0/8',
    ];
    const nexthops = ['10.89.0.1', '10.89.0.2', '10.89.0.9', '192.0.2.1', '0.0.0.0', '255.255.255.255', '10.89.0.255', '10.89.0.0', '127.0.0.1'];
    for (const nexthop of nexthops) {
      for (const vip of ['10.89.0.2', '10.89.0.9']) {
        const { subnet } = await parents.subnet('10.89.0.0/24', { host_routes: destinations.map((destination) => ({ destination, nexthop })) });
        const { status, body } = await client.send('POST', BALANCERS, { loadbalancer: { vip_subnet_id: subnet, vip_address: vip, provider: 'octavia' } });
        assert.equal(status, 201, JSON.stringify(body));
        const { id } = (body as { loadbalancer: { id: string } }).loadbalancer;
        await active(client, id, () => `routes via ${nexthop}, VIP ${vip}`);
        assert.equal((await client.send('DELETE', `${BALANCERS}/${id}`)).status, 204);
        await gone(client, id);
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
    const single: Record<string, string> = {
      listener: `listeners/${listener}`,
      pool: `pools/${pool}`,
      member: `pools/${pool}/members/${member}`,
      healthmonitor: `healthmonitors/${monitor}`,
    };
    let accepted = 0;
    for (const { resource } of await targets(parents)) {
      const path = single[resource.name];
      const names = Object.keys(resource.fields).filter(
        (name) => path && !['name', 'description', 'tags'].includes(name) && resource.fields[name]?.settable === 'always',
      );
      for (const name of names) {
        for (const value of [...NASTY_STRINGS, ...WRONG_TYPES, ...PLAUSIBLE]) {
          const { status } = await client.send('PUT', `${LBAAS}/${path}`, { [resource.name]: { [name]: value } });
          if (status !== 200) continue;
          accepted += 1;
          await active(client, balancer, () => `${resource.name}.${name} = ${JSON.stringify(value)}`);
        }
        if (resource.fields[name]?.required !== true) await client.send('PUT', `${LBAAS}/${path}`, { [resource.name]: { [name]: null } });
      }
    }
    assert.ok(accepted > 50, `only ${accepted} values were accepted`);
    assert.equal((await client.send('DELETE', `${BALANCERS}/${balancer}?cascade=true`)).status, 204);
    await gone(client, balancer);
  });

  async function proxyConfigs(): Promise<string[]> {
    const run = join(cloud.directory, 'run', cloud.instance);
    return Promise.all((await readdir(run)).map((node) => readFile(join(run, node, 'haproxy.cfg'), 'utf8')));
  }
});

test('nothing of all this was an error of its own', () => assertNoErrors(cloud));
