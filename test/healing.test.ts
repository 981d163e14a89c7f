/** What nobody asked for is noticed, put right and told, without anybody's word and with the settings as they come. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';
import { rows } from './attack.fixture.ts';
import { Balancers } from './balancers.fixture.ts';
import { footprint } from './footprint.fixture.ts';
import { type Node, Pairs, send } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const run = promisify(execFile);

let cloud: Playground;
let lbaas: Balancers;
let pairs: Pairs;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  pairs = new Pairs(cloud, lbaas);
});
after(() => cloud.destroy());
afterEach(() => lbaas.clear());

interface Told {
  readonly healed: boolean;
  readonly node: string;
  readonly cost: string;
  readonly steps: { kind: string; detail: string }[];
  readonly config: string[];
}

function told(balancer: string): Told[] {
  const found = rows(cloud, "select payload from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift' order by seq", balancer);
  return found.map(({ payload }) => JSON.parse(String(payload)) as Told);
}

interface At {
  readonly namespace: string;
  readonly directory: string;
  readonly link: string;
  readonly node: string;
  readonly masters: readonly number[];
  readonly workers: readonly number[];
}

async function placeOf(): Promise<At> {
  const { nodes, links, masters, workers } = await footprint(cloud);
  const [node = '', ...others] = nodes;
  assert.deepEqual(others, []);
  const directory = `${cloud.directory}/run/${cloud.instance}/${node}`;
  return { namespace: `weir-${cloud.instance}-${node}`, directory, link: links[0] ?? '', node, masters: masters[node] ?? [], workers: workers[node] ?? [] };
}

const first = (pids: readonly number[]): number => pids[0] ?? assert.fail('no process');
const EDITED = '# edited by hand';

/** What happens, and what is told of it. */
const CASES: Readonly<Record<string, { happens: (at: At) => unknown; kind: string }>> = {
  'the worker is killed': { happens: ({ workers }) => send(first(workers), 'SIGKILL'), kind: 'start-proxy' },
  'the master is killed': { happens: ({ masters }) => send(first(masters), 'SIGKILL'), kind: 'start-proxy' },
  'the worker is stopped': { happens: ({ workers }) => send(first(workers), 'SIGSTOP'), kind: 'start-proxy' },
  'the master is stopped': { happens: ({ masters }) => send(first(masters), 'SIGSTOP'), kind: 'start-proxy' },
  'the link is deleted in the switch': {
    happens: ({ link }) => run('ip', ['-n', `weir-${cloud.instance}-sw`, 'link', 'delete', 'dev', link]),
    kind: 'add-link',
  },
  'the address is taken off': { happens: ({ namespace }) => run('ip', ['-n', namespace, 'address', 'flush', 'dev', 'eth0']), kind: 'change-link' },
  'haproxy.cfg is edited': {
    happens: async ({ directory }) => writeFile(`${directory}/haproxy.cfg`, `${await readFile(`${directory}/haproxy.cfg`, 'utf8')}\n${EDITED}\n`),
    kind: 'write-config',
  },
  'the namespace is deleted, and all that ran in it': {
    happens: async ({ namespace, masters, workers }) => {
      for (const pid of [...masters, ...workers]) send(pid, 'SIGKILL');
      await run('ip', ['netns', 'delete', namespace]);
    },
    kind: 'start-proxy',
  },
};

for (const [what, { happens, kind }] of Object.entries(CASES)) {
  test(`${what}: it is put right, and told`, async (t) => {
    const { balancer } = await lbaas.whole();
    await lbaas.answers(balancer.vip_address);
    assert.deepEqual(told(balancer.id), [], 'nothing was found before');
    const at = await placeOf();
    const begun = performance.now();
    await happens(at);
    await until('it is told', async () => told(balancer.id).some(({ healed }) => healed));
    await lbaas.answers(balancer.vip_address);
    t.diagnostic(`put right after ${Math.round(performance.now() - begun)} ms`);
    // A proxy that is killed may be back before its namespace is deleted: then there are two things to put right, and two are told.
    const isIt = ({ steps }: ReturnType<typeof told>[number]): boolean => steps.some((step) => step.kind === kind);
    await until('what was done is told', async () => told(balancer.id).some(isIt));
    const found = told(balancer.id).findLast(isIt) ?? assert.fail('nothing was told');
    assert.equal(found.node.replaceAll('-', ''), at.node);
    if (kind === 'write-config') assert.deepEqual(found.config, [`-${EDITED}`]);
    await until('there is one node with one proxy', async () => {
      const { nodes, masters } = await footprint(cloud);
      return nodes.length === 1 && nodes[0] === at.node && masters[at.node]?.length === 1;
    });
    await lbaas.answers(balancer.vip_address);
  });
}

