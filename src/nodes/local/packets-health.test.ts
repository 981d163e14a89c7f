/** Members that die and come back, as the checks inside the node see it. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { downMembers } from '../../control/down-members.ts';
import { monitorOf } from '../../render/haproxy/topology.fixture.ts';
import type { MonitorTopology, Topology } from '../../model/topology.ts';
import { FlowBed, type FlowClient, MEMBER_PORT, VIP, memberAt, topologyFor } from './flow-bed.fixture.ts';
import { end, processesIn } from './namespace.ts';
import { until } from './pause.ts';

const MEMBERS = [memberAt('a'), memberAt('b')];

suite('health of what the kernel balances', () => {
  const bed = new FlowBed();
  let client: FlowClient;
  let host: string;

  before(async () => {
    await bed.start(['a']);
    host = await bed.bed.addHost('b', memberAt('b').address);
    client = await bed.addClient('client', '198.51.100.10');
  });
  after(() => bed.cleanUp());

  const monitored = (monitor: Partial<MonitorTopology>): Topology =>
    topologyFor({ members: MEMBERS, pool: { monitor: monitorOf({ delay: 1, timeout: 1, rise: 1, fall: 1, http: null, ...monitor }) } });

  async function becomes(state: string): Promise<string> {
    let reason = '';
    const seen = await until(
      async () => {
        const member = (await bed.driver.read(bed.id))?.members.find(({ id }) => id === 'b');
        reason = member?.reason ?? '';
        return member?.state === state ? true : null;
      },
      50,
      15_000,
    );
    assert.equal(seen, true, `never ${state}: ${reason}`);
    return reason;
  }

  const outdated = async (): Promise<boolean | undefined> => (await bed.driver.read(bed.id))?.outdated;

  for (const [type, serve] of [
    ['UDP-CONNECT', () => bed.serve(host, memberAt('b').address, 'b')],
    ['TCP', () => bed.serve(host, memberAt('b').address, 'b')],
  ] as const) {
    test(`${type}: a port that nobody listens on is down, one that somebody listens on is up`, async () => {
      const topology = monitored({ type });
      await bed.apply(topology);
      const reason = await becomes('down');
      assert.notEqual(reason, '');
      assert.equal(await outdated(), true);
      await bed.apply(topology, new Set(['pool-1/b']));
      assert.equal(await outdated(), false);
      assert.deepEqual(await client.many(20, { to: VIP }), { a: 20 });
      const member: ChildProcess = await serve();
      try {
        await becomes('up');
        assert.equal(await outdated(), true);
        await bed.apply(topology);
        assert.equal(await outdated(), false);
        assert.ok(Object.keys(await client.many(64)).includes('b'));
      } finally {
        member.kill('SIGKILL');
      }
      await becomes('down');
    });
  }

  test('the checks go on without this process, and are those of the new members after a change', async () => {
    await bed.apply({
      ...monitored({ type: 'UDP-CONNECT' }),
      pools: monitored({ type: 'UDP-CONNECT' }).pools.map((pool) => ({ ...pool, members: [memberAt('a')] })),
    });
    await bed.apply(monitored({ type: 'UDP-CONNECT' }));
    await becomes('down');
    const { proxy } = (await bed.driver.present(bed.id)) ?? assert.fail('no node');
    assert.deepEqual(proxy?.servers.map(({ name, port }) => `${name} ${port}`).toSorted(), [`a ${MEMBER_PORT}`, `b ${MEMBER_PORT}`]);
    const other = bed.bed.driver();
    await other.start();
    assert.equal((await other.read(bed.id))?.members.find(({ id }) => id === 'b')?.state, 'down');
    await other.stop();
  });

  test('while no check tells how members are, who was dead stays so: the proxy is gone, or has just begun', async () => {
    const topology = monitored({ type: 'UDP-CONNECT' });
    const dead = async (): Promise<string[]> => [...(await downMembers(bed.driver, topology, bed.id))];
    await bed.apply(topology);
    await becomes('down');
    await bed.apply(topology, new Set(['pool-1/b']));
    await end(
      (await processesIn(bed.namespace)).filter(({ program }) => program === 'haproxy'),
      0,
    );
    assert.deepEqual((await bed.driver.read(bed.id))?.leftOut, [{ id: 'b', poolId: 'pool-1' }]);
    assert.deepEqual(await dead(), ['pool-1/b']);
    await bed.apply(topology, new Set(['pool-1/b']));
    assert.equal(await outdated(), false);
    assert.deepEqual(await dead(), ['pool-1/b']);
  });

  test('a table that a hand changed is told at the next reading', async () => {
    await bed.apply(topologyFor({ members: MEMBERS }));
    assert.equal(await outdated(), false);
    await bed.nft('flush table inet weir');
    assert.equal(await outdated(), true);
    await bed.apply(topologyFor({ members: MEMBERS }));
    await bed.nft('delete table inet weir');
    assert.equal(await outdated(), true);
    await bed.apply(topologyFor({ members: MEMBERS }));
    assert.equal(await outdated(), false);
  });

  test('a node whose namespace was deleted is read as one that carries nothing', async () => {
    await bed.apply(topologyFor({ members: MEMBERS }));
    await bed.deleteNamespace();
    const reading = await bed.driver.read(bed.id);
    assert.deepEqual([reading?.listeners, reading?.outdated], [[], true]);
    await bed.apply(topologyFor({ members: [memberAt('a')] }));
    assert.deepEqual(await client.many(8, { to: VIP }), { a: 8 });
  });
});
