/**
 * HAProxy itself says what Octavia's format looks like: each line it writes here has ours and, behind a mark, its own rendering of
 * Octavia's default. Both must be the same.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { openssl } from '../../api/key-manager/openssl.fixture.ts';
import { parseLogFormat } from '../../model/log-format.ts';
import { encodeWords } from '../../render/haproxy/directive.ts';
import { FLOW_DESCRIPTOR, LONGEST_LINE, flowLogDirectives } from '../../render/haproxy/flow-log.ts';
import { listenerOf } from '../../render/haproxy/topology.fixture.ts';
import { parseFlow } from './flow.ts';
import { LineSplitter } from './line-splitter.ts';
import { octaviaLine } from './octavia-line.ts';
import { until } from './receiver.fixture.ts';

const MARK = ' ||| ';
const OWN = '{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc';

/** Lines of the frontend as rendered, with HAProxy's own format behind ours. */
function logLines(protocol: 'HTTP' | 'TCP'): string[] {
  const own = OWN.replace('{{ project_id }}', 'project-1').replace('{{ lb_id }}', 'balancer-1');
  const native = protocol === 'HTTP' ? own : own.replace('%{+Q}r', '-').replace('%ST', '-');
  const lines = flowLogDirectives({ id: 'balancer-1', projectId: 'project-1' }, listenerOf({ protocol })).map(encodeWords);
  return lines.map((line) => (/^(error-)?log-format /.test(line) ? line.replace(/'$/, `${MARK}${native}'`) : line));
}

/** A port that nobody has; HAProxy cannot tell which one it took. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => void server.close(closed))));
  return ports;
}

interface Proxy {
  readonly http: number;
  readonly tls: number;
  readonly tcp: number;
  readonly lines: readonly string[];
}

async function proxy(t: TestContext, pem: string, ca: string): Promise<Proxy> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-native-'));
  const member = createServer((_, answer) => void answer.end('hello')).listen(0, '127.0.0.1');
  await once(member, 'listening');
  const [http = 0, tls = 0, tcp = 0] = await freePorts(3);
  writeFileSync(join(directory, 'site.pem'), pem, { mode: 0o600 });
  writeFileSync(join(directory, 'ca.pem'), ca);
  const front = 'timeout client 10s';
  const back = ['timeout connect 1s', 'timeout server 10s', `server member-1 127.0.0.1:${(member.address() as AddressInfo).port}`];
  const secure = `bind 127.0.0.1:${tls} ssl crt site.pem ca-file ca.pem verify optional`;
  const sections = [
    ['frontend listener-1', 'mode http', `bind 127.0.0.1:${http}`, secure, front, ...logLines('HTTP'), 'default_backend pool-1:listener-1'],
    ['backend pool-1:listener-1', 'mode http', ...back],
    ['frontend listener-2', 'mode tcp', `bind 127.0.0.1:${tcp}`, front, ...logLines('TCP'), 'default_backend pool-2:listener-2'],
    ['backend pool-2:listener-2', 'mode tcp', ...back],
  ];
  writeFileSync(join(directory, 'haproxy.cfg'), `${sections.flat().join('\n')}\n`);
  const pipe = join(directory, 'flows');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const child = spawn('haproxy', ['-q', '-db', '-f', 'haproxy.cfg'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit', fd],
    env: { ...process.env, WEIR_NODE: 'node-1' },
  });
  assert.equal(FLOW_DESCRIPTOR, 3);
  const source = new Socket({ fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  closeSync(fd);
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    source.destroy();
    member.close();
    member.closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  const lines: string[] = [];
  const splitter = new LineSplitter();
  source.on('data', (chunk) => void lines.push(...splitter.push(chunk)));
  await until('the proxy listens', () => listens(http));
  return { http, tls, tcp, lines };
}

function listens(port: number): boolean {
  return execFileSync('ss', ['-Hltn', `sport = :${port}`]).length > 0;
}

/** Sends bytes and waits for the end of the answer. */
async function exchange(socket: Socket, bytes: string): Promise<void> {
  socket.on('error', () => {}).resume();
  socket.end(bytes);
  await new Promise((closed) => void socket.once('close', closed));
}

test("HAProxy's own rendering of Octavia's format is ours, byte for byte", async (t) => {
  const ssl = await openssl(t);
  ssl.selfSigned('root', undefined, ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
  ssl.signed('a', 'root', 'subjectAltName=DNS:a.example\n');
  ssl.selfSigned('stranger');
  const { http, tls, tcp, lines } = await proxy(t, ssl.text('a.pem') + ssl.text('a.key'), ssl.text('root.pem'));
  const plain = (port: number): Socket => connect(port, '127.0.0.1');
  const secure = (name?: string): Socket =>
    connectTls({
      port: tls,
      host: '127.0.0.1',
      servername: 'a.example',
      rejectUnauthorized: false,
      ...(name === undefined ? {} : { cert: ssl.text(`${name}.pem`), key: ssl.text(`${name}.key`) }),
    });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: "x" y\r\nConnection: close\r\n\r\n`;
  await exchange(plain(http), get('/a"b#c%22 \u00e4?x=1'));
  await exchange(plain(http), get('/plain?x="\\#'));
  await exchange(plain(http), get(`/${'"'.repeat(3000)}`));
  await exchange(plain(http), 'nonsense\u0001\r\n\r\n');
  await exchange(plain(http), '');
  await exchange(secure(), get('/without'));
  await exchange(secure('a'), get('/with'));
  await exchange(secure('stranger'), get('/stranger'));
  await exchange(plain(tls), 'no handshake\r\n\r\n');
  await exchange(plain(tcp), get('/moved'));
  await until('ten lines', () => lines.filter((line) => line.startsWith('weir1 ')).length >= 10);
  const format = parseLogFormat(OWN);
  for (const line of lines) {
    const [ours = '', native = ''] = line.split(MARK);
    const written = octaviaLine(parseFlow(ours) ?? assert.fail(ours), format);
    // A line with a long request has no room for another one behind it.
    if (line.length < 4000) assert.equal(written, native);
    else assert.ok(written.startsWith(native.slice(0, 500)));
  }
  assert.ok(lines.every((line) => line.length < LONGEST_LINE));
  assert.equal(lines.filter((line) => line.length >= 4000).length, 1);
});
