/** Runs inside a namespace made for it: members, HAProxy and a client on the loopback. Started by live.test.ts. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ProxyConfig, Server } from '../../model/node-config.ts';
import type { PoolTopology, Topology } from '../../model/topology.ts';
import { renderProxy } from './compile.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const COOKIE = "a'b$x";
const CHECK_PATH = `/it's?a=$HOME&b=%20%[src]#"x\\`;
const MEMBERS = [memberOf({ address: '127.0.0.1', port: 9001 }), memberOf({ id: 'member-2', address: '127.0.0.1', port: 9002 })];
const SERVICES = [
  { name: 'cookie', port: 8081, protocol: 'HTTP', pool: { persistence: 'HTTP_COOKIE' } },
  { name: 'hash', port: 8082, protocol: 'HTTP', pool: { algorithm: 'SOURCE_IP' } },
  { name: 'table', port: 8083, protocol: 'TCP', pool: { persistence: 'SOURCE_IP', algorithm: 'LEAST_CONNECTIONS', protocol: 'TCP' } },
  { name: 'app', port: 8084, protocol: 'HTTP', pool: { persistence: 'APP_COOKIE' } },
  { name: 'flow', port: 8086, protocol: 'HTTP', pool: { algorithm: 'SOURCE_IP_PORT' } },
  { name: 'upgraded', port: 8085, protocol: 'TCP', pool: { persistence: 'HTTP_COOKIE' } },
] as const;

function poolsWith(members: number): PoolTopology[] {
  const check = { method: 'GET', path: CHECK_PATH, expectedCodes: '200, 204', version: 1.1, domainName: null };
  return SERVICES.map(
    ({ name, pool: { persistence, ...pool } }: (typeof SERVICES)[number] & { pool: { persistence?: 'SOURCE_IP' | 'HTTP_COOKIE' | 'APP_COOKIE' } }) =>
      poolOf({
        id: `pool-${name}`,
        ...pool,
        persistence: persistence ? { type: persistence, cookie_name: COOKIE, persistence_timeout: null, persistence_granularity: null } : null,
        members: MEMBERS.slice(0, members),
        monitor: monitorOf({ delay: 1, http: check }),
      }),
  );
}

function topologyWith(members: number): Topology {
  const insertHeaders = { 'X-Forwarded-For': 'true', 'X-Forwarded-Port': 'true', 'X-Forwarded-Proto': 'true' };
  const services = SERVICES.map(({ name, port, protocol }) =>
    listenerOf({ id: name, port, protocol, defaultPool: `pool-${name}`, insertHeaders: protocol === 'HTTP' ? insertHeaders : {} }),
  );
  const nobody = listenerOf({ id: 'nobody', port: 8090, defaultPool: null });
  const nobodyTcp = listenerOf({ id: 'nobody-tcp', port: 8091, defaultPool: null, protocol: 'TCP' });
  const filtered = listenerOf({ id: 'filtered', port: 8092, defaultPool: 'pool-cookie', allowedCidrs: ['10.0.0.0/8'] });
  const letIn = listenerOf({ id: 'let-in', port: 8093, defaultPool: 'pool-cookie', allowedCidrs: ['10.0.0.0/8', '127.0.0.0/8'] });
  return topologyOf({
    vip: { ...topologyOf().vip, address: '127.0.0.1' },
    listeners: [...services, nobody, nobodyTcp, filtered, letIn],
    pools: poolsWith(members),
  });
}

interface Answer {
  readonly status: number;
  readonly member: string;
  readonly headers: Record<string, string>;
  readonly cookies: readonly string[];
}

const checksSeen = new Set<string>();

function startMember(port: number): http.Server {
  const server = http.createServer((request, response) => {
    if (request.headers['x-client'] === undefined) checksSeen.add(`${port} ${request.method} ${request.url} ${request.httpVersion} ${request.headers.host}`);
    response.setHeader('set-cookie', `${COOKIE}=session-on-${port}`);
    response.end(JSON.stringify({ member: String(port), headers: request.headers }));
  });
  return server.listen(port, '127.0.0.1');
}

/** One request on a connection of its own; rejects when the connection is closed without an answer. */
async function ask(port: number, cookie?: string): Promise<Answer> {
  const headers = { 'x-client': 'yes', connection: 'close', ...(cookie === undefined ? {} : { cookie }) };
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http.get({ host: '127.0.0.1', port, headers, agent: false }, resolve).on('error', reject);
  const response = await promise;
  const body = (await response.toArray()).join('');
  const said = body.startsWith('{') ? (JSON.parse(body) as Pick<Answer, 'member' | 'headers'>) : { member: '', headers: {} };
  return { status: response.statusCode ?? 0, ...said, cookies: response.headers['set-cookie'] ?? [] };
}

