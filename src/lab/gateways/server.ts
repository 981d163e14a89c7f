/** Virtual gateways behind ports of their own: HTTP as uhttpd does it, with whatever is wrong with each. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Device } from './device.ts';
import { BODY_AT_MOST, answer } from './rpc.ts';

export interface Listening {
  readonly url: string;
  /** Requests that came so far. */
  readonly requests: () => number;
  /** Another device answers there from now on. */
  serve(device: Device): void;
  close(): Promise<void>;
}

export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** @param port - 0: any that is free */
export async function listen(
  device: Device,
  { host = '127.0.0.1', port = 0, tls }: { readonly host?: string; readonly port?: number; readonly tls?: Tls } = {},
): Promise<Listening> {
  let served = device;
  let requests = 0;
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    requests++;
    void respond(served, request, response).catch(() => response.destroy());
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.listen(port, host);
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  return {
    requests: () => requests,
    url: `${tls ? 'https' : 'http'}://${host}:${found}`,
    serve: (other) => {
      served = other;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function respond(device: Device, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { latency, jitter, loss, trouble } = device.knobs;
  const body = await bodyOf(request);
  const wait = latency + jitter * Math.random();
  if (wait > 0) await pause(wait, undefined, { ref: false });
  if (trouble === 'silent' || Math.random() * 100 < loss) return;
  if (trouble === 'refuses') return void request.socket.resetAndDestroy();
  if (trouble === 'html') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>It works</body></html>');
  if (trouble === 'endless') return endless(response);
  const { method = '', url = '', headers } = request;
  const reply = await answer(device, { method, path: url.split('?', 1)[0] ?? '', authorization: headers.authorization, body });
  response.writeHead(reply.status, { 'Content-Type': 'application/json', Connection: 'close' });
  const half = reply.body.slice(0, Math.ceil(reply.body.length / 2));
  if (trouble === 'cut') return void response.write(half, () => response.destroy());
  response.end(trouble === 'half' ? half : reply.body);
}

/** One that is too long is read no further than to know it. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= BODY_AT_MOST + 1) parts.push(part);
  }
  return size > BODY_AT_MOST ? ' '.repeat(BODY_AT_MOST + 1) : Buffer.concat(parts).toString('utf8');
}

/** Until whoever reads it has had enough. */
function endless(response: ServerResponse): void {
  const more = Buffer.alloc(65_536, ' ');
  const write = (): void => {
    while (!response.destroyed && response.write(more));
  };
  response.on('drain', write);
  write();
}
