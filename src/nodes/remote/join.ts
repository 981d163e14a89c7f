/** An agent's way to its server: joining once with a token, then connecting with its certificate. */
import { once } from 'node:events';
import tls from 'node:tls';
import { NodeError } from '../node.ts';
import { BEAT_MS, LONGEST_MESSAGE, WITHIN } from './agreement.ts';
import { type Credentials, SERVER_NAME, fingerprintOf, newRequest } from './authority.ts';
import { Channel, type ChannelOptions } from './channel.ts';
import type { JoinToken } from './join-token.ts';
import { object, text } from './shape.ts';

/** Where the server waits for agents. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const CONNECT_MS = 10_000;
const GRANTED = object({ certificate: text({ longest: 65_536 }), authority: text({ longest: 65_536 }) });
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Shows the token's secret to nobody but the server that the token is of. Rejects with a NodeError that says why not. */
export async function joinServer(server: ServerAddress, { hostId, secret, fingerprint }: JoinToken): Promise<Credentials> {
  // Whose the other end is, is asked below: nothing is known yet that the usual check could use.
  const socket = await connected(server, { rejectUnauthorized: false });
  requireServer(socket, fingerprint, server);
  const channel = channelOn(socket, server, { answer: refuse, hear: () => {} });
  try {
    const { key, request } = await newRequest();
    return { key, ...GRANTED(await channel.ask('join', { hostId, secret, request }, WITHIN.renew), 'the answer') };
  } finally {
    channel.close('joined');
  }
}

/** A connection with this agent's certificate, to the server of its own authority. */
export async function connectServer(
  server: ServerAddress,
  { key, certificate, authority }: Credentials,
  options: Pick<ChannelOptions, 'answer' | 'hear'>,
): Promise<Channel> {
  return channelOn(await connected(server, { key, cert: certificate, ca: authority }), server, options);
}

/** Another certificate, over a connection with the present one. */
export async function renewCredentials(channel: Channel): Promise<Credentials> {
  const { key, request } = await newRequest();
  return { key, ...GRANTED(await channel.ask('renew', { request }, WITHIN.renew), 'the answer') };
}

function channelOn(socket: tls.TLSSocket, { host, port }: ServerAddress, options: Pick<ChannelOptions, 'answer' | 'hear'>): Channel {
  return new Channel(socket, { peer: `the server at ${host} port ${port}`, beat: BEAT_MS, longest: LONGEST_MESSAGE, ...options });
}

function refuse(): Promise<never> {
  return Promise.reject(new NodeError('nothing is answered before a host has joined'));
}

async function connected({ host, port }: ServerAddress, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host, port, servername: SERVER_NAME, minVersion: 'TLSv1.3', ...options });
  const patience = AbortSignal.timeout(CONNECT_MS);
  try {
    await once(socket, 'secureConnect', { signal: patience });
    socket.on('error', () => {});
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    const reason = patience.aborted ? `no answer within ${CONNECT_MS / 1000} s` : words(error as NodeJS.ErrnoException);
    throw new NodeError(`the server at ${host} port ${port} cannot be reached: ${reason}`, { cause: error });
  }
}

function words({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'CERT_NOT_YET_VALID' || code === 'CERT_HAS_EXPIRED') return `${message} (is this machine's clock right?)`;
  return message;
}

/** The other end has the key of a certificate for servers, and that is signed by the authority of the token. */
function requireServer(socket: tls.TLSSocket, fingerprint: string, { host, port }: ServerAddress): void {
  const leaf = socket.getPeerX509Certificate();
  const authority = leaf?.issuerCertificate;
  const isOurs = leaf && authority && fingerprintOf(authority.raw) === fingerprint && leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  if (isOurs && leaf.checkHost(SERVER_NAME) !== undefined && leaf.keyUsage.includes(SERVER_AUTH)) return;
  socket.destroy();
  throw new NodeError(`the server at ${host} port ${port} is not the one that the token is of: nothing was told to it`);
}
