/** What the tests of notifications and of the audit trail share: both faces behind a real port, with users of each kind. */
import { type ClientRequest, type IncomingMessage, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import type { LoadBalancer } from '../../model/load-balancer.ts';
import { silent } from '../../model/log.ts';
import { type BalancerEnd, announceEnd } from '../../store/events.ts';
import { balancerRow, temporaryDirectory } from '../../store/store.fixture.ts';
import { type Store, openStore } from '../../store/store.ts';
import { auditFace } from '../audit/face.ts';
import { authenticate } from '../identity/authenticate.ts';
import { bootstrapIdentity } from '../identity/bootstrap.ts';
import { addUser } from '../identity/faces.fixture.ts';
import { Tokens } from '../identity/tokens.ts';
import type { RoleSet } from '../octavia/policy.ts';
import { eventsFace } from './face.ts';

export interface Records {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly tokens: Tokens;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly projects: ReadonlyMap<string, string>;
  /** A token of a new user with these roles in the project. */
  user(project: string, ...roles: string[]): Promise<string>;
  /** Writes a notification about a balancer of the project. */
  tell(project: string, action?: BalancerEnd, changes?: Partial<LoadBalancer>): Promise<LoadBalancer>;
  getJson(path: string, token: string | null, headers?: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }>;
}

export interface RecordsOptions {
  readonly heartbeat?: number;
  /** Seconds a token lives. */
  readonly lifetime?: number;
  readonly roleSet?: RoleSet;
  readonly maxConnections?: number;
  /** Stands in for the store where the faces read it. */
  readonly watch?: (store: Store) => Store;
}

export async function records(t: TestContext, options: RecordsOptions = {}): Promise<Records> {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  const { projects } = await bootstrapIdentity(store, { adminPassword: 'secret', projects: ['admin', 'blue', 'red'], statePath });
  const tokens = await Tokens.open({ store, statePath, lifetime: options.lifetime ?? 3600 });
  t.after(() => tokens.close());
  const app = await serve(options.watch?.(store) ?? store, tokens, options);
  t.after(() => app.close());
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    app,
    store,
    tokens,
    url,
    projects,
    user: async (project, ...roles) => {
      const userId = await addUser(store, `user-${Math.random()}`, null, project, roles);
      return (await tokens.issue({ userId, projectId: projects.get(project) ?? null, methods: ['password'] })).token;
    },
    tell: async (project, action = 'create', changes = {}) => {
      const row = balancerRow({ project_id: projects.get(project) ?? null, ...changes });
      await store.transaction((tx) => announceEnd(tx, action, row, new Date()));
      return row;
    },
    getJson: async (path, token, headers = {}) => {
      const response = await fetch(`${url}${path}`, { headers: { ...(token === null ? {} : { 'x-auth-token': token }), ...headers } });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

async function serve(store: Store, tokens: Tokens, options: RecordsOptions): Promise<FastifyInstance> {
  const { heartbeat, roleSet = 'keystone_default_roles', maxConnections = 4096 } = options;
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true }, exposeHeadRoutes: false, genReqId: () => 'req-1' });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => void reply.header('X-Openstack-Request-Id', request.id));
  const baseUrl = (): string => 'http://here:9876';
  const check = authenticate({ strategy: 'keystone', store, tokens, baseUrl });
  const common = { store, authenticate: check, roleSet, maxLimit: 1000, baseUrl };
  await app.register(eventsFace({ ...common, log: silent, maxConnections, ...(heartbeat === undefined ? {} : { heartbeat }) }), { prefix: '/events' });
  await app.register(auditFace(common), { prefix: '/audit' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

/** One block of a stream. `event` is empty for a comment or a bare number. */
export interface Block {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  readonly comment: string;
}

export interface Listening {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  /** Every block that came, the comments too. */
  readonly blocks: Block[];
  /** The next block that is an event; rejects when the stream ends before it. */
  next(): Promise<Block>;
  /** The next comment of this text, whatever else comes. */
  comment(text: string): Promise<Block>;
  /** Resolves when the server has ended it; `cut`: without a proper end. */
  readonly ended: Promise<'ended' | 'cut'>;
  stop(): void;
}

export async function listen(
  t: TestContext,
  records: Pick<Records, 'url'>,
  token: string,
  path = '/events',
  headers: Record<string, string> = {},
): Promise<Listening> {
  const request = get(`${records.url}${path}`, { headers: { 'x-auth-token': token, ...headers }, agent: false });
  t.after(() => request.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.on('response', resolve).on('error', reject);
  const response = await promise;
  return { request, response, ...reading(request, response) };
}

function reading(request: ClientRequest, response: IncomingMessage): Omit<Listening, 'request' | 'response'> {
  const blocks: Block[] = [];
  let [read, changed] = [0, Promise.withResolvers<void>()];
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const ended = Promise.withResolvers<'ended' | 'cut'>();
  let over = false;
  response
    .on('error', () => {})
    .on('close', () => {
      over = true;
      ended.resolve(response.complete ? 'ended' : 'cut');
      wake();
    });
  parseInto(response, blocks, wake);
  const find = async (wanted: (block: Block) => boolean): Promise<Block> => {
    for (;;) {
      while (read < blocks.length) {
        const block = blocks[read++];
        if (block && wanted(block)) return block;
      }
      if (over) throw new Error('the stream ended');
      await changed.promise;
    }
  };
  return {
    blocks,
    next: () => find(({ event }) => event !== ''),
    comment: (text) => find(({ comment }) => comment === text),
    ended: ended.promise,
    stop: () => void request.destroy(),
  };
}

function parseInto(response: IncomingMessage, blocks: Block[], wake: () => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    blocks.push(...parts.map(parseBlock));
    wake();
  });
}

function parseBlock(text: string): Block {
  const fields = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
  const data = fields.get('data');
  return { id: fields.get('id') ?? '', event: fields.get('event') ?? '', comment: fields.get('') ?? '', data: data === undefined ? null : JSON.parse(data) };
}
