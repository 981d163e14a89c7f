/**
 * A member that is killed under load: what it costs, who sees it, and when it comes back. Runs inside a namespace; started by
 * observation-live.test.ts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { PoolTopology, Topology } from '../../model/topology.ts';
import { parseStat } from '../../nodes/local/proxy-answers.ts';
import { readingOf } from '../../nodes/local/reading.ts';
import type { MemberReading } from '../../model/reading.ts';
import { renderProxy } from './compile.ts';
import { ask, command, until, withProxy } from './live-proxy.fixture.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const PORTS = [9001, 9002, 9003];
const LATE = 9003;
const CLIENTS = 16;
const RISE = 3;
const FALL = 2;

/** A server of its own process: answers with how many checks it has seen, and fails them when told to. */
function serve(port: number): void {
  let checks = 0;
  let failed = 0;
  let healthy = true;
  const server = http.createServer((request, response) => {
    if (request.url === '/sick') healthy = false;
    else if (request.url === '/check') {
      checks += 1;
      if (!healthy) failed += 1;
      response.statusCode = healthy ? 200 : 503;
    }
    // A member that is killed has requests in hand.
    setTimeout(() => response.end(`${port} ${checks} ${failed}`), 2);
  });
  server.listen(port, '127.0.0.1', () => process.stdout.write('listening\n'));
}

async function start(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [import.meta.filename, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  child?.kill('SIGKILL');
  if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function topology(ports: readonly number[], delay: number, retriesRequests = true): Topology {
  const check = { method: 'GET', path: '/check', expectedCodes: '200', version: null, domainName: null };
  const members = ports.map((port) => memberOf({ id: `m${port}`, address: '127.0.0.1', port }));
  const pool: PoolTopology = poolOf({ members, monitor: monitorOf({ delay, timeout: 1, rise: RISE, fall: FALL, http: check }) });
  return topologyOf({ vip: { ...topologyOf().vip, address: '127.0.0.1' }, listeners: [listenerOf({ port: 8080 })], pools: [pool], retriesRequests });
}

async function memberReading(port: number): Promise<MemberReading | undefined> {
  const { members } = readingOf({ worker: 'one', rows: parseStat(await command('show stat')) }, []);
  return members.find(({ id }) => id === `m${port}`);
}

interface Tally {
  answered: number;
  failed: number;
}

/** Requests on kept connections, many at a time, until told to stop. */
function load(method: string): { tally: Tally; stop(): Promise<void> } {
  const tally = { answered: 0, failed: 0 };
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  const running = { stopped: false };
  const client = async (): Promise<void> => {
    while (!running.stopped) {
      const good = await ask({ port: 8080, method, agent }).then(
        ({ status }) => status === 200,
        () => false,
      );
      tally[good ? 'answered' : 'failed'] += 1;
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  const stop = async (): Promise<void> => {
    running.stopped = true;
    await Promise.all(clients);
    agent.destroy();
  };
  return { tally, stop };
}

async function answersSince({ tally }: { tally: Tally }, more: number): Promise<void> {
  const wanted = tally.answered + more;
  await until(`${more} answers`, async () => Promise.resolve(tally.answered >= wanted));
}

/** Also of a member that came at runtime. */
async function deathCostsNothing(children: Map<number, ChildProcess>): Promise<void> {
  for (const port of [PORTS[0] ?? 0, LATE]) {
    const running = load('GET');
    await answersSince(running, 300);
    await kill(children.get(port));
    await answersSince(running, 700);
    await running.stop();
    assert.equal(running.tally.failed, 0, `of ${running.tally.answered} requests`);
    const { state, reason, observed, observedFailures } = (await memberReading(port)) ?? assert.fail('no reading');
    assert.equal(state, 'down');
    assert.ok(observed === true ? reason === '3 connections in a row failed' : reason === 'connection refused', reason);
    // Connections that were on their way when it was marked down may count once more.
    assert.ok((observedFailures ?? 0) >= 1);
    await comesBackAfterRise(children, port);
  }
}

/** Its first request comes after the monitor's number of checks, and not after one more than may be under way. */
async function comesBackAfterRise(children: Map<number, ChildProcess>, port: number): Promise<void> {
  children.set(port, await start(port));
  let checks = 0;
  await until(`${port} comes back`, async () => {
    const [from, seen] = (await ask({ port: 8080 })).body.split(' ').map(Number);
    checks = seen ?? 0;
    return from === port;
  });
  assert.ok(checks >= RISE && checks <= RISE + 1, `${checks} checks`);
}

/** As it is by itself: what the member had in hand fails, and nothing else. */
async function deathCostsWhatWasInHand(children: Map<number, ChildProcess>): Promise<void> {
  const [port = 0] = PORTS;
  const running = load('GET');
  await answersSince(running, 300);
  await kill(children.get(port));
  await answersSince(running, 700);
  await running.stop();
  assert.ok(running.tally.failed <= CLIENTS, `${running.tally.failed} failed`);
  await comesBackAfterRise(children, port);
}

/** What must not be asked twice is not: those requests fail, and nobody else gets them. */
async function othersAreNotRepeated(children: Map<number, ChildProcess>): Promise<void> {
  const running = load('POST');
  await answersSince(running, 300);
  await kill(children.get(PORTS[1] ?? 0));
  await answersSince(running, 700);
  await running.stop();
  assert.ok(running.tally.failed <= CLIENTS, `${running.tally.failed} failed`);
  await comesBackAfterRise(children, PORTS[1] ?? 0);
}

/** What a member answers does not take it down, only what its monitor says of it. */
async function checksDecideByFall(port: number): Promise<void> {
  await ask({ port, path: '/sick' });
  await until('the sick member is down', async () => (await memberReading(port))?.state === 'down');
  const [, , failed = 0] = (await ask({ port })).body.split(' ').map(Number);
  assert.ok(failed >= FALL && failed <= FALL + 1, `${failed} failed checks`);
  const reading = await memberReading(port);
  assert.deepEqual([reading?.reason, reading?.observed], ['HTTP 503', undefined]);
}

async function main(): Promise<void> {
  const children = new Map<number, ChildProcess>();
  // Long between checks: traffic sees a death long before.
  const proxy = renderProxy(topology(PORTS, 3)) ?? assert.fail('nothing rendered');
  const first = renderProxy(topology(PORTS.slice(0, 2), 3)) ?? assert.fail('nothing rendered');
  try {
    for (const port of PORTS) children.set(port, await start(port));
    await withProxy(first, async () => {
      for (const server of proxy.servers.filter(({ port }) => port === LATE)) {
        for (const line of addServerCommands(server)) await command(line);
      }
      await until('all serve', async () => (await Promise.all(PORTS.map(memberReading))).every((reading) => reading?.state === 'up'));
      await deathCostsNothing(children);
      await othersAreNotRepeated(children);
    });
    await withProxy(renderProxy(topology(PORTS, 3, false)) ?? assert.fail(), async () => {
      await until('all serve', async () => (await Promise.all(PORTS.map(memberReading))).every((reading) => reading?.state === 'up'));
      await deathCostsWhatWasInHand(children);
    });
    await withProxy(renderProxy(topology(PORTS, 1)) ?? assert.fail(), async () => {
      await until('all serve', async () => (await memberReading(LATE))?.state === 'up');
      await checksDecideByFall(LATE);
    });
  } finally {
    for (const child of children.values()) await kill(child);
  }
  process.stdout.write('all claims hold\n');
}

const [, , port] = process.argv;
if (port === undefined) await main();
else serve(Number(port));
