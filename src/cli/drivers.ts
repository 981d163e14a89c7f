/** The node drivers that the enabled providers need. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import type { Log } from '../model/log.ts';
import { Drivers } from '../nodes/drivers.ts';
import { LocalNodes } from '../nodes/local/local-nodes.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { NoopNodes } from '../nodes/noop/noop-nodes.ts';

type Provider = Config['lb_provider']['provider'];

/** octavia and amphora are one driver by two names, as in Octavia; so are the two spellings of noop. */
export function createDrivers(config: Config, instance: string, log: Log): Drivers {
  const kinds = new Map<string, NodeDriver>();
  const driverOf = (kind: 'local' | 'noop'): NodeDriver => {
    const driver = kinds.get(kind) ?? (kind === 'noop' ? new NoopNodes() : local(config, instance, log));
    kinds.set(kind, driver);
    return driver;
  };
  const providers = new Set([config.lb_provider.provider, ...config.lb_provider.enabled_providers]);
  return new Drivers(new Map([...providers].map((provider) => [provider, driverOf(kindOf(provider))])));
}

function kindOf(provider: Provider): 'local' | 'noop' {
  return provider === 'noop' || provider === 'provider_noop' ? 'noop' : 'local';
}

function local({ DEFAULT, local_node: options }: Config, instance: string, log: Log): NodeDriver {
  const bridgeMappings = new Map(options.bridge_mappings.map(({ physicalNetwork, namespace, bridge }) => [physicalNetwork, { namespace, bridge }]));
  return new LocalNodes({ instance, runPath: runDirectory(DEFAULT.run_path, instance), bridgeMappings, haproxy: options.haproxy_binary, log });
}

/** Installations share the run path's default; what a driver finds in its directory it takes for its own. */
export function runDirectory(runPath: string, instance: string): string {
  return join(runPath, instance);
}
