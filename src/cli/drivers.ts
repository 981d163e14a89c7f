/** The node drivers that the enabled providers need. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import { type Engine, GATEWAY_PROVIDER } from '../model/capability.ts';
import { type Gateway, gateway } from '../model/gateway.ts';
import type { Log } from '../model/log.ts';
import { Drivers } from '../nodes/drivers.ts';
import { Fleet, type HostPool } from '../nodes/fleet/fleet.ts';
import { LocalNodes } from '../nodes/local/local-nodes.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { Gateways } from '../nodes/openwrt/gateways.ts';
import type { GatewayClient } from '../nodes/openwrt/ubus/client.ts';
import { carryingGateways, gatewayOfNode, nodesOfGateway } from '../store/gateways.ts';
import { byId } from '../store/rows.ts';
import { hostOfNode, nodesOf } from '../store/hosts.ts';
import type { Store } from '../store/store.ts';
import { CliError } from './cli-error.ts';
import { flowLogOptions } from './flow-log-options.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';

type Provider = Config['lb_provider']['provider'];

type Providers = Config['lb_provider'];

/** The provider of those who name none may always be named. */
function namesOf({ provider, enabled_providers }: Providers): Set<Provider> {
  return new Set([provider, ...enabled_providers]);
}

/** What creators may name, and what they are told about it. */
export function enabledProviders(options: Providers): ReadonlyMap<string, { description: string; carries: Engine }> {
  return new Map([...namesOf(options)].map((name) => [name, KINDS[kindOf(name)]]));
}

const KINDS = {
  local: { description: 'HAProxy in a network namespace of this host.', carries: 'haproxy' },
  gateway: { description: 'OpenWrt gateways at sites.', carries: 'gateway' },
  noop: { description: 'Carries no traffic: for trying the API out.', carries: 'anything' },
} as const;

/** The name in the rows of nodes in namespaces, of this host or of another. */
export const LOCAL_DRIVER = 'local';

/**
 * octavia and amphora are one driver by two names, as in Octavia; so are all spellings of noop.
 * @param pool other hosts; null where there are none
 * @param reach ways to gateways; null where nobody has their passwords
 */
export function createDrivers(config: Config, store: Store, log: Log, pool: HostPool | null = null, reach: Reach | null = null): Drivers {
  const kinds = new Map<string, NodeDriver>();
  const made: Readonly<Record<Kind, () => NodeDriver>> = {
    noop: () => new NoopNodes({ observed: false }),
    local: () => carriers(config, store, log, pool),
    gateway: () => gateways(config, store, log, reach ?? nobodyReached),
  };
  const driverOf = (kind: Kind): NodeDriver => {
    const driver = kinds.get(kind) ?? made[kind]();
    kinds.set(kind, driver);
    return driver;
  };
  return new Drivers(new Map([...namesOf(config.lb_provider)].map((provider) => [provider, driverOf(kindOf(provider))])));
}

/** Whether any provider that may be chosen makes nodes on this host. */
export function usesLocalNodes(config: Config): boolean {
  return config.local_node.enabled && carriesTraffic(config);
}

/** Whether any provider that may be chosen needs hosts, this one or others. */
export function carriesTraffic({ lb_provider: options }: Config): boolean {
  return [...namesOf(options)].some((name) => kindOf(name) === 'local');
}

/** A way to a gateway. */
export type Reach = (row: Gateway) => GatewayClient;

type Kind = keyof typeof KINDS;

function kindOf(provider: Provider): Kind {
  if (provider === GATEWAY_PROVIDER) return 'gateway';
  return provider === 'octavia' || provider === 'amphora' ? 'local' : 'noop';
}

function gateways({ gateways: options }: Config, store: Store, log: Log, reach: Reach): NodeDriver {
  return new Gateways({
    name: GATEWAY_PROVIDER,
    book: {
      row: (id) => byId(store.db, gateway, id),
      gatewayOf: (node) => gatewayOfNode(store.db, node),
      nodesOf: (id) => nodesOfGateway(store.db, id),
      carrying: () => carryingGateways(store.db),
    },
    reach,
    log,
    readInterval: options.read_interval,
    changesAtOnce: options.changes_at_once,
    confirmWithin: options.confirm_within,
    advertMs: Math.round(options.vrrp_advert_int * 100) * 10,
  });
}

function nobodyReached(): never {
  throw new Error('there are no passwords of gateways here');
}

/** This host's nodes, those of other hosts, or both. */
function carriers(config: Config, store: Store, log: Log, pool: HostPool | null): NodeDriver {
  const { local_node: options } = config;
  const driver = options.enabled ? localNodes(config, store.instance, log) : null;
  if (!pool) {
    if (driver) return driver;
    throw new CliError('Nothing carries load balancers', {
      remedy: 'Set [agents] bind_port for other hosts, or [local_node] enabled = true for this one.',
      exitCode: 2,
    });
  }
  return new Fleet({
    name: LOCAL_DRIVER,
    local: driver && { driver, physicalNetworks: new Set(options.bridge_mappings.map(({ physicalNetwork }) => physicalNetwork)) },
    pool,
    hostOf: (id) => hostOfNode(store.db, id),
    nodesOf: (id) => nodesOf(store.db, id),
    advertMs: advertMs(config),
    log,
  });
}

function advertMs({ local_node: options }: Config): number {
  return Math.round(options.vrrp_advert_int * 100) * 10;
}

export function localNodes(config: Config, instance: string, log: Log): NodeDriver {
  const { DEFAULT, local_node: options } = config;
  const flowLogs = flowLogOptions(config);
  const bridgeMappings = new Map(options.bridge_mappings.map(({ physicalNetwork, namespace, bridge }) => [physicalNetwork, { namespace, bridge }]));
  return new LocalNodes({
    instance,
    runPath: runDirectory(DEFAULT.run_path, instance),
    bridgeMappings,
    haproxy: options.haproxy_binary,
    keepalived: options.keepalived_binary,
    conntrackd: options.conntrackd_binary,
    advertMs: advertMs(config),
    ...(flowLogs ? { flowLogs } : {}),
    log,
  });
}

/** Installations share the run path's default; what a driver finds in its directory it takes for its own. */
export function runDirectory(runPath: string, instance: string): string {
  return join(runPath, instance);
}
