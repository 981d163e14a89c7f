/** Whatever dies, and whenever: traffic goes on or comes back, what was acknowledged holds, nothing is left behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Balancers, LBAAS, type Row } from './balancers.fixture.ts';
import { Burst } from './burst.fixture.ts';
import { type Footprint, footprint } from './footprint.fixture.ts';
import { underLoad } from './load.fixture.ts';
import { Playground, until } from './playground.fixture.ts';
import { SixHosts } from './six-hosts.fixture.ts';

const run = promisify(execFile);
/** Seconds after which a proxy that died must serve again. */
const BACK_WITHIN = 2;

let cloud: Playground;
let lbaas: Balancers;

before(async () => {
  cloud = await Playground.create('[controller_worker]\nresync_interval = 1');
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
});
after(() => cloud.destroy());
afterEach(async () => {
  if (cloud.serverPid === 0) await cloud.serve();
  await lbaas.clear();
  try {
    await nothingIsLeft();
  } finally {
    // One test's failure is not the next one's.
    for (const pid of (await footprint(cloud)).strays) kill(pid);
  }
});

async function nothingIsLeft(): Promise<void> {
  const empty = { nodes: [], masters: {}, workers: {}, strays: [], links: [], directories: [] };
  await until('nothing is left', async () => JSON.stringify(await footprint(cloud)) === JSON.stringify(empty), 10).catch(async (error: unknown) => {
    throw new Error(JSON.stringify(await footprint(cloud)), { cause: error });
  });
}

/** Every balancer has one node, every node one directory, its links and, if it has a listener, one master with one worker. */
async function isSound(legs = 1): Promise<boolean> {
  const { nodes, masters, workers, strays, links, directories } = await footprint(cloud);
  const balancers = await lbaas.list('loadbalancers');
  const withListener = balancers.filter((balancer) => (balancer['listeners'] as unknown[]).length > 0).length;
  const counts = (of: Footprint['masters']): number[] => Object.values(of).map((pids) => pids.length);
  return (
    nodes.length === balancers.length &&
    JSON.stringify(nodes) === JSON.stringify(directories) &&
    links.length === nodes.length * legs &&
    strays.length === 0 &&
    [counts(masters), counts(workers)].every((each) => each.every((count) => count <= 1) && each.filter((count) => count === 1).length === withListener)
  );
}

async function sound(legs = 1): Promise<void> {
  // Workers of before a reload end when their last connection does.
  await until('nothing is orphaned or doubled', () => isSound(legs)).catch(async (error: unknown) => {
    throw new Error(JSON.stringify({ footprint: await footprint(cloud), balancers: await lbaas.list('loadbalancers') }, null, 1), { cause: error });
  });
}

async function restart(): Promise<void> {
  await cloud.end('SIGKILL');
  await cloud.serve();
}

const first = (of: Readonly<Record<string, readonly number[]>>): number => Object.values(of)[0]?.[0] ?? assert.fail('no such process');
const kill = (pid: number): void => void process.kill(pid, 'SIGKILL');

