/** What the tests of the Octavia face share: a whole server on a store of its own, with the loop and the noop driver. */
import type { TestContext } from 'node:test';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { configOf } from '../../config/options.ts';
import { plannerFor } from '../../control/planner.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { RoleSet } from './policy.ts';
import type { QuotaLimits } from '../../model/quota.ts';
import { Controller } from '../../control/controller.ts';
import type { RestartLimits } from '../../control/restart-guard.ts';
import { silent } from '../../model/log.ts';
import { Drivers } from '../../nodes/drivers.ts';
import type { NodeDriver } from '../../nodes/node.ts';
import { NoopNodes } from '../../nodes/noop/noop-nodes.ts';
import { temporaryDirectory } from '../../store/store.fixture.ts';
import { type Store, openStore } from '../../store/store.ts';
import { bootstrapIdentity } from '../identity/bootstrap.ts';
import { addUser } from '../identity/faces.fixture.ts';
import { LoginLimit } from '../identity/login-limit.ts';
import { Tokens } from '../identity/tokens.ts';
import type { GatewayDesk } from '../edge/gateways.ts';
import type { HostDoor } from '../edge/hosts.ts';
import { SecretKeys } from '../key-manager/secret-keys.ts';
import { buildServer } from '../server.ts';

export type Body = Record<string, unknown>;
/** An object as a client sees it. */
export type Shown = Record<string, unknown> & { id: string; provisioning_status: string };

export interface Octavia {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly controller: Controller;
  readonly subnetId: string;
  readonly networkId: string;
  readonly projects: ReadonlyMap<string, string>;
  /** A token of a new user with these roles in the project. */
  user(project: string, ...roles: string[]): Promise<string>;
  /** `path` below /load-balancer/v2.0/lbaas; the administrator's token unless another is given. */
  send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    token?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<LightMyRequestResponse>;
  /** POST that must succeed; returns the object. */
  make(path: string, root: string, object: Body): Promise<Shown>;
  /** GET of an object that must be there. */
  show(path: string, root: string): Promise<Shown>;
  /** Starts another loop on the same store and node, as after a restart. */
  restart(): Promise<void>;
  /** Lets the loop finish. */
  settle(): Promise<void>;
}

const LBAAS = '/load-balancer/v2.0/lbaas';

export interface FixtureOptions {
  readonly driver?: NodeDriver;
  /** Seconds. */
  readonly pendingDeadline?: number;
  readonly quotas?: Partial<QuotaLimits>;
  readonly roleSet?: RoleSet;
  readonly network?: 'embedded' | 'unchecked';
  readonly limits?: Partial<Limits>;
  readonly door?: HostDoor;
  /** Gives gateways, too. */
  readonly desk?: GatewayDesk;
  readonly restarts?: RestartLimits;
}

export async function octavia(t: TestContext, options: FixtureOptions = {}): Promise<Octavia> {
  const statePath = await temporaryDirectory(t);
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  const { adminUserId, projects } = await bootstrapIdentity(store, { adminPassword: 'secret', projects: ['admin', 'blue', 'red'], statePath });
  const tokens = await Tokens.open({ store, statePath, lifetime: 3600 });
  t.after(() => tokens.close());
  const drivers = driversOf(options.driver ?? new NoopNodes());
  const controller = await startController(t, store, drivers, options);
  const app = await serve(t, store, tokens, drivers, options);
  const issue = async (userId: string, project: string): Promise<string> =>
    (await tokens.issue({ userId, projectId: projects.get(project) ?? null, methods: ['password'] })).token;
  const admin = await issue(adminUserId, 'admin');
  const send: Octavia['send'] = (method, path, body, token = admin, headers = {}) =>
    app.inject({
      method,
      url: /^\/(network|edge)\//.test(path) ? path : `${LBAAS}${path}`,
      headers: { 'x-auth-token': token, ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    });
  const { networkId, subnetId } = await makeNetwork(send);
  return {
    app,
    store,
    controller,
    subnetId,
    networkId,
    projects,
    user: async (project, ...roles) => issue(await addUser(store, `user-${Math.random()}`, null, project, roles), project),
    send,
    make: async (path, root, object) => expect(await send('POST', path, { [root]: object }), 201)[root] as Shown,
    show: async (path, root) => expect(await send('GET', path), 200)[root] as Shown,
    restart: async () => void (await startController(t, store, drivers, options)),
    settle: () => controller.idle(),
  };
}

export function expect(response: LightMyRequestResponse, status: number): Body {
  if (response.statusCode !== status) throw new Error(`expected ${status}, got ${response.statusCode}: ${response.body}`);
  return response.body === '' ? {} : response.json<Body>();
}

function driversOf(driver: NodeDriver): Drivers {
  return new Drivers(
    new Map([
      ['octavia', driver],
      ['amphora', driver],
      ['noop', driver],
    ]),
  );
}

async function startController(t: TestContext, store: Store, drivers: Drivers, options: FixtureOptions): Promise<Controller> {
  const timing = { pendingDeadline: options.pendingDeadline ?? 60, resyncInterval: 60, retryMax: 1, readInterval: 0.1, statisticsInterval: 0.2 };
  const controller = new Controller({ store, drivers, log: silent, workers: 4, ...timing, ...(options.restarts ? { restarts: options.restarts } : {}) });
  await controller.start();
  t.after(() => controller.stop());
  return controller;
}

async function serve(t: TestContext, store: Store, tokens: Tokens, drivers: Drivers, options: FixtureOptions): Promise<FastifyInstance> {
  const app = await buildServer({
    store,
    tokens,
    authStrategy: 'keystone',
    publicUrl: '',
    bindHost: '127.0.0.1',
    bindPort: 9876,
    region: 'RegionOne',
    maxBodySize: 1_048_576,
    maxLimit: 1000,
    healthcheckEnabled: true,
    limits: { ...limitsOf(configOf(({ option }) => option.initial)), ...options.limits },
    networkMode: options.network ?? 'embedded',
    certificates: null,
    roleSet: options.roleSet ?? 'keystone_default_roles',
    planner: plannerFor(drivers),
    defaultProvider: 'octavia',
    providers: new Map([
      ['amphora', { description: 'HAProxy', carries: 'haproxy' }],
      ['octavia', { description: 'HAProxy by its other name', carries: 'haproxy' }],
      ['noop', { description: 'Nothing', carries: 'anything' }],
    ]),
    quotas: { loadbalancer: -1, listener: -1, member: -1, pool: -1, healthmonitor: -1, l7policy: -1, l7rule: -1, ...options.quotas },
    physicalNetworks: [],
    loginLimit: new LoginLimit(),
    ...(options.door ? { door: options.door } : {}),
    ...(options.desk ? { desk: options.desk, secretKeys: await SecretKeys.open({ statePath: await temporaryDirectory(t), db: store.db }) } : {}),
    log: silent,
  });
  t.after(() => app.close());
  return app;
}

async function makeNetwork(send: Octavia['send']): Promise<{ networkId: string; subnetId: string }> {
  const network = expect(await send('POST', '/network/v2.0/networks', { network: { name: 'private', shared: true } }), 201)['network'] as Shown;
  const subnet = { name: 'private-subnet', network_id: network.id, ip_version: 4, cidr: '192.0.2.0/24', gateway_ip: null };
  const made = expect(await send('POST', '/network/v2.0/subnets', { subnet }), 201)['subnet'] as Shown;
  return { networkId: network.id, subnetId: made.id };
}