async function command(line: string): Promise<string> {
  const socket = connect('stats.sock');
  socket.end(`${line}\n`);
  return (await socket.toArray()).join('').trim();
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await holds().catch(() => false)) return;
    await pause(50);
  }
  assert.fail(`never: ${what}`);
}

async function workerPid(): Promise<string> {
  return /^Pid: (\d+)$/m.exec(await command('show info'))?.[1] ?? '';
}

async function columnsOf(server: Server, request: string, nameColumn: RegExp): Promise<string[]> {
  const line = (await command(`${request} ${server.backend}`)).split('\n').find((row) => nameColumn.test(row) && row.includes(server.name));
  return line?.split(' ') ?? assert.fail(`${server.name} is not in ${request}`);
}

async function isUp({ backend, name }: Server): Promise<boolean> {
  return new RegExp(`^${backend},${name},.*,UP,`, 'm').test(await command('show stat'));
}

function serversNamed({ servers }: ProxyConfig, name: string): Server[] {
  return servers.filter((server) => server.name === name);
}

function cookieOf({ cookies }: Answer, prefix: string): string {
  return cookies.find((cookie) => cookie.startsWith(prefix))?.split(';')[0] ?? assert.fail(`no ${prefix} among ${cookies.join(' | ')}`);
}

async function identityAndListeners(proxy: ProxyConfig): Promise<void> {
  assert.match(await command('show info'), new RegExp(`^[Dd]escription: weir:${proxy.structure}$`, 'm'));
  const { headers } = await ask(8081);
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['x-forwarded-port'], '8081');
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.equal((await ask(8090)).status, 503);
  await assert.rejects(ask(8091));
  await assert.rejects(ask(8092));
  assert.equal((await ask(8093)).status, 200);
}

async function checksAsk(): Promise<void> {
  await until('a check', async () => Promise.resolve(checksSeen.size > 0));
  assert.deepEqual([...checksSeen], [`9001 GET ${CHECK_PATH} 1.1 127.0.0.1`]);
}

/** Every connection comes from another port. */
async function flowsAreSpread(): Promise<void> {
  const members = new Set<string>();
  await until('both members of the pool by address and port', async () => members.add((await ask(8086)).member).size === 2);
}

/** HAProxy takes the second member of every backend at runtime, and it is like the one from the file. */
async function addSecondMembers(wanted: ProxyConfig): Promise<void> {
  for (const server of serversNamed(wanted, 'member-2')) {
    for (const line of addServerCommands(server)) assert.match(await command(line), /^(New server registered\.)?$/, line);
    await until(`${server.backend} up`, async () => isUp(server));
    assert.deepEqual(await settings(server), await settings({ ...server, name: 'member-1' }));
  }
}

/** What `show servers` tells of how a server is checked and how its connections are kept, without what changes by itself. */
async function settings(server: Server): Promise<Record<string, string | undefined>> {
  const connections = await columnsOf(server, 'show servers conn', /^pool-/);
  const state = await columnsOf(server, 'show servers state', /^\d+ pool-/);
  // Where bytes are only moved, no connection is ever idle.
  const idle = server.backend === 'pool-table:table' ? {} : { purgeDelay: connections[5], idleLimit: connections[11] };
  return { ...idle, operating: state[5], weight: state[7], checkState: state[13], checkPort: state[21], checkAddress: state[22] };
}

async function onlyMember(proxy: ProxyConfig, name: string): Promise<void> {
  for (const server of proxy.servers) await command(`set server ${server.backend}/${server.name} state ${server.name === name ? 'ready' : 'maint'}`);
}

