import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Receiver, syslogOptions, until } from './receiver.fixture.ts';
import type { Line } from './target.ts';
import { TcpTarget } from './tcp-target.ts';
import { UdpTarget } from './udp-target.ts';

const line = (text: string): Line => ({ text, node: '3e0239c3', pid: '1644' });
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test('TCP: messages of RFC 5424 with their lengths, whatever is in them', async (t) => {
  const receiver = await new Receiver().listen(t);
  const target = new TcpTarget(syslogOptions([receiver.port], { facility: 3 }));
  target.write([line('one'), line('zwö "two" 12 <1>'), { text: 'three', node: '-', pid: '-' }]);
  await until('three messages', () => receiver.messages.length === 3);
  const [one, two, three] = receiver.messages;
  // local3.info: (16 + 3) * 8 + 6
  assert.match(one ?? '', new RegExp(`^<158>1 ${TIME} amphora-3e0239c3 haproxy 1644 - - one$`));
  assert.ok(two?.endsWith('- - zwö "two" 12 <1>'));
  assert.match(three ?? '', new RegExp(`^<158>1 ${TIME} - haproxy - - - three$`));
  assert.deepEqual(target.counts(), { written: 3, lost: 0, trouble: null });
  await target.close();
});

test('TCP: the next receiver when one is away, and the first again when it is back', async (t) => {
  const [first, second] = [await new Receiver().listen(t), await new Receiver().listen(t)];
  const target = new TcpTarget(syslogOptions([first.port, second.port]));
  target.write([line('to the first')]);
  await until('it came', () => first.messages.length === 1);
  first.close();
  await until('the second is connected', () => second.connections.size === 1);
  target.write([line('to the second')]);
  await until('it came', () => second.messages.length === 1);
  await first.listen(t);
  second.close();
  await until('the first is connected', () => first.connections.size === 1);
  target.write([line('to the first again')]);
  await until('it came', () => first.messages.length === 2);
  assert.equal(target.counts().lost, 0);
  await target.close();
});

test('TCP: nobody is there: lines wait, up to the bound, and are sent in order when somebody comes', async (t) => {
  const receiver = await new Receiver().listen(t);
  receiver.close();
  const target = new TcpTarget(syslogOptions([receiver.port], { queueSize: 3 }));
  target.write(['a', 'b', 'c', 'd', 'e'].map(line));
  assert.equal(target.counts().lost, 2);
  await receiver.listen(t);
  await until('what waited came', () => receiver.messages.length === 3);
  assert.deepEqual(
    receiver.messages.map((message) => message.at(-1)),
    ['a', 'b', 'c'],
  );
  await target.close();
});

test('TCP: after so many rounds what waits is given up', async (t) => {
  const receiver = await new Receiver().listen(t);
  receiver.close();
  const target = new TcpTarget(syslogOptions([receiver.port], { retryCount: 1, retryInterval: 1 }));
  target.write([line('a'), line('b')]);
  let lost = 0;
  await until('given up', () => {
    lost += target.counts().lost;
    return lost === 2;
  });
  await target.close();
});

test('TCP: a receiver that reads nothing holds nobody up', async (t) => {
  const receiver = await new Receiver().listen(t, false);
  const target = new TcpTarget(syslogOptions([receiver.port], { queueSize: 10 }));
  const much = Array.from({ length: 50 }, () => line('x'.repeat(100_000)));
  let lost = 0;
  await until('the queue is full', () => {
    target.write(much);
    lost += target.counts().lost;
    return lost > 100;
  });
  await target.close();
});

test('UDP: a datagram a line', async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  await once(socket, 'listening');
  const target = new UdpTarget(syslogOptions([socket.address().port], { protocol: 'UDP' }));
  const [said] = await Promise.all([once(socket, 'message') as Promise<[Buffer]>, Promise.resolve(target.write([line('one')]))]);
  assert.match(String(said[0]), new RegExp(`^<134>1 ${TIME} amphora-3e0239c3 haproxy 1644 - - one$`));
  await target.close();
  assert.deepEqual(target.counts(), { written: 1, lost: 0, trouble: null });
});
