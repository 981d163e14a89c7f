/** When many load balancers lose their proxies at once, few are put right at once, and the others one after the other. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { rows } from './attack.fixture.ts';
import { Balancers, type Row } from './balancers.fixture.ts';
import { footprint } from './footprint.fixture.ts';
import { send } from './pairs.fixture.ts';
import { Playground, until } from './playground.fixture.ts';

const COUNT = 5;
/** Long enough that all have been looked at before the first trial, on a busy machine, too. */
const TRIAL_SECONDS = 4;

let cloud: Playground;
let lbaas: Balancers;

before(async () => {
  cloud = await Playground.create(`[health_manager]\nfailover_threshold = 2\nfailover_trial_interval = ${TRIAL_SECONDS}`);
  await cloud.serve();
  const { code, stderr } = await cloud.weir('lab', 'up');
  assert.equal(code, 0, stderr);
  lbaas = new Balancers(cloud, await cloud.api());
});
after(() => cloud.destroy());
afterEach(async () => {
  await lbaas.clear();
  // What the test before has opened is forgotten with the server.
  await cloud.end('SIGTERM');
  await cloud.serve();
});

interface News {
  readonly type: string;
  readonly lost: number;
  readonly reason: string;
}

function news(): News[] {
  const found = rows(cloud, "select type, payload from event where type like 'edgeweir.breaker.%' order by seq");
  return found.map(({ type, payload }) => ({ ...(JSON.parse(String(payload)) as News), type: String(type) }));
}

/** What was told of drift, the oldest first: whether it was put right. */
function told({ id }: Row): boolean[] {
  const found = rows(cloud, "select payload from event where resource_id = ? and type = 'edgeweir.loadbalancer.drift' order by seq", id);
  return found.map(({ payload }) => (JSON.parse(String(payload)) as { healed: boolean }).healed);
}

/** Those that say that they are held back. */
function held(): string[] {
  return rows(cloud, "select id from load_balancer where provisioning_status = 'ACTIVE' and status_reason like '%held back%'").map(({ id }) => String(id));
}

async function some(): Promise<Row[]> {
  const balancers: Row[] = [];
  while (balancers.length < COUNT) balancers.push((await lbaas.whole()).balancer);
  for (const { vip_address: address } of balancers) await lbaas.answers(address);
  return balancers;
}

async function signalAll(signal: NodeJS.Signals): Promise<void> {
  const { masters } = await footprint(cloud);
  for (const pid of Object.values(masters).flat()) send(pid, signal);
}

async function ended(balancers: readonly Row[], before: number): Promise<void> {
  for (const { vip_address: address } of balancers) await lbaas.answers(address, 60);
  await until('it closes', async () => news().length === before + 2, 60);
  assert.deepEqual(
    news()
      .slice(before)
      .map(({ type }) => type),
    ['edgeweir.breaker.opened', 'edgeweir.breaker.closed'],
  );
  await until('nobody says that it is held back', async () => held().length === 0);
}

async function doctor(): Promise<string> {
  return (await cloud.weir('doctor')).stdout;
}

test('all proxies are killed: the first is put right at once, then one after the other, then all', async () => {
  const balancers = await some();
  await signalAll('SIGKILL');
  await until('the others are held back, and say so', async () => held().length === COUNT - 1);
  await until('one was started', async () => Object.values((await footprint(cloud)).masters).flat().length === 1);
  assert.match(await doctor(), /warn.*held back/);
  const begun = performance.now();
  await ended(balancers, 0);
  assert.ok(performance.now() - begun >= 2 * TRIAL_SECONDS * 1000, 'they were tried one by one');
  const ends = balancers.map(told);
  assert.deepEqual(
    ends.toSorted((a, b) => a.length - b.length),
    [[true], ...Array.from({ length: COUNT - 1 }, () => [false, true])],
  );
  assert.doesNotMatch(await doctor(), /held back/);
});

test('all proxies are stopped: what the round of all finds goes the same way, and a write is never held back', async () => {
  const balancers = await some();
  const before = news().length;
  await signalAll('SIGSTOP');
  await until('the others are held back, and say so', async () => held().length === COUNT - 1);
  const asked = balancers.find(({ id }) => id === held().at(-1)) ?? assert.fail('none is held back');
  await lbaas.change(`loadbalancers/${asked.id}`, 'loadbalancer', { description: 'now' });
  await lbaas.answers(asked.vip_address);
  assert.equal(news().length, before + 1, 'it is still open');
  assert.deepEqual(told(asked), [false], 'what was asked for is no finding');
  await ended(balancers, before);
});

test('the server is killed meanwhile: nothing is held back afterwards, and that is told', async () => {
  const balancers = await some();
  const before = news().length;
  await signalAll('SIGKILL');
  await until('the others are held back, and say so', async () => held().length === COUNT - 1);
  await cloud.end('SIGKILL');
  await cloud.serve();
  await ended(balancers, before);
  assert.match(news().at(-1)?.reason ?? '', /started anew/);
});
