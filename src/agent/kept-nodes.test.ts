import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silent } from '../model/log.ts';
import { NodeError } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';
import { comparable, configOf, creationOf, proxyOf } from '../nodes/sample-node.fixture.ts';
import { KeptNodes } from './kept-nodes.ts';
import { Minder } from './minder.ts';

/** Nodes that can die, and that refuse what they are told to. */
class Mortal extends NoopNodes {
  refuses = false;
  readonly #lost: ((id: string) => void)[] = [];

  override async apply(...order: Parameters<NoopNodes['apply']>): Promise<void> {
    if (this.refuses) throw new NodeError('the cable is cut');
    await super.apply(...order);
  }

  override onLost(listener?: (id: string) => void): void {
    if (listener) this.#lost.push(listener);
  }

  async die(id: string): Promise<void> {
    await this.remove(id);
    for (const listener of this.#lost) listener(id);
  }
}

const WANTED = configOf(proxyOf({ members: [{ id: 'one', address: '198.51.100.21' }] }));

async function site(t: TestContext): Promise<{ driver: Mortal; nodes: KeptNodes; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-kept-'));
  t.after(() => rm(directory, { recursive: true }));
  const driver = new Mortal();
  return { driver, directory, nodes: new KeptNodes(driver, directory) };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${what}`);
}

function minderOf(t: TestContext, nodes: KeptNodes): Minder {
  const minder = new Minder({ nodes, log: silent, grace: 20, every: 50 });
  t.after(() => minder.yield());
  return minder;
}

test('what was carried out whole is remembered, by the next process too; what failed is not', async (t) => {
  const { driver, nodes, directory } = await site(t);
  const id = randomUUID();
  await nodes.apply(id, creationOf(WANTED));
  driver.refuses = true;
  await assert.rejects(nodes.apply(id, [{ kind: 'stop-proxy', cost: 'restart' }]), /the cable is cut/);
  const again = new KeptNodes(new NoopNodes(), directory);
  assert.deepEqual(comparable(await again.memoryOf(id)), comparable(WANTED));
  assert.deepEqual(await again.kept(), [id]);
});

test('one that is removed is forgotten, and one that is only remembered is listed so that it can be', async (t) => {
  const { driver, nodes, directory } = await site(t);
  const id = randomUUID();
  await nodes.apply(id, creationOf(WANTED));
  await driver.remove(id);
  assert.deepEqual(await nodes.list(), [id]);
  await nodes.remove(id);
  assert.deepEqual([await nodes.list(), await readdir(directory)], [[], []]);
  assert.equal(await nodes.memoryOf(id), null);
});

test('a memory that nobody can read is said to be damaged, and its node left alone', async (t) => {
  const { driver, nodes, directory } = await site(t);
  const id = randomUUID();
  await nodes.apply(id, creationOf(WANTED));
  for (const text of ['', '{', '{"links": "secret"}']) {
    await writeFile(join(directory, `${id}.json`), text);
    await assert.rejects(nodes.memoryOf(id), (error) => error instanceof NodeError && /is damaged/.test(error.message) && !error.message.includes('secret'));
  }
  minderOf(t, nodes).leave();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(comparable(await driver.present(id)), comparable(WANTED));
});

test('alone, a host brings back what dies and what was changed; with a server it leaves both to that one', async (t) => {
  const { driver, nodes } = await site(t);
  const ids = [randomUUID(), randomUUID()];
  for (const id of ids) await nodes.apply(id, creationOf(WANTED));
  const minder = minderOf(t, nodes);
  const [first = '', second = ''] = ids;
  await driver.die(first);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await driver.present(first), null);
  minder.leave();
  await until('it is back', async () => (await driver.present(first)) !== null);
  await driver.die(first);
  await driver.apply(second, [{ kind: 'stop-proxy', cost: 'restart' }]);
  await until('both are as ordered', async () => (await driver.present(first)) !== null && (await driver.present(second))?.proxy !== null);
  driver.refuses = true;
  await driver.die(second);
  await new Promise((resolve) => setTimeout(resolve, 100));
  driver.refuses = false;
  await until('it is tried again', async () => (await driver.present(second)) !== null);
  await minder.yield();
  await driver.die(first);
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(await driver.present(first), null);
});
