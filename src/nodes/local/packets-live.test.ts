/** Real datagrams and connections through the kernel's table. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { renderPackets } from '../../render/nftables/compile.ts';
import { FlowBed, type FlowClient, VIP, VIP6, memberAt, topologyFor } from './flow-bed.fixture.ts';
import { nodeFiles } from './names.ts';

const TWO = [memberAt('a'), memberAt('b')];
const tcp = { listener: { protocol: 'TCP', port: 80 }, pool: { protocol: 'TCP' }, topology: { engine: 'nftables' } } as const;

suite('what the kernel balances', () => {
  const bed = new FlowBed();
  let client: FlowClient;

  before(async () => {
    await bed.start(['a', 'b', 'c']);
    client = await bed.addClient('client', '198.51.100.10', '198.51.100.11', '198.51.100.12', '2001:db8::10');
  });
  after(() => bed.cleanUp());

  test('round robin: shares by weight, and members answer to the node', async () => {
    await bed.apply(topologyFor({ members: [memberAt('a', { weight: 3 }), memberAt('b')] }));
    assert.deepEqual(await newFlows(256), { a: 192, b: 64 });
    assert.match(await client.open('one'), / 198\.51\.100\.5$/);
    await client.close('one');
  });

  test('a change of members moves no flow that goes on; a drained member keeps its own, a deleted one is cut', async () => {
    await bed.apply(topologyFor({ members: TWO }));
    const flows = await openFlows('flow', 8);
    const held = await answers('flow', 8);
    assert.deepEqual(new Set(held), new Set(['a', 'b']), String(flows));
    await bed.apply(topologyFor({ members: [...TWO, memberAt('c', { weight: 10 })] }));
    assert.deepEqual(await answers('flow', 8), held);
    await bed.apply(topologyFor({ members: [memberAt('a', { weight: 0 }), memberAt('b'), memberAt('c')] }));
    assert.deepEqual(await answers('flow', 8), held);
    assert.deepEqual(Object.keys(await newFlows(64)).toSorted(), ['b', 'c']);
    await bed.apply(topologyFor({ members: [memberAt('b'), memberAt('c')] }));
    const now = await answers('flow', 8);
    assert.ok(
      now.every((name) => name === 'b' || name === 'c'),
      String(now),
    );
    for (const [index, name] of held.entries()) if (name === 'b') assert.equal(now[index], 'b');
    await closeFlows('flow', 8);
  });

  test('a dead member loses its flows to the others; one that is switched off gets none', async () => {
    await bed.apply(topologyFor({ members: TWO }));
    await openFlows('dying', 6);
    await bed.apply(topologyFor({ members: TWO }), new Set(['pool-1/a']));
    assert.deepEqual(new Set(await answers('dying', 6)), new Set(['b']));
    await bed.apply(topologyFor({ members: [memberAt('a'), memberAt('b', { enabled: false })] }));
    assert.deepEqual(new Set(await answers('dying', 6)), new Set(['a']));
    await closeFlows('dying', 6);
  });

  test('backup members serve only while no other can', async () => {
    const members = [memberAt('a'), memberAt('b', { backup: true }), memberAt('c', { backup: true })];
    await bed.apply(topologyFor({ members }));
    assert.deepEqual(await newFlows(20), { a: 20 });
    await bed.apply(topologyFor({ members }), new Set(['pool-1/a']));
    assert.deepEqual(await newFlows(256), { b: 128, c: 128 });
  });

  test('without a member clients are refused at once, and served as soon as there is one', async () => {
    await bed.apply(topologyFor({ members: [] }));
    assert.equal(await firstRefusal(client), 'error ECONNREFUSED');
    await client.open('waiting');
    await bed.apply(topologyFor({ members: [memberAt('a')] }));
    assert.match(await client.say('waiting'), /^a /);
    await client.close('waiting');
    await bed.apply(topologyFor({ ...tcp, members: [] }));
    assert.deepEqual(await client.many(1, { protocol: 'tcp', port: 80 }), { 'error ECONNREFUSED': 1 });
  });

  test('by source address: a client stays, by address and port it is spread', async () => {
    const members = [...TWO, memberAt('c')];
    await bed.apply(topologyFor({ members, pool: { algorithm: 'SOURCE_IP' } }));
    for (const from of ['198.51.100.10', '198.51.100.11', '198.51.100.12']) assert.equal(Object.keys(await client.many(12, { from })).length, 1);
    await bed.apply(topologyFor({ members, pool: { algorithm: 'SOURCE_IP_PORT' } }));
    assert.deepEqual(Object.keys(await client.many(60, { from: '198.51.100.10' })).toSorted(), ['a', 'b', 'c']);
  });

  test('session persistence: by address, by network, until the time is over', async () => {
    const persistence = { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: 1, persistence_granularity: '255.255.255.255' } as const;
    await bed.apply(topologyFor({ members: TWO, pool: { persistence } }));
    const [first = ''] = Object.keys(await client.many(20, { from: '198.51.100.10' }));
    assert.equal(Object.keys(await client.many(20, { from: '198.51.100.10' }))[0], first);
    // Drained, it keeps the clients it has; the other one gets the new ones.
    await bed.apply(topologyFor({ members: TWO.map((member) => (member.id === first ? { ...member, weight: 0 } : member)), pool: { persistence } }));
    assert.deepEqual(await client.many(5, { from: '198.51.100.10' }), { [first]: 5 });
    assert.equal((await newFlows(5, '198.51.100.11'))[first], undefined);
    await bed.apply(topologyFor({ members: TWO.filter(({ id }) => id !== first), pool: { persistence } }));
    assert.equal((await client.many(5, { from: '198.51.100.10' }))[first], undefined);
    const network = { ...persistence, persistence_timeout: 60, persistence_granularity: '255.255.255.0' };
    await bed.apply(topologyFor({ members: TWO, pool: { persistence: network } }));
    const tallies = [];
    for (const from of ['198.51.100.10', '198.51.100.11', '198.51.100.12']) tallies.push(...Object.keys(await client.many(8, { from })));
    assert.equal(new Set(tallies).size, 1, String(tallies));
  });

  test('allowed_cidrs of IPv4', async () => {
    const listener = { allowedCidrs: ['198.51.100.10/31', '198.51.100.11/32', '2001:db8::/32'] };
    await bed.apply(topologyFor({ members: [memberAt('a')], listener }));
    assert.deepEqual(await client.many(2, { from: '198.51.100.11' }), { a: 2 });
    assert.deepEqual(await client.many(2, { from: '198.51.100.12' }), { silence: 2 });
    await bed.apply(topologyFor({ members: [memberAt('a')], listener: { allowedCidrs: ['2001:db8::/32'] } }));
    assert.deepEqual(await client.many(1, { from: '198.51.100.11' }), { silence: 1 });
    await bed.apply(topologyFor({ members: [memberAt('a')] }));
    assert.deepEqual(await client.many(2, { from: '198.51.100.12' }), { a: 2 });
  });

  test('the connection limit counts what is there, also across changes', async () => {
    const limited = (members: typeof TWO): ReturnType<typeof topologyFor> =>
      topologyFor({ ...tcp, members, listener: { ...tcp.listener, connectionLimit: 3 } });
    const web = { protocol: 'tcp', port: 80 };
    await bed.apply(limited(TWO));
    for (const name of ['t1', 't2', 't3']) assert.match(await client.open(name, web), /^[ab] /);
    assert.equal((await bed.driver.read(bed.id))?.listeners[0]?.state, 'full');
    assert.equal(await client.open('t4', web), 'silence');
    await bed.apply(limited([...TWO, memberAt('c')]));
    assert.equal(await client.open('t5', web), 'silence');
    for (const name of ['t1', 't2', 't3']) assert.match(await client.say(name), /^[ab] /);
    for (const name of ['t1', 't2', 't3', 't4', 't5']) await client.close(name);
  });

  test('connections of TCP go on when their member is deleted, and when the table is made anew', async () => {
    await bed.apply(topologyFor({ ...tcp, members: [memberAt('a')] }));
    assert.match(await client.open('long', { protocol: 'tcp', port: 80 }), /^a /);
    await bed.apply(topologyFor({ ...tcp, members: [memberAt('b')] }));
    assert.match(await client.say('long'), /^a /);
    await bed.nft('delete chain inet weir leave; add chain inet weir leave { type nat hook postrouting priority 100; }');
    await bed.apply(topologyFor({ ...tcp, members: [memberAt('b')] }));
    assert.match(await client.say('long'), /^a /);
    assert.deepEqual(await client.many(4, { protocol: 'tcp', port: 80 }), { b: 4 });
    await client.close('long');
  });

  for (const [hand, words] of [
    ['flushed the rules', 'flush table inet weir'],
    ['deleted the table', 'delete table inet weir'],
    ['flushed everything', 'flush ruleset'],
    ['added a rule', 'insert rule inet weir arrive drop'],
    ['emptied a map', 'flush map inet weir slots'],
    ['took one element away', 'delete element inet weir services { 198.51.100.5 . udp . 53 }'],
  ] as const) {
    test(`a hand ${hand}: noticed and mended`, async () => {
      const topology = topologyFor({ members: TWO });
      const { packets } = await bed.apply(topology);
      await bed.nft(words);
      assert.notEqual((await bed.driver.present(bed.id))?.packets?.digest, packets?.digest);
      await bed.apply(topology);
      assert.deepEqual(await newFlows(256), { a: 128, b: 128 });
    });
  }

  test('a change that a crash cut off at any point is completed, and no flow is lost', async () => {
    const topology = topologyFor({ members: TWO });
    const files = nodeFiles(bed.bed.runPath, bed.id);
    await bed.apply(topology);
    const first = await client.open('kept');
    const cuts = [
      async () => bed.nft(`delete chain inet weir ${/chain (seal_\S+)/.exec(await bed.inNode('nft', 'list', 'table', 'inet', 'weir'))?.[1] ?? ''}`),
      async () => writeFile(files.packets, JSON.stringify(renderPackets(topologyFor({ members: [memberAt('c')] })))),
      async () => writeFile(files.packets, '{"half'),
      async () => rm(files.packets),
      async () => bed.inNode('sysctl', '-q', '-w', 'net.ipv4.ip_forward=0').then(() => {}),
    ];
    for (const cut of cuts) {
      await cut();
      await bed.apply(topology);
      assert.deepEqual(await newFlows(32), { a: 16, b: 16 });
      assert.equal(await client.say('kept'), first);
    }
    await client.close('kept');
  });

  test('forwarding that somebody switched off is noticed; a node without a table does not forward', async () => {
    const topology = topologyFor({ members: TWO });
    await bed.apply(topology);
    await bed.inNode('sysctl', '-q', '-w', 'net.ipv4.ip_forward=0');
    await bed.apply(topology);
    assert.deepEqual(await newFlows(256), { a: 128, b: 128 });
    await bed.apply({ ...topology, enabled: false });
    assert.equal((await bed.inNode('sysctl', '-n', 'net.ipv4.ip_forward')).trim(), '0');
    assert.equal((await bed.inNode('nft', 'list', 'tables')).trim(), '');
    assert.equal(await firstRefusal(client), 'error ECONNREFUSED');
  });

  test('what is counted: connections, bytes, and what is under way', async () => {
    await bed.apply({ ...topologyFor({ members: [] }), enabled: false });
    await bed.apply(topologyFor({ members: TWO }));
    await newFlows(10);
    const reading = (await bed.driver.read(bed.id)) ?? assert.fail('no reading');
    const [counters] = reading.listeners[0]?.counters ?? [];
    assert.equal(counters?.totalConnections, 10);
    assert.equal(counters.activeConnections, 10);
    // An IPv4 header and a UDP header are 28 bytes; the question is one, the answer says who and to whom.
    assert.equal(counters.bytesIn, 10 * 29);
    assert.equal(counters.bytesOut, 10 * (28 + 'a 198.51.100.5'.length));
    await bed.apply(topologyFor({ members: [...TWO, memberAt('c')] }));
    const [later] = (await bed.driver.read(bed.id))?.listeners[0]?.counters ?? [];
    assert.deepEqual(later, counters);
    assert.deepEqual(
      reading.members.map(({ id, state }) => `${id} ${state}`),
      ['a unchecked', 'b unchecked'],
    );
  });

  test('IPv6: VIP, members, allowed_cidrs, persistence', async () => {
    const six = (name: string): ReturnType<typeof memberAt> => memberAt(name, { address: `2001:db8::${21 + name.charCodeAt(0) - 97}` });
    await bed.apply(topologyFor({ vip: VIP6, members: [six('a'), six('b')] }));
    assert.deepEqual(await newFlows(256, '2001:db8::10'), { a: 128, b: 128 });
    await bed.apply(topologyFor({ vip: VIP6, members: [six('a'), six('b')], pool: { algorithm: 'SOURCE_IP' } }));
    assert.equal(Object.keys(await newFlows(12, '2001:db8::10')).length, 1);
    await bed.apply(topologyFor({ vip: VIP6, members: [six('a'), six('b')], pool: { algorithm: 'SOURCE_IP_PORT' } }));
    assert.equal(Object.keys(await newFlows(40, '2001:db8::10')).length, 2);
    const persistence = { type: 'SOURCE_IP', cookie_name: null, persistence_timeout: null, persistence_granularity: 'ffff:ffff:ffff:ffff::' } as const;
    await bed.apply(topologyFor({ vip: VIP6, members: [six('a'), six('b')], pool: { persistence }, listener: { allowedCidrs: ['2001:db8::/120'] } }));
    const tally = await newFlows(12, '2001:db8::10');
    assert.equal(Object.keys(tally).length, 1);
    await bed.apply(topologyFor({ vip: VIP6, members: [six('a'), six('b')], pool: { persistence }, listener: { allowedCidrs: ['2001:db8:1::/48'] } }));
    assert.deepEqual(await newFlows(1, '2001:db8::10'), { silence: 1 });
  });

  test('several addresses of a family: one service, with one limit and one count, and its flows end at all of them', async () => {
    const second = '198.51.100.6';
    const { vip } = topologyFor({ members: [] });
    const topology = { additionalVips: [{ ...vip, address: second }] };
    await bed.apply(topologyFor({ members: TWO, topology }));
    for (const to of [VIP, second]) {
      assert.deepEqual(await client.many(8, { from: '198.51.100.11', firstPort: 21_000, to }), { a: 4, b: 4 });
      assert.match(await client.open(`at ${to}`, { to }), /^[ab] /);
    }
    const [listener] = (await bed.driver.read(bed.id))?.listeners ?? [];
    assert.equal(listener?.counters[0]?.totalConnections, 18);
    await bed.apply(topologyFor({ members: [memberAt('c')], topology }));
    for (const to of [VIP, second]) {
      assert.match(await client.say(`at ${to}`), /^c /);
      await client.close(`at ${to}`);
    }
    const web = topologyFor({ ...tcp, members: [memberAt('a')], topology: { ...topology, engine: 'nftables' } });
    await bed.apply(web);
    for (const to of [VIP, second]) assert.deepEqual(await client.many(2, { to, protocol: 'tcp', port: 80 }), { a: 2 });
    assert.equal((await bed.driver.present(bed.id))?.proxy, null);
  });

  /** The kernel remembers a flow of datagrams for half a minute, and a port may come again. */
  async function newFlows(count: number, from = '198.51.100.12'): Promise<Record<string, number>> {
    const six = from.includes(':');
    await bed.inNode('conntrack', '-D', '-f', six ? 'ipv6' : 'ipv4', '-s', from).catch(() => {});
    return client.many(count, { from, firstPort: 20_000, to: six ? VIP6 : VIP });
  }

  async function openFlows(name: string, count: number): Promise<string[]> {
    const opened = [];
    for (let index = 0; index < count; index++) opened.push(await client.open(`${name}${index}`));
    return opened;
  }

  async function answers(name: string, count: number): Promise<string[]> {
    const said = [];
    for (let index = 0; index < count; index++) said.push((await client.say(`${name}${index}`)).split(' ')[0] ?? '');
    return said;
  }

  async function closeFlows(name: string, count: number): Promise<void> {
    for (let index = 0; index < count; index++) await client.close(`${name}${index}`);
  }
});

/** The kernel bounds how many refusals it sends in a second, so one may stay away. */
async function firstRefusal(client: FlowClient): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const said = await client.open(`try ${attempt}`);
    await client.close(`try ${attempt}`);
    if (said !== 'silence' || attempt === 20) return said;
  }
}
