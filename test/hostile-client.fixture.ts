/** A client that keeps to no rules: sends any bytes, and says what came back. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
}

export interface Extra {
  readonly headers?: Readonly<Record<string, string>>;
  /** Address the request comes from. */
  readonly from?: string;
}

/** Longest wait for an answer, ms: the server must answer everything. */
const PATIENCE = 20_000;

export class HostileClient {
  readonly port: number;
  #token = '';

  constructor(port: number) {
    this.port = port;
  }

  get token(): string {
    return this.#token;
  }

  async logIn(password: string): Promise<void> {
    const answer = await this.logInAs('admin', password);
    this.#token = String(answer.headers['x-subject-token']);
  }

  logInAs(name: string, password: string, from = '127.0.0.1'): Promise<Answer> {
    const domain = { id: 'default' };
    const identity = { methods: ['password'], password: { user: { name, domain, password } } };
    return this.text('POST', '/identity/v3/auth/tokens', JSON.stringify({ auth: { identity, scope: { project: { name: 'admin', domain } } } }), { from });
  }

  send(method: string, path: string, body?: unknown, extra: Extra = {}): Promise<Answer> {
    return this.text(method, path, body === undefined ? null : JSON.stringify(body), extra);
  }

  /** A body of any text. */
  text(method: string, path: string, text: string | null, { headers = {}, from }: Extra = {}): Promise<Answer> {
    const always = {
      'X-Auth-Token': this.#token,
      ...(text === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
    };
    return new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        headers: { ...always, ...headers },
        timeout: PATIENCE,
        ...(from ? { localAddress: from } : {}),
      };
      const sent = request(options, (response) => {
        let whole = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (whole += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(whole) }));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path.slice(0, 200)}`)));
      sent.on('error', reject);
      sent.end(text ?? undefined);
    });
  }

  /** Bytes as they are, written one after the other with a pause, until the server closes; all it said. */
  raw(parts: readonly string[], pauseMs = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1');
      let said = '';
      socket.setEncoding('latin1').setTimeout(PATIENCE, () => socket.destroy(new Error(`the server neither answers nor closes: ${said}`)));
      socket.on('data', (part: string) => (said += part));
      // The server may close before all is written.
      socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(said) : reject(error)));
      socket.on('close', () => resolve(said));
      const write = (rest: readonly string[]): void => {
        const [part, ...others] = rest;
        if (part === undefined || socket.destroyed) return;
        socket.write(part, 'latin1');
        setTimeout(() => write(others), pauseMs);
      };
      write(parts);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
