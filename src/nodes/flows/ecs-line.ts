/**
 * A flow in the Elastic Common Schema (https://www.elastic.co/guide/en/ecs/8.11/): source is the client, destination the VIP; what
 * the schema has no name for is below `edgeweir`. Fields that there is nothing to say in are left out.
 */
import { isIP } from 'node:net';
import { type Flow, decodeRequest, numberIn, wordIn } from './flow.ts';

/** Without a line end. Where `host` is the name of this host. */
export function ecsLine(flow: Flow, host: string): string {
  return JSON.stringify(compact(ecsDocument(flow, host)));
}

type Value = string | number | boolean | null | readonly string[] | Tree;
interface Tree {
  readonly [key: string]: Value;
}

function ecsDocument(flow: Flow, host: string): Tree {
  const [sent, received] = [numberIn(flow, 'bytesIn'), numberIn(flow, 'bytesOut')];
  return {
    '@timestamp': new Date(flow.accepted).toISOString(),
    ecs: { version: '8.11.0' },
    event: eventOf(flow),
    source: { ip: address(flow, 'clientAddress'), port: numberIn(flow, 'clientPort'), bytes: sent },
    destination: { ip: address(flow, 'vipAddress'), port: numberIn(flow, 'vipPort'), bytes: received },
    network: {
      transport: 'tcp',
      type: isIP(flow.raw.clientAddress) === 6 ? 'ipv6' : 'ipv4',
      protocol: flow.request === null ? null : 'http',
      bytes: sent === null || received === null ? null : sent + received,
    },
    ...requestOf(flow),
    tls: tlsOf(flow),
    observer: { vendor: 'Edgeweir', product: 'Edgeweir', type: 'proxy', hostname: host, name: wordIn(flow, 'node') },
    error: { message: failureOf(flow) },
    edgeweir: ownOf(flow),
  };
}

/** HAProxy times requests from their first byte on; before that it may have waited for one, or for a handshake. */
function eventOf(flow: Flow): Value {
  const isHttp = flow.request !== null;
  const waited = isHttp ? (numberIn(flow, 'handshakeTime') ?? 0) + (numberIn(flow, 'idleTime') ?? 0) : 0;
  const took = numberIn(flow, isHttp ? 'activeTime' : 'totalTime');
  const start = flow.accepted + waited;
  return {
    kind: 'event',
    category: isHttp ? ['network', 'web'] : ['network'],
    type: isHttp ? ['access'] : ['connection', 'end'],
    outcome: isSuccess(flow) ? 'success' : 'failure',
    start: iso(start),
    end: took === null ? null : iso(start + took),
    duration: took === null ? null : took * 1_000_000,
    module: 'edgeweir',
    dataset: 'edgeweir.flow',
  };
}

function iso(time: number): string | null {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** First letter of the termination state: who or what ended it before its time (HAProxy 2.6 §8.5). L: HAProxy answered by itself. */
const AS_INTENDED: readonly (string | undefined)[] = ['-', 'L', 'P'];

function isSuccess(flow: Flow): boolean {
  const [first] = flow.raw.termination;
  if (flow.request === null) return first === '-';
  const status = numberIn(flow, 'status') ?? 0;
  return AS_INTENDED.includes(first) && status > 0 && status < 400;
}

function failureOf({ said: { error } }: Flow): string | null {
  return error === 'Success' ? null : error;
}

function requestOf(flow: Flow): Record<string, Value> {
  if (flow.request === null) return {};
  const [method, target, version] = partsOf(decodeRequest(flow.request));
  const { host, userAgent, referrer } = flow.said;
  return {
    http: {
      version: version?.startsWith('HTTP/') ? version.slice(5) : null,
      request: { method, bytes: numberIn(flow, 'bytesIn'), referrer },
      response: { status_code: numberIn(flow, 'status') || null, bytes: numberIn(flow, 'bytesOut') },
    },
    url: target === null ? null : urlOf(target, host, wordIn(flow, 'tlsVersion') !== null),
    user_agent: { original: userAgent },
  };
}

/** A request that could not be read is `<BADREQ>`. Blanks in a target are kept, as in what was sent; a line cut off has no version. */
function partsOf(line: string): [method: string | null, target: string | null, version: string | null] {
  const [method, rest] = cut(line, line.indexOf(' '));
  if (rest === null) return [null, null, null];
  const [target, version] = cut(rest, rest.lastIndexOf(' '));
  return [method, target, version];
}

function cut(text: string, at: number): [string, string | null] {
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** The target as it was sent, and its parts; in HTTP/2 it has scheme and authority. */
function urlOf(target: string, host: string | null, isTls: boolean): Value {
  const [, authority, rest] = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)(.*)$/is.exec(target) ?? [];
  const [path, query] = cut(rest ?? target, (rest ?? target).indexOf('?'));
  const named = (host ?? authority ?? '').toLowerCase();
  const port = /:(\d{1,5})$/.exec(named)?.[1];
  return {
    original: target,
    scheme: isTls ? 'https' : 'http',
    domain: (port === undefined ? named : named.slice(0, -port.length - 1)) || null,
    port: port === undefined ? null : Number(port),
    path: path || null,
    query,
  };
}

function tlsOf(flow: Flow): Value {
  const version = wordIn(flow, 'tlsVersion');
  if (version === null) return null;
  const { subject, issuer, serverName, alpn } = flow.said;
  return {
    version_protocol: 'tls',
    version: version.replace(/^TLSv/, ''),
    cipher: wordIn(flow, 'tlsCipher'),
    established: failureOf(flow) === null,
    next_protocol: alpn,
    client: { subject, issuer, server_name: serverName },
  };
}

function ownOf(flow: Flow): Value {
  const [pool, listener] = flow.raw.backend.split(':');
  const server = wordIn(flow, 'server');
  return {
    project: { id: wordIn(flow, 'project') },
    loadbalancer: { id: wordIn(flow, 'balancer') },
    listener: { id: flow.raw.listener },
    pool: { id: listener === undefined ? null : (pool ?? null) },
    // HAProxy's own names for what is no member are in angle brackets.
    member: server === null || server.startsWith('<') ? null : { id: server, ip: address(flow, 'serverAddress'), port: numberIn(flow, 'serverPort') },
    amphora: { id: wordIn(flow, 'node') },
    termination_state: flow.raw.termination,
    retries: numberIn(flow, 'retries'),
    client_verify: numberIn(flow, 'verify'),
    time_ms: {
      handshake: numberIn(flow, 'handshakeTime'),
      idle: numberIn(flow, 'idleTime'),
      request: numberIn(flow, 'requestTime'),
      queue: numberIn(flow, 'queueTime'),
      connect: numberIn(flow, 'connectTime'),
      response: numberIn(flow, 'responseTime'),
      active: numberIn(flow, 'activeTime'),
      total: numberIn(flow, 'totalTime'),
    },
  };
}

function address(flow: Flow, field: 'clientAddress' | 'vipAddress' | 'serverAddress'): string | null {
  const word = flow.raw[field];
  return isIP(word) === 0 ? null : word;
}

/** Without nulls, and without objects in which nothing is left. A loop: it is run for every line. */
function compact(value: Tree): Record<string, Value> {
  const kept: Record<string, Value> = {};
  for (const key in value) {
    const item = isTree(value[key]) ? orNothing(compact(value[key])) : value[key];
    if (item !== null && item !== undefined) kept[key] = item;
  }
  return kept;
}

function isTree(value: Value | undefined): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function orNothing(value: Record<string, Value>): Record<string, Value> | null {
  for (const _ in value) return value;
  return null;
}
