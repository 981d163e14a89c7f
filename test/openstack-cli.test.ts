/** The four commands and what follows, with Debian's OpenStack client against a real server, and packets through it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Playground, until } from './playground.fixture.ts';

interface Shown {
  id: string;
  name: string;
  vip_address: string;
  provisioning_status: string;
  operating_status: string;
}

let cloud: Playground;
let vip: string;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
});
after(() => cloud.destroy());

const lb = (...words: string[]): Promise<Shown> => cloud.json<Shown>('loadbalancer', ...words);
const ok = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cloud.openstack('loadbalancer', ...words);
  assert.equal(code, 0, `openstack loadbalancer ${words.join(' ')}: ${stderr}`);
  return stdout;
};
const answers = async (count: number): Promise<string[]> => Array.fromAsync({ length: count }, () => cloud.ask(vip));
const memberStatus = async (address: string): Promise<string> => {
  const members = await cloud.json<{ address: string; operating_status: string }[]>('loadbalancer', 'member', 'list', 'web-pool');
  return members.find((member) => member.address === address)?.operating_status ?? 'absent';
};

describe('the first ten minutes', () => {
  test('four commands make a load balancer that answers', async () => {
    const balancer = await lb('create', '--name', 'web-lb', '--vip-subnet-id', 'private-subnet');
    assert.equal(balancer.provisioning_status, 'PENDING_CREATE');
    vip = balancer.vip_address;
    await ok('listener', 'create', '--name', 'http-listener', '--protocol', 'HTTP', '--protocol-port', '80', 'web-lb');
    await ok('pool', 'create', '--name', 'web-pool', '--lb-algorithm', 'ROUND_ROBIN', '--listener', 'http-listener', '--protocol', 'HTTP');
    await ok('member', 'create', '--subnet-id', 'private-subnet', '--address', '192.168.1.10', '--protocol-port', '80', '--wait', 'web-pool');
    assert.deepEqual(await answers(3), ['web1', 'web1', 'web1']);
  });

  test('a second member shares the requests, one each', async () => {
    await ok(
      'member',
      'create',
      '--name',
      'second',
      '--subnet-id',
      'private-subnet',
      '--address',
      '192.168.1.11',
      '--protocol-port',
      '80',
      '--wait',
      'web-pool',
    );
    const who = await answers(6);
    assert.deepEqual(who.toSorted(), ['web1', 'web1', 'web1', 'web2', 'web2', 'web2']);
    assert.ok(
      who.every((name, index) => index === 0 || name !== who[index - 1]),
      who.join(' '),
    );
  });

  test('a monitor sees a web server stop within its time, and come back', async () => {
    await ok(
      'healthmonitor',
      'create',
      '--name',
      'web-check',
      '--delay',
      '1',
      '--timeout',
      '1',
      '--max-retries',
      '1',
      '--max-retries-down',
      '2',
      '--type',
      'HTTP',
      '--url-path',
      '/health',
      '--wait',
      'web-pool',
    );
    await until('both members ONLINE', async () => (await memberStatus('192.168.1.10')) === 'ONLINE' && (await memberStatus('192.168.1.11')) === 'ONLINE');
    const api = await cloud.api();
    const pool = await lb('pool', 'show', 'web-pool');
    const members = `/load-balancer/v2.0/lbaas/pools/${pool.id}/members?address=192.168.1.10`;
    assert.equal((await cloud.weir('lab', 'stop', 'web1')).code, 0);
    // delay × max_retries_down + 1 s, as the client measures it.
    const seen = async (): Promise<boolean> => (await api.request<{ members: Shown[] }>('GET', members)).members[0]?.operating_status === 'ERROR';
    await until('the member is ERROR', seen, 1 * 2 + 1);
    assert.equal((await lb('pool', 'show', 'web-pool')).operating_status, 'DEGRADED');
    assert.equal((await lb('show', 'web-lb')).operating_status, 'DEGRADED');
    assert.deepEqual(await answers(4), ['web2', 'web2', 'web2', 'web2']);
    assert.equal((await cloud.weir('lab', 'start', 'web1')).code, 0);
    await until('the member is ONLINE again', async () => (await memberStatus('192.168.1.10')) === 'ONLINE');
    assert.deepEqual(new Set(await answers(6)), new Set(['web1', 'web2']));
    assert.equal((await lb('pool', 'show', 'web-pool')).operating_status, 'ONLINE');
  });

  test('list, show, set and unset of each, status and stats', async () => {
    for (const [noun, name] of [
      ['listener', 'http-listener'],
      ['pool', 'web-pool'],
      ['healthmonitor', 'web-check'],
    ] as const) {
      assert.ok(
        (await cloud.json<Shown[]>('loadbalancer', noun, 'list')).some((shown) => shown.name === name),
        noun,
      );
      assert.equal((await lb(noun, 'show', name)).name, name);
    }
    assert.deepEqual(
      (await cloud.json<Shown[]>('loadbalancer', 'list')).map(({ name }) => name),
      ['web-lb'],
    );
    assert.equal((await lb('member', 'show', 'web-pool', 'second')).name, 'second');
    await ok('set', '--description', 'front door', '--wait', 'web-lb');
    await ok('listener', 'set', '--connection-limit', '500', '--wait', 'http-listener');
    await ok('pool', 'set', '--lb-algorithm', 'LEAST_CONNECTIONS', '--wait', 'web-pool');
    await ok('member', 'set', '--weight', '3', '--wait', 'web-pool', 'second');
    await ok('healthmonitor', 'set', '--delay', '2', '--wait', 'web-check');
    await ok('listener', 'unset', '--connection-limit', '--wait', 'http-listener');
    const [balancer, listener, member] = [
      await lb('show', 'web-lb'),
      await lb('listener', 'show', 'http-listener'),
      await lb('member', 'show', 'web-pool', 'second'),
    ] as unknown as Record<string, unknown>[];
    assert.equal(balancer?.['description'], 'front door');
    assert.equal(listener?.['connection_limit'], -1);
    assert.equal(member?.['weight'], 3);
    assert.equal((await answers(2)).length, 2);
    const tree = JSON.parse(await ok('status', 'show', 'web-lb')) as {
      loadbalancer: { provisioning_status: string; listeners: { pools: { members: unknown[] }[] }[] };
    };
    assert.equal(tree.loadbalancer.provisioning_status, 'ACTIVE');
    assert.equal(tree.loadbalancer.listeners[0]?.pools[0]?.members.length, 2);
    await until(
      'the requests are counted',
      async () => (await cloud.json<{ total_connections: number }>('loadbalancer', 'stats', 'show', 'web-lb')).total_connections >= 20,
    );
    const counted = await cloud.json<{ bytes_in: number; bytes_out: number }>('loadbalancer', 'listener', 'stats', 'show', 'http-listener');
    assert.ok(counted.bytes_in > 0 && counted.bytes_out > 0);
  });

  test("what is wrong is said in Octavia's words", async () => {
    const cases: [string[], RegExp][] = [
      [
        ['listener', 'create', '--protocol', 'HTTP', '--protocol-port', '80', 'web-lb'],
        /Another Listener on this Load Balancer is already using protocol HTTP and protocol_port 80 \(HTTP 409\)/,
      ],
      [
        ['member', 'create', '--address', '192.168.1.10', '--protocol-port', '80', 'web-pool'],
        /Another member on this pool is already using ip 192\.168\.1\.10 on protocol_port 80 \(HTTP 409\)/,
      ],
      [
        ['pool', 'create', '--protocol', 'UDP', '--lb-algorithm', 'LEAST_CONNECTIONS', '--loadbalancer', 'web-lb'],
        /does not support a requested option.*\(HTTP 501\)/,
      ],
      [['create', '--name', 'x'.repeat(256), '--vip-subnet-id', 'private-subnet'], /maximum character requirement of 255 \(HTTP 400\)/],
      [['show', 'nothing'], /Unable to locate nothing in loadbalancers/],
      [['delete', 'web-lb'], /has children \(HTTP 400\)/],
    ];
    for (const [words, text] of cases) {
      const { code, stderr } = await cloud.openstack('loadbalancer', ...words);
      assert.notEqual(code, 0, words.join(' '));
      assert.match(stderr.replaceAll('\n', ' '), text);
    }
  });

  test('each is deleted by itself; delete --cascade leaves no namespace, process or file', async () => {
    await ok('healthmonitor', 'delete', '--wait', 'web-check');
    await ok('member', 'delete', '--wait', 'web-pool', 'second');
    assert.deepEqual(await answers(3), ['web1', 'web1', 'web1']);
    await ok('delete', '--cascade', '--wait', 'web-lb');
    assert.deepEqual(await cloud.json('loadbalancer', 'list'), []);
    assert.deepEqual(
      (await cloud.namespaces()).filter((name) => !name.includes('-lab-') && !name.endsWith('-sw')),
      [],
    );
    assert.equal((await cloud.weir('lab', 'down')).code, 0);
    await until('nothing is left', async () => (await cloud.namespaces()).length === 0);
  });
});
