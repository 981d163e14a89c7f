/** What only a driver that carries traffic can show: namespaces, HAProxy, web servers and a client that asks them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMPTY_NODE, type ProxyConfig, type Server } from '../../model/node-config.ts';
import type { Plan, Step } from '../../model/plan.ts';
import { BACKEND, comparable, configOf, creationOf, LISTENER, linkOf, MONITOR, POOL, proxyOf } from '../sample-node.fixture.ts';
import { ipBatch } from './ip.ts';
import type { LocalNodes } from './local-nodes.ts';
import { bridgeName, hostLinkName, nodeFiles, nodeNamespace, switchNamespace } from './names.ts';
import { createNamespace, parentInNamespace, processesIn } from './namespace.ts';
import { until } from './pause.ts';
import { mastersOf, prepareStart, type ProxyPlace, proxyProcesses, startProxy } from './proxy-process.ts';
import { readWorkerInfo } from './proxy-state.ts';
import { linkState } from './switch.ts';
import { TestBed } from './test-bed.fixture.ts';
import { TestClient } from './test-client.fixture.ts';

const ONE = { id: 'one', address: '198.51.100.21' };
const TWO = { id: 'two', address: '198.51.100.22' };
const BOTH = proxyOf({ members: [ONE, TWO] });
const CHECKED = proxyOf({ members: [ONE, TWO], monitor: MONITOR });

suite('local nodes under traffic', () => {
  const bed = new TestBed();
  let driver: LocalNodes;
  let client: TestClient;
  let id: string;
  let place: ProxyPlace;
  let lost: string[];

  before(async () => {
    await bed.driver().start();
    await bed.addMember('one', ONE.address);
    await bed.addMember('two', TWO.address);
    client = new TestClient(bed, await bed.addHost('client', '198.51.100.100'));
  });
  beforeEach(async () => {
    driver = bed.driver();
    await driver.start();
    lost = [];
    driver.onLost((node) => lost.push(node));
    id = randomUUID();
    place = { namespace: nodeNamespace(bed.instance, id), files: nodeFiles(bed.runPath, id), haproxy: 'haproxy' };
  });
  afterEach(async () => {
    await driver.remove(id);
    await driver.stop();
  });
  after(() => bed.cleanUp());

  const make = (proxy: ProxyConfig): Promise<void> => driver.apply(id, creationOf(configOf(proxy)));
  const eventually = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
    assert.ok(await until(async () => ((await holds()) ? true : null), 20, 10_000), `never: ${what}`);
  };
  const runtime = (proxy: ProxyConfig, ...steps: Step[]): Promise<void> => driver.apply(id, [{ kind: 'write-config', cost: 'runtime', proxy }, ...steps]);
  const server = (proxy: ProxyConfig, name: string): Server => proxy.servers.find((candidate) => candidate.name === name) ?? assert.fail(name);
  const worker = async (): Promise<number> => (await readWorkerInfo(place.files))?.pid ?? assert.fail('no worker');
  const master = async (): Promise<number> => parentInNamespace(await worker())?.pid ?? assert.fail('no master');

  test('requests reach every member', async () => {
    await make(BOTH);
    assert.deepEqual(await client.ask(20), { one: 10, two: 10 });
  });

  test('members come, change their weight and go at runtime, in the same worker', async () => {
    await make(proxyOf({ members: [ONE] }));
    const pid = await worker();
    assert.deepEqual(await client.ask(4), { one: 4 });
    await runtime(BOTH, { kind: 'add-server', cost: 'runtime', server: server(BOTH, 'two') });
    assert.deepEqual(Object.keys(await client.ask(20)).toSorted(), ['one', 'two']);
    const weighted = proxyOf({ members: [ONE, { ...TWO, weight: 3 }] });
    await runtime(weighted, { kind: 'change-server', cost: 'runtime', server: server(weighted, 'two'), present: server(BOTH, 'two') });
    assert.deepEqual(await client.ask(40), { one: 10, two: 30 });
    await runtime(proxyOf({ members: [TWO] }), { kind: 'delete-server', cost: 'runtime', backend: BACKEND, name: 'one' });
    assert.deepEqual(await client.ask(10), { two: 10 });
    assert.equal(await worker(), pid);
  });

  test('a hundred members in one plan, added and deleted', async () => {
    await make(BOTH);
    const many = proxyOf({
      members: [ONE, TWO, ...Array.from({ length: 100 }, (_, index) => ({ id: randomUUID(), address: `198.51.100.${120 + index}`, weight: 0 }))],
    });
    const added = many.servers.filter(({ weight }) => weight === 0);
    await runtime(many, ...added.map((candidate) => ({ kind: 'add-server', cost: 'runtime', server: candidate }) as const));
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(many)));
    await runtime(BOTH, ...added.map(({ backend, name }) => ({ kind: 'delete-server', cost: 'runtime', backend, name }) as const));
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
  });

  test('deleting a member under load loses no request', async () => {
    await make(BOTH);
    client.load();
    await sleep(200);
    await runtime(proxyOf({ members: [TWO] }), { kind: 'delete-server', cost: 'runtime', backend: BACKEND, name: 'one' });
    await sleep(100);
    const { one = 0, two = 0, ...failed } = await client.stop();
    assert.deepEqual(failed, {});
    assert.ok(one > 0 && two > 0);
  });

  test('reloads under load with kept-alive connections lose no request', async () => {
    await make(BOTH);
    const wider = proxyOf({ members: [ONE, TWO], listeners: [{}, { id: 'listener-2', port: 8080 }] });
    client.load();
    for (const proxy of [wider, BOTH, wider]) await driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy }]);
    const { one = 0, two = 0, ...failed } = await client.stop();
    assert.deepEqual(failed, {});
    assert.ok(one > 0 && two > 0);
    assert.deepEqual(lost, []);
  });

  test('a broken configuration is refused in words, and the one before goes on', async () => {
    await make(BOTH);
    const pid = await worker();
    const broken = { ...BOTH, text: `${BOTH.text}\n  nonsense here\n` };
    await assert.rejects(
      driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy: broken }]),
      /reload-proxy: the proxy refuses the configuration: .*nonsense/,
    );
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
    assert.equal(await worker(), pid);
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  test('a configuration that fails only when it is loaded is taken back', async () => {
    await make(BOTH);
    const broken = { ...BOTH, text: `${BOTH.text}\nlisten late\n  bind unix@missing/directory.sock\n` };
    await assert.rejects(driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy: broken }]), /the proxy refused to reload: .*missing/);
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
    await driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy: BOTH }]);
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  test('a configuration that cannot start is told in words, and leaves no process', async () => {
    await driver.apply(id, creationOf(configOf(null)));
    const broken = { ...BOTH, text: `${BOTH.text}\n  nonsense here\n` };
    await assert.rejects(
      driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: broken }]),
      /start-proxy: the proxy ended when it was started: .*nonsense/,
    );
    assert.deepEqual(await processesIn(place.namespace), []);
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  for (const victim of ['worker', 'master'] as const) {
    test(`a killed ${victim} is told at once, and the proxy can be started again`, async () => {
      await make(BOTH);
      process.kill(await (victim === 'worker' ? worker() : master()), 'SIGKILL');
      await eventually('the loss is told', () => lost.includes(id));
      assert.deepEqual(lost, [id]);
      await eventually('no proxy is present', async () => (await driver.present(id))?.proxy === null);
      await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
      assert.equal(mastersOf(await proxyProcesses(place)).length, 1);
      assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
    });
  }

  test('a master that does not notice the death of its worker counts as no proxy, is told with the next reading, and replaced', async () => {
    await make(BOTH);
    const stuck = await master();
    process.kill(stuck, 'SIGSTOP');
    process.kill(await worker(), 'SIGKILL');
    await eventually('the worker is gone', async () => (await readWorkerInfo(place.files)) === null);
    assert.deepEqual(
      mastersOf(await proxyProcesses(place)).map(({ pid }) => pid),
      [stuck],
    );
    assert.equal((await driver.present(id))?.proxy, null);
    assert.equal(await driver.read(id), null);
    assert.equal(await driver.read(id), null);
    assert.deepEqual(lost, [id]);
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
    assert.equal(mastersOf(await proxyProcesses(place)).length, 1);
    assert.notEqual(await master(), stuck);
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  test('an intended stop or removal is no loss', async () => {
    await make(BOTH);
    await driver.apply(id, [{ kind: 'stop-proxy', cost: 'restart' }]);
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
    await driver.remove(id);
    await sleep(200);
    assert.deepEqual(lost, []);
  });

  test('a new driver takes over what it finds; traffic goes on meanwhile', async () => {
    await make(BOTH);
    client.load();
    await driver.stop();
    driver = bed.driver();
    await driver.start();
    driver.onLost((node) => lost.push(node));
    assert.deepEqual(await driver.list(), [id]);
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
    const { one = 0, two = 0, ...failed } = await client.stop();
    assert.deepEqual(failed, {});
    assert.ok(one > 0 && two > 0);
    process.kill(await master(), 'SIGKILL');
    await eventually('the new driver tells the loss', () => lost.includes(id));
  });

  test('an interrupted plan is completed by another driver', async () => {
    const plan: Plan = creationOf(configOf(BOTH));
    for (let done = 1; done < plan.length; done++) {
      await bed.driver().apply(id, plan.slice(0, done));
      assert.deepEqual(await driver.list(), [id]);
      assert.notEqual(await driver.present(id), null);
      await driver.apply(id, plan);
      assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
      assert.deepEqual(await client.ask(2), { one: 1, two: 1 });
      await driver.remove(id);
    }
  });

  test('a start beside a running proxy leaves one master', async () => {
    await make(BOTH);
    const before = await master();
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
    assert.equal(await master(), before);
    // As a driver would leave it that was killed and did not know of the other.
    await prepareStart(place.files, BOTH);
    await (
      await startProxy(place, BOTH)
    ).serves;
    assert.equal(mastersOf(await proxyProcesses(place)).length, 2);
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: BOTH }]);
    assert.equal(mastersOf(await proxyProcesses(place)).length, 1);
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  test('a namespace or a file that a crash left is listed, completed and removed', async () => {
    await createNamespace(place.namespace, {});
    assert.deepEqual(await driver.list(), [id]);
    assert.deepEqual(await driver.present(id), EMPTY_NODE);
    const wanted = configOf(BOTH);
    await driver.apply(id, creationOf(wanted).slice(1));
    assert.deepEqual(comparable(await driver.present(id)), comparable(wanted));
    await driver.remove(id);
    assert.deepEqual(await driver.list(), []);
  });

  test('a link that was taken out of its bridge counts as missing, and is put back', async () => {
    await make(BOTH);
    const outer = hostLinkName(id, 'eth0');
    await ipBatch(switchNamespace(bed.instance), [['link', 'set', 'dev', outer, 'nomaster']]);
    assert.deepEqual((await driver.present(id))?.links, []);
    await driver.apply(id, [{ kind: 'add-link', cost: 'runtime', link: linkOf() }]);
    assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(BOTH)));
    assert.deepEqual(await client.ask(4), { one: 2, two: 2 });
  });

  test('a mapped network is plugged into the bridge it is mapped to', async () => {
    const outside = bed.namespace('outside');
    await createNamespace(outside, {});
    await ipBatch(outside, [
      ['link', 'add', 'name', 'brx', 'type', 'bridge'],
      ['link', 'set', 'dev', 'brx', 'up'],
    ]);
    bed.bridgeMappings.set('physnet1', { namespace: outside, bridge: 'brx' });
    const wanted = { ...configOf(BOTH), links: [linkOf({ physicalNetwork: 'physnet1' })] };
    await driver.apply(id, creationOf(wanted));
    assert.deepEqual(comparable(await driver.present(id)), comparable(wanted));
    assert.equal((await linkState(outside, hostLinkName(id, 'eth0')))?.master, 'brx');
    await driver.remove(id);
    assert.equal(await linkState(outside, hostLinkName(id, 'eth0')), undefined);
    bed.bridgeMappings.delete('physnet1');
    await assert.rejects(driver.apply(id, creationOf(wanted)), /no bridge mapping for physical network 'physnet1'/);
  });

  test('checks are read in words', async () => {
    const proxy = proxyOf({ members: [ONE, { id: 'nobody', address: ONE.address, port: 9 }], monitor: MONITOR });
    await make(proxy);
    const states = async (): Promise<string> =>
      JSON.stringify((await driver.read(id))?.members.map(({ id: member, state, reason }) => [member, state, reason]));
    const expected = JSON.stringify([
      ['one', 'up', 'HTTP 200'],
      ['nobody', 'down', 'connection refused'],
    ]);
    let seen = '';
    await eventually('both checks have answered', async () => (seen = await states()) === expected).catch(() => assert.equal(seen, expected));
    assert.deepEqual((await driver.read(id))?.pools, [{ id: POOL, state: 'up' }]);
  });

  test('counters belong to a worker, and old workers are counted while they drain', async () => {
    await make(CHECKED);
    await client.ask(10);
    client.load();
    await driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy: CHECKED }]);
    await client.stop();
    const reading = (await driver.read(id)) ?? assert.fail('no reading');
    const [listener] = reading.listeners;
    assert.equal(listener?.id, LISTENER);
    assert.ok(listener.counters.length >= 1);
    assert.equal(new Set(listener.counters.map(({ worker: name }) => name)).size, listener.counters.length);
    assert.ok(listener.counters.some(({ bytesOut, totalConnections }) => bytesOut > 0 && totalConnections > 0));
  });

  test('removing leaves no namespace, process, link, or file', async () => {
    await make(CHECKED);
    const pids = (await processesIn(place.namespace)).map(({ pid }) => pid);
    assert.ok(pids.length >= 2);
    await driver.remove(id);
    assert.equal((await bed.namespaces()).includes(place.namespace), false);
    assert.deepEqual(
      await Promise.all(pids.map(isGone)),
      pids.map(() => true),
    );
    assert.equal(await linkState(switchNamespace(bed.instance), hostLinkName(id, 'eth0')), undefined);
    assert.deepEqual(await readdir(bed.runPath), []);
  });

  test('the switch stays as long as anybody is plugged in', async () => {
    await driver.tidy();
    assert.ok((await bed.namespaces()).includes(switchNamespace(bed.instance)));
    assert.ok(await linkState(switchNamespace(bed.instance), bridgeName(linkOf().networkId)));
  });
});

test('where there are no nodes, start and stop make nothing; the first node makes the switch', async () => {
  const bed = new TestBed();
  const driver = bed.driver();
  const ids = Array.from({ length: 5 }, () => randomUUID());
  try {
    await driver.start();
    assert.deepEqual(await driver.list(), []);
    await driver.tidy();
    await driver.stop();
    assert.deepEqual(await bed.namespaces(), []);
    await driver.start();
    // All at once: none may hide the switch of another behind its own.
    await Promise.all(ids.map((id) => driver.apply(id, creationOf(configOf(null)))));
    for (const id of ids) assert.deepEqual(comparable(await driver.present(id)), comparable(configOf(null)));
    assert.ok((await bed.namespaces()).includes(switchNamespace(bed.instance)));
  } finally {
    await driver.stop();
    await bed.cleanUp();
  }
});

test('an installation without nodes leaves nothing', async () => {
  const bed = new TestBed();
  const driver = bed.driver();
  try {
    await driver.start();
    const id = randomUUID();
    await driver.apply(id, creationOf(configOf(BOTH)));
    await driver.tidy();
    assert.deepEqual(await driver.list(), [id]);
    await driver.remove(id);
    await driver.tidy();
    assert.deepEqual(await bed.namespaces(), []);
    await assert.rejects(readdir(bed.runPath), { code: 'ENOENT' });
  } finally {
    await driver.stop();
    await bed.cleanUp();
  }
});

/** A zombie that its parent has not been told of yet is gone, too. */
async function isGone(pid: number): Promise<boolean> {
  try {
    return / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
