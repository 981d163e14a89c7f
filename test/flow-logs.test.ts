/** Flow logs, from real traffic to the lines that are written of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { LBAAS, type Row } from './balancers.fixture.ts';
import { underLoad } from './load.fixture.ts';
import { until } from './playground.fixture.ts';
import { TlsCloud, WEB1, papers } from './tls.fixture.ts';

const UUID = '[0-9a-f-]{36}';
/** A line about a request for a page that is there. */
const WHOLE = new RegExp(`^[0-9a-f]{32} ${UUID} ${UUID} [0-9.]+ \\d+ \\S+ "GET /\\S* HTTP/1\\.1" 200 \\d+ \\d+ - "" ${UUID}:${UUID} ${UUID} \\d+ ----$`);

let tls: TlsCloud;
let directory: string;
let plain: string;

before(async () => {
  directory = await mkdtemp('/tmp/weir-flows-');
  tls = await TlsCloud.start(`[amphora_agent]\ntenant_log_file = ${file()}`);
  plain = await readFile(tls.cloud.configFile, 'utf8');
});
after(async () => {
  await tls.cloud.destroy();
  await rm(directory, { recursive: true });
});
afterEach(async () => {
  if (tls.cloud.serverPid === 0) await tls.cloud.serve();
  await tls.lbaas.clear();
  await writeFile(file(), '');
});

function file(name = 'flows.log'): string {
  return join(directory, name);
}

async function lines(name?: string): Promise<string[]> {
  const text = existsSync(file(name)) ? await readFile(file(name), 'utf8') : '';
  assert.ok(text === '' || text.endsWith('\n'));
  return text.split('\n').slice(0, -1);
}

/** Lines with these words in them, once there are as many as that. */
async function logged(words: string | RegExp, count = 1): Promise<string[]> {
  const found = async (): Promise<string[]> => (await lines()).filter((line) => (typeof words === 'string' ? line.includes(words) : words.test(line)));
  await until(`${count} lines with ${words}`, async () => (await found()).length >= count).catch(async (error: unknown) => {
    throw new Error((await lines()).join('\n'), { cause: error });
  });
  return found();
}

/** The server again, with further settings. */
async function restart(settings: string): Promise<void> {
  await tls.cloud.end('SIGTERM');
  await writeFile(tls.cloud.configFile, plain + settings);
  await tls.cloud.serve();
}

async function tcpListener(balancer: Row): Promise<Row> {
  const { lbaas } = tls;
  const listener = await lbaas.make('listeners', 'listener', { protocol: 'TCP', protocol_port: 2222, loadbalancer_id: balancer.id });
  const pool = await lbaas.make('pools', 'pool', { protocol: 'TCP', lb_algorithm: 'ROUND_ROBIN', listener_id: listener.id });
  await lbaas.make(`pools/${pool.id}/members`, 'member', { address: WEB1, protocol_port: 80, subnet_id: await lbaas.subnet('private-subnet') });
  await lbaas.settled();
  return { ...listener, pool: pool.id };
}

test("Octavia's lines: HTTP, TLS with a client's certificate, TCP", async (t) => {
  const { lbaas, cloud } = tls;
  const { balancer, listener, pool, members } = await lbaas.whole();
  const address = balancer.vip_address;
  await lbaas.answers(address);
  await cloud.ask(address, '/octavia?a=%22b%22');
  const [line = ''] = await logged('/octavia?a');
  const [project, lb, l, client, port, date, ...rest] = line.split(' ');
  assert.deepEqual([project, lb, l], [balancer['project_id'], balancer.id, listener.id]);
  assert.match(`${client} ${port}`, /^192\.168\.1\.\d+ \d+$/);
  assert.match(date ?? '', /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}$/);
  const [, member] =
    new RegExp(`^"GET /octavia\\?a=%22b%22 HTTP/1\\.1" 200 \\d+ \\d+ - "" ${pool.id}:${listener.id} (${UUID}) \\d+ ----$`).exec(rest.join(' ')) ?? [];
  assert.ok(
    members.some(({ id }) => id === member),
    line,
  );

  const tcp = await tcpListener(balancer);
  await cloud.inLab('client', 'curl', '-sS', `http://${address}:2222/tcp`);
  const [moved = ''] = await logged(`${tcp.id} 192`);
  assert.match(moved, new RegExp(`- - \\d+ \\d+ - "" ${String(tcp['pool'])}:${tcp.id} ${UUID} \\d+ --(--)?$`));

  const ssl = await papers(t);
  const [own, ca] = [await tls.store(ssl.bundle('a')), await tls.store(ssl.text('root.pem'))];
  const site = await tls.site({ default_tls_container_ref: own, client_authentication: 'OPTIONAL', client_ca_tls_container_ref: ca });
  await tls.answers(site, 'a.example');
  await tls.page(site, 'a.example', '-k', ...(await ssl.showing('b')));
  assert.match((await logged(`${site.listener.id} `, 2)).at(-1) ?? '', new RegExp(`" 200 \\d+ \\d+ 0 "/CN=b\\.example" ${site.pool.id}:`));
  ssl.selfSigned('stranger');
  await tls.curl(site, 'a.example', '-k', ...(await ssl.showing('stranger')));
  await logged(/"<BADREQ>" 0 \d+ \d+ - "\/CN=stranger[^"]*" /);
});

