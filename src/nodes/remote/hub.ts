/**
 * Where agents connect to. One that has a certificate of ours is a host; one that has none may ask for one, with its token.
 * Who is who, and who may come, is in the book, which outlives this process.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { Log } from '../../model/log.ts';
import type { ConnectedHost, HostPool } from '../fleet/fleet.ts';
import { NodeError } from '../node.ts';
import { BEAT_MS, type Greeting, LONGEST_MESSAGE, PROTOCOL, readGreeting } from './agreement.ts';
import type { Authority, Issued } from './authority.ts';
import { Channel, type ChannelOptions } from './channel.ts';
import { digestOf, newJoinToken } from './join-token.ts';
import { RemoteNodes } from './remote-nodes.ts';
import { ShapeError, object, text, uuid } from './shape.ts';

/** What is written down of hosts. */
export interface HostBook {
  /** False where the token is none, or counts no more. */
  admit(hostId: string, tokenDigest: string, issued: Issued): Promise<boolean>;
  /** False where the host has come with another certificate since. */
  renew(hostId: string, serial: string, issued: Issued): Promise<boolean>;
  /** The host's name; null where this certificate is not taken from it. */
  recognise(hostId: string, serial: string): Promise<string | null>;
  online(hostId: string, address: string, greeting: Greeting): Promise<void>;
  offline(hostId: string): Promise<void>;
  allOffline(): Promise<void>;
}

export interface HubOptions {
  /** Name of the driver whose nodes they are. */
  readonly driver: string;
  readonly authority: Authority;
  readonly book: HostBook;
  readonly bindHost: string;
  readonly bindPort: number;
  /** How long a token counts, ms. */
  readonly tokenLifetime: number;
  readonly log: Log;
  /** Milliseconds between signs of life; the usual if not given. */
  readonly beat?: number;
}

interface Visitor {
  readonly hostId: string;
  readonly serial: string;
  readonly address: string;
}

interface Guest extends ConnectedHost {
  readonly driver: RemoteNodes;
  readonly channel: Channel;
}

const HANDSHAKE_MS = 10_000;
/** How long somebody without a certificate may take. */
const JOIN_MS = 20_000;
const LONGEST_OF_STRANGERS = 16_384;
/** Strangers at a time. */
const MOST_STRANGERS = 64;

const JOIN = object({ hostId: uuid, secret: text({ longest: 100 }), request: text({ longest: 8192 }) });
const RENEW = object({ request: text({ longest: 8192 }) });

