/**
 * How a body gets to a gateway and another one back. Over HTTP, a new connection for each: uhttpd never sets TCP_NODELAY, and a kept
 * connection answers 23 times a second where a new one takes less than a millisecond (openwrt reference §1, "Latency trap").
 */
import { type X509Certificate, createHash } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { type Socket, connect as connectPlain } from 'node:net';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { GatewayFault } from './fault.ts';

/** Another one may be a device that calls out. */
export interface UbusTransport {
  /** Throws a GatewayFault. */
  post(body: string, signal?: AbortSignal): Promise<string>;
}

export interface GatewayAddress {
  /** http or https, up to where `/ubus` begins. */
  readonly url: string;
  /** `sha256//…`: digest of the public key that its certificate must have. null: whoever the system trusts. */
  readonly pin: string | null;
  /** Milliseconds until there is a connection. */
  readonly connectWithin?: number;
  /** Milliseconds until the answer is whole. */
  readonly answerWithin?: number;
}

const CONNECT_WITHIN = 5000;
const ANSWER_WITHIN = 65_000;
/** A device that never ends its answer must not fill our memory. */
const ANSWER_AT_MOST = 8 * 1024 * 1024;

export class HttpTransport implements UbusTransport {
  readonly #address: GatewayAddress;
  readonly #url: URL;

  constructor(address: GatewayAddress) {
    this.#address = address;
    this.#url = new URL(address.url);
  }

  async post(body: string, signal?: AbortSignal): Promise<string> {
    const patience = AbortSignal.timeout(this.#address.answerWithin ?? ANSWER_WITHIN);
    const both = signal ? AbortSignal.any([patience, signal]) : patience;
    const socket = await this.#connect(both);
    try {
      return await exchange(socket, this.#url, body, both);
    } catch (error) {
      if (patience.aborted) throw new GatewayFault('silent', `no answer within ${(this.#address.answerWithin ?? ANSWER_WITHIN) / 1000} s`, { cause: error });
      throw asFault(error);
    } finally {
      socket.destroy();
    }
  }

  /** Nothing is sent before the certificate is known to be the right one. */
  async #connect(signal: AbortSignal): Promise<Socket> {
    const { protocol, hostname, port } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, '');
    const within = this.#address.connectWithin ?? CONNECT_WITHIN;
    if (protocol !== 'https:') return opened(connectPlain({ host, port: Number(port || 80) }), 'connect', within, signal);
    // Who it is is looked at below: most gateways have a certificate that they signed themselves.
    const options = { host, port: Number(port || 443), rejectUnauthorized: false, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }) };
    const socket = connectTls(options);
    await opened(socket, 'secureConnect', within, signal);
    const stranger = strangerOf(socket, this.#address.pin);
    if (stranger === null) return socket;
    socket.destroy();
    throw stranger;
  }
}

/** The digest that a pin is made of: of the key and not of the certificate, which is renewed. */
export function pinOf(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256//${createHash('sha256').update(key).digest('base64')}`;
}

/** null where it is who it should be. */
function strangerOf(socket: TLSSocket, pin: string | null): GatewayFault | null {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return new GatewayFault('untrusted', 'it shows no certificate');
  const found = pinOf(certificate);
  if (pin !== null) return found === pin ? null : new GatewayFault('untrusted', `its key is ${found}, and not ${pin}`, { pin: found });
  if (socket.authorized) return null;
  return new GatewayFault('untrusted', `nobody vouches for its certificate (${socket.authorizationError?.message ?? 'unknown reason'}); its key is ${found}`, {
    pin: found,
  });
}

function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', within: number, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new GatewayFault('silent', `no connection within ${within / 1000} s`)), within);
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', fail);
      socket.removeListener('close', close);
    };
    const fail = (error: unknown): void => {
      end();
      socket.on('error', () => {});
      socket.destroy();
      reject(asFault(error));
    };
    const close = (): void => fail(new GatewayFault('unreachable', 'it closes the connection at once'));
    const abort = (): void => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('close', close);
    socket.once(event, () => {
      end();
      resolve(socket);
    });
    if (signal.aborted) abort();
  });
}

function exchange(socket: Socket, url: URL, body: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => socket,
      method: 'POST',
      host: url.host,
      path: `${url.pathname.replace(/\/$/, '')}/ubus`,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Connection: 'close', Host: url.host },
      signal,
    });
    asked.once('error', reject);
    asked.once('response', (response) => void collected(response).then(resolve, reject));
    asked.end(body);
  });
}

async function collected(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > ANSWER_AT_MOST) throw new GatewayFault('nonsense', `its answer is longer than ${ANSWER_AT_MOST / 1024 / 1024} MiB`);
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  if (response.statusCode === 200) return text;
  throw new GatewayFault(
    'http',
    `it answers with HTTP status ${response.statusCode}${response.statusCode === 404 ? ': uhttpd-mod-ubus is not installed, or its prefix is not /ubus' : ''}`,
  );
}

function asFault(error: unknown): unknown {
  if (error instanceof GatewayFault || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (error.name === 'AbortError') return error;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'it refuses the connection',
    ECONNRESET: 'it cut the connection off',
    EPIPE: 'it cut the connection off',
  };
  if (code.startsWith('HPE_')) return new GatewayFault('nonsense', 'it does not speak HTTP', { cause: error });
  return new GatewayFault('unreachable', words[code] ?? error.message, { cause: error });
}