test('the same in the Elastic Common Schema, and what a client sends is never more than a string', async (t) => {
  await restart('\ntenant_log_format = ecs\n');
  t.after(() => restart(''));
  const { lbaas, cloud } = tls;
  const { balancer, listener, pool } = await lbaas.whole();
  const address = balancer.vip_address;
  await lbaas.answers(address);
  await cloud.inLab('client', 'curl', '-sSg', '-A', 'a "quoted"\ttab', '-H', 'Host: Shop.example:8080', '-e', 'http://x/', `http://${address}/ecs?q="}#x`);
  type Document = Record<string, Record<string, unknown>>;
  const [document] = (await logged('/ecs')).map((line) => JSON.parse(line) as Document);
  assert.ok(document);
  assert.deepEqual(document['url'], { original: '/ecs?q="}', scheme: 'http', domain: 'shop.example', port: 8080, path: '/ecs', query: 'q="}' });
  assert.deepEqual(document['user_agent'], { original: 'a "quoted"\ttab' });
  assert.equal(document['destination']?.['ip'], address);
  const { edgeweir, event } = document;
  assert.deepEqual(
    [edgeweir?.['loadbalancer'], edgeweir?.['listener'], edgeweir?.['pool'], edgeweir?.['project']],
    [{ id: balancer.id }, { id: listener.id }, { id: pool.id }, { id: balancer['project_id'] }],
  );
  assert.equal(event?.['outcome'], 'success');
  const { amphorae } = await lbaas.api.request<{ amphorae: Row[] }>('GET', `/load-balancer/v2.0/octavia/amphorae?loadbalancer_id=${balancer.id}`);
  assert.deepEqual(edgeweir?.['amphora'], { id: amphorae[0]?.id });
  const tcp = await tcpListener(balancer);
  await cloud.inLab('client', 'curl', '-sS', `http://${address}:2222/tcp`);
  const [moved] = (await logged(tcp.id)).map((line) => JSON.parse(line) as Document);
  assert.deepEqual([moved?.['event']?.['type'], moved?.['http']], [['connection', 'end'], undefined]);
});

test('a rotated file: moved away, or moved and told', async () => {
  const { balancer } = await tls.lbaas.whole();
  await tls.lbaas.answers(balancer.vip_address);
  await tls.cloud.ask(balancer.vip_address, '/before');
  await logged('/before');
  await rename(file(), file('flows.log.1'));
  await until('the file is there again', async () => {
    await tls.cloud.ask(balancer.vip_address, '/moved');
    return existsSync(file());
  });
  await rename(file(), file('flows.log.2'));
  process.kill(tls.cloud.serverPid, 'SIGUSR2');
  await pause(200);
  await tls.cloud.ask(balancer.vip_address, '/told');
  await logged('/told');
  assert.ok((await lines('flows.log.1')).some((line) => line.includes('/before')));
});

test('a server that is killed and comes back: no request fails, and what was carried meanwhile is logged', async () => {
  const { balancer } = await tls.lbaas.whole();
  await tls.lbaas.answers(balancer.vip_address);
  await tls.cloud.ask(balancer.vip_address, '/one');
  await logged('/one');
  await underLoad(tls.cloud, [balancer.vip_address], async () => {
    await tls.cloud.end('SIGKILL');
    await pause(200);
    await tls.cloud.serve();
    await pause(500);
  });
  await tls.cloud.end('SIGKILL');
  for (let turn = 0; turn < 20; turn++) await tls.cloud.ask(balancer.vip_address, `/while-away/${turn}`);
  await tls.cloud.serve();
  assert.equal((await logged('/while-away/', 20)).length, 20);
});

