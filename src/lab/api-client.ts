/** A client of this server's HTTP faces, as any other would be: logs in with a password, repeats that when the token ends. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What the lab and the commands need of a client. */
export interface Requester {
  /** The body of the answer. A status of 400 or more is an ApiError, but for those in `accepted`. */
  request<T = unknown>(method: string, path: string, body?: unknown, accepted?: readonly number[]): Promise<T>;
}

export interface Credentials {
  /** Keystone's address: `http://127.0.0.1:9876/identity/v3`. */
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly projectName: string;
  /** Where they were read, for messages. */
  readonly file?: string;
}

/** What is said of a password that is refused, behind where it stands. */
export const STALE = 'is not right, or no longer. How a clouds.yaml gets the present one: docs/operating.md, Keys.';

/** The server refused a request, or did not answer (status 0). */
export class ApiError extends Error {
  readonly status: number;
  /** Empty unless it is known. */
  readonly remedy: string;
  constructor(status: number, message: string, options?: ErrorOptions & { remedy?: string }) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
    this.remedy = options?.remedy ?? '';
  }
}

const TIMEOUT_MS = 30_000;

export class ApiClient implements Requester {
  readonly #credentials: Credentials;
  readonly #base: string;
  #token: Promise<string> | null = null;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.#base = credentials.authUrl.replace(/\/identity\/v3\/?$/, '');
  }

  async request<T = unknown>(method: string, path: string, body?: unknown, accepted: readonly number[] = []): Promise<T> {
    const first = await this.#send(method, path, body);
    const response = first.status === 401 ? await this.#again(method, path, body) : first;
    const answer = await bodyOf(response);
    if (response.status >= 400 && !accepted.includes(response.status)) throw new ApiError(response.status, `${method} ${path}: ${reasonOf(answer, response)}`);
    return answer as T;
  }

  async #again(method: string, path: string, body: unknown): Promise<Response> {
    this.#token = null;
    return this.#send(method, path, body);
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const token = await (this.#token ??= this.#logIn());
    return call(`${this.#base}${path}`, method, body, { 'X-Auth-Token': token });
  }

  async #logIn(): Promise<string> {
    try {
      return await logIn(this.#credentials);
    } catch (error) {
      this.#token = null;
      throw error;
    }
  }
}

async function logIn({ authUrl, username, password, projectName, file }: Credentials): Promise<string> {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: username, domain, password } } };
  const response = await call(`${authUrl}/auth/tokens`, 'POST', { auth: { identity, scope: { project: { name: projectName, domain } } } }, {});
  const token = response.headers.get('X-Subject-Token');
  const answer = await bodyOf(response);
  if (token !== null) return token;
  const remedy = response.status === 401 && file !== undefined ? `The password of ${username} in ${file} ${STALE}` : '';
  throw new ApiError(response.status, `Login as ${username}: ${reasonOf(answer, response)}`, { remedy });
}

async function call(url: string, method: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  const content = body === undefined ? null : JSON.stringify(body);
  const type = content === null ? {} : { 'Content-Type': 'application/json' };
  try {
    return await fetch(url, { method, headers: { Accept: 'application/json', ...type, ...headers }, signal: AbortSignal.timeout(TIMEOUT_MS), body: content });
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    throw new ApiError(0, `No answer from ${new URL(url).origin}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

interface Refusal {
  readonly faultstring?: string;
  readonly NeutronError?: { readonly message?: string };
  readonly error?: { readonly message?: string };
}

/** The faces word their refusals as Octavia, Neutron and Keystone do. */
function reasonOf(answer: unknown, response: Response): string {
  const refusal = (typeof answer === 'object' && answer !== null ? answer : {}) as Refusal;
  return refusal.faultstring ?? refusal.NeutronError?.message ?? refusal.error?.message ?? `${response.status} ${response.statusText}`;
}

interface CloudsFile {
  readonly clouds?: {
    readonly edgeweir?: { readonly auth?: { readonly auth_url: string; readonly username: string; readonly password: string; readonly project_name: string } };
  };
}

/** Reads the clouds.yaml that the server wrote; null when there is none. */
export function readCredentials(file: string): Credentials | null {
  try {
    const auth = (parse(readFileSync(file, 'utf8')) as CloudsFile | null)?.clouds?.edgeweir?.auth;
    return auth ? { authUrl: auth.auth_url, username: auth.username, password: auth.password, projectName: auth.project_name, file } : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
