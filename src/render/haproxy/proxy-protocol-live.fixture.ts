/**
 * PROXY and PROXYV2 towards servers that read the header, and SOURCE_IP_PORT. Runs inside a namespace; started by
 * proxy-protocol-live.test.ts. The header's form is that of HAProxy's proxy-protocol.txt.
 */
import assert from 'node:assert/strict';
import { type Server as NetServer, type Socket, createServer } from 'node:net';
import type { Algorithm, PoolProtocol } from '../../model/pool.ts';
import type { ListenerProtocol } from '../../model/listener.ts';
import type { PoolTopology, Topology } from '../../model/topology.ts';
import { renderProxy } from './compile.ts';
import { ask, command, until, withProxy } from './live-proxy.fixture.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const MEMBERS = [9001, 9002];

interface Header {
  readonly version: number;
  readonly command: string;
  readonly source: string;
  readonly target: string;
  readonly length: number;
}

/** null until all of it is there; throws for anything else. */
function headerOf(data: Buffer): Header | null {
  return data.subarray(0, 12).equals(SIGNATURE) ? binaryHeader(data) : textHeader(data);
}

function textHeader(data: Buffer): Header | null {
  const end = data.indexOf('\r\n');
  if (end === -1) return null;
  const line = data.subarray(0, end).toString();
  const [, , from, to, fromPort, toPort] =
    /^PROXY (TCP[46]) (\S+) (\S+) (\d+) (\d+)$/.exec(line) ?? (line.startsWith('PROXY UNKNOWN') ? [] : assert.fail(`not a header: ${line}`));
  return { version: 1, command: from === undefined ? 'LOCAL' : 'PROXY', source: `${from} ${fromPort}`, target: `${to} ${toPort}`, length: end + 2 };
}

function binaryHeader(data: Buffer): Header | null {
  if (data.length < 16) return null;
  const length = 16 + data.readUInt16BE(14);
  if (data.length < length) return null;
  const command = (data.readUInt8(12) & 0x0f) === 1 ? 'PROXY' : 'LOCAL';
  const address = (at: number): string => [...data.subarray(at, at + 4)].join('.');
  const four = data.readUInt8(13) === 0x11;
  const source = four ? `${address(16)} ${data.readUInt16BE(24)}` : '';
  return { version: data.readUInt8(12) >> 4, command, source, target: four ? `${address(20)} ${data.readUInt16BE(26)}` : '', length };
}

/** Reads the header, if one is to come, then one request; answers with both, and closes. */
function serve(port: number, withHeader: boolean): NetServer {
  const server = createServer((socket) => {
    let data = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (part: Buffer) => {
      data = Buffer.concat([data, part]);
      const header = withHeader ? headerOf(data) : null;
      if (withHeader && header === null) return;
      const request = data.subarray(header?.length ?? 0).toString();
      if (request.includes('\r\n\r\n')) answer(socket, { port, header, request });
    });
  });
  return server.listen(port, '127.0.0.1');
}

function answer(socket: Socket, said: object): void {
  const body = JSON.stringify(said);
  socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
}

interface Case {
  readonly listener: ListenerProtocol;
  readonly pool: PoolProtocol;
  readonly algorithm: Algorithm;
  readonly members: readonly number[];
}

const CASES: readonly Case[] = [
  { listener: 'TCP', pool: 'PROXY', algorithm: 'ROUND_ROBIN', members: MEMBERS },
  { listener: 'TCP', pool: 'PROXYV2', algorithm: 'LEAST_CONNECTIONS', members: MEMBERS },
  { listener: 'HTTP', pool: 'PROXY', algorithm: 'ROUND_ROBIN', members: MEMBERS },
  { listener: 'HTTP', pool: 'PROXYV2', algorithm: 'SOURCE_IP', members: MEMBERS },
  { listener: 'HTTPS', pool: 'PROXYV2', algorithm: 'ROUND_ROBIN', members: MEMBERS },
  { listener: 'TCP', pool: 'TCP', algorithm: 'SOURCE_IP_PORT', members: [9011, 9012] },
  { listener: 'HTTP', pool: 'HTTP', algorithm: 'SOURCE_IP_PORT', members: [9011, 9012] },
];

const INSERTED = { 'X-Forwarded-For': 'true', 'X-Forwarded-Port': 'true', 'X-Forwarded-Proto': 'true' };

