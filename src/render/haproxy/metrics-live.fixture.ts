/** A PROMETHEUS listener on a real HAProxy with traffic. Runs inside a namespace; started by metrics-live.test.ts. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { createServer } from 'node:net';
import type { Topology } from '../../model/topology.ts';
import { renderProxy } from './compile.ts';
import { type ExposedMetric, parseExposition } from './exposition.fixture.ts';
import { ask, command, reload, until, withProxy } from './live-proxy.fixture.ts';
import { METRICS } from './octavia-metrics.ts';
import { addServerCommands } from './server-line.ts';
import { listenerOf, memberOf, monitorOf, poolOf, topologyOf } from './topology.fixture.ts';

const METRICS_PORT = 9100;
const STATES: Readonly<Record<string, readonly string[]>> = {
  listener: ['DOWN', 'UP'],
  pool: ['DOWN', 'UP'],
  member: ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'],
};

function topologyWith(members: number): Topology {
  const alive = Array.from({ length: members }, (_, index) => memberOf({ id: `member-${index + 1}`, address: '127.0.0.1', port: 9001 }));
  const dead = memberOf({ id: 'dead', address: '127.0.0.1', port: 9009 });
  return topologyOf({
    vip: { ...topologyOf().vip, address: '127.0.0.1' },
    listeners: [
      listenerOf({ id: 'web', port: 8080, defaultPool: 'pool-web' }),
      listenerOf({ id: 'second', port: 8081, defaultPool: 'pool-web' }),
      listenerOf({ id: 'raw', port: 8082, protocol: 'TCP', defaultPool: 'pool-raw' }),
      listenerOf({ id: 'metrics', port: METRICS_PORT, protocol: 'PROMETHEUS', defaultPool: null }),
      listenerOf({ id: 'closed', port: 9101, protocol: 'PROMETHEUS', defaultPool: null, allowedCidrs: ['10.0.0.0/8'] }),
    ],
    pools: [
      poolOf({ id: 'pool-web', members: [...alive, dead], monitor: monitorOf({ type: 'TCP', delay: 1, timeout: 1, rise: 1, fall: 1, http: null }) }),
      poolOf({ id: 'pool-raw', protocol: 'TCP', members: [memberOf({ id: 'off', address: '127.0.0.1', port: 9002, enabled: false })] }),
    ],
  });
}

const proxyWith = (members: number): NonNullable<ReturnType<typeof renderProxy>> => renderProxy(topologyWith(members)) ?? assert.fail('nothing rendered');

async function scrape(): Promise<Map<string, ExposedMetric>> {
  const { status, headers, body } = await ask({ port: METRICS_PORT, path: '/metrics' });
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4');
  return parseExposition(body);
}

/** The value of the one sample with these labels. */
function valueOf(metrics: ReadonlyMap<string, ExposedMetric>, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const samples = metrics.get(name)?.samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value)) ?? [];
  assert.equal(samples.length, 1, `${name} ${JSON.stringify(labels)}`);
  return samples[0]?.value ?? Number.NaN;
}

function declarationHolds(metrics: ReadonlyMap<string, ExposedMetric>): void {
  assert.deepEqual([...metrics.keys()].toSorted(), METRICS.map(({ name }) => name).toSorted());
  for (const { name, type, help, labels, scope } of METRICS) {
    const metric = metrics.get(name) ?? assert.fail(name);
    assert.equal(metric.type, type, name);
    assert.equal(metric.help, help, name);
    assert.ok(metric.samples.length > 0, name);
    for (const sample of metric.samples) assert.deepEqual(Object.keys(sample.labels), labels, name);
    if (name.endsWith('_status')) assert.deepEqual(new Set(metric.samples.map((sample) => sample.labels['state'])), new Set(STATES[scope]));
  }
}

/** Every number of HAProxy's own table is found again under Octavia's name, and nothing of what only serves to ask for them. */
async function agreesWithStat(metrics: ReadonlyMap<string, ExposedMetric>): Promise<void> {
  for (const [name, { samples }] of metrics)
    assert.ok(!samples.some(({ labels }) => Object.values(labels).includes('weir-exporter')), `${name} tells of the exporter`);
  const [header = '', ...rows] = (await command('show stat')).split('\n');
  const columns = header.slice(2).split(',');
  const pairs = { stot: 'sessions_total', bin: 'bytes_in_total', bout: 'bytes_out_total', scur: 'current_sessions', smax: 'max_sessions' };
  for (const row of rows.filter((line) => !line.startsWith('weir-exporter,') && !/^(metrics|closed),/.test(line))) {
    const fields = row.split(',');
    const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
    const [scope, labels] = placeOf(field('pxname'), field('svname'));
    for (const [column, suffix] of Object.entries(pairs)) {
      assert.equal(valueOf(metrics, `octavia_${scope}_${suffix}`, labels), Number(field(column)), `${row.slice(0, 40)} ${suffix}`);
    }
  }
}

