/** Reloads and what workers remember of their clients, with real workers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import type { ProxyConfig, Server } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import type { MemberTopology } from '../../model/topology.ts';
import { renderProxy } from '../../render/haproxy/compile.ts';
import { listenerOf, memberOf, poolOf, topologyOf } from '../../render/haproxy/topology.fixture.ts';
import { configOf, creationOf, VIP } from '../sample-node.fixture.ts';
import { NotYetError } from '../node.ts';
import type { LocalNodes } from './local-nodes.ts';
import { type NodeFiles, nodeFiles } from './names.ts';
import { until } from './pause.ts';
import { parseStat } from './proxy-answers.ts';
import { askWorker } from './proxy-socket.ts';
import { readProxyState, readWorkerInfo } from './proxy-state.ts';
import { readTables, type TableState } from './proxy-tables.ts';
import { TestBed } from './test-bed.fixture.ts';
import { TestClient } from './test-client.fixture.ts';

const ONE = { id: 'one', address: '198.51.100.21' };
const TWO = { id: 'two', address: '198.51.100.22' };

/** With as many listeners as wanted: another number is another structure. */
function sticky(listeners: number, protocol: 'HTTP' | 'TCP' = 'HTTP', members: readonly Partial<MemberTopology>[] = [ONE, TWO]): ProxyConfig {
  const vip = { ...topologyOf().vip, address: VIP };
  const persistence = { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: null, persistence_granularity: null } as const;
  const pools = [poolOf({ protocol, members: members.map(memberOf), persistence })];
  const ports = Array.from({ length: listeners }, (_, index) => listenerOf({ id: `listener-${index}`, port: 80 + index, protocol }));
  return renderProxy(topologyOf({ vip, listeners: ports, pools })) ?? assert.fail('no proxy');
}

suite('tables over reloads', () => {
  const bed = new TestBed();
  let driver: LocalNodes;
  let client: TestClient;
  let clients: string;
  let id: string;
  let files: NodeFiles;

  before(async () => {
    driver = bed.driver();
    await driver.start();
    await bed.addMember('one', ONE.address);
    await bed.addMember('two', TWO.address);
    clients = await bed.addHost('client', '198.51.100.100');
    client = new TestClient(bed, clients);
  });
  beforeEach(() => {
    id = randomUUID();
    files = nodeFiles(bed.runPath, id);
  });
  afterEach(() => driver.remove(id));
  after(async () => {
    await driver.stop();
    await bed.cleanUp();
  });

  const make = (proxy: ProxyConfig): Promise<void> => driver.apply(id, creationOf(configOf(proxy)));
  const reload = (proxy: ProxyConfig): Promise<void> => driver.apply(id, [{ kind: 'reload-proxy', cost: 'reload', proxy }]);
  const tables = async (): Promise<TableState> => (await readTables(files)) ?? assert.fail('no worker');
  const worker = async (): Promise<number> => (await readWorkerInfo(files))?.pid ?? assert.fail('no worker');
  /** As the loop does; bounded by the test's own patience. */
  const reloadInTime = (proxy: ProxyConfig): Promise<number> => inTime(() => reload(proxy));
  const inTime = async (work: () => Promise<void>): Promise<number> => {
    let refusals = 0;
    const done = await until(
      async () => {
        try {
          await work();
          return true;
        } catch (error) {
          if (!(error instanceof NotYetError)) throw error;
          refusals++;
          return null;
        }
      },
      100,
      20_000,
    );
    assert.equal(done, true);
    return refusals;
  };

  test('a worker that knows clients and would not teach is not replaced; as soon as it would, it is, and nothing is lost', async () => {
    await make(sticky(1));
    await client.ask(1);
    const before = await worker();
    await assert.rejects(reload(sticky(2)), (error) => error instanceof NotYetError && error.after > 0 && error.after <= 5000);
    assert.equal(await worker(), before);
    assert.ok((await reloadInTime(sticky(2))) > 0);
    assert.notEqual(await worker(), before);
    assert.equal(await until(async () => ((await tables()).used === 1 ? true : null), 10, 2000), true);
    assert.equal(await reloadInTime(sticky(3)), 0, 'who was taught teaches at once');
    assert.equal(await until(async () => ((await tables()).used === 1 ? true : null), 10, 2000), true);
  });

  test('one that knows nobody is replaced at once, and its successor need not wait for a lesson', async () => {
    await make(sticky(1));
    await reload(sticky(2));
    assert.equal((await tables()).finished, true);
    await client.ask(1);
    await reload(sticky(3));
    assert.equal(await until(async () => ((await tables()).used === 1 ? true : null), 10, 2000), true);
  });

  test('a client with a connection over TCP keeps its member, too', async () => {
    await make(sticky(1, 'TCP'));
    const [member] = Object.keys(await client.ask(1));
    await reloadInTime(sticky(2, 'TCP'));
    assert.deepEqual(Object.keys(await client.ask(4)), [member]);
    assert.match((await askWorker(files.statsSocket, ['show table']))[0] ?? '', /used:1/);
  });

  test('a member that is busy when it is deleted goes as soon as the worker may be replaced, and gets nobody until then', async () => {
    await make(sticky(1));
    await client.ask(4);
    const held = bed.run(clients, 'held-client.fixture.ts', [VIP]);
    held.stdout?.resume();
    const member = await until(async () => busyMember((await askWorker(files.statsSocket, ['show stat']))[0] ?? ''), 10, 5000);
    assert.ok(member);
    const left = sticky(
      1,
      'HTTP',
      [ONE, TWO].filter(({ id: name }) => name !== member),
    );
    const [{ backend }] = sticky(1).servers as [Server];
    const deletion: Plan = [
      { kind: 'write-config', cost: 'runtime', proxy: left },
      { kind: 'delete-server', cost: 'runtime', backend, name: member },
    ];
    await assert.rejects(driver.apply(id, deletion), NotYetError);
    const waiting = (await readProxyState(files))?.servers.find(({ name }) => name === member);
    assert.equal(waiting?.state, 'maint');
    const before = await worker();
    await inTime(() => driver.apply(id, deletion));
    assert.notEqual(await worker(), before);
    assert.deepEqual(
      (await readProxyState(files))?.servers.map(({ name }) => name),
      left.servers.map(({ name }) => name),
    );
  });
});

/** The member with a request that runs. */
function busyMember(stat: string): string | null {
  return parseStat(stat).find(({ svname, scur }) => [ONE.id, TWO.id].includes(svname ?? '') && Number(scur) > 0)?.['svname'] ?? null;
}
