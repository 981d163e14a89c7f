import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, suite, test } from 'node:test';
import { silent } from '../../model/log.ts';
import type { PacketService } from '../../model/node-config.ts';
import { run } from './command.ts';
import { FlowCounter } from './flow-counter.ts';
import { loadFlows } from './flow-load.fixture.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { conntrack } from './packet-flows.ts';

function serviceOf(port: number, change: Partial<PacketService> = {}): PacketService {
  return { listener: 'l', address: '198.51.100.5', protocol: 'udp', port, limit: null, pool: null, checked: false, members: [], ...change };
}

suite('flows of a node, counted', () => {
  const namespace = `weir-${randomBytes(3).toString('hex')}-count`;
  const services = [serviceOf(53), serviceOf(54, { furtherAddresses: ['198.51.100.6'] })];

  before(() => createNamespace(namespace, {}));
  after(() => deleteNamespace(namespace));
  beforeEach(() => run('nsenter', conntrack(namespace, ['-F'])));

  test('by service, at all of its addresses; those without a member, and of nobody, are none', async () => {
    await loadFlows(namespace, { count: 20_000, port: 53, mark: (index) => index % 4 });
    await loadFlows(namespace, { count: 7, port: 54, mark: () => 9 });
    await loadFlows(namespace, { count: 5, port: 54, mark: () => 9, address: '198.51.100.6' });
    await loadFlows(namespace, { count: 5, port: 55, mark: () => 9 });
    const counter = new FlowCounter(silent);
    assert.deepEqual(
      await counter.count(namespace, services),
      new Map([
        ['udp 53', 15_000],
        ['udp 54', 12],
      ]),
    );
    assert.deepEqual(await new FlowCounter(silent).count(namespace, []), new Map());
  });

  test('where it takes long it is done less often, and what was counted last is told meanwhile', async () => {
    let now = 0;
    // Each look at the clock is a second: so long a listing seems to take.
    const counter = new FlowCounter(silent, () => (now += 1000));
    const count = async (): Promise<number | undefined> => (await counter.count(namespace, services)).get('udp 53');
    await loadFlows(namespace, { count: 10, port: 53, mark: () => 1 });
    assert.equal(await count(), 10);
    await run('nsenter', conntrack(namespace, ['-F']));
    assert.equal(await count(), 10);
    now += 60_000;
    assert.equal(await count(), 0);
  });

  test('two who ask at a time share an answer', async () => {
    const counter = new FlowCounter(silent);
    const [one, two] = await Promise.all([counter.count(namespace, services), counter.count(namespace, services)]);
    assert.equal(one, two);
  });

  test('what cannot be counted is told in the log, not at every look, and holds nobody up', async () => {
    let now = 0;
    const said: string[] = [];
    const log = { ...silent, warn: (fields: object, words: string) => said.push(`${words}: ${(fields as { reason: string }).reason}`) };
    const counter = new FlowCounter(log, () => now);
    for (; now < 30_000; now += 500) assert.deepEqual(await counter.count(`${namespace}-none`, services), new Map());
    assert.match(said[0] ?? '', /^flows cannot be counted: nsenter: .*No such file/);
    assert.ok(said.length > 1 && said.length < 8, String(said.length));
  });
});
