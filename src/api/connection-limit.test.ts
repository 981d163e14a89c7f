import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { test } from 'node:test';
import Fastify from 'fastify';
import { silent } from '../model/log.ts';
import { limitConnections } from './connection-limit.ts';

test('those that are too many are closed at once, said once, and taken again when others have gone', async (t) => {
  const warnings: object[] = [];
  const app = Fastify({ logger: false });
  limitConnections(app, 2, { ...silent, warn: (fields) => void warnings.push(fields) });
  app.get('/', async () => 'here');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await app.close();
  });
  const open = (): Socket => {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  const ask = async (socket: Socket): Promise<string> => {
    socket.setEncoding('utf8').write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    return ((await once(socket, 'data')) as [string])[0];
  };
  const [first, second] = [open(), open()];
  for (const socket of [first, second]) assert.match(await ask(socket), /^HTTP\/1\.1 200 /);
  for (let extra = 0; extra < 3; extra++) await once(open(), 'close');
  assert.deepEqual(warnings, [{ max_connections: 2 }]);
  assert.match(await ask(second), /^HTTP\/1\.1 200 /);
  first.destroy();
  while ((await connections()) > 1) await new Promise(setImmediate);
  assert.match(await ask(open()), /^HTTP\/1\.1 200 /);

  function connections(): Promise<number> {
    return new Promise((resolve, reject) => app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
  }
});
