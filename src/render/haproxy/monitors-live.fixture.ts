/** Health monitors of every kind against servers that answer by rule. Runs inside a namespace; started by monitors-live.test.ts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemberReading } from '../../model/reading.ts';
import type { MemberTopology, MonitorTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { parseStat } from '../../nodes/local/proxy-answers.ts';
import { readingOf } from '../../nodes/local/reading.ts';
import { renderProxy } from './compile.ts';
import { command, until, withProxy } from './live-proxy.fixture.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const HTTP_PORT = 9001;
const HTTPS_PORT = 9002;
const SILENT_PORT = 9003;
const CLOSING_PORT = 9004;
const NOBODY_PORT = 9009;

interface Case {
  readonly name: string;
  readonly monitor: Partial<MonitorTopology>;
  readonly member?: Partial<MemberTopology>;
  readonly state: 'up' | 'down';
  readonly words: string;
}

function httpCase(
  name: string,
  http: Partial<NonNullable<MonitorTopology['http']>>,
  state: Case['state'],
  words: string,
  member: Partial<MemberTopology> = {},
): Case {
  return {
    name,
    monitor: { http: { method: 'GET', path: '/status/200', expectedCodes: '200', version: null, domainName: null, ...http } },
    member,
    state,
    words,
  };
}

const tls = { port: HTTPS_PORT };
const elsewhere = { port: NOBODY_PORT, monitorPort: HTTP_PORT };

const CASES: readonly Case[] = [
  httpCase('code', {}, 'up', 'HTTP 200'),
  httpCase('wrong code', { path: '/status/503' }, 'down', 'HTTP 503'),
  httpCase('code of a list', { path: '/status/204', expectedCodes: '200, 204' }, 'up', 'HTTP 204'),
  httpCase('code beside a list', { path: '/status/202', expectedCodes: '200,204' }, 'down', 'HTTP 202'),
  httpCase('first of a range', { path: '/status/200', expectedCodes: '200-204' }, 'up', 'HTTP 200'),
  httpCase('last of a range', { path: '/status/204', expectedCodes: '200-204' }, 'up', 'HTTP 204'),
  httpCase('after a range', { path: '/status/205', expectedCodes: '200-204' }, 'down', 'HTTP 205'),
  httpCase('a redirect that is expected', { path: '/status/302', expectedCodes: '302' }, 'up', 'HTTP 302'),
  ...(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'] as const).map((method) =>
    httpCase(`method ${method}`, { method, path: `/method/${method}` }, 'up', 'HTTP 200'),
  ),
  httpCase('another method', { method: 'HEAD', path: '/method/GET' }, 'down', 'HTTP 400'),
  httpCase('version 1.0 unless told', { path: '/version/1.0' }, 'up', 'HTTP 200'),
  httpCase('version 1.0', { path: '/version/1.0', version: 1 }, 'up', 'HTTP 200'),
  httpCase('version 1.1', { path: '/version/1.1', version: 1.1 }, 'up', 'HTTP 200'),
  httpCase('host name', { path: '/host/www.example.com', version: 1.1, domainName: 'www.example.com' }, 'up', 'HTTP 200'),
  httpCase('address as host', { path: '/host/127.0.0.1', version: 1.1 }, 'up', 'HTTP 200'),
  httpCase('monitor port', {}, 'up', 'HTTP 200', elsewhere),
  httpCase('monitor address', {}, 'up', 'HTTP 200', { address: '127.0.0.9', port: NOBODY_PORT, monitorAddress: '127.0.0.1', monitorPort: HTTP_PORT }),
  httpCase('monitor address of nobody', {}, 'down', 'connection refused', { monitorAddress: '127.0.0.9' }),
  httpCase('silent', {}, 'down', 'answer timed out after 1 s', { port: SILENT_PORT }),
  httpCase('nobody', {}, 'down', 'connection refused', { port: NOBODY_PORT }),
  httpCase('no way there', {}, 'down', 'network is unreachable', { address: '198.51.100.1' }),
  httpCase('black hole', {}, 'down', 'connecting timed out after 1 s', { address: '203.0.113.9' }),
  { ...httpCase('https', {}, 'up', 'HTTP 200', tls), monitor: { ...httpCase('', {}, 'up', '').monitor, type: 'HTTPS' } },
  { ...httpCase('https wrong code', {}, 'down', 'HTTP 503', tls), monitor: { ...httpCase('', { path: '/status/503' }, 'up', '').monitor, type: 'HTTPS' } },
  { ...httpCase('https without TLS', {}, 'down', 'TLS handshake failed'), monitor: { ...httpCase('', {}, 'up', '').monitor, type: 'HTTPS' } },
  { name: 'handshake', monitor: { type: 'TLS-HELLO', http: null }, member: tls, state: 'up', words: 'TLS handshake done' },
  { name: 'no handshake', monitor: { type: 'TLS-HELLO', http: null }, state: 'down', words: 'TLS handshake failed' },
  {
    name: 'silent handshake',
    monitor: { type: 'TLS-HELLO', http: null },
    member: { port: SILENT_PORT },
    state: 'down',
    words: 'TLS handshake timed out after 1 s',
  },
  { name: 'tcp', monitor: { type: 'TCP', http: null }, member: { port: CLOSING_PORT }, state: 'up', words: 'accepts connections' },
  { name: 'tcp nobody', monitor: { type: 'TCP', http: null }, member: { port: NOBODY_PORT }, state: 'down', words: 'connection refused' },
  { name: 'ping', monitor: { type: 'PING', http: null }, member: { port: NOBODY_PORT }, state: 'up', words: 'answers' },
  { name: 'ping 6', monitor: { type: 'PING', http: null }, member: { address: '::1', port: NOBODY_PORT }, state: 'up', words: 'answers' },
  { name: 'ping nobody', monitor: { type: 'PING', http: null }, member: { address: '198.51.100.1' }, state: 'down', words: 'no answer' },
  {
    name: 'ping elsewhere',
    monitor: { type: 'PING', http: null },
    member: { address: '198.51.100.1', monitorAddress: '127.0.0.7' },
    state: 'up',
    words: 'answers',
  },
  { name: 'ping into a black hole', monitor: { type: 'PING', http: null, delay: 3 }, member: { address: '203.0.113.9' }, state: 'down', words: 'no answer' },
];

function poolFor({ monitor, member }: Case, index: number): PoolTopology {
  const one = memberOf({ id: `m${index}`, address: '127.0.0.1', port: HTTP_PORT, ...member });
  return poolOf({ id: `p${index}`, members: [one], monitor: monitorOf({ delay: 1, timeout: 1, rise: 1, fall: 1, ...monitor }) });
}

function topology(): Topology {
  return topologyOf({
    vip: { ...topologyOf().vip, address: '127.0.0.1' },
    listeners: CASES.map((_, index) => listenerOf({ id: `l${index}`, port: 8000 + index, defaultPool: `p${index}` })),
    pools: CASES.map(poolFor),
  });
}

function ruleOf({ url = '', method, httpVersion, headers }: http.IncomingMessage): number {
  const [, rule, value = ''] = url.split('/');
  const holds = { method, version: httpVersion, host: headers.host };
  if (rule === 'status') return Number(value);
  return holds[rule as keyof typeof holds] === value ? 200 : 400;
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  response.statusCode = ruleOf(request);
  response.end();
}

function startServers(): NetServer[] {
  const directory = mkdtempSync(join(tmpdir(), 'wtr-monitors-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=any', '-keyout', key, '-out', cert],
    {
      stdio: 'ignore',
    },
  );
  const secure = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer);
  rmSync(directory, { recursive: true });
  const silent = createServer((socket) => socket.on('error', () => {}));
  const closing = createServer((socket) => socket.destroy());
  const plain = http.createServer(answer);
  const places = [
    [plain, HTTP_PORT],
    [secure, HTTPS_PORT],
    [silent, SILENT_PORT],
    [closing, CLOSING_PORT],
  ] as const;
  return places.map(([server, port]) => server.listen(port, '127.0.0.1'));
}

async function readings(): Promise<Map<string, MemberReading>> {
  const { members } = readingOf({ worker: 'one', rows: parseStat(await command('show stat')) }, []);
  return new Map(members.map((member) => [member.id, member]));
}

async function everyCaseHolds(suffix = ''): Promise<void> {
  const wrong = async (): Promise<string[]> => {
    const members = await readings();
    return CASES.flatMap(({ name, state, words }, index) => {
      const { state: seen, reason } = members.get(`m${index}${suffix}`) ?? { state: 'missing', reason: '' };
      return seen === state && reason === words ? [] : [`${name}: ${seen}, ${reason} (wanted ${state}, ${words})`];
    });
  };
  try {
    await until('every case', async () => (await wrong()).length === 0);
  } catch {
    assert.deepEqual(await wrong(), []);
  }
}

/** The same members once more, at runtime; those that are pinged need a reload and are left out. */
async function holdsAtRuntime(): Promise<void> {
  const proxy = renderProxy(topology()) ?? assert.fail('nothing rendered');
  for (const server of proxy.servers.filter(({ dynamic }) => dynamic)) {
    for (const line of addServerCommands({ ...server, name: `${server.name}-late` })) assert.match(await command(line), /^(New server registered\.)?$/, line);
  }
  const late = new Set(proxy.servers.filter(({ dynamic }) => dynamic).map(({ name }) => name));
  const differs = async (): Promise<string[]> => {
    const members = await readings();
    return [...late].filter((name) => {
      const [first, second] = [members.get(name), members.get(`${name}-late`)];
      return first?.state !== second?.state || first?.reason !== second?.reason;
    });
  };
  await until('late members are like the first', async () => (await differs()).length === 0);
}

async function main(): Promise<void> {
  const servers = startServers();
  try {
    // A neighbour that never answers: packets to it vanish.
    execFileSync('ip', ['link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1']);
    for (const words of [
      'link set v0 up',
      'link set v1 up',
      'addr add 203.0.113.1/24 dev v0',
      'neigh add 203.0.113.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent',
    ]) {
      execFileSync('ip', words.split(' '));
    }
    execFileSync('sysctl', ['--quiet', '--write', 'net.ipv4.ping_group_range=0 2147483647']);
    const proxy = renderProxy(topology()) ?? assert.fail('nothing rendered');
    await withProxy(proxy, async () => {
      await everyCaseHolds();
      await holdsAtRuntime();
    });
  } finally {
    for (const server of servers) server.close();
  }
  process.stdout.write('all claims hold\n');
  process.exit();
}

await main();
