/** A client over kept connections that costs little itself, and a login. */
import { Agent, type IncomingMessage, request } from 'node:http';
import * as https from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Over TLS, whatever certificate is shown. */
  readonly tls?: boolean;
}

/** One that keeps up to `connections` to the target. */
export function keepingAgent({ tls = false }: Target, connections: number): Agent {
  const options = { keepAlive: true, maxSockets: connections };
  return tls ? new https.Agent({ ...options, rejectUnauthorized: false }) : new Agent(options);
}

/** Rejects when the connection fails or nothing comes for `timeout` milliseconds. */
export function send(
  target: Target,
  agent: Agent | false,
  message: { method: string; path: string; headers?: Record<string, string>; body?: string; timeout?: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, body = '', timeout = 30_000 } = message;
    const headers = { ...message.headers, ...(body === '' ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }) };
    const { host, port, tls = false } = target;
    const options = { host, port, agent, method, path, headers, timeout };
    const begin = (receive: (incoming: IncomingMessage) => void) =>
      tls ? https.request({ ...options, rejectUnauthorized: false }, receive) : request(options, receive);
    const outgoing = begin((incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString(), headers: incoming.headers }));
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export class Api {
  readonly target: Target;
  readonly #agent = new Agent({ keepAlive: true });
  #token = '';

  constructor(target: Target) {
    this.target = target;
  }

  get headers(): Record<string, string> {
    return { 'X-Auth-Token': this.#token };
  }

  async logIn(password: string): Promise<void> {
    const domain = { id: 'default' };
    const identity = { methods: ['password'], password: { user: { name: 'admin', domain, password } } };
    const body = JSON.stringify({ auth: { identity, scope: { project: { name: 'admin', domain } } } });
    const { status, headers, body: said } = await send(this.target, this.#agent, { method: 'POST', path: '/identity/v3/auth/tokens', body });
    const token = headers['x-subject-token'];
    if (status !== 201 || typeof token !== 'string') throw new Error(`login: ${status} ${said}`);
    this.#token = token;
  }

  /** The parsed body; throws when the status is 400 or more. */
  async call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await send(this.target, this.#agent, { method, path, headers: this.headers, body: body === undefined ? '' : JSON.stringify(body) });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return (answer.body === '' ? null : JSON.parse(answer.body)) as T;
  }

  close(): void {
    this.#agent.destroy();
  }
}
