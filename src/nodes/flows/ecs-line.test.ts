import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ecsLine } from './ecs-line.ts';
import { TCP, lineOf, said } from './flow.fixture.ts';
import { parseFlow } from './flow.ts';

type Document = Record<string, Record<string, unknown> | undefined>;

function ecs(line: string): Document {
  return JSON.parse(ecsLine(parseFlow(line) ?? assert.fail(line), 'host-1')) as Document;
}

test('a request', () => {
  assert.deepEqual(ecs(lineOf()), {
    '@timestamp': '2019-06-12T00:44:13.030Z',
    ecs: { version: '8.11.0' },
    event: {
      kind: 'event',
      category: ['network', 'web'],
      type: ['access'],
      outcome: 'success',
      start: '2019-06-12T00:44:13.040Z',
      end: '2019-06-12T00:44:13.044Z',
      duration: 4_000_000,
      module: 'edgeweir',
      dataset: 'edgeweir.flow',
    },
    source: { ip: '172.24.4.1', port: 41_152, bytes: 73 },
    destination: { ip: '172.24.4.20', port: 80, bytes: 76 },
    network: { transport: 'tcp', type: 'ipv4', protocol: 'http', bytes: 149 },
    http: { version: '1.1', request: { method: 'GET', bytes: 73 }, response: { status_code: 200, bytes: 76 } },
    url: { original: '/', scheme: 'http', domain: 'shop.example', path: '/' },
    user_agent: { original: 'curl/7.88.1' },
    observer: { vendor: 'Edgeweir', product: 'Edgeweir', type: 'proxy', hostname: 'host-1', name: '3e0239c3-5496-4215-b76c-6abbe18de573' },
    edgeweir: {
      project: { id: '5408b89aa45b48c69a53dca1aaec58db' },
      loadbalancer: { id: 'fd8f23df-960b-4b12-ba62-2b1dff661ee7' },
      listener: { id: '261ecfc2-9e8e-4bba-9ec2-3c903459a895' },
      pool: { id: 'e37e0e04-68a3-435b-876c-cffe4f2138a4' },
      member: { id: '6f2720b3-27dc-4496-9039-1aafe2fee105', ip: '10.0.0.11', port: 8080 },
      amphora: { id: '3e0239c3-5496-4215-b76c-6abbe18de573' },
      termination_state: '--',
      retries: 0,
      time_ms: { handshake: 0, idle: 10, request: 1, queue: 0, connect: 1, response: 2, active: 4, total: 14 },
    },
  });
});

test('a connection whose requests are not read', () => {
  const { event, network, http, url, edgeweir } = ecs(lineOf({ ...TCP, clientAddress: '2001:db8::1' }));
  assert.deepEqual([event?.['category'], event?.['type'], event?.['duration']], [['network'], ['connection', 'end'], 14_000_000]);
  assert.deepEqual(network, { transport: 'tcp', type: 'ipv6', bytes: 149 });
  assert.deepEqual([http, url], [undefined, undefined]);
  assert.deepEqual(edgeweir?.['time_ms'], { handshake: 0, queue: 0, connect: 1, total: 14 });
});

test('TLS: what was agreed on, and whom the client is', () => {
  const more = { alpn: said('h2'), serverName: said('shop.example'), subject: said('/CN="x"'), issuer: said('/CN=ca'), verify: '0' };
  const { tls, edgeweir, url } = ecs(
    lineOf({ tlsVersion: 'TLSv1.3', tlsCipher: 'TLS_AES_128_GCM_SHA256', request: '"GET https://shop.example:8443/a?b?c HTTP/2.0"', ...more }),
  );
  assert.deepEqual(tls, {
    version_protocol: 'tls',
    version: '1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    established: true,
    next_protocol: 'h2',
    client: { subject: '/CN="x"', issuer: '/CN=ca', server_name: 'shop.example' },
  });
  assert.equal(edgeweir?.['client_verify'], 0);
  assert.deepEqual(url, { original: 'https://shop.example:8443/a?b?c', scheme: 'https', domain: 'shop.example', path: '/a', query: 'b?c' });
});

test('a handshake that failed, and a request that could not be read', () => {
  const bad = { request: '"<BADREQ>"', status: '0', backend: '261ecfc2-9e8e-4bba-9ec2-3c903459a895', server: '<NOSRV>', serverAddress: '-', serverPort: '-' };
  const failed = ecs(lineOf({ ...bad, termination: 'PR--', tlsVersion: 'TLSv1.3', error: said('SSL handshake failure'), host: '-' }));
  assert.deepEqual([failed['event']?.['outcome'], failed['error'], failed['tls']?.['established']], ['failure', { message: 'SSL handshake failure' }, false]);
  assert.deepEqual([failed['edgeweir']?.['pool'], failed['edgeweir']?.['member'], failed['url']], [undefined, undefined, undefined]);
});

test('outcomes: by the status where there is one, by how it ended in any case', () => {
  const outcome = (change: Parameters<typeof lineOf>[0]): unknown => ecs(lineOf(change))['event']?.['outcome'];
  const cases = {
    '304 ----': 'success',
    '404 ----': 'failure',
    '503 SC--': 'failure',
    '302 LR--': 'success',
    '403 PR--': 'failure',
    '200 CD--': 'failure',
    '-1 CR--': 'failure',
  };
  for (const [said, wanted] of Object.entries(cases)) {
    const [status = '', termination = ''] = said.split(' ');
    assert.equal(outcome({ status, termination }), wanted, said);
  }
  assert.deepEqual([outcome({ ...TCP, termination: '--' }), outcome({ ...TCP, termination: 'sD' })], ['success', 'failure']);
});

test('hosts and targets of all kinds', () => {
  const url = (request: string, host = ''): unknown => ecs(lineOf({ request: `"${request}"`, host: said(host) }))['url'];
  assert.deepEqual(url('OPTIONS * HTTP/1.1', 'A.example:81'), { original: '*', scheme: 'http', domain: 'a.example', port: 81, path: '*' });
  assert.deepEqual(url('GET /a b?c HTTP/1.1', '[2001:db8::1]'), { original: '/a b?c', scheme: 'http', domain: '[2001:db8::1]', path: '/a b', query: 'c' });
  assert.deepEqual(url('GET /cut'), { original: '/cut', scheme: 'http', path: '/cut' });
});
