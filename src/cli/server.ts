/** Puts a server together from its parts, in the order in which they need each other, and takes it apart again. */
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { bootstrapIdentity } from '../api/identity/bootstrap.ts';
import { LoginLimit } from '../api/identity/login-limit.ts';
import { Tokens } from '../api/identity/tokens.ts';
import { certificateStore, certificateVault } from '../api/key-manager/certificates.ts';
import { SecretKeys } from '../api/key-manager/secret-keys.ts';
import { limitsOf } from '../api/octavia/limits.ts';
import { type ServerOptions, buildKeystoneServer, buildServer } from '../api/server.ts';
import type { Config } from '../config/options.ts';
import { Controller } from '../control/controller.ts';
import { gatewayExporter } from '../control/gateway-export.ts';
import { plannerFor } from '../control/planner.ts';
import type { Log } from '../model/log.ts';
import type { QuotaLimits } from '../model/quota.ts';
import type { ServerSource } from '../model/server.ts';
import type { Drivers } from '../nodes/drivers.ts';
import { type Store, openStore } from '../store/store.ts';
import { agentHub } from './agent-hub.ts';
import { gatewayReach, gatewayWatch, heardOf } from './gateway-watch.ts';
import { gatewayServers } from './gateway-servers.ts';
import { CliError } from './cli-error.ts';
import { writeCloudsFile } from './clouds-file.ts';
import { createDrivers, enabledProviders, runDirectory } from './drivers.ts';
import { labServers } from './lab-servers.ts';
import { localUrl } from './server-url.ts';

const DAY_SECONDS = 86_400;

export interface RunningServer {
  readonly store: Store;
  readonly drivers: Drivers;
  /** Where a client on this host reaches it. */
  readonly url: string;
  readonly cloudsFile: string;
  /** Lets running requests and deliveries end. Nodes go on carrying traffic. */
  stop(): Promise<void>;
}

