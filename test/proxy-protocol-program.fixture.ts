/**
 * A member that reads the PROXY protocol, version 2 (its §2.2), and answers each request with what it was told of the
 * client's certificate, as JSON. Listens on the port in its argument; prints `ready`.
 */
import { createServer } from 'node:net';

const SSL = 0x20;
const COMMON_NAME = 0x22;
/** Before the address: signature, version, family, length. */
const HEAD = 16;
const IPV4 = 12;
/** Of the TLV about TLS, before those within it. */
const SSL_HEAD = 5;

function tlvs(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 3 <= bytes.length; at += 3 + bytes.readUInt16BE(at + 1)) {
    found.set(bytes.readUInt8(at), bytes.subarray(at + 3, at + 3 + bytes.readUInt16BE(at + 1)));
  }
  return found;
}

function told(header: Buffer): { readonly tls: boolean; readonly name: string } {
  const ssl = tlvs(header.subarray(HEAD + IPV4)).get(SSL);
  return { tls: ssl !== undefined && (ssl[0] ?? 0) % 2 === 1, name: ssl ? (tlvs(ssl.subarray(SSL_HEAD)).get(COMMON_NAME)?.toString() ?? '') : '' };
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (bytes: Buffer) => {
    const body = JSON.stringify(told(bytes.subarray(0, HEAD + bytes.readUInt16BE(14))));
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });
});
server.listen(Number(process.argv[2]), () => process.stdout.write('ready\n'));