describe('the server dies', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${signal}: no request fails, and what runs is adopted as it is`, async () => {
      const { balancer } = await lbaas.whole();
      const before = await footprint(cloud);
      await underLoad(cloud, [balancer.vip_address], async () => {
        await cloud.end(signal);
        await pause(300);
        await cloud.serve();
        await lbaas.settled();
        // Long enough for the clock to have looked at everything once more.
        await pause(1500);
      });
      assert.deepEqual(await footprint(cloud), before);
      assert.equal((await lbaas.find(`loadbalancers/${balancer.id}`))?.provisioning_status, 'ACTIVE');
    });
  }

  test('in a burst of writes: every acknowledged one holds, all the rest is finished', async () => {
    const subnet = await lbaas.subnet('private-subnet');
    let acknowledged = 0;
    for (const delay of [1, 15, 30, 50, 75, 100, 150, 200, 300, 450, 700, 1000]) {
      const bursts = Array.from({ length: 3 }, () => new Burst(lbaas, subnet));
      const running = Promise.all(bursts.map((burst) => burst.run()));
      await pause(delay);
      await cloud.end('SIGKILL');
      await running;
      await cloud.serve();
      await lbaas.settled();
      for (const burst of bursts) await burst.check();
      await sound();
      acknowledged += bursts.reduce((sum, burst) => sum + burst.acknowledged, 0);
      if (delay % 2 === 0) await lbaas.clear();
    }
    assert.ok(acknowledged > 50, `only ${acknowledged} writes were made`);
  });

  test('again and again while it starts: what was asked for comes all the same', async () => {
    const subnet = await lbaas.subnet('private-subnet');
    const burst = new Burst(lbaas, subnet);
    const running = burst.run();
    await pause(400);
    await cloud.end('SIGKILL');
    await running;
    for (const delay of [100, 200, 250, 300, 350, 400, 450, 500, 600, 800]) {
      cloud.launch();
      await pause(delay);
      await cloud.end('SIGKILL');
    }
    await cloud.serve();
    await lbaas.settled();
    await burst.check();
    await sound();
  });

  test('with everything else, as when the host restarts: all is made anew', async () => {
    const wholes = [await lbaas.whole(), await lbaas.whole('public-subnet')];
    await cloud.end('SIGKILL');
    for (const namespace of await cloud.namespaces()) {
      (await cloud.pids(namespace)).forEach(kill);
      await run('ip', ['netns', 'del', namespace]);
    }
    await rm(`${cloud.directory}/run`, { recursive: true });
    await cloud.serve();
    const { code, stderr } = await cloud.weir('lab', 'up');
    assert.equal(code, 0, stderr);
    for (const { balancer } of wholes) await lbaas.answers(balancer.vip_address);
  });

  test('between the answer to a cascading delete and its end: it is finished', async () => {
    for (const delay of [0, 3, 10, 30]) {
      const { balancer } = await lbaas.whole();
      await lbaas.remove(`loadbalancers/${balancer.id}?cascade=true`);
      await pause(delay);
      await restart();
      await until('it is gone', async () => (await lbaas.find(`loadbalancers/${balancer.id}`)) === null);
      await nothingIsLeft();
    }
  });

  test('and a proxy meanwhile: it is back', async () => {
    const { balancer } = await lbaas.whole();
    const { masters } = await footprint(cloud);
    await cloud.end('SIGKILL');
    kill(first(masters));
    await cloud.serve();
    await lbaas.answers(balancer.vip_address, BACK_WITHIN);
    await sound();
  });
});

describe('a proxy dies', () => {
  for (const which of ['masters', 'workers'] as const) {
    test(`one of the ${which}: it answers again within ${BACK_WITHIN} s`, async () => {
      const { balancer } = await lbaas.whole();
      for (let turn = 0; turn < 3; turn++) {
        kill(first((await footprint(cloud))[which]));
        await lbaas.answers(balancer.vip_address, BACK_WITHIN);
        await sound();
      }
      await lbaas.settled();
    });
  }

  test('all of several at once', async () => {
    const wholes = await Promise.all(Array.from({ length: 5 }, () => lbaas.whole()));
    const { masters, workers } = await footprint(cloud);
    for (const pid of [...Object.values(masters), ...Object.values(workers)].flat()) kill(pid);
    await Promise.all(wholes.map(({ balancer }) => lbaas.answers(balancer.vip_address, BACK_WITHIN)));
    await sound();
  });

  test('its namespace is deleted by hand: it is made anew, and nothing of the old one stays', async () => {
    const { balancer } = await lbaas.whole();
    const { nodes, masters } = await footprint(cloud);
    const namespace = `weir-${cloud.instance}-${nodes[0]}`;
    await run('ip', ['netns', 'del', namespace]);
    await until('there is another proxy', async () =>
      Object.values((await footprint(cloud)).masters)
        .flat()
        .some((pid) => pid !== first(masters)),
    );
    await lbaas.answers(balancer.vip_address);
    await sound();
  });
});

describe('somebody meddles', () => {
  type Meddling = (at: { namespace: string; directory: string; link: string }) => Promise<unknown>;
  const cases: Record<string, Meddling> = {
    'a link is deleted': ({ namespace }) => run('ip', ['-n', namespace, 'link', 'delete', 'dev', 'eth0']),
    'the outer end of a link is deleted': ({ link }) => run('ip', ['-n', `weir-${cloud.instance}-sw`, 'link', 'delete', 'dev', link]),
    'a link is switched off': ({ namespace }) => run('ip', ['-n', namespace, 'link', 'set', 'dev', 'eth0', 'down']),
    'a link is taken off its bridge': ({ link }) => run('ip', ['-n', `weir-${cloud.instance}-sw`, 'link', 'set', 'dev', link, 'nomaster']),
    'the VIP is taken away': ({ namespace }) => run('ip', ['-n', namespace, 'address', 'flush', 'dev', 'eth0']),
    'the MAC is changed': ({ namespace }) => run('ip', ['-n', namespace, 'link', 'set', 'dev', 'eth0', 'address', '02:00:00:00:00:99']),
    'the configuration is emptied and the proxy killed': async ({ directory }) => {
      await writeFile(`${directory}/haproxy.cfg`, '');
      kill(first((await footprint(cloud)).masters));
    },
    'the run directory is deleted': ({ directory }) => rm(directory, { recursive: true }),
    'all members are taken out of service': ({ directory }) => takeOut(`${directory}/stats.sock`),
  };
  for (const [what, meddle] of Object.entries(cases)) {
    test(`${what}: it is put right`, async () => {
      const { balancer } = await lbaas.whole();
      const { nodes, links } = await footprint(cloud);
      await meddle({
        namespace: `weir-${cloud.instance}-${nodes[0]}`,
        directory: `${cloud.directory}/run/${cloud.instance}/${nodes[0]}`,
        link: links[0] ?? '',
      });
      await until('the damage is done or undone', async () => (await pause(100), true));
      await lbaas.answers(balancer.vip_address);
      await sound();
    });
  }
});

/** What an operator at the proxy's socket might do. */
async function takeOut(socket: string): Promise<void> {
  const say = async (words: string): Promise<string> => {
    const connection = connect(socket);
    connection.end(`${words}\n`);
    return text(connection);
  };
  const servers = (await say('show servers state'))
    .split('\n')
    .filter((line) => /^\d+ /.test(line))
    .map((line) => line.split(' '));
  for (const [, backend, , name] of servers) await say(`set server ${backend}/${name} state maint`);
}

describe('a second server', () => {
  test('on the same state refuses and names the first', async () => {
    const { code, stderr } = await cloud.serveAgain();
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`in use by another Edgeweir server \\(process ${cloud.serverPid}\\)`));
    assert.deepEqual(await lbaas.list('loadbalancers'), []);
  });

  test('on a taken port refuses and says so', async () => {
    const { code, stderr } = await cloud.serveAgain('--set', `DEFAULT.state_path=${cloud.directory}/other`);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`port ${cloud.port} is already in use`));
  });
});

describe('updates under load', () => {
  test('of every kind: no request fails', async () => {
    const { balancer, listener, pool, members } = await lbaas.whole();
    const [one, two] = members.map(({ id }) => `pools/${pool.id}/members/${id}`) as [string, string];
    const add = (port: number): Promise<Row> => lbaas.make(`pools/${pool.id}/members`, 'member', { address: '192.168.1.11', protocol_port: port });
    let [extra, monitor, second, other] = ['', '', '', ''];
    const updates: (() => Promise<unknown>)[] = [
      async () => (extra = (await add(8080)).id),
      () => lbaas.change(`pools/${pool.id}/members/${extra}`, 'member', { weight: 7 }),
      () => lbaas.change(`listeners/${listener.id}`, 'listener', { timeout_client_data: 40_000 }),
      () => lbaas.change(one, 'member', { admin_state_up: false }),
      () => lbaas.change(`listeners/${listener.id}`, 'listener', { connection_limit: 5000 }),
      () => lbaas.change(one, 'member', { admin_state_up: true }),
      () => lbaas.change(`pools/${pool.id}`, 'pool', { lb_algorithm: 'LEAST_CONNECTIONS' }),
      async () =>
        (monitor = (
          await lbaas.make('healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'HTTP', url_path: '/health', delay: 1, timeout: 1, max_retries: 1 })
        ).id),
      () => lbaas.remove(two),
      async () =>
        (second = (await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 81, default_pool_id: pool.id, loadbalancer_id: balancer.id }))
          .id),
      () => lbaas.change(`healthmonitors/${monitor}`, 'healthmonitor', { delay: 2 }),
      () => lbaas.change(`listeners/${second}`, 'listener', { timeout_member_data: 30_000 }),
      () => lbaas.remove(`listeners/${second}`),
      () => lbaas.remove(`healthmonitors/${monitor}`),
      () => lbaas.change(one, 'member', { weight: 0 }),
      () => lbaas.change(`pools/${pool.id}`, 'pool', { lb_algorithm: 'SOURCE_IP' }),
      () => lbaas.change(one, 'member', { weight: 3 }),
      async () => (other = (await add(80)).id),
      () => lbaas.remove(`pools/${pool.id}/members/${extra}`),
      () => lbaas.change(`pools/${pool.id}`, 'pool', { lb_algorithm: 'ROUND_ROBIN', session_persistence: { type: 'HTTP_COOKIE' } }),
      () => lbaas.change(`pools/${pool.id}`, 'pool', { session_persistence: null }),
      () => lbaas.change(`listeners/${listener.id}`, 'listener', { insert_headers: { 'X-Forwarded-For': 'true' } }),
    ];
    await underLoad(cloud, [balancer.vip_address], async () => {
      for (const [index, update] of updates.entries()) {
        await update();
        // Some follow at once, so that updates also meet deliveries that are under way.
        if (index % 3 !== 0) await lbaas.settled();
      }
      await lbaas.settled();
      await pause(300);
    });
    const left = await lbaas.list(`pools/${pool.id}/members`);
    assert.deepEqual(new Set(left.map(({ id }) => id)), new Set([members[0]?.id, other]));
    await sound();
  });

  test('of other balancers: no request fails', async () => {
    const { balancer } = await lbaas.whole();
    await underLoad(cloud, [balancer.vip_address], async () => {
      for (let turn = 0; turn < 3; turn++) {
        const others = await Promise.all(Array.from({ length: 4 }, () => lbaas.whole()));
        for (const {
          balancer: { id },
        } of others)
          await lbaas.remove(`loadbalancers/${id}?cascade=true`);
      }
      await lbaas.settled();
    });
  });
});

describe('two networks', () => {
  test('a VIP on one, members on the other: the node gets a leg, and gives it back', async () => {
    const { balancer, pool, members } = await lbaas.whole('public-subnet', 'private-subnet');
    await lbaas.answers(balancer.vip_address);
    await sound(2);
    const legs = async (): Promise<unknown[]> => (await ports()).filter((port) => port.name.startsWith('octavia-lb-vrrp-'));
    assert.equal((await legs()).length, 1);
    await restart();
    await lbaas.answers(balancer.vip_address);
    await sound(2);
    for (const { id } of members) await lbaas.remove(`pools/${pool.id}/members/${id}`);
    await lbaas.settled();
    assert.deepEqual(await legs(), []);
    await sound(1);
  });
});

describe('IPv6', () => {
  test('a VIP and members of IPv6 answer, also after a kill of everything', async () => {
    const network = await neutron('network', { name: 'six' });
    const subnet = await neutron('subnet', { network_id: network.id, ip_version: 6, cidr: 'fd00:77::/64', gateway_ip: null });
    await using hosts = await SixHosts.create(cloud, network.id);
    const balancer = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id: subnet.id });
    const listener = await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
    const pool = await lbaas.make('pools', 'pool', { protocol: 'HTTP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
    await lbaas.make(`pools/${pool.id}/members`, 'member', { address: hosts.web, protocol_port: 80, subnet_id: subnet.id });
    await lbaas.make('healthmonitors', 'healthmonitor', { pool_id: pool.id, type: 'HTTP', url_path: '/health', delay: 1, timeout: 1, max_retries: 1 });
    const answers = (): Promise<void> => until('it answers', async () => (await hosts.ask(balancer.vip_address)) === 'six', 10);
    await lbaas.settled();
    await answers();
    await until('it is ONLINE', async () => (await lbaas.find(`loadbalancers/${balancer.id}`))?.operating_status === 'ONLINE');
    const { masters } = await footprint(cloud);
    await cloud.end('SIGKILL');
    kill(first(masters));
    await cloud.serve();
    await answers();
    await lbaas.clear();
    for (const path of [`subnets/${subnet.id}`, `networks/${network.id}`]) await lbaas.api.request('DELETE', `/network/v2.0/${path}`);
  });

  async function neutron(kind: string, attributes: Record<string, unknown>): Promise<Row> {
    return (await lbaas.api.request<Record<string, Row>>('POST', `/network/v2.0/${kind}s`, { [kind]: attributes }))[kind] as Row;
  }
});

async function ports(): Promise<Row[]> {
  return (await lbaas.api.request<{ ports: Row[] }>('GET', '/network/v2.0/ports')).ports;
}

describe('the last balancer goes', () => {
  test('also one that never had a listener, and one deleted while it is being made', async () => {
    const vip_subnet_id = await lbaas.subnet('private-subnet');
    const bare = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id });
    await lbaas.settled();
    await sound();
    await lbaas.remove(`loadbalancers/${bare.id}`);
    const hasty = await lbaas.make('loadbalancers', 'loadbalancer', { vip_subnet_id });
    await lbaas.api.request('POST', `${LBAAS}/listeners`, { listener: { protocol: 'TCP', protocol_port: 80, loadbalancer_id: hasty.id } });
    await lbaas.remove(`loadbalancers/${hasty.id}?cascade=true`);
    await until('both are gone', async () => (await lbaas.list('loadbalancers')).length === 0);
  });
});