/** Cookies and table entries that lead to the member added at runtime; gathered while it is the only one. */
async function stickToSecond(proxy: ProxyConfig): Promise<{ inserted: string; application: string; upgraded: string }> {
  await onlyMember(proxy, 'member-2');
  await until('second members answer', async () => (await Promise.all(SERVICES.map(async ({ port }) => ask(port)))).every(({ member }) => member === '9002'));
  const inserted = cookieOf(await ask(8081), 'SRV=');
  const application = cookieOf(await ask(8084), COOKIE);
  const upgraded = cookieOf(await ask(8085), 'SRV=');
  for (const { backend, name } of proxy.servers) await command(`set server ${backend}/${name} state ready`);
  return { inserted, application, upgraded };
}

async function assertSticky(cookies: { inserted: string; application: string; upgraded: string }, ports: readonly number[]): Promise<void> {
  const cookieFor: Readonly<Record<number, string>> = { 8081: cookies.inserted, 8084: cookies.application, 8085: cookies.upgraded };
  for (const port of ports) {
    for (let round = 0; round < 6; round += 1) assert.equal((await ask(port, cookieFor[port])).member, '9002', `port ${port}, round ${round}`);
  }
}

async function writeConfig({ text, files }: ProxyConfig): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content.open());
  }
  await writeFile('haproxy.cfg', text);
}

async function reload(master: ChildProcess, proxy: ProxyConfig): Promise<void> {
  const before = await workerPid();
  await writeConfig(proxy);
  await writeFile('servers.state', `${await command('show servers state')}\n`);
  master.kill('SIGUSR2');
  await until('a new worker', async () => ![before, ''].includes(await workerPid()));
}

async function deleteSecondMembers(proxy: ProxyConfig): Promise<void> {
  for (const { backend, name } of serversNamed(proxy, 'member-2')) {
    await command(`set server ${backend}/${name} state maint`);
    await command(`shutdown sessions server ${backend}/${name}`);
    await until(`${backend}/${name} deleted`, async () => (await command(`del server ${backend}/${name}`)) === 'Server deleted.');
  }
  for (const { port } of SERVICES) assert.equal((await ask(port)).member, '9001');
}

async function claims(master: ChildProcess, one: ProxyConfig, two: ProxyConfig): Promise<void> {
  await until('the socket', async () => (await workerPid()) !== '');
  await identityAndListeners(one);
  await checksAsk();
  await addSecondMembers(two);
  await flowsAreSpread();
  const cookies = await stickToSecond(two);
  await assertSticky(cookies, [8081, 8083, 8084, 8085]);
  // An old worker hands its tables over only if it has run for five seconds.
  await until('five seconds', async () => Number(/^Uptime_sec: (\d+)$/m.exec(await command('show info'))?.[1]) > 6);
  await reload(master, two);
  assert.match(await command('show info'), new RegExp(`weir:${one.structure}$`, 'm'));
  await until('the tables', async () => (await command('show table pool-app:app')).includes('server_key=member-2'));
  await assertSticky(cookies, [8081, 8083, 8084, 8085]);
  await deleteSecondMembers(two);
}

function rendered(members: number): ProxyConfig {
  return renderProxy(topologyWith(members)) ?? assert.fail('nothing rendered');
}

async function main(): Promise<void> {
  await promisify(execFile)('ip', ['link', 'set', 'lo', 'up']);
  const directory = await mkdtemp(join(tmpdir(), 'wtr-haproxy-live-'));
  // Relative paths as in production, and short enough for a socket's name.
  process.chdir(directory);
  const members = [startMember(9001), startMember(9002)];
  const [one, two] = [rendered(1), rendered(2)];
  await writeConfig(one);
  const master = spawn('haproxy', ['-W', '-S', 'unix@master.sock', '-f', 'haproxy.cfg'], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    assert.equal(one.structure, two.structure);
    await claims(master, one, two);
  } finally {
    master.kill('SIGTERM');
    for (const member of members) member.close().closeAllConnections();
    process.chdir('/');
    await rm(directory, { recursive: true });
  }
  process.stdout.write('all claims hold\n');
}

await main();
