/** The node drivers that the enabled providers need. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import type { Engine } from '../model/capability.ts';
import type { Log } from '../model/log.ts';
import { Drivers } from '../nodes/drivers.ts';
import { LocalNodes } from '../nodes/local/local-nodes.ts';
import type { NodeDriver } from '../nodes/node.ts';
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
  noop: { description: 'Carries no traffic: for trying the API out.', carries: 'anything' },
} as const;

/** octavia and amphora are one driver by two names, as in Octavia; so are all spellings of noop. */
export function createDrivers(config: Config, instance: string, log: Log): Drivers {
  const kinds = new Map<string, NodeDriver>();
  const driverOf = (kind: 'local' | 'noop'): NodeDriver => {
    const driver = kinds.get(kind) ?? (kind === 'noop' ? new NoopNodes({ observed: false }) : local(config, instance, log));
    kinds.set(kind, driver);
    return driver;
  };
  return new Drivers(new Map([...namesOf(config.lb_provider)].map((provider) => [provider, driverOf(kindOf(provider))])));
}

/** Whether any provider that may be chosen makes nodes on this host. */
export function usesLocalNodes(options: Providers): boolean {
  return [...namesOf(options)].some((name) => kindOf(name) === 'local');
}

function kindOf(provider: Provider): 'local' | 'noop' {
  return provider === 'octavia' || provider === 'amphora' ? 'local' : 'noop';
}

function local(config: Config, instance: string, log: Log): NodeDriver {
  const { DEFAULT, local_node: options } = config;
  const flowLogs = flowLogOptions(config);
  const bridgeMappings = new Map(options.bridge_mappings.map(({ physicalNetwork, namespace, bridge }) => [physicalNetwork, { namespace, bridge }]));
  return new LocalNodes({
    instance,
    runPath: runDirectory(DEFAULT.run_path, instance),
    bridgeMappings,
    haproxy: options.haproxy_binary,
    keepalived: options.keepalived_binary,
    advertMs: Math.round(options.vrrp_advert_int * 100) * 10,
    ...(flowLogs ? { flowLogs } : {}),
    log,
  });
}

/** Installations share the run path's default; what a driver finds in its directory it takes for its own. */
export function runDirectory(runPath: string, instance: string): string {
  return join(runPath, instance);
}