function placeOf(proxy: string, server: string): [string, Record<string, string>] {
  if (server === 'FRONTEND') return ['listener', { listener: proxy }];
  if (server === 'BACKEND') return ['pool', { pool: proxy }];
  return ['member', { pool: proxy, member: server }];
}

async function traffic(): Promise<void> {
  for (let request = 0; request < 10; request += 1)
    assert.equal((await ask({ port: 8080, path: request < 7 ? '/' : '/missing' })).status, request < 7 ? 200 : 404);
  assert.equal((await ask({ port: 8081 })).status, 200);
  await assert.rejects(ask({ port: 8082 }));
}

async function onlyMetrics(): Promise<void> {
  for (const options of [
    { path: '/' },
    { path: '/metrics/' },
    { path: '/Metrics' },
    { path: '/metrics', method: 'POST' },
    { path: '/metrics', method: 'HEAD' },
  ]) {
    assert.equal((await ask({ port: METRICS_PORT, ...options })).status, 404, JSON.stringify(options));
  }
  assert.equal((await ask({ port: METRICS_PORT, path: '/metrics?x=1' })).status, 200);
  await assert.rejects(ask({ port: 9101, path: '/metrics' }));
}

function trafficIsSeen(metrics: ReadonlyMap<string, ExposedMetric>): void {
  assert.equal(valueOf(metrics, 'octavia_listener_http_responses_total', { listener: 'web', code: '2xx' }), 7);
  assert.equal(valueOf(metrics, 'octavia_listener_http_responses_total', { listener: 'web', code: '4xx' }), 3);
  assert.equal(valueOf(metrics, 'octavia_pool_http_requests_total', { pool: 'pool-web:web' }), 10);
  assert.equal(valueOf(metrics, 'octavia_pool_http_requests_total', { pool: 'pool-web:second' }), 1);
  assert.equal(valueOf(metrics, 'octavia_pool_active_members', { pool: 'pool-web:web' }), 1);
  assert.equal(valueOf(metrics, 'octavia_listener_denied_connections_total', { listener: 'closed' }), 1);
  const states = { 'member-1': 'UP', dead: 'DOWN' };
  for (const [member, state] of Object.entries(states)) assert.equal(valueOf(metrics, 'octavia_member_status', { pool: 'pool-web:web', member, state }), 1);
  assert.equal(valueOf(metrics, 'octavia_member_status', { member: 'off', state: 'MAINT' }), 1);
  assert.ok(valueOf(metrics, 'octavia_member_downtime_seconds_total', { pool: 'pool-web:web', member: 'dead' }) >= 0);
  for (const name of ['octavia_loadbalancer_cpu', 'octavia_loadbalancer_memory']) {
    const value = valueOf(metrics, name);
    assert.ok(value >= 0 && value <= 100, `${name} ${value}`);
  }
  assert.ok(valueOf(metrics, 'octavia_loadbalancer_memory') > 0);
  assert.ok(valueOf(metrics, 'octavia_memory_pool_allocated_bytes') > 0);
}

async function startMember(): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    response.statusCode = request.url === '/' ? 200 : 404;
    response.end('hello');
  });
  await new Promise<void>((resolve) => void server.listen(9001, '127.0.0.1', resolve));
  return server;
}

/** Members that came at runtime are told of, and thousands of them need no more than a buffer. */
async function manyMembers(): Promise<void> {
  for (const server of proxyWith(400).servers.filter(({ name }) => name !== 'member-1' && name !== 'dead' && name !== 'off')) {
    for (const line of addServerCommands(server)) await command(line);
  }
  const metrics = await scrape();
  declarationHolds(metrics);
  assert.equal(metrics.get('octavia_member_weight')?.samples.length, 400 * 2 + 2 + 1);
}

async function main(): Promise<void> {
  const member = await startMember();
  const silent = createServer().listen(9002, '127.0.0.1');
  try {
    await withProxy(proxyWith(1), async (master) => {
      await until(
        'the dead member is down',
        async () => (await command('show stat')).split('\n').filter((line) => /^pool-web:\w+,dead,.*,DOWN,/.test(line)).length === 2,
      );
      await traffic();
      await onlyMetrics();
      const metrics = await scrape();
      declarationHolds(metrics);
      trafficIsSeen(metrics);
      await agreesWithStat(metrics);
      await reload(master, proxyWith(1));
      declarationHolds(await scrape());
      await manyMembers();
      await Promise.all(Array.from({ length: 20 }, async () => declarationHolds(await scrape())));
    });
  } finally {
    member.close().closeAllConnections();
    silent.close();
  }
  process.stdout.write('all claims hold\n');
}

await main();