test('a server that stands still: the pipe fills up, and nobody waits', async () => {
  const { balancer } = await tls.lbaas.whole();
  const address = balancer.vip_address;
  await tls.lbaas.answers(address);
  const socket = await statsSocket();
  process.kill(tls.cloud.serverPid, 'SIGSTOP');
  try {
    await underLoad(tls.cloud, [address], () => until('the pipe is full', async () => (await dropped(socket)) > 0, 60));
  } finally {
    process.kill(tls.cloud.serverPid, 'SIGCONT');
  }
  await tls.cloud.ask(address, '/afterwards');
  await logged('/afterwards');
  for (const line of await lines()) assert.match(line, WHOLE);
  await tls.cloud.end('SIGTERM');
  assert.match(await readFile(join(tls.cloud.directory, 'server.log'), 'utf8'), /"dropped_by_proxies":[1-9].*Flow logs are incomplete/);
});

/** Of the one proxy there is. */
async function statsSocket(): Promise<string> {
  const [{ id } = { id: '' }] = (await tls.lbaas.api.request<{ amphorae: Row[] }>('GET', '/load-balancer/v2.0/octavia/amphorae')).amphorae;
  return join(tls.cloud.directory, 'run', tls.cloud.instance, id.replaceAll('-', ''), 'stats.sock');
}

/** Lines that a proxy could not write. */
async function dropped(path: string): Promise<number> {
  const socket = connect(path);
  socket.write('show info\n');
  let said = '';
  for await (const chunk of socket) said += String(chunk);
  return Number(/DroppedLogs: (\d+)/.exec(said)?.[1]);
}

test('a connection that outlives a reload is logged when it ends', async () => {
  const { balancer } = await tls.lbaas.whole();
  const tcp = await tcpListener(balancer);
  const program = `import socket,sys
s=socket.create_connection(('${balancer.vip_address}',2222)); print('open',flush=True); sys.stdin.readline(); s.close()`;
  const client = spawn('nsenter', [`--net=/run/netns/weir-${tls.cloud.instance}-lab-client`, 'python3', '-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(client.stdout, 'data');
    await tls.lbaas.change(`listeners/${tcp.id}`, 'listener', { timeout_client_data: 61_000 });
    await tls.lbaas.settled();
    assert.deepEqual(
      (await lines()).filter((line) => line.includes(tcp.id)),
      [],
    );
    client.stdin.end('\n');
    await logged(tcp.id);
  } finally {
    client.kill('SIGKILL');
  }
});

test('a flavor switches it off; so does the configuration, and then a flavor switches it on', async (t) => {
  const { api } = tls.lbaas;
  const flavor = async (connection_logging: boolean): Promise<string> => {
    const profile = { name: `p${connection_logging}`, provider_name: 'amphora', flavor_data: JSON.stringify({ connection_logging }) };
    const { flavorprofile } = await api.request<{ flavorprofile: Row }>('POST', `${LBAAS}/flavorprofiles`, { flavorprofile: profile });
    const body = { flavor: { name: `f${connection_logging}`, flavor_profile_id: flavorprofile.id, enabled: true } };
    return (await api.request<{ flavor: Row }>('POST', `${LBAAS}/flavors`, body)).flavor.id;
  };
  const [on, off] = [await flavor(true), await flavor(false)];
  const site = async (flavor_id?: string): Promise<Row> => {
    const { lbaas } = tls;
    const balancer = await lbaas.make('loadbalancers', 'loadbalancer', {
      vip_subnet_id: await lbaas.subnet('private-subnet'),
      ...(flavor_id ? { flavor_id } : {}),
    });
    await lbaas.make('listeners', 'listener', { protocol: 'HTTP', protocol_port: 80, loadbalancer_id: balancer.id });
    return balancer;
  };
  const sites = { on: await site(on), off: await site(off), unsaid: await site() };
  await tls.lbaas.settled();
  const logging = async (): Promise<string[]> => {
    await writeFile(file(), '');
    for (const { vip_address } of [sites.off, sites.unsaid, sites.on]) await tls.cloud.ask(vip_address, '/asked');
    await logged(sites.on.id);
    const written = await lines();
    return Object.entries(sites).flatMap(([name, { id }]) => (written.some((line) => line.includes(id)) ? [name] : []));
  };
  assert.deepEqual(await logging(), ['on', 'unsaid']);
  await restart('\n[haproxy_amphora]\nconnection_logging = false\n');
  t.after(() => restart(''));
  await tls.lbaas.change(`loadbalancers/${sites.unsaid.id}`, 'loadbalancer', { description: 'touched' });
  await tls.lbaas.settled();
  assert.deepEqual(await logging(), ['on']);
});
