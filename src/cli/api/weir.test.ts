/** Every noun and verb of the API, run as a person runs them, against a server with the noop provider. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Site, startSite } from './weir.fixture.ts';
import { NOUN_COMMANDS } from './verbs.ts';

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly [attribute: string]: unknown;
}

describe('weir and the API', { concurrency: false }, () => {
  let site: Site;
  const ran = new Set<string>();
  before(async () => {
    site = await startSite();
  });
  after(() => site.stop());

  /** Notes which verbs have been run. */
  const note = (words: readonly string[]): void => void ran.add(words.slice(0, 2).join(' '));
  const ok = (...words: string[]): Promise<string> => (note(words), site.ok(...words));
  const json = <T = Thing>(...words: string[]): Promise<T> => (note(words), site.json<T>(...words));
  const fails = (code: number, said: RegExp, ...words: string[]): Promise<void> => site.fails(code, said, ...words);

  test('a load balancer is made, seen, changed and found by name or id', async () => {
    const made = await json('loadbalancer', 'create', '--name', 'lb', '--vip-subnet-id', 'private-subnet', '--tag', 'a', '--tag', 'b', '--wait');
    assert.deepEqual([made['provisioning_status'], made['tags'], made['provider']], ['ACTIVE', ['a', 'b'], 'noop']);
    const shown = await json('loadbalancer', 'show', 'lb');
    assert.deepEqual(shown, await json('loadbalancer', 'show', made.id));
    assert.match(await ok('loadbalancer', 'list'), /^\+-.*\| id +\| name \| project_id/s);
    assert.equal(await ok('loadbalancer', 'list', '-f', 'value', '-c', 'name', '-c', 'vip_vnic_type'), 'lb normal\n');
    assert.equal(await ok('loadbalancer', 'set', 'lb', '--description', 'mine', '--tag', 'c', '--disable', '--wait'), '');
    const changed = await json('loadbalancer', 'show', 'lb');
    assert.deepEqual([changed['description'], changed['tags'], changed['admin_state_up']], ['mine', ['a', 'b', 'c'], false]);
    await ok('loadbalancer', 'unset', 'lb', '--description', '--tag', 'a', '--wait');
    await ok('loadbalancer', 'set', 'lb', '--enable', '--no-tag', '--tag', 'z', '--wait');
    const again = await json('loadbalancer', 'show', 'lb');
    assert.deepEqual([again['description'], again['tags'], again['admin_state_up']], ['', ['z'], true]);
  });

  test('a listener, a pool, members and a monitor', async () => {
    const words = ['--protocol', 'http', '--protocol-port', '80', '--insert-headers', 'X-Forwarded-For=true', '--allowed-cidr', '192.168.1.0/24'];
    const listener = await json('listener', 'create', 'lb', '--name', 'web', ...words, '--wait');
    assert.deepEqual([listener['insert_headers'], listener['allowed_cidrs']], [{ 'X-Forwarded-For': 'true' }, ['192.168.1.0/24']]);
    const persistence = ['--session-persistence', 'type=APP_COOKIE,cookie_name=sid'];
    const pool = await json(
      'pool',
      'create',
      '--name',
      'servers',
      '--listener',
      'web',
      '--protocol',
      'HTTP',
      '--lb-algorithm',
      'ROUND_ROBIN',
      ...persistence,
      '--wait',
    );
    assert.deepEqual(pool['listeners'], [{ id: listener.id }]);
    const one = ['--address', '192.168.1.10', '--protocol-port', '8080', '--subnet-id', 'private-subnet', '--weight', '3'];
    const member = await json('member', 'create', 'servers', '--name', 'web1', ...one, '--enable-backup', '--wait');
    assert.deepEqual([member['weight'], member['backup'], member['operating_status']], [3, true, 'NO_MONITOR']);
    await ok('member', 'set', 'servers', 'web1', '--weight', '5', '--no-backup', '--wait');
    await ok('member', 'unset', 'servers', 'web1', '--weight', '--wait');
    const shown = await json('member', 'show', 'servers', 'web1');
    assert.deepEqual([shown['weight'], shown['backup']], [1, false]);
    assert.equal((await json<Thing[]>('member', 'list', 'servers'))[0]?.['address'], '192.168.1.10');
    const http = ['--http-version', '1.1', '--domain-name', 'a.example', '--url-path', '/up'];
    const checks = ['--type', 'HTTP', '--delay', '5', '--timeout', '3', '--max-retries', '2'];
    const monitor = await json('healthmonitor', 'create', 'servers', '--name', 'check', ...checks, ...http, '--wait');
    assert.deepEqual([monitor['http_version'], monitor['pools']], [1.1, [{ id: pool.id }]]);
    await ok('healthmonitor', 'set', 'check', '--delay', '7');
    await ok('healthmonitor', 'unset', 'check', '--url-path', '--wait');
    assert.equal((await json('healthmonitor', 'show', 'check'))['delay'], 7);
    assert.equal((await json<Thing[]>('healthmonitor', 'list', '--pool', 'servers')).length, 1);
    await ok('listener', 'set', 'web', '--connection-limit', '100', '--wait');
    await ok('listener', 'unset', 'web', '--allowed-cidrs', '--connection-limit', '--wait');
    assert.deepEqual((await json('listener', 'show', 'web'))['connection_limit'], -1);
    await ok('pool', 'set', 'servers', '--lb-algorithm', 'source_ip', '--wait');
    await ok('pool', 'unset', 'servers', '--session-persistence', '--wait');
    assert.equal((await json('pool', 'show', 'servers'))['session_persistence'], null);
    assert.equal((await json<Thing[]>('pool', 'list', '--loadbalancer', 'lb')).length, 1);
    assert.equal((await json<Thing[]>('listener', 'list', '--loadbalancer', 'lb', '--enable')).length, 1);
  });

  test('policies and rules', async () => {
    const target = ['--action', 'redirect_to_pool', '--redirect-pool', 'servers'];
    const policy = await json('l7policy', 'create', 'web', '--name', 'images', ...target, '--position', '1', '--wait');
    assert.equal(policy['position'], 1);
    await ok('l7policy', 'set', 'images', '--description', 'pictures', '--wait');
    await ok('l7policy', 'unset', 'images', '--description', '--wait');
    assert.equal((await json('l7policy', 'show', 'images'))['description'], '');
    assert.equal((await json<Thing[]>('l7policy', 'list', '--listener', 'web')).length, 1);
    const rule = await json('l7rule', 'create', 'images', '--type', 'path', '--compare-type', 'starts_with', '--value', '/img', '--invert', '--wait');
    assert.equal(rule['invert'], true);
    await ok('l7rule', 'set', 'images', rule.id, '--value', '/pictures', '--wait');
    await ok('l7rule', 'unset', 'images', rule.id, '--invert', '--wait');
    const shown = await json('l7rule', 'show', 'images', rule.id);
    assert.deepEqual([shown['value'], shown['invert']], ['/pictures', false]);
    assert.equal((await json<Thing[]>('l7rule', 'list', 'images')).length, 1);
    assert.equal(await ok('l7rule', 'delete', 'images', rule.id, '--wait'), '');
    await ok('l7policy', 'delete', 'images', '--wait');
  });

  test('statuses, counters, failover and an end to waiting', async () => {
    const tree = JSON.parse(await ok('loadbalancer', 'status', 'show', 'lb')) as { loadbalancer: { listeners: Thing[] } };
    assert.equal(tree.loadbalancer.listeners[0]?.name, 'web');
    assert.equal(await ok('loadbalancer', 'status', 'lb'), await ok('loadbalancer', 'status', 'show', 'lb'));
    assert.match(await ok('loadbalancer', 'status', 'lb', '-f', 'yaml'), /^loadbalancer:\n/);
    assert.equal((await json('loadbalancer', 'stats', 'show', 'lb'))['bytes_in'], 0);
    assert.equal((await json('listener', 'stats', 'web'))['total_connections'], 0);
    await ok('loadbalancer', 'failover', 'lb', '--wait');
    await ok('loadbalancer', 'reset-state', 'lb');
  });

  test('amphorae', async () => {
    await ok('loadbalancer', 'set', 'lb', '--description', 'settled', '--wait');
    const [amphora] = await json<Thing[]>('amphora', 'list', '--loadbalancer', 'lb');
    assert.ok(amphora);
    assert.equal((await json('amphora', 'show', amphora.id))['status'], 'ALLOCATED');
    await ok('amphora', 'configure', amphora.id, '--wait');
    await ok('amphora', 'failover', amphora.id, '--wait');
    const [next] = await json<Thing[]>('amphora', 'list', '--long');
    assert.notEqual(next?.id, amphora.id);
    await fails(1, /Amphora stats for .* not found/, 'amphora', 'stats', next?.id ?? '');
    await fails(1, /is immutable/, 'amphora', 'delete', next?.id ?? '');
    for (const verb of ['stats', 'delete']) note(['amphora', verb]);
  });

  test('flavors and availability zones, with their profiles', async () => {
    const data = '{"loadbalancer_topology": "SINGLE"}';
    await json('flavorprofile', 'create', '--name', 'single', '--provider', 'noop', '--flavor-data', data);
    await ok('flavorprofile', 'set', 'single', '--name', 'alone');
    assert.equal((await json('flavorprofile', 'show', 'alone'))['flavor_data'], data);
    const flavor = await json('flavor', 'create', '--name', 'gold', '--flavorprofile', 'alone', '--description', 'shines', '--enable');
    assert.equal(flavor['enabled'], true);
    await ok('flavor', 'set', 'gold', '--disable');
    await ok('flavor', 'unset', 'gold', '--description');
    assert.equal((await json<Thing[]>('flavor', 'list', '--disable'))[0]?.name, 'gold');
    assert.equal((await json('flavor', 'show', 'gold'))['enabled'], false);
    await fails(1, /is in use/, 'flavorprofile', 'delete', 'alone');
    await ok('flavor', 'delete', 'gold');
    await ok('flavorprofile', 'delete', 'alone');
    assert.deepEqual(await json('flavorprofile', 'list'), []);

    await json('availabilityzoneprofile', 'create', '--name', 'site', '--provider', 'noop', '--availability-zone-data', '{"compute_zone": "z"}');
    await ok('availabilityzoneprofile', 'set', 'site', '--availabilityzone-data', '{}');
    assert.equal((await json('availabilityzoneprofile', 'show', 'site'))['availability_zone_data'], '{}');
    await json('availabilityzone', 'create', '--name', 'north / east', '--availabilityzoneprofile', 'site');
    await ok('availabilityzone', 'set', 'north / east', '--description', 'far', '--disable');
    await ok('availabilityzone', 'unset', 'north / east', '--description');
    assert.equal((await json('availabilityzone', 'show', 'north / east'))['enabled'], false);
    assert.equal(await ok('availabilityzone', 'list', '-f', 'value', '-c', 'name'), 'north / east\n');
    await ok('availabilityzone', 'delete', 'north / east');
    await ok('availabilityzoneprofile', 'delete', 'site');
    assert.deepEqual(await json('availabilityzoneprofile', 'list'), []);
  });

  test('hosts', async () => {
    const made = await json('host', 'create', '--name', 'rack-1', '--zone', 'plant-7');
    assert.match(String(made['join_token']), /^weir1\./);
    const listed = await json<Record<string, unknown>[]>('host', 'list', '--status', 'INVITED');
    assert.deepEqual(
      listed.map(({ name, zone, nodes }) => [name, zone, nodes]),
      [['rack-1', 'plant-7', 0]],
    );
    await ok('host', 'set', 'rack-1', '--disable', '--description', 'the first');
    await ok('host', 'unset', 'rack-1', '--zone');
    const shown = await json('host', 'show', 'rack-1');
    assert.deepEqual([shown['enabled'], shown['description'], shown['zone'], shown['join_token']], [false, 'the first', null, undefined]);
    const again = await json('host', 'invite', 'rack-1');
    assert.match(String(again['join_token']), /^weir1\./);
    assert.notEqual(again['join_token'], made['join_token']);
    await ok('host', 'delete', 'rack-1');
    await fails(1, /There is no Host named rack-1/, 'host', 'show', 'rack-1');
  });

  test('quotas and providers', async () => {
    assert.equal((await json('quota', 'defaults', 'show'))['pool'], -1);
    assert.equal((await json('quota', 'set', 'iot', '--pool', '7', '--l7rule', '-1'))['pool'], 7);
    assert.equal((await json('quota', 'show', 'iot'))['pool'], 7);
    assert.equal((await json<Thing[]>('quota', 'list'))[0]?.['pool'], 7);
    assert.equal((await json('quota', 'unset', 'iot', '--pool'))['pool'], -1);
    await ok('quota', 'reset', 'iot');
    assert.deepEqual(await json('quota', 'list'), []);
    assert.deepEqual(await json('provider', 'list', '-c', 'name', '--sort-column', 'name'), [{ name: 'noop' }, { name: 'octavia' }]);
    const zones = await json<Thing[]>('provider', 'capability', 'list', 'noop', '--availability-zone', '--sort-column', 'name', '--sort-descending');
    assert.deepEqual([zones[0]?.['type'], zones[0]?.name], ['availability_zone', 'volume_zone']);
  });

  test('a list goes over pages, is ordered, filtered and cut', async () => {
    const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
    for (const name of names)
      await site.ok('pool', 'create', '--loadbalancer', 'lb', '--name', name, '--protocol', 'TCP', '--lb-algorithm', 'ROUND_ROBIN', '--tag', name);
    const named = async (...words: string[]): Promise<string[]> =>
      (await site.ok('pool', 'list', '--protocol', 'TCP', '-f', 'value', '-c', 'name', ...words)).trim().split('\n');
    // Made within one second, they come in the order of their ids.
    assert.deepEqual((await named()).toSorted(), names);
    assert.deepEqual(await named('--all-projects', '--sort-column', 'name', '--sort-descending'), names.toReversed());
    assert.deepEqual(await named('--limit', '2', '--sort-column', 'name'), names.slice(0, 2));
    assert.deepEqual((await named('--limit', '6')).toSorted(), names);
    assert.deepEqual(await named('--name', 'n2', '--name', 'n3', '--sort-column', 'name'), ['n2', 'n3']);
    assert.deepEqual(await named('--any-tags', 'n1,n6', '--sort-column', 'listeners', '--sort-column', 'name'), ['n1', 'n6']);
    assert.deepEqual(await named('--project', 'iot'), ['']);
    await fails(2, /exclude each other/, 'pool', 'list', '--project', 'iot', '--all-projects');
    await fails(2, /--limit x/, 'pool', 'list', '--limit', 'x');
    await fails(2, /no such column/, 'pool', 'list', '--sort-column', 'nope');
  });

  test('a name that two have is refused, with their ids', async () => {
    await site.ok('pool', 'create', '--loadbalancer', 'lb', '--name', 'n1', '--protocol', 'TCP', '--lb-algorithm', 'ROUND_ROBIN');
    await fails(1, /2 are named n1 \(Pool\)\n( {2}[0-9a-f-]{36}\n){2} {2}What to do/, 'pool', 'show', 'n1');
    await fails(1, /There is no Pool named nope/, 'pool', 'delete', 'nope');
    await fails(1, /There is no Subnet named nope/, 'loadbalancer', 'create', '--vip-subnet-id', 'nope');
  });

  test('a rehearsal shows the plan and changes nothing', async () => {
    const before = await site.json('member', 'show', 'servers', 'web1');
    const text = await site.ok('member', 'set', 'servers', 'web1', '--weight', '9', '--dry-run');
    assert.match(text, /^Nothing has been changed.*update member .*\n {4}weight: 1 → 9\n.*\(noop\) of load balancer .*: runtime\n {4}runtime +change-server/s);
    const plan = await site.json<{ nodes: { cost: string }[] }>('listener', 'create', 'lb', '--protocol', 'TCP', '--protocol-port', '99', '--dry-run');
    assert.equal(plan.nodes[0]?.cost, 'reload');
    for (const words of [
      ['loadbalancer', 'failover', 'lb'],
      ['loadbalancer', 'delete', 'lb', '--cascade'],
      ['pool', 'delete', 'servers'],
      ['quota', 'set', 'iot', '--pool', '1'],
    ])
      assert.match(await site.ok(...words, '--dry-run'), /^Nothing has been changed/);
    assert.deepEqual(await site.json('member', 'show', 'servers', 'web1'), before);
    await fails(1, /already using/, 'listener', 'create', 'lb', '--protocol', 'HTTP', '--protocol-port', '80', '--dry-run');
  });

  test('--if-match refuses what has changed meanwhile', async () => {
    const etag = (await site.ok('pool', 'show', 'servers', '--etag')).trim();
    assert.match(etag, /^W\/"/);
    await site.ok('pool', 'set', 'servers', '--description', 'once', '--if-match', etag, '--wait');
    await fails(1, /The object has changed since it was read/, 'pool', 'set', 'servers', '--description', 'twice', '--if-match', etag);
    await fails(1, /has changed since/, 'pool', 'set', 'servers', '--tag', 'x', '--if-match', etag);
    await fails(1, /has changed since/, 'pool', 'delete', 'servers', '--if-match', etag);
  });

  test('the server’s refusals are told in its words, with the request’s number', async () => {
    await fails(
      1,
      /^Error: Another Listener .*\n {2}POST \/load-balancer\/v2.0\/lbaas\/listeners: 409 Conflict\n {2}request req-[0-9a-f-]+\n$/s,
      'listener',
      'create',
      'lb',
      '--protocol',
      'HTTP',
      '--protocol-port',
      '80',
    );
    await fails(1, /Load Balancer 00000000-0000-0000-0000-000000000001 not found/, 'loadbalancer', 'show', '00000000-0000-0000-0000-000000000001');
    await fails(1, /Wrong type. Expected '<integer>'/, 'member', 'list', 'servers', '--weight', 'many');
    await fails(1, /Invalid input for field\/attribute weight. Value: 'many'/, 'member', 'set', 'servers', 'web1', '--weight', 'many');
    await fails(1, /it has children/, 'loadbalancer', 'delete', 'lb');
    await fails(1, /Pool 00000000-0000-0000-0000-000000000002 not found/, 'member', 'list', '00000000-0000-0000-0000-000000000002');
  });

  test('sites and gateways', async () => {
    assert.equal((await json('site', 'create', '--name', 'plant-7', '--location', 'Hall 3'))['location'], 'Hall 3');
    await ok('site', 'set', 'plant-7', '--description', 'the first');
    await ok('site', 'unset', 'plant-7', '--location');
    assert.deepEqual((({ description, location, gateways }) => [description, location, gateways])(await json('site', 'show', 'plant-7')), [
      'the first',
      null,
      0,
    ]);
    const url = 'http://127.0.0.1:1';
    const made = await json('gateway', 'create', '--name', 'gw-1', '--site', 'plant-7', '--url', url, '--password', 'geheim', '--disable');
    assert.deepEqual([made['status'], made['enabled'], 'password' in made], ['CHECKING', false, false]);
    await ok('gateway', 'set', 'gw-1', '--location', 'rack 2', '--password', 'other');
    await ok('gateway', 'unset', 'gw-1', '--location');
    assert.equal((await json('gateway', 'show', 'gw-1'))['location'], null);
    assert.equal((await json('gateway', 'check', 'gw-1'))['status'], 'CHECKING');
    assert.deepEqual(await json<unknown>('gateway', 'drain', 'gw-1'), []);
    assert.deepEqual(
      (await json<Record<string, unknown>[]>('gateway', 'list')).map(({ name, draining }) => [name, draining]),
      [['gw-1', true]],
    );
    assert.deepEqual(await site.json('export', 'plant-7'), { site: 'plant-7', gateways: [{ id: made.id, name: 'gw-1', files: [], left_out: [] }] });
    assert.equal(await site.ok('export', 'plant-7'), '');
    await fails(1, /There is no Site named nowhere/, 'export', 'nowhere');
    ran.add('export');
    assert.equal((await json('gateway', 'undrain', 'gw-1'))['draining'], false);
    assert.equal((await json<Record<string, unknown>[]>('site', 'list'))[0]?.['gateways'], 1);
    await fails(1, /Site .* is in use/, 'site', 'delete', 'plant-7');
    await ok('gateway', 'delete', 'gw-1');
    await ok('site', 'delete', 'plant-7');
    assert.match(await ok('gateway', 'adopt', '--username', 'weir'), /^#!\/bin\/sh\n[^]*uci set rpcd.edgeweir.username='weir'/);
    await fails(2, /not a name of a user/, 'gateway', 'adopt', '--username', 'a b');
  });

  test('what a router has is shown as load balancers, and made when asked for', async () => {
    const file = join(site.folder, 'firewall');
    writeFileSync(
      file,
      "config relayd 'shop'\n\toption dst '0.0.0.0:8080'\n\toption server '192.168.1.10:80'\n\toption server '192.168.1.11:80'\n\nconfig redirect\n\toption target 'SNAT'\n",
    );
    const { code, stdout, stderr } = await site.weir(['import', 'uci', file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /shop .*TCP 8080 .*192.168.1.10:80, 192.168.1.11:80/);
    assert.match(stderr, /firewall: shop: OpenWrt’s relayd joins networks[^]*firewall: redirect redirect-1: its target is SNAT/);
    const bodies = JSON.parse((await site.weir(['import', 'uci', file, '-f', 'json', '--subnet', 'x'])).stdout) as {
      loadbalancer: { vip_subnet_id: string };
    }[];
    assert.deepEqual(
      bodies.map(({ loadbalancer }) => loadbalancer.vip_subnet_id),
      ['x'],
    );
    const made = await site.weir(['import', 'uci', file, '--create', '--subnet', 'private-subnet', '-f', 'json']);
    assert.equal(made.code, 0, made.stderr);
    const pools = await json<Record<string, unknown>[]>('member', 'list', 'shop-tcp-8080');
    assert.deepEqual(new Set(pools.map(({ address }) => address)), new Set(['192.168.1.10', '192.168.1.11']));
    await ok('loadbalancer', 'delete', 'shop', '--cascade', '--wait');
    await fails(2, /Required with --create and not given: --subnet/, 'import', 'uci', file, '--create');
    await fails(1, /nowhere cannot be read/, 'import', 'uci', '/nowhere');
    ran.add('import uci');
  });

  test('wrong usage ends with 2 before anything is sent', async () => {
    const nowhere = { OS_CLIENT_CONFIG_FILE: '/nowhere' };
    const cases: [string[], RegExp][] = [
      [['listener'], /Usage: weir listener .*create/s],
      [['listener', 'nonsense'], /unknown command 'nonsense'\nThere are: list, show, create, set, unset, delete, stats/],
      [['listner', 'list'], /unknown command 'listner'\n\(Did you mean listener\?\)\nThere are: .*loadbalancer, listener, pool, member.*provider/],
      [['listener', 'create'], /missing required argument 'loadbalancer'/],
      [['listener', 'create', 'lb', '--protocol', 'HTTP'], /Required and not given: --protocol-port/],
      [['listener', 'create', 'lb', '--protocol', 'GOPHER', '--protocol-port', '70'], /--protocol GOPHER: it is one of TCP, HTTP/],
      [['listener', 'create', 'lb', '--protokol', 'HTTP'], /unknown option '--protokol'/],
      [['pool', 'set', 'x'], /Nothing to change was given/],
      [['pool', 'set', 'x', '--enable', '--disable'], /opposites/],
      [['pool', 'set', 'x', '--enable', '--wait', '--wait-timeout', 'soon'], /--wait-timeout soon/],
      [['pool', 'list', 'x'], /too many arguments/],
      [['pool', 'list', '-f', 'xml'], /Allowed choices are table, json, yaml, value/],
      [['api', 'docs', 'nope'], /There is no nope in the API\n {2}What to do: Choose from: loadbalancer, listener/],
    ];
    for (const [words, said] of cases) {
      const { code, stdout, stderr } = await site.weir(words, nowhere);
      assert.deepEqual([code, stdout], [2, ''], `${words.join(' ')}: ${stderr}`);
      assert.match(stderr, said);
    }
  });

  test('openstack’s own order of words is understood', async () => {
    assert.deepEqual(await site.json('loadbalancer', 'listener', 'list'), await site.json('listener', 'list'));
    assert.match(await site.ok('help', 'listener'), /Usage: weir listener .*create \[options\] <loadbalancer>/s);
    assert.match(await site.ok('listener', 'create', '--help'), /--protocol-port <number> +Port \(integer 1–65535; required\)/);
  });

  test('the reference and the OpenAPI document need no server', async () => {
    const page = await site.ok('api', 'docs', 'member');
    assert.match(page, /^Member \(weir member\)\n.*\n {2}weight +integer 0–256; default 1\n +Share of the requests; 0 drains\n/s);
    const rows = JSON.parse(await site.ok('api', 'docs', 'quotas', '-f', 'json')) as Thing[];
    assert.ok(rows.some(({ name, settable }) => name === 'loadbalancer' && settable === 'yes'));
    assert.match(await site.ok('api', 'docs'), /^Load Balancer .*\nAvailability Zone Profile .*\nAmphora /s);
    assert.match((JSON.parse(await site.ok('api', 'openapi')) as { openapi: string }).openapi, /^3\./);
  });

  test('everything is deleted again', async () => {
    await ok('member', 'delete', 'servers', 'web1', '--wait');
    await ok('healthmonitor', 'delete', 'check', '--wait');
    await ok('pool', 'delete', 'servers', '--wait');
    await ok('listener', 'delete', 'web', '--wait');
    await ok('loadbalancer', 'delete', 'lb', '--cascade', '--wait');
    assert.deepEqual(await json('loadbalancer', 'list'), []);
  });

  test('no verb was left out', () => {
    const all = NOUN_COMMANDS.flatMap(({ word, verbs }) => verbs().map(({ words }) => [word, ...words.slice(0, 1)].join(' ')));
    assert.deepEqual(
      all.filter((one) => !ran.has(one)),
      [],
    );
  });
});
