/** Flows in a table of connections, as conntrack cuts them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { PacketService } from '../../model/node-config.ts';
import { run } from './command.ts';
import { loadFlows } from './flow-load.fixture.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { conntrack, eachFlow } from './packet-flows.ts';
import { cutStrayFlows, cutsAt } from './stray-flows.ts';

const ADDRESS = '198.51.100.5';

function serviceOf(port: number, kept: readonly number[], dead: readonly number[] = []): PacketService {
  const member = (keepsFlows: boolean) => (number: number) => ({ id: `m${number}`, number, state: 'unchecked' as const, keepsFlows });
  const members = [...kept.map(member(true)), ...dead.map(member(false))];
  return { listener: `l${port}`, address: ADDRESS, protocol: 'udp', port, limit: null, pool: 'p', checked: false, members };
}

/** Spread as members' numbers are. */
function numberAt(index: number): number {
  return Math.imul(index + 1, 0x9e3779b1) >>> 0;
}

test('one order cuts all flows of a port where none is to stay, and few do where few are', () => {
  const marks = new Set(Array.from({ length: 1000 }, (_, index) => numberAt(index)));
  assert.deepEqual(cutsAt(53, marks), [['--orig-port-dst', '53']]);
  assert.deepEqual(cutsAt(53, marks, new Set()), [['--orig-port-dst', '53']]);
  assert.ok(cutsAt(53, marks, new Set([77])).length <= 12);
});

suite('stray flows', () => {
  const namespace = `weir-${randomBytes(3).toString('hex')}-flows`;

  before(() => createNamespace(namespace, {}));
  after(() => deleteNamespace(namespace));
  beforeEach(() => run('nsenter', conntrack(namespace, ['-F'])));

  /** How many are left, by port and mark. */
  async function left(address = ADDRESS): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await eachFlow(namespace, address, 'udp', ({ port, mark }) => {
      counts[`${port}/${mark}`] = (counts[`${port}/${mark}`] ?? 0) + 1;
    });
    return counts;
  }

  test('those of a dead member, of a deleted one, and of a service that is gone; the others stay', async () => {
    await loadFlows(namespace, { count: 40, port: 53, mark: (index) => index % 4 });
    await loadFlows(namespace, { count: 30, port: 54, mark: (index) => index % 3 });
    await loadFlows(namespace, { count: 10, port: 55, mark: () => 0 });
    await cutStrayFlows(namespace, ADDRESS, 'udp', [serviceOf(53, [1, 2], [3])]);
    assert.deepEqual(await left(), { '53/1': 10, '53/2': 10, '55/0': 10 });
    await cutStrayFlows(namespace, ADDRESS, 'udp', [serviceOf(53, [1, 2], [3])]);
    assert.deepEqual(await left(), { '53/1': 10, '53/2': 10, '55/0': 10 });
    await cutStrayFlows(namespace, '198.51.100.6', 'udp', []);
    await cutStrayFlows(namespace, ADDRESS, 'sctp', []);
    assert.deepEqual(await left(), { '53/1': 10, '53/2': 10, '55/0': 10 });
  });

  test('a thousand members that went at once', async () => {
    await loadFlows(namespace, { count: 2002, port: 53, mark: (index) => numberAt(index % 1001) });
    await cutStrayFlows(namespace, ADDRESS, 'udp', [serviceOf(53, [numberAt(500)])]);
    assert.deepEqual(await left(), { [`53/${numberAt(500)}`]: 2 });
  });

  test('flows that end while they are cut do not keep the others from it', async () => {
    await loadFlows(namespace, { count: 20_000, port: 53, mark: (index) => 1 + (index % 2) });
    await Promise.all([1, 2, 3].map(() => cutStrayFlows(namespace, ADDRESS, 'udp', [])));
    assert.deepEqual(await left(), {});
  });

  test('what conntrack cannot do is no success', async () => {
    await assert.rejects(cutStrayFlows(`${namespace}-none`, ADDRESS, 'udp', []), { name: 'CommandError' });
    await loadFlows(namespace, { count: 2, port: 53, mark: () => 1 });
    await assert.rejects(cutStrayFlows(namespace, 'no address', 'udp', [serviceOf(53, [2])]), { name: 'CommandError' });
  });
});
