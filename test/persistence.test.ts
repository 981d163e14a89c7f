/** Who has a member keeps it, however soon reloads follow a start and one another. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeFiles } from '../src/nodes/local/names.ts';
import { readProxyState, readWorkerInfo } from '../src/nodes/local/proxy-state.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import { Pairs } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const PROGRAM = fileURLToPath(new URL('sticky-program.fixture.ts', import.meta.url));
/** On the members' network, where nothing else gets an address. */
const SOURCES = [2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19].map((host) => `192.168.1.${host}`);
const SOURCE_IP = { session_persistence: { type: 'SOURCE_IP' } };

let cloud: Playground;
let lbaas: Balancers;
let pairs: Pairs;
let client: string;

before(async () => {
  cloud = await Playground.create();
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
  pairs = new Pairs(cloud, lbaas);
  client = `weir-${cloud.instance}-lab-client`;
  const link = (await cloud.inLab('client', 'sh', '-c', 'ip -br address show | grep 192.168.1.100')).split(/[ @]/)[0] ?? '';
  for (const source of SOURCES) await cloud.inLab('client', 'ip', 'address', 'add', `${source}/24`, 'dev', link);
});
after(() => cloud.destroy());
afterEach(async () => {
  if (cloud.serverPid === 0) await cloud.serve();
  await lbaas.clear();
});

interface Kept {
  readonly answered: number;
  readonly members: readonly string[];
  readonly moved: readonly string[];
  readonly failed: readonly string[];
}

/** What many clients with addresses of their own saw while `work` ran. Ends them also when that fails. */
async function kept(address: string, work: () => Promise<void>): Promise<Kept> {
  const program = spawn('nsenter', [`--net=/run/netns/${client}`, process.execPath, PROGRAM, address, ...SOURCES], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    await work();
    program.stdin.end();
    return JSON.parse(String((await lines.next()).value)) as Kept;
  } finally {
    const exit = once(program, 'exit');
    if (program.exitCode === null && program.signalCode === null) {
      program.kill('SIGKILL');
      await exit;
    }
  }
}

/** Nobody noticed anything, and both members had clients. */
function assertKept(seen: Kept): void {
  const { answered, ...rest } = seen;
  assert.deepEqual(rest, { members: ['web1', 'web2'], moved: [], failed: [] });
  assert.ok(answered > 100, `hardly a request was made: ${answered}`);
}

interface Whole {
  readonly balancer: Row;
  readonly listener: Row;
  readonly pool: Row;
  readonly members: readonly Row[];
}

/** Five changes that only a reload brings, within three seconds; resolves when all are delivered. */
async function changeStructure({ balancer, listener, pool }: Whole): Promise<void> {
  const beside = (port: number): Promise<Row> =>
    lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: port, loadbalancer_id: balancer.id, default_pool_id: pool.id });
  await beside(81);
  await pause(500);
  await lbaas.make('l7policies', 'l7policy', { action: 'REJECT', listener_id: listener.id, name: 'first' });
  await pause(500);
  await beside(82);
  await pause(500);
  await lbaas.change(`listeners/${listener.id}`, 'listener', { timeout_member_data: 40_000 });
  await pause(500);
  await beside(83);
  await lbaas.settled();
}

async function assertAllIsThere({ balancer, listener }: Whole): Promise<void> {
  const { vip_address: vip } = balancer;
  for (const port of [81, 82, 83]) assert.match(await cloud.ask(`${vip}:${port}`), /^web[12]$/);
  assert.equal((await lbaas.list(`l7policies?listener_id=${listener.id}`))[0]?.provisioning_status, 'ACTIVE');
}

test('five structural changes in three seconds, right after the creation: every client keeps its member', async () => {
  const whole = await lbaas.whole('private-subnet', 'private-subnet', SOURCE_IP);
  assertKept(await kept(whole.balancer.vip_address, () => changeStructure(whole)));
  await assertAllIsThere(whole);
});

test('the same for a pair', async () => {
  const whole = await pairs.whole(SOURCE_IP);
  assertKept(await kept(whole.balancer.vip_address, () => changeStructure(whole)));
  await assertAllIsThere(whole);
});

test('while a reload waits, the balancer is PENDING_UPDATE, members change at once, and a killed proxy comes back', async () => {
  const whole = await lbaas.whole('private-subnet', 'private-subnet', SOURCE_IP);
  const { balancer, listener, pool, members } = whole;
  const [node] = await pairs.nodes(balancer);
  assert.ok(node);
  const files = nodeFiles(join(cloud.directory, 'run', cloud.instance), node.id);
  const worker = async (): Promise<number> => (await readWorkerInfo(files))?.pid ?? 0;
  const first = await worker();
  await cloud.ask(balancer.vip_address);
  await lbaas.change(`listeners/${listener.id}`, 'listener', { timeout_member_data: 40_000 });
  await lbaas.change(`pools/${pool.id}/members/${members[0]?.id}`, 'member', { weight: 0 });
  await until('a member is drained', async () => ((await readProxyState(files))?.servers ?? []).some(({ weight }) => weight === 0));
  assert.equal(await worker(), first, 'no reload was needed for it');
  assert.equal((await lbaas.find(`loadbalancers/${balancer.id}`))?.provisioning_status, 'PENDING_UPDATE');
  process.kill(first, 'SIGKILL');
  await lbaas.settled();
  assert.notEqual(await worker(), first);
  await lbaas.answers(balancer.vip_address);
});