export class Hub implements HostPool {
  readonly #options: HubOptions;
  readonly #guests = new Map<string, Guest>();
  readonly #listeners: ((host: ConnectedHost) => void)[] = [];
  readonly #channels = new Set<Channel>();
  /** Every connection there is, also those that have said nothing yet. */
  readonly #sockets = new Set<Socket>();
  #server: tls.Server | null = null;
  #strangers = 0;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { authority, book, bindHost, bindPort } = this.#options;
    await book.allOffline();
    const { key, certificate } = await authority.forServer();
    const options = { key, cert: certificate, ca: authority.certificate, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' } as const;
    const server = tls.createServer({ ...options, handshakeTimeout: HANDSHAKE_MS }, (socket) => this.#receive(socket));
    server.on('tlsClientError', (error, socket) => this.#options.log.debug({ address: socket.remoteAddress, reason: error.message }, 'no agent of ours'));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.listen(bindPort, bindHost);
    await once(server, 'listening').catch((error: Error) => {
      throw new NodeError(`cannot listen for agents on ${bindHost} port ${bindPort}: ${error.message}`, { cause: error });
    });
    this.#server = server;
  }

  /** The hosts count as away by then: what they carry goes on. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    for (const channel of this.#channels) channel.close('the server stops');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#options.book.allOffline();
  }

  /** The port it listens on; 0 before. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  connected(): readonly ConnectedHost[] {
    return [...this.#guests.values()];
  }

  onArrival(listener: (host: ConnectedHost) => void): void {
    this.#listeners.push(listener);
  }

  invite(hostId: string): { token: string; digest: string; expiresAt: Date } {
    return { ...newJoinToken(hostId, this.#options.authority.fingerprint), expiresAt: new Date(Date.now() + this.#options.tokenLifetime) };
  }

  dismiss(hostId: string): void {
    this.#guests.get(hostId)?.channel.close('it is no longer let in');
  }

  #receive(socket: tls.TLSSocket): void {
    socket.on('error', () => {});
    const { subject, serialNumber } = socket.getPeerCertificate();
    const address = socket.remoteAddress ?? '';
    if (socket.authorized) return this.#receiveHost(socket, { hostId: String(subject.CN), serial: serialNumber.toUpperCase(), address });
    if (subject === undefined) return this.#receiveStranger(socket, address);
    this.#options.log.warn({ address, reason: String(socket.authorizationError) }, 'an agent came with a certificate that is not taken');
    socket.destroy();
  }

  #receiveStranger(socket: tls.TLSSocket, address: string): void {
    if (this.#strangers >= MOST_STRANGERS) return void socket.destroy();
    this.#strangers++;
    const channel = this.#open(socket, {
      peer: `a stranger at ${address}`,
      longest: LONGEST_OF_STRANGERS,
      answer: (method, params) => this.#join(method, params, address),
    });
    const timer = setTimeout(() => channel.close('it took too long'), JOIN_MS);
    void channel.closed.then(() => {
      clearTimeout(timer);
      this.#strangers--;
    });
  }

  async #join(method: string, params: unknown, address: string): Promise<unknown> {
    if (method !== 'join') throw new NodeError('a certificate is needed for that');
    const { authority, book, log } = this.#options;
    const { hostId, secret, request } = understood(() => JOIN(params, 'the request'));
    const issued = await authority.forAgent(request, hostId);
    if (!(await book.admit(hostId, digestOf(secret), issued))) {
      log.warn({ address, host: hostId }, 'an agent came with a token that is not taken');
      throw new NodeError('the token is not taken: it was used, has expired, or was replaced. Ask for another: weir host invite');
    }
    log.info({ address, host: hostId }, 'a host has joined');
    return { certificate: issued.certificate, authority: authority.certificate };
  }

  #receiveHost(socket: tls.TLSSocket, visitor: Visitor): void {
    const present: { guest: Guest | null } = { guest: null };
    const channel = this.#open(socket, {
      peer: `host ${visitor.hostId}`,
      longest: LONGEST_MESSAGE,
      answer: async (method, params) => {
        if (method === 'renew') return this.#renew(visitor, params);
        if (method !== 'hello') throw new NodeError(`this server does not know '${method.slice(0, 64)}'`);
        const { guest, answer } = await this.#greet(channel, visitor, params);
        present.guest = guest;
        return answer;
      },
      hear: (news, params) => {
        if (news === 'lost') present.guest?.driver.lost(understood(() => uuid(params, 'the news')));
      },
    });
    void channel.closed.then((reason) => this.#farewell(present.guest, reason));
  }

  #open(socket: tls.TLSSocket, options: Pick<ChannelOptions, 'peer' | 'longest' | 'answer'> & Partial<Pick<ChannelOptions, 'hear'>>): Channel {
    const channel = new Channel(socket, { hear: () => {}, beat: this.#options.beat ?? BEAT_MS, ...options });
    this.#channels.add(channel);
    void channel.closed.then(() => this.#channels.delete(channel));
    return channel;
  }

  async #greet(channel: Channel, { hostId, serial, address }: Visitor, params: unknown): Promise<{ guest: Guest; answer: object }> {
    const { book, driver: driverName, log } = this.#options;
    const name = await book.recognise(hostId, serial);
    if (name === null) throw new NodeError('the certificate is not taken any more: the host was removed or invited anew. Join again with a new token');
    const greeting = understood(() => readGreeting(params, 'the greeting'));
    if (greeting.protocol !== PROTOCOL)
      throw new NodeError(`the server speaks version ${PROTOCOL} of the protocol, the agent ${greeting.protocol}: bring both to one release`);
    this.#guests.get(hostId)?.channel.close('it has connected anew');
    await book.online(hostId, address, greeting);
    const driver = new RemoteNodes(driverName, channel, greeting);
    const guest: Guest = { id: hostId, name, physicalNetworks: new Set(greeting.physicalNetworks), driver, channel };
    log.info({ host: name, address, version: greeting.version }, 'a host is connected');
    // Its agent hears of the welcome first: until then it minds its nodes itself.
    setImmediate(() => this.#announce(guest));
    return { guest, answer: { name } };
  }

  #announce(guest: Guest): void {
    if (!this.#channels.has(guest.channel)) return;
    this.#guests.get(guest.id)?.channel.close('it has connected anew');
    this.#guests.set(guest.id, guest);
    for (const listener of this.#listeners) listener(guest);
  }

  async #renew({ hostId, serial }: Visitor, params: unknown): Promise<unknown> {
    const { authority, book } = this.#options;
    const issued = await authority.forAgent(understood(() => RENEW(params, 'the request')).request, hostId);
    if (!(await book.renew(hostId, serial, issued))) throw new NodeError('the certificate is not taken any more');
    return { certificate: issued.certificate, authority: authority.certificate };
  }

  async #farewell(guest: Guest | null, reason: string): Promise<void> {
    if (!guest) return;
    const { log, book } = this.#options;
    log.warn({ host: guest.name, reason }, 'a host is away; what it carries goes on');
    if (this.#guests.get(guest.id) !== guest) return;
    this.#guests.delete(guest.id);
    if (this.#server)
      await book.offline(guest.id).catch((error: unknown) => log.error({ host: guest.name, reason: String(error) }, 'could not be written down'));
  }
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeError) throw new NodeError(`not understood: ${error.message}`, { cause: error });
    throw error;
  }
}