test('the table in the kernel is flushed: it is made anew, and told', async () => {
  const { balancer } = await lbaas.whole();
  const udp = { loadbalancer_id: balancer.id, protocol: 'UDP', protocol_port: 5300 };
  const { listener } = await lbaas.api.request<{ listener: { id: string } }>('POST', '/load-balancer/v2/lbaas/listeners', { listener: udp });
  const pool = { listener_id: listener.id, protocol: 'UDP', lb_algorithm: 'ROUND_ROBIN' };
  const { pool: made } = await lbaas.api.request<{ pool: { id: string } }>('POST', '/load-balancer/v2/lbaas/pools', { pool });
  const member = { address: '192.168.1.10', protocol_port: 5300 };
  await lbaas.api.request('POST', `/load-balancer/v2/lbaas/pools/${made.id}/members`, { member });
  const { namespace } = await placeOf();
  const inside = async (...words: string[]): Promise<string> => (await run('ip', ['netns', 'exec', namespace, 'nft', ...words])).stdout;
  await until('it is there', async () => (await inside('list', 'ruleset')).includes('5300'));
  await until('it is settled', async () => rows(cloud, "select 1 from load_balancer where provisioning_status = 'ACTIVE'").length === 1);
  await inside('flush', 'ruleset');
  await until('it is there again', async () => (await inside('list', 'ruleset')).includes('5300'));
  await until('it is told', async () => told(balancer.id).some(({ healed, steps }) => healed && steps.some(({ kind }) => kind === 'set-packets')));
});

test('keepalived of a pair is stopped: the other node has the address, and the stopped one is started again', async () => {
  const { balancer } = await pairs.whole();
  const active: Node = await pairs.healthy(balancer);
  const before = await pairs.pidsOf(active, 'keepalived');
  for (const pid of before) send(pid, 'SIGSTOP');
  await until('another runs', async () => {
    const now = await pairs.pidsOf(active, 'keepalived');
    return now.length === 2 && now.every((pid) => !before.includes(pid));
  });
  await lbaas.answers(balancer.vip_address);
  await pairs.healthy(balancer);
  await until('it is told', async () => told(balancer.id).some(({ healed, steps }) => healed && steps.some(({ kind }) => kind === 'start-vrrp')));
});

test('the proxy of a pair is stopped: the other node has the address', async () => {
  const { balancer } = await pairs.whole();
  const active = await pairs.healthy(balancer);
  for (const pid of await pairs.pidsOf(active, 'haproxy')) send(pid, 'SIGSTOP');
  await until('the other node has the address', async () => (await pairs.owners(balancer)).some(({ id }) => id !== active.id));
  await lbaas.answers(balancer.vip_address);
  assert.notEqual((await pairs.healthy(balancer)).id, active.id);
});

test('what clients ask for, and what a restart of the server leaves, is no finding', async () => {
  const { balancer } = await lbaas.whole();
  await lbaas.answers(balancer.vip_address);
  await lbaas.api.request('PUT', `/load-balancer/v2/lbaas/loadbalancers/${balancer.id}`, { loadbalancer: { admin_state_up: false } });
  await until('it is settled', async () => rows(cloud, "select 1 from load_balancer where provisioning_status = 'ACTIVE'").length === 1);
  await cloud.end('SIGKILL');
  for (const pid of (await placeOf()).masters) send(pid, 'SIGKILL');
  await cloud.serve();
  await lbaas.api.request('PUT', `/load-balancer/v2/lbaas/loadbalancers/${balancer.id}`, { loadbalancer: { admin_state_up: true } });
  await lbaas.answers(balancer.vip_address);
  assert.deepEqual(told(balancer.id), []);
});
