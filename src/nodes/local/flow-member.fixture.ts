/**
 * A service in a namespace: arguments are its address, its port and the name it answers with, over UDP and TCP; says
 * "ready" when it listens. The answer is its name and where the question came from.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [address = '', port = '', name = ''] = process.argv.slice(2);

const datagrams = createSocket(address.includes(':') ? 'udp6' : 'udp4');
datagrams.on('message', (_message, from) => datagrams.send(`${name} ${from.address}`, from.port, from.address));
datagrams.bind(Number(port), address);
await once(datagrams, 'listening');

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', () => socket.write(`${name} ${socket.remoteAddress ?? ''}`));
});
server.listen(Number(port), address);
await once(server, 'listening');
process.stdout.write('ready\n');
