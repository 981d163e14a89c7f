/** What the tests of the identity and network faces share: both faces on a store of their own, with users of each kind. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { silent } from '../../model/log.ts';
import { assignRoles } from '../../store/identity-assignments.ts';
import { SYSTEM, allRoles, projectByName, writeIdentity } from '../../store/identity.ts';
import { temporaryDirectory } from '../../store/store.fixture.ts';
import { type Store, openStore } from '../../store/store.ts';
import { OPEN_BODY } from '../http/bearers-only.ts';
import { readJsonBodies } from '../http/json-body.ts';
import { networkFace } from '../network/face.ts';
import { authenticate } from './authenticate.ts';
import { DEFAULT_DOMAIN, bootstrapIdentity } from './bootstrap.ts';
import { identityFace } from './face.ts';
import type { HashQueue } from './hash-queue.ts';
import { LoginLimit, type LoginLimits } from './login-limit.ts';
import { hashPassword } from './password.ts';
import { Tokens } from './tokens.ts';

export const BASE = 'http://127.0.0.1:9876';
export const ADMIN_PASSWORD = 'correct horse';
export const PROJECTS = ['admin', 'blue', 'red'] as const;

export interface Faces {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly tokens: Tokens;
  readonly statePath: string;
  readonly adminUserId: string;
  readonly projects: ReadonlyMap<string, string>;
  /** A token of the administrator in the project. */
  admin(project?: string): Promise<string>;
  /** A token of a new user with these roles in the project. */
  user(project: string, roles: readonly string[]): Promise<string>;
  send(method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, token: string | null, body?: unknown): Promise<LightMyRequestResponse>;
}

export interface FacesOptions {
  readonly strategy?: 'keystone' | 'noauth';
  readonly limits?: Partial<LoginLimits>;
  readonly clock?: () => number;
  readonly hashes?: HashQueue;
  readonly credentialLimit?: number;
}

export async function faces(t: TestContext, options: FacesOptions = {}): Promise<Faces> {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  const { adminUserId, projects } = await bootstrapIdentity(store, { adminPassword: ADMIN_PASSWORD, projects: PROJECTS, statePath });
  const tokens = await Tokens.open({ store, statePath, lifetime: 3600, ...(options.clock ? { clock: options.clock } : {}) });
  const app = await buildApp(store, tokens, options);
  t.after(() => app.close());
  const issue = async (userId: string, project: string): Promise<string> =>
    (await tokens.issue({ userId, projectId: projects.get(project) ?? null, methods: ['password'] })).token;
  return {
    app,
    store,
    tokens,
    statePath,
    adminUserId,
    projects,
    admin: (project = 'admin') => issue(adminUserId, project),
    user: async (project, roles) => issue(await addUser(store, randomUUID(), null, project, roles), project),
    send: (method, url, token, body) =>
      app.inject({ method, url, headers: token === null ? {} : { 'x-auth-token': token }, ...(body === undefined ? {} : { payload: body as object }) }),
  };
}

async function buildApp(store: Store, tokens: Tokens, { strategy = 'keystone', limits, ...options }: FacesOptions): Promise<FastifyInstance> {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 }, exposeHeadRoutes: false, bodyLimit: OPEN_BODY });
  app.decorate('largestBody', 100_000);
  readJsonBodies(app);
  app.decorateRequest('caller', null);
  const baseUrl = (): string => BASE;
  await app.register(identityFace({ ...options, store, tokens, region: 'RegionOne', baseUrl, limit: new LoginLimit(limits) }), { prefix: '/identity' });
  await app.register(networkFace({ store, authenticate: authenticate({ strategy, store, tokens, baseUrl }), baseUrl, physicalNetworks: ['ext'] }), {
    prefix: '/network',
  });
  return app;
}

/** Returns the user's id. Without a password nobody can log in as that user; tokens can be issued all the same. */
export async function addUser(store: Store, name: string, password: string | null, project: string, roles: readonly string[]): Promise<string> {
  const password_hash = password === null ? null : await hashPassword(password);
  const id = randomUUID().replaceAll('-', '');
  await writeIdentity(store, SYSTEM, async (tx) => {
    const user = {
      id,
      name,
      description: '',
      enabled: true,
      domain_id: DEFAULT_DOMAIN.id,
      default_project_id: null,
      password_hash,
      created_at: '',
    };
    await tx.db.insertInto('user_account').values(user).execute();
    const owner = await projectByName(tx.db, project, DEFAULT_DOMAIN.id);
    const wanted = (await allRoles(tx.db)).filter((role) => roles.includes(role.name));
    if (owner)
      await assignRoles(
        tx,
        id,
        owner.id,
        wanted.map((role) => role.id),
      );
  });
  return id;
}

/** Every key path of a value, `[]` for the elements of a list, sorted: the shape without the contents. */
export function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => shapeOf(item, `${path}[]`)))].toSorted();
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value)
    .flatMap(([key, item]) => shapeOf(item, `${path}.${key}`))
    .toSorted();
}