/** Rejects with nothing held. `servers`: what the compute face lists besides the lab's hosts and gateways. */
export async function startServer(config: Config, log: Log, servers: readonly ServerSource[] = []): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };
  try {
    return { ...(await start(config, log, servers, (step) => undo.push(step))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  log: Log,
  servers: readonly ServerSource[],
  onStop: (step: () => Promise<void> | void) => void,
): Promise<Omit<RunningServer, 'stop'>> {
  const { DEFAULT, identity } = config;
  const store = await openStore({ statePath: DEFAULT.state_path, log });
  onStop(() => store.close());
  // With the last node gone it is empty, and nobody else's.
  onStop(() => rmdir(runDirectory(DEFAULT.run_path, store.instance)).catch(() => {}));
  const { adminPassword } = await bootstrapIdentity(store, {
    adminPassword: identity.admin_password,
    projects: identity.bootstrap_projects,
    statePath: DEFAULT.state_path,
  });
  const tokens = await Tokens.open({ store, statePath: DEFAULT.state_path, lifetime: identity.token_expiration });
  onStop(() => tokens.close());
  // Listening comes before the loop: a port that is taken must not have changed anything.
  const hub = await agentHub(config, store, log);
  const secretKeys = await SecretKeys.open({ statePath: DEFAULT.state_path, db: store.db });
  const drivers = createDrivers(config, store, log, hub, gatewayReach(secretKeys));
  onStop(rotateTokenKeys(tokens, identity.token_key_rotation, log));
  const certificates = config.key_manager.mode === 'embedded' ? certificateStore(store.db, secretKeys) : null;
  const vault = certificates && certificateVault(store.db, secretKeys);
  const planner = plannerFor(drivers, vault);
  const watch = gatewayWatch(config, store, secretKeys, log, (id) => heardOf(drivers, id));
  const faces = {
    servers: [labServers(store), gatewayServers(store), ...servers],
    secretKeys,
    certificates,
    planner,
    exporter: gatewayExporter(drivers, vault),
    door: hub,
    desk: watch,
  };
  const options = { ...serverOptions(config, store, tokens, log), ...faces };
  for (const close of await listen(config, options)) onStop(close);
  const controller = new Controller({ store, drivers, log, vault, ...controllerOptions(config) });
  onStop(() => controller.stop());
  await controller.start();
  onStop(() => watch.stop());
  await watch.start();
  const url = localUrl(config.api_settings.bind_host, config.api_settings.bind_port);
  const cloudsFile = join(DEFAULT.state_path, 'clouds.yaml');
  await writeCloudsFile(cloudsFile, { url, password: adminPassword, region: identity.region });
  return { store, drivers, url, cloudsFile };
}

function controllerOptions({ controller_worker: worker, health_manager: health, audit, events }: Config) {
  return {
    workers: worker.workers,
    pendingDeadline: worker.pending_deadline,
    resyncInterval: worker.resync_interval,
    retryMax: worker.retry_max,
    readInterval: health.read_interval,
    statisticsInterval: health.statistics_interval,
    auditDays: audit.days,
    eventHours: events.hours,
    restarts: {
      failoverThreshold: health.failover_threshold,
      failoverWindow: health.failover_window,
      failoverTrialInterval: health.failover_trial_interval,
    },
  };
}

/** Resolves to what closes each port. */
async function listen({ api_settings: api }: Config, options: ServerOptions): Promise<(() => Promise<void>)[]> {
  const { bind_host: host, bind_port: port, keystone_port: keystonePort } = api;
  const main = await listenOn(await buildServer(options), host, port, 'bind_port');
  if (keystonePort === 0) return [main];
  try {
    return [main, await listenOn(await buildKeystoneServer(options), host, keystonePort, 'keystone_port')];
  } catch (error) {
    await main();
    throw error;
  }
}

async function listenOn(app: FastifyInstance, host: string, port: number, option: string): Promise<() => Promise<void>> {
  try {
    await app.listen({ host, port });
    return () => app.close();
  } catch (error) {
    await app.close();
    throw cannotListen(error as NodeJS.ErrnoException, host, port, option);
  }
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number, option: string): CliError {
  const why = error.code === 'EADDRINUSE' ? `port ${port} is already in use` : error.message;
  const remedy = `See what uses it (ss -ltnp 'sport = :${port}'), or choose another: --set api_settings.${option}=PORT`;
  return new CliError(`Cannot listen on ${host}: ${why}`, { remedy, cause: error });
}

/** Looks once a day. Returns what ends it. */
function rotateTokenKeys(tokens: Tokens, days: number, log: Log): () => void {
  const look = async (): Promise<void> => {
    try {
      if (await tokens.rotateIfOlder(days * DAY_SECONDS)) log.info({}, 'New tokens are sealed with a new key');
    } catch (error) {
      log.error({ err: error }, 'The token key could not be replaced');
    }
  };
  void look();
  const timer = setInterval(() => void look(), DAY_SECONDS * 1000);
  return () => clearInterval(timer);
}

function serverOptions(config: Config, store: Store, tokens: Tokens, log: Log): Omit<ServerOptions, 'certificates' | 'secretKeys' | 'planner'> {
  const { api_settings: api, identity, lb_provider: provider, local_node: local, network, quotas } = config;
  return {
    store,
    tokens,
    authStrategy: api.auth_strategy,
    publicUrl: api.api_base_uri,
    bindHost: api.bind_host,
    bindPort: api.bind_port,
    region: identity.region,
    maxBodySize: api.max_body_size,
    maxConnections: api.max_connections,
    credentialLimit: config.application_credential.user_limit,
    maxLimit: api.pagination_max_limit,
    healthcheckEnabled: api.healthcheck_enabled,
    limits: limitsOf(config),
    networkMode: network.mode,
    roleSet: api.rbac_policy,
    defaultProvider: provider.provider,
    providers: enabledProviders(provider),
    quotas: quotaDefaults(quotas),
    physicalNetworks: local.bridge_mappings.map(({ physicalNetwork }) => physicalNetwork),
    loginLimit: new LoginLimit(),
    log,
  };
}

function quotaDefaults(group: Config['quotas']): QuotaLimits {
  return {
    loadbalancer: group.default_load_balancer_quota,
    listener: group.default_listener_quota,
    member: group.default_member_quota,
    pool: group.default_pool_quota,
    healthmonitor: group.default_health_monitor_quota,
    l7policy: group.default_l7policy_quota,
    l7rule: group.default_l7rule_quota,
  };
}
