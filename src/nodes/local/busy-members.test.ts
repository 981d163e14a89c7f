/** A member is deleted while a request runs on it: the request is not cut. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import type { ProxyConfig } from '../../model/node-config.ts';
import type { Plan } from '../../model/plan.ts';
import { renderProxy } from '../../render/haproxy/compile.ts';
import { listenerOf, memberOf, poolOf, topologyOf } from '../../render/haproxy/topology.fixture.ts';
import { BACKEND, comparable, configOf, creationOf, proxyOf, VIP } from '../sample-node.fixture.ts';
import type { LocalNodes } from './local-nodes.ts';
import { nodeFiles } from './names.ts';
import { readWorkerInfo } from './proxy-state.ts';
import { TestBed } from './test-bed.fixture.ts';
import { TestClient } from './test-client.fixture.ts';

const ONE = { id: 'one', address: '198.51.100.21' };
const TWO = { id: 'two', address: '198.51.100.22' };
type Members = Parameters<typeof proxyOf>[0]['members'];

function overTcp(members: Members): ProxyConfig {
  const vip = { ...topologyOf().vip, address: VIP };
  const pools = [poolOf({ protocol: 'TCP', members: members.map(memberOf) })];
  return renderProxy(topologyOf({ vip, listeners: [listenerOf({ protocol: 'TCP' })], pools })) ?? assert.fail('no proxy');
}

const overHttp = (members: Members): ProxyConfig => proxyOf({ members });

suite('members that are busy when they are deleted', () => {
  const bed = new TestBed();
  let driver: LocalNodes;
  let member: ChildProcess;
  let clients: string;
  let id: string;

  before(async () => {
    member = await bed.addMember('one', ONE.address);
    await bed.addMember('two', TWO.address);
    clients = await bed.addHost('client', '198.51.100.100');
    driver = bed.driver();
    await driver.start();
  });
  beforeEach(() => {
    id = randomUUID();
  });
  afterEach(() => driver.remove(id));
  after(async () => {
    await driver.stop();
    await bed.cleanUp();
  });

  const worker = async (): Promise<number> => (await readWorkerInfo(nodeFiles(bed.runPath, id)))?.pid ?? assert.fail('no worker');
  const write = (proxy: ProxyConfig): Plan[number] => ({ kind: 'write-config', cost: 'runtime', proxy });
  const deletion: Plan[number] = { kind: 'delete-server', cost: 'runtime', backend: BACKEND, name: 'one' };

  /** Carries the plan out while a request is held on member one; resolves with what the client got in the end. */
  async function heldDuring(plan: Plan): Promise<string> {
    const child = bed.run(clients, 'held-client.fixture.ts', [VIP]);
    const output = child.stdout ?? assert.fail('no output');
    output.setEncoding('utf8');
    const parts = output[Symbol.asyncIterator]() as AsyncIterator<string>;
    let text = '';
    while (!text.includes('begun')) text += (await parts.next()).value ?? assert.fail(text);
    await driver.apply(id, plan);
    member.stdin?.write('\n');
    for (let part = await parts.next(); part.done !== true; part = await parts.next()) text += part.value;
    return text;
  }

  for (const [words, render] of [
    ['an HTTP request', overHttp],
    ['a TCP session', overTcp],
  ] as const) {
    test(`${words} goes on to its end, and nothing new gets to the member`, async () => {
      const proxy = render([TWO]);
      const config = configOf(render([ONE]));
      await driver.apply(id, creationOf(config));
      const before = await worker();
      const add = proxy.servers.map((server) => ({ kind: 'add-server', cost: 'runtime', server }) as const);
      const text = await heldDuring([write(proxy), ...add, deletion]);
      assert.match(text, /begun [\s\S]*one/);
      assert.deepEqual(comparable(await driver.present(id)), comparable({ ...config, proxy }));
      assert.notEqual(await worker(), before);
      const client = new TestClient(bed, clients);
      assert.deepEqual(await client.ask(6), { two: 6 });
      client.end();
    });
  }

  test('a member that has to be made anew is, and the other steps of the plan are done as well', async () => {
    const config = configOf(proxyOf({ members: [ONE, TWO] }));
    const proxy = proxyOf({
      members: [
        { ...ONE, backup: true },
        { ...TWO, weight: 7 },
      ],
    });
    await driver.apply(id, creationOf(config));
    const changes = proxy.servers.map(
      (server, index) => ({ kind: 'change-server', cost: 'runtime', server, present: config.proxy?.servers[index] ?? server }) as const,
    );
    const text = await heldDuring([write(proxy), ...changes]);
    assert.match(text, /begun [\s\S]*one/);
    assert.deepEqual(comparable(await driver.present(id)), comparable({ ...config, proxy }));
  });

  test('a file that still names the member is told, not hidden', async () => {
    await driver.apply(id, creationOf(configOf(proxyOf({ members: [ONE] }))));
    await assert.rejects(heldDuring([deletion]), /delete-server: the proxy has connections to .*one, which its file still names/);
    member.stdin?.write('\n');
  });
});
