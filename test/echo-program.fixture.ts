/**
 * A member that tells what reached it: answers every request with JSON of the request's headers and, in TLS, of the
 * connection. Options as JSON in its argument; prints `ready` when it listens.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';

export interface EchoOptions {
  readonly port: number;
  /** PEM texts; absent: no TLS. With `ca`, clients need a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

export interface Echo {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly tls: { readonly name: string; readonly alpn: string; readonly version: string; readonly cipher: string; readonly client: string } | null;
}

const { port, tls } = JSON.parse(process.argv[2] ?? '{}') as EchoOptions;

function connectionOf(socket: TLSSocket): Echo['tls'] {
  if (!('encrypted' in socket)) return null;
  const { CN = '' } = socket.getPeerCertificate()?.subject ?? {};
  return {
    name: socket.servername || '',
    alpn: socket.alpnProtocol || '',
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    client: String(CN),
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  response.end(JSON.stringify({ headers: request.headers, tls: connectionOf(request.socket as TLSSocket) } satisfies Echo));
}

const server = tls
  ? createSecureServer({ ...tls, allowHTTP1: true, requestCert: tls.ca !== undefined }, (request, response) => answer(request as never, response as never))
  : createServer(answer);
server.listen(port, () => process.stdout.write('ready\n'));
