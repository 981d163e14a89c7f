/** What is told of a keepalived that is not as it should be, and how it is put right; on real namespaces. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { OWN, PEER, VIP, creationOf, pairedOf, proxyOf, vrrpOf } from '../sample-node.fixture.ts';
import { ipBatch } from './ip.ts';
import { isKeeper, isWatcher } from './keeper.ts';
import type { LocalNodes } from './local-nodes.ts';
import { nodeFiles, nodeNamespace } from './names.ts';
import { commandLineOf, processesIn } from './namespace.ts';
import { until } from './pause.ts';
import { TestBed } from './test-bed.fixture.ts';
import { type VrrpFiles, readPid, vrrpFiles } from './vrrp-files.ts';

const PROXY = proxyOf({ members: [{ id: 'one' }] });
const WANTED = pairedOf(PROXY);
const VRRP = vrrpOf();

/** Whether it holds what it shares. */
async function active(driver: LocalNodes, id: string): Promise<boolean | null> {
  const held = await driver.held(id);
  return held && held.length > 0;
}

suite('keepalived of a node', () => {
  const bed = new TestBed();
  let driver: LocalNodes;
  let id: string;
  let files: VrrpFiles;
  let namespace: string;
  const lost: string[] = [];

  before(async () => {
    driver = bed.driver();
    await driver.start();
    driver.onLost((node) => lost.push(node));
  });
  beforeEach(async () => {
    id = randomUUID();
    lost.length = 0;
    files = vrrpFiles(nodeFiles(bed.runPath, id));
    namespace = nodeNamespace(bed.instance, id);
    await driver.apply(id, creationOf(WANTED));
    await becomes('active', async () => (await active(driver, id)) === true);
  });
  afterEach(() => driver.remove(id));
  after(async () => {
    await driver.stop();
    await bed.cleanUp();
  });

  const becomes = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    assert.ok(await until(async () => ((await holds()) ? true : null), 10, 10_000), what);
  };
  const told = async (): Promise<unknown> => (await driver.present(id))?.vrrp;
  const start = (): Promise<void> => driver.apply(id, [{ kind: 'start-vrrp', cost: 'restart', vrrp: VRRP }]);
  const kill = async (file: string): Promise<void> => void process.kill((await readPid(file)) ?? assert.fail('no process'), 'SIGKILL');
  /** The master first. */
  const running = async (program: string): Promise<number[]> =>
    (await processesIn(namespace)).flatMap((one) => (one.program === program ? [one.pid] : [])).toSorted((a, b) => a - b);
  const proxies = (): Promise<number[]> => running('haproxy');
  const watchers = async (): Promise<number> => (await processesIn(namespace)).filter(({ pid }) => isWatcher(commandLineOf(pid))).length;
  const die = async (): Promise<void> => {
    for (const pid of [(await readPid(files.watcherPid)) ?? 0, ...(await proxies())]) process.kill(pid, 'SIGKILL');
  };
  const getStuck = async (): Promise<void> => {
    const [master = 0, ...workers] = await proxies();
    process.kill(master, 'SIGSTOP');
    for (const pid of workers) process.kill(pid, 'SIGKILL');
  };
  const keepers = async (): Promise<number> => (await processesIn(namespace)).filter(({ pid }) => isKeeper(commandLineOf(pid))).length;

  test('a start where a sound one runs, and a reload, leave its process and the address alone', async () => {
    const before = await readPid(files.pid);
    await start();
    await driver.apply(id, [{ kind: 'reload-vrrp', cost: 'runtime', vrrp: vrrpOf({ peer: '198.51.100.9' }) }]);
    assert.deepEqual([await readPid(files.pid), await active(driver, id), await keepers()], [before, true, 1]);
    assert.deepEqual(await told(), vrrpOf({ peer: '198.51.100.9' }));
  });

  test('one that believes the proxy dead counts as none, and is told the truth by a start', async () => {
    await writeFile(files.fault, '1\n');
    await becomes('not active', async () => (await active(driver, id)) === false);
    assert.equal(await told(), null);
    await start();
    assert.deepEqual(await told(), VRRP);
    await becomes('active', async () => (await active(driver, id)) === true);
  });

  test('a proxy that is killed is told to keepalived by its watcher; a new one takes that back', async () => {
    const proxies = (await processesIn(namespace)).filter(({ program }) => program === 'haproxy');
    for (const { pid } of proxies) process.kill(pid, 'SIGKILL');
    await becomes('faulty', async () => (await readFile(files.fault, 'utf8')).trim() === '1');
    await becomes('not active', async () => (await active(driver, id)) === false);
    await driver.apply(id, creationOf(WANTED).slice(-2));
    assert.deepEqual(await told(), VRRP);
    await becomes('active', async () => (await active(driver, id)) === true);
  });

  test('a watcher that is killed is told, and replaced beside a proxy that is not touched; the proxy then dies, and the other node takes over', async () => {
    const other = randomUUID();
    try {
      await driver.apply(other, creationOf(pairedOf(WANTED.proxy, { role: 'BACKUP', own: PEER, peer: OWN })));
      const before = await proxies();
      await kill(files.watcherPid);
      await becomes('the loss is seen', async () => (await told()) === null);
      await driver.read(id);
      assert.deepEqual(lost, [id]);
      await start();
      await start();
      assert.deepEqual([await told(), await proxies(), await active(driver, id), await watchers()], [VRRP, before, true, 1]);
      await driver.read(id);
      assert.deepEqual(lost, [id]);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await becomes('the other is active', async () => (await active(driver, other)) === true && (await active(driver, id)) === false);
      assert.equal((await readFile(files.fault, 'utf8')).trim(), '1');
    } finally {
      await driver.remove(other);
    }
  });

  test('the second watcher is no more in the way of a restart, a reload or a stop than the first', async () => {
    await kill(files.watcherPid);
    await becomes('the loss is seen', async () => (await told()) === null);
    await start();
    const before = await proxies();
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: PROXY }]);
    assert.deepEqual((await proxies()).slice(0, 1), before.slice(0, 1), 'the master is the same: it was reloaded');
    await driver.apply(id, [{ kind: 'stop-proxy', cost: 'restart' }]);
    assert.deepEqual([await proxies(), await watchers()], [[], 0]);
    await driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: PROXY }]);
    assert.deepEqual([await told(), await watchers(), await active(driver, id)], [VRRP, 1, true]);
  });

  test('a proxy that has to be started anew: the other node has the address from before the old one ends, and keeps it', async () => {
    const other = randomUUID();
    try {
      await driver.apply(other, creationOf(pairedOf(PROXY, { role: 'BACKUP', own: PEER, peer: OWN })));
      await getStuck();
      await becomes('the proxy is missed', async () => (await driver.present(id))?.proxy === null);
      await driver.apply(id, creationOf(WANTED).slice(-2));
      assert.deepEqual([(await driver.present(id))?.proxy?.structure, await told()], [PROXY.structure, VRRP]);
      assert.deepEqual([await active(driver, other), await active(driver, id)], [true, false]);
    } finally {
      await driver.remove(other);
    }
  });

  for (const [what, happens, wrong, words] of [
    ['is dead, nobody told, and the next one does not answer', die, { structure: 'another' }, /did not answer/],
    ['is stuck, its worker dead, and the next one does not start', getStuck, { text: `${PROXY.text}\n  nonsense here\n` }, /nonsense/],
  ] as const) {
    test(`a proxy that ${what}: its node gives the address up until one runs`, async () => {
      await happens();
      assert.equal(await active(driver, id), true);
      await assert.rejects(driver.apply(id, [{ kind: 'start-proxy', cost: 'restart', proxy: { ...PROXY, ...wrong } }]), words);
      await becomes('not active', async () => (await active(driver, id)) === false);
      assert.equal((await readFile(files.fault, 'utf8')).trim(), '1');
      await start();
      assert.equal(await active(driver, id), false, 'a keepalived that is started does not make a proxy of nothing');
      await driver.apply(id, creationOf(WANTED).slice(-2));
      assert.deepEqual(await told(), VRRP);
      await becomes('active', async () => (await active(driver, id)) === true);
    });
  }

  test('its interface, taken away, comes back with the address, by itself or with the next start', async () => {
    await ipBatch(namespace, [['link', 'delete', 'dev', 'vip0']]);
    await until(async () => ((await told()) === null ? true : null), 10, 300);
    await start();
    assert.deepEqual(await told(), VRRP);
    await becomes('active', async () => (await active(driver, id)) === true);
  });

  test('a file that nobody applied is not what runs', async () => {
    await writeFile(files.config, `${VRRP.text}# changed by hand\n`);
    assert.equal(await told(), null);
    await start();
    assert.deepEqual(await told(), VRRP);
  });

  test('without its keeper it counts as none, and that is told; a start leaves one of each', async () => {
    await kill(files.keeperPid);
    await becomes('the keeper is gone', async () => (await keepers()) === 0);
    assert.equal(await told(), null);
    await driver.read(id);
    assert.deepEqual(lost, [id]);
    await start();
    assert.equal(await keepers(), 1);
    assert.equal((await processesIn(namespace)).filter(({ program }) => program === 'keepalived').length, 2);
  });

  test('a broken configuration is refused in words, and the one before goes on', async () => {
    const before = await readPid(files.pid);
    const broken = { text: VRRP.text.replace('advert_int 0.05', 'advert_int nonsense') };
    await assert.rejects(
      driver.apply(id, [{ kind: 'reload-vrrp', cost: 'runtime', vrrp: broken }]),
      /reload-vrrp: keepalived refuses the configuration: .*nonsense/,
    );
    assert.deepEqual([await told(), await readPid(files.pid), await active(driver, id)], [VRRP, before, true]);
  });

  test('two nodes: one active, one on standby, and the reading says which; a removed one hands over', async () => {
    const other = randomUUID();
    const config = pairedOf(WANTED.proxy, { role: 'BACKUP', own: PEER, peer: OWN });
    try {
      await driver.apply(other, creationOf(config));
      assert.deepEqual([await active(driver, id), await active(driver, other)], [true, false]);
      assert.deepEqual([(await driver.read(id))?.standby, (await driver.read(other))?.standby], [undefined, true]);
      assert.deepEqual((await driver.present(other))?.links, config.links);
      await driver.remove(id);
      await becomes('the other is active', async () => (await active(driver, other)) === true);
      assert.deepEqual((await driver.present(other))?.links, config.links);
      assert.ok(!(await driver.present(other))?.links[0]?.addresses.some((address) => address.startsWith(`${VIP}/`)));
    } finally {
      await driver.remove(other);
    }
  });
});
