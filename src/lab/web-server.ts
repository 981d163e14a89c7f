/**
 * A web server of the lab: says its name. Run inside a namespace: `web-server.ts NAME PORT…`; prints `ready` once it
 * listens on every port.
 *
 * | path | answer |
 * |---|---|
 * | `/slow?ms=N` | the name, after N milliseconds (at most a minute) |
 * | `/bytes?n=N` | N bytes (at most 100 MiB) |
 * | `/health` | `ok` |
 * | anything else | the name |
 */
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_MS = 60_000;
const LARGEST = 100 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://lab');
  response.setHeader('X-Served-By', name);
  if (url.pathname === '/bytes') return sendBytes(response, count(url, 'n', LARGEST));
  if (url.pathname === '/slow') await sleep(count(url, 'ms', LONGEST_MS));
  response.setHeader('Content-Type', 'text/plain');
  response.end(url.pathname === '/health' ? 'ok\n' : `${name}\n`);
}

function count(url: URL, parameter: string, most: number): number {
  const value = Number(url.searchParams.get(parameter) ?? 0);
  return Number.isInteger(value) && value > 0 ? Math.min(value, most) : 0;
}

async function sendBytes(response: ServerResponse, size: number): Promise<void> {
  response.setHeader('Content-Length', size);
  for (let left = size; left > 0 && !response.destroyed; left -= CHUNK.length) {
    if (!response.write(CHUNK.subarray(0, left))) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

async function listen(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    answer(name, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = LONGEST_MS;
  server.listen(port);
  await once(server, 'listening');
  return server;
}

const [name = 'web', ...ports] = process.argv.slice(2);
await Promise.all(ports.map((port) => listen(name, Number(port))));
// Whoever waits for this line may be gone by now.
process.stdout.on('error', () => {});
process.stdout.write('ready\n');