function poolFor({ pool: protocol, algorithm, members }: Case, index: number, count: number): PoolTopology {
  const http = { method: 'GET', path: '/', expectedCodes: '200', version: null, domainName: null };
  const all = members.slice(0, count).map((port) => memberOf({ id: `m${port}`, address: '127.0.0.1', port }));
  return poolOf({ id: `p${index}`, protocol, algorithm, members: all, monitor: monitorOf({ type: 'HTTP', delay: 1, timeout: 1, rise: 1, fall: 1, http }) });
}

function topologyWith(count: number): Topology {
  return topologyOf({
    vip: { ...topologyOf().vip, address: '127.0.0.1' },
    listeners: CASES.map(({ listener: protocol }, index) =>
      listenerOf({ id: `l${index}`, protocol, port: 8000 + index, defaultPool: `p${index}`, insertHeaders: protocol === 'HTTP' ? INSERTED : {} }),
    ),
    pools: CASES.map((one, index) => poolFor(one, index, count)),
  });
}

interface Said {
  readonly port: number;
  readonly header: Header | null;
  readonly request: string;
}

async function askFrom(port: number, localPort: number): Promise<Said> {
  const { status, body } = await ask({ port, localAddress: '127.0.0.7', localPort });
  assert.equal(status, 200);
  return JSON.parse(body) as Said;
}

/** Ports that no request has used yet: a used one waits for its time. */
const fresh = (() => {
  let port = 20_000;
  return (): number => (port += 1);
})();

async function headersTellTheClient(): Promise<void> {
  for (const [index, { pool, listener }] of CASES.entries()) {
    if (pool !== 'PROXY' && pool !== 'PROXYV2') continue;
    const seen = new Set<number>();
    for (let round = 0; round < 4; round += 1) {
      const from = fresh();
      const { port, header, request } = await askFrom(8000 + index, from);
      seen.add(port);
      assert.deepEqual(
        { ...header, length: 0 },
        { version: pool === 'PROXY' ? 1 : 2, command: 'PROXY', source: `127.0.0.7 ${from}`, target: `127.0.0.1 ${8000 + index}`, length: 0 },
      );
      if (listener === 'HTTP')
        assert.match(
          request,
          /x-forwarded-proto: http\r\n[^]*x-forwarded-for: 127\.0\.0\.7\r\n|x-forwarded-for: 127\.0\.0\.7\r\n[^]*x-forwarded-proto: http\r\n/i,
        );
    }
    assert.ok(seen.size >= 1);
  }
}

/** The port alone decides: one client reaches both members, and from one port always the same. */
async function flowsStick(): Promise<void> {
  for (const index of CASES.keys().filter((key) => CASES[key]?.algorithm === 'SOURCE_IP_PORT')) {
    const ports = Array.from({ length: 24 }, fresh);
    const first = await Promise.all(ports.map(async (port) => (await askFrom(8000 + index, port)).port));
    assert.equal(new Set(first).size, 2, 'both members');
    // The same port is free again for another listener's address only; so the same hash is asked through its twin.
    const twin = index === 5 ? 6 : 5;
    const again = await Promise.all(ports.map(async (port) => (await askFrom(8000 + twin, port)).port));
    assert.deepEqual(again, first);
  }
}

async function upAre(count: number): Promise<void> {
  await until(
    `${count} servers are up`,
    async () => (await command('show stat')).split('\n').filter((line) => /^p\d+:l\d+,m\d+,.*,UP,/.test(line)).length === count,
  );
}

async function main(): Promise<void> {
  const servers = [...MEMBERS.map((port) => serve(port, true)), ...[9011, 9012].map((port) => serve(port, false))];
  const [one, two] = [renderProxy(topologyWith(1)) ?? assert.fail(), renderProxy(topologyWith(2)) ?? assert.fail()];
  try {
    await withProxy(one, async () => {
      assert.equal(one.structure, two.structure);
      // Checks send a header too, or these servers would not answer them.
      await upAre(CASES.length);
      const known = new Set(one.servers.map(({ backend, name }) => `${backend}/${name}`));
      for (const server of two.servers.filter(({ backend, name }) => !known.has(`${backend}/${name}`))) {
        for (const line of addServerCommands(server)) assert.match(await command(line), /^(New server registered\.)?$/, line);
      }
      await upAre(2 * CASES.length);
      await headersTellTheClient();
      await flowsStick();
    });
  } finally {
    for (const server of servers) server.close();
  }
  process.stdout.write('all claims hold\n');
  process.exit();
}

await main();
