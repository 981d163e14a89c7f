/**
 * Every option, declared once: the reader, the typed Config, the sample and the messages come from here.
 * Groups and names follow Octavia's and Neutron's where they have the same option.
 */
import { type ValueType, boolean, bridgeMapping, choice, decimal, integer, ipAddress, list, path, secret, string, url } from './value-type.ts';

export interface Option<T = unknown> {
  readonly type: ValueType<T>;
  readonly initial: T;
  readonly help: string;
  /** True: shown as stars wherever the configuration is shown. */
  readonly secret: boolean;
  /** True for a list that may be given on several lines, which then add up; of any other option the last line counts. */
  readonly adds: boolean;
}

export type Groups = Readonly<Record<string, Readonly<Record<string, Option<never>>>>>;

function option<T>(type: ValueType<T>, initial: NoInfer<T>, help: string, adds = false): Option<T> {
  return { type, initial, help, adds, secret: type === (secret as unknown) };
}

const port = integer(1, 65_535);
/** Octavia's own aliases: `octavia` and `amphora` are the HAProxy provider, `noop` is short for `provider_noop`. */
const provider = choice('amphora', 'octavia', 'noop', 'provider_noop');

export const GROUP_HELP = {
  DEFAULT: 'The installation as a whole.',
  api_settings: 'The HTTP server.',
  identity: 'Users and tokens.',
  lb_provider: 'What carries load balancers.',
  local_node: 'Load balancers in network namespaces of this host.',
  controller_worker: 'The loop that brings what was written to the nodes.',
  health_manager: 'Health and counters read back from the nodes.',
} as const;

export const OPTIONS = {
  DEFAULT: {
    state_path: option(
      path(),
      '/var/lib/edgeweir',
      'Directory of the database, the keys and clouds.yaml. It names the installation: every namespace and link carries a digest of it.',
    ),
    run_path: option(path(), '/run/edgeweir', 'Directory of what must not survive a reboot: sockets, process numbers, proxy configurations.'),
    debug: option(boolean, false, 'Log what happens in detail.'),
    log_file: option(path({ optional: true }), '', 'File to log to; empty logs to standard error. Opened anew on SIGUSR2, after rotation.'),
  },
  api_settings: {
    bind_host: option(ipAddress, '127.0.0.1', 'Address to listen on.'),
    bind_port: option(port, 9876, 'Port to listen on.'),
    keystone_port: option(integer(0, 65_535), 0, 'Further port on which the identity face alone answers at /v3, as Keystone does on 5000; 0 is none.'),
    api_base_uri: option(url, '', 'URL under which clients reach this server, for links and the service catalog; empty takes it from the request.'),
    pagination_max_limit: option(integer(0, 100_000), 1000, 'Most objects in one page of a list; 0 is no limit.'),
    max_body_size: option(integer(1024, 104_857_600), 1_048_576, 'Largest request body, bytes.'),
    auth_strategy: option(
      choice('keystone', 'noauth'),
      'keystone',
      'keystone asks for a token; noauth lets everybody be administrator: for tests on a closed network only.',
    ),
    healthcheck_enabled: option(boolean, false, 'Answer on /load-balancer/healthcheck without a token.'),
  },
  identity: {
    admin_password: option(secret, '', 'Password of the user admin, set at every start; empty generates one at the first start and keeps it in state_path.'),
    token_expiration: option(integer(60, 2_592_000), 86_400, 'How long a token is valid, seconds.'),
    region: option(string, 'RegionOne', 'Region in the service catalog.'),
    bootstrap_projects: option(list(string), ['admin'], 'Projects that exist after the first start and in which admin has the role admin.'),
  },
  lb_provider: {
    provider: option(
      provider,
      'octavia',
      'Provider of load balancers whose creator names none: octavia and amphora are HAProxy in a namespace, provider_noop and noop pretend.',
    ),
    enabled_providers: option(list(provider), ['amphora', 'octavia'], 'Providers that a creator may name; the default provider always is.'),
  },
  local_node: {
    bridge_mappings: option(
      list(bridgeMapping),
      [],
      'Physical networks and their bridges on this host. Networks without one get a bridge of their own inside a namespace. May be given several times.',
      true,
    ),
    haproxy_binary: option(path(), '/usr/sbin/haproxy', 'HAProxy, 2.6 or newer.'),
  },
  controller_worker: {
    workers: option(integer(1, 256), 8, 'Load balancers worked on at the same time.'),
    pending_deadline: option(
      decimal(1, 86_400),
      60,
      'Seconds after which a load balancer that is still PENDING becomes ERROR with a reason. The work goes on all the same.',
    ),
    resync_interval: option(decimal(1, 86_400), 60, 'Seconds between two comparisons of every load balancer with what its nodes run.'),
    retry_max: option(decimal(1, 3600), 30, 'Longest wait before a failed delivery is tried again, seconds; the first waits are shorter.'),
  },
  health_manager: {
    read_interval: option(decimal(0.1, 3600), 0.5, 'Seconds between two readings of health.'),
    statistics_interval: option(decimal(0.1, 3600), 2, 'Seconds between two records of counters.'),
  },
} as const;

export type GroupName = keyof typeof OPTIONS;
export type Config = {
  readonly [G in GroupName]: { readonly [O in keyof (typeof OPTIONS)[G]]: (typeof OPTIONS)[G][O] extends Option<infer T> ? T : never };
};

export interface DeclaredOption {
  readonly group: GroupName;
  readonly name: string;
  readonly option: Option;
}

/** All options in the order of the declaration. */
export function allOptions(): DeclaredOption[] {
  return Object.entries(OPTIONS).flatMap(([group, options]) =>
    Object.entries(options).map(([name, declared]) => ({ group: group as GroupName, name, option: declared as unknown as Option })),
  );
}

/** Each option's value, made by `value`, in the shape of the configuration. */
export function configOf(value: (declared: DeclaredOption) => unknown): Config {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const declared of allOptions()) (groups[declared.group] ??= {})[declared.name] = value(declared);
  for (const group of Object.values(groups)) Object.freeze(group);
  return Object.freeze(groups) as Config;
}
