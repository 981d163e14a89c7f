/** The node drivers that the enabled providers need. */
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
  return new LocalNodes({ instance, runPath: DEFAULT.run_path, haproxyBinary: options.haproxy_binary, bridgeMappings: options.bridge_mappings, log });
}
