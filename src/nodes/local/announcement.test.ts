/** A client that asked for an address before it existed is told when it does, and need not ask again. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { renderProxy } from '../../render/haproxy/compile.ts';
import { listenerOf, memberOf, poolOf, topologyOf } from '../../render/haproxy/topology.fixture.ts';
import { configOf, creationOf, proxyOf, VIP } from '../sample-node.fixture.ts';
import { ipBatch, ipQuery } from './ip.ts';
import type { LocalNodes } from './local-nodes.ts';
import { setSysctls } from './namespace.ts';
import { until } from './pause.ts';
import { TestBed } from './test-bed.fixture.ts';

const MEMBER = { id: 'one', address: '198.51.100.21' };
const VIP6 = '2001:db8::5';
/** Longer than the test may take: without the announcement the client's next question comes too late. */
const PATIENCE = '60000';

suite('announcement', () => {
  const bed = new TestBed();
  let driver: LocalNodes;
  let clients: string;

  before(async () => {
    driver = bed.driver();
    await driver.start();
    await bed.addMember('one', MEMBER.address);
    clients = await bed.addHost('client', '198.51.100.100');
    await ipBatch(clients, [['address', 'replace', '2001:db8::100/64', 'dev', 'eth0', 'nodad']]);
    await setSysctls(clients, { 'net.ipv4.neigh.eth0.retrans_time_ms': PATIENCE, 'net.ipv6.neigh.eth0.retrans_time_ms': PATIENCE });
  });
  after(async () => {
    await driver.stop();
    await bed.cleanUp();
  });

  const asksInVain = async (address: string): Promise<boolean> => {
    const [entries = []] = await ipQuery(clients, [['neigh', 'show', 'nud', 'incomplete']]);
    return entries.some((entry) => (entry as { dst?: string }).dst === address);
  };

  function proxyOn(address: string) {
    if (address === VIP) return proxyOf({ members: [MEMBER] });
    const vip = { ...topologyOf().vip, address };
    return renderProxy(topologyOf({ vip, listeners: [listenerOf()], pools: [poolOf({ members: [memberOf(MEMBER)], monitor: null })] }));
  }

  for (const address of [VIP, VIP6]) {
    test(`${address} is answered to who asked for it before it was there`, async () => {
      const id = randomUUID();
      const child = bed.run(clients, 'held-client.fixture.ts', [address]);
      const output = child.stdout ?? assert.fail('no output');
      output.setEncoding('utf8');
      assert.ok(await until(async () => ((await asksInVain(address)) ? true : null), 20, 10_000));
      const answer = new Promise<string>((resolve) => output.once('data', resolve));
      await driver.apply(id, creationOf(configOf(proxyOn(address))));
      assert.match(await answer, /^HTTP\/1.1 200/);
      child.kill('SIGKILL');
      await driver.remove(id);
    });
  }
});
