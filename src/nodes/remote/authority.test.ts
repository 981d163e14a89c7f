import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { Authority, type Credentials, SERVER_NAME, fingerprintOf, newRequest } from './authority.ts';
import { digestOf, newJoinToken, parseJoinToken } from './join-token.ts';

const HOST = '11111111-2222-4333-8444-555555555555';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-authority-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

async function agentOf(authority: Authority, hostId = HOST, now = new Date()): Promise<Credentials & { serial: string; expiresAt: Date }> {
  const { key, request } = await newRequest();
  const { certificate, serial, expiresAt } = await authority.forAgent(request, hostId, now);
  return { key, certificate, authority: authority.certificate, serial, expiresAt };
}

/** How a server sees the client that shows these; the reason where they do not come together. */
async function met(t: TestContext, server: Credentials, client: Partial<Credentials> & Pick<Credentials, 'authority'>): Promise<string> {
  const seen = Promise.withResolvers<string>();
  const options = {
    key: server.key,
    cert: server.certificate,
    ca: server.authority,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  } as const;
  const listener = tls.createServer(options, (socket) => {
    const { subject, serialNumber } = socket.getPeerCertificate();
    socket.on('error', () => {});
    socket.end();
    seen.resolve(`${String(subject.CN)} ${serialNumber}`);
  });
  listener.on('tlsClientError', (error) => seen.resolve(`refused: ${error.message}`));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const own = client.key === undefined ? {} : { key: client.key, cert: client.certificate };
  const socket = tls.connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', servername: SERVER_NAME, ca: client.authority, ...own });
  socket.on('error', (error) => seen.resolve(`refused: ${error.message}`));
  socket.resume();
  const result = await seen.promise;
  socket.destroy();
  return result;
}

test('an authority is made once, and read again', async (t) => {
  const path = await directory(t);
  const first = await Authority.open(path);
  const again = await Authority.open(path);
  assert.equal(again.fingerprint, first.fingerprint);
  assert.equal(fingerprintOf(new X509Certificate(first.certificate).raw), first.fingerprint);
  assert.equal((await stat(join(path, 'authority.pem'))).mode & 0o777, 0o600);
  const { certificate } = await agentOf(again);
  assert.ok(new X509Certificate(certificate).verify(new X509Certificate(first.certificate).publicKey));
});

test('a damaged one is said to be, and is not replaced', async (t) => {
  const path = await directory(t);
  for (const text of ['', 'x', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n']) {
    await writeFile(join(path, 'authority.pem'), text);
    await assert.rejects(Authority.open(path), /is damaged/);
    assert.equal(await readFile(join(path, 'authority.pem'), 'utf8'), text);
  }
});

test('those it vouches for meet, and the server sees who the client is', async (t) => {
  const authority = await Authority.open(await directory(t));
  const agent = await agentOf(authority);
  assert.equal(await met(t, await authority.forServer(), agent), `${HOST} ${agent.serial}`);
  assert.ok(Math.abs(agent.expiresAt.getTime() - Date.now() - 90 * 86_400_000) < 60_000);
});

test('nobody else does', async (t) => {
  const authority = await Authority.open(await directory(t));
  const other = await Authority.open(await directory(t));
  const [server, agent] = [await authority.forServer(), await agentOf(authority)];
  const stranger = await agentOf(other);
  assert.match(await met(t, server, { ...stranger, authority: authority.certificate }), /refused/, 'a client of another authority');
  assert.match(await met(t, server, { authority: authority.certificate }), /refused/, 'a client without a certificate');
  assert.match(await met(t, server, await agentOf(authority, HOST, new Date(Date.now() - 100 * 86_400_000))), /refused/, 'an expired client');
  assert.match(await met(t, await other.forServer(), agent), /refused/, 'a server of another authority');
  assert.match(await met(t, agent, agent), /refused/, 'an agent that plays the server');
  assert.match(await met(t, server, { ...server }), /refused/, 'the server’s own certificate as a client’s');
});

test('a request that is none, or not signed by its key, gets nothing', async (t) => {
  const authority = await Authority.open(await directory(t));
  const { request } = await newRequest();
  const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const last = der.length - 1;
  der[last] = (der[last] ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
  for (const text of ['', 'x', authority.certificate, forged]) await assert.rejects(authority.forAgent(text, HOST), /the request for a certificate is none/);
});

test('a token says which host, and is known by its digest', async (t) => {
  const { fingerprint } = await Authority.open(await directory(t));
  const { token, digest } = newJoinToken(HOST, fingerprint);
  const parsed = parseJoinToken(`${token}\n`);
  assert.deepEqual([parsed?.hostId, parsed?.fingerprint, digestOf(parsed?.secret ?? '')], [HOST, fingerprint, digest]);
  assert.ok(!digest.includes(parsed?.secret ?? ''));
  for (const text of [
    '',
    'weir1',
    token.slice(0, -1),
    `${token}x`,
    token.replace('weir1', 'weir2'),
    token.replace(HOST, HOST.toUpperCase().replaceAll('1', 'Z')),
  ])
    assert.equal(parseJoinToken(text), null, text);
});
