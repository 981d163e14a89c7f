/**
 * Every option, declared once: the reader, the typed Config, the sample and the messages come from here.
 * Groups and names follow Octavia's and Neutron's where they have the same option.
 */
import { ALPN_PROTOCOLS, TLS_VERSIONS } from '../model/listener.ts';
import {
  type ValueType,
  boolean,
  bridgeMapping,
  choice,
  decimal,
  integer,
  ipAddress,
  list,
  logFormat,
  path,
  secret,
  serverAddress,
  string,
  target,
  url,
} from './value-type.ts';

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
const tlsVersion = choice(...TLS_VERSIONS);
const alpnProtocol = choice(...ALPN_PROTOCOLS);
/** Forward secrecy and authenticated encryption only: OWASP's class B, in OpenSSL's names. */
const STRONG_CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
].join(':');
/** Octavia's own aliases: `octavia` and `amphora` are the HAProxy provider; its tests call noop by several names. */
const provider = choice('amphora', 'octavia', 'noop', 'provider_noop', 'noop_driver', 'noop_driver-alt', 'openwrt');
const quota = (objects: string): Option<number> =>
  option(integer(-1, 2_000_000_000), -1, `${objects} of a project that has no quota of its own; -1 is no limit.`);

export const GROUP_HELP = {
  DEFAULT: 'The installation as a whole.',
  api_settings: 'The HTTP server.',
  networking: 'What VIPs and members may be.',
  identity: 'Users and tokens.',
  application_credential: 'What users make for their programs to log in with.',
  lb_provider: 'What carries load balancers.',
  key_manager: 'Certificates and other secrets.',
  quotas: 'How much a project may have.',
  network: 'Networks, subnets and ports.',
  local_node: 'Load balancers in network namespaces of this host.',
  gateways: 'How the OpenWrt gateways at sites are looked after (docs/gateways.md).',
  agents: 'Where the agents of other hosts connect to (docs/hosts.md).',
  agent: 'The agent of a host that carries load balancers for a server elsewhere (weir agent).',
  haproxy_amphora: 'What HAProxy says of the flows it carries (docs/flow-logs.md).',
  amphora_agent: 'Where that is written to.',
  controller_worker: 'The loop that brings what was written to the nodes.',
  health_manager: 'Health and counters read back from the nodes.',
  audit: 'Who changed what (GET /audit).',
  events: 'Notifications of what was brought to an end (GET /events).',
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
    heap_growth: option(
      integer(0, 400),
      0,
      'How much memory the server may have beyond what it uses before it is cleaned up, percent; 0 leaves that to V8, which grows to several times. 50 costs some tenths of the rate of writes (docs/tuning.md).',
    ),
    log_file: option(path({ optional: true }), '', 'File to log to; empty logs to standard error. Opened anew on SIGUSR2, after rotation.'),
  },
  api_settings: {
    bind_host: option(ipAddress, '127.0.0.1', 'Address to listen on.'),
    bind_port: option(port, 9876, 'Port to listen on.'),
    keystone_port: option(integer(0, 65_535), 0, 'Further port on which the identity face alone answers at /v3, as Keystone does on 5000; 0 is none.'),
    api_base_uri: option(url, '', 'URL under which clients reach this server, for links and the service catalog; empty takes it from the request.'),
    pagination_max_limit: option(integer(0, 100_000), 1000, 'Most objects in one page of a list; 0 is no limit.'),
    max_body_size: option(integer(1024, 104_857_600), 1_048_576, 'Largest request body, bytes; of a request without a token at most 65536.'),
    max_connections: option(
      integer(16, 1_000_000),
      4096,
      'Most connections open at a time on each port; further ones are closed at once. Readers of /events have half of them at most, and one user a sixteenth of that half. A body that has come in part holds max_body_size at most, and 64 KiB without a token.',
    ),
    auth_strategy: option(
      choice('keystone', 'noauth'),
      'keystone',
      'keystone asks for a token; noauth lets everybody be administrator: for tests on a closed network only.',
    ),
    rbac_policy: option(
      choice('keystone_default_roles', 'advanced_rbac', 'admin_or_owner'),
      'keystone_default_roles',
      "Whose roles decide on load balancers: Keystone's default roles, Octavia's own load-balancer_* roles, or any role in the owning project.",
    ),
    allow_tls_terminated_listeners: option(boolean, true, 'Take listeners of protocol TERMINATED_HTTPS.'),
    allow_prometheus_listeners: option(boolean, true, 'Take listeners of protocol PROMETHEUS.'),
    allow_ping_health_monitors: option(boolean, true, 'Take health monitors of type PING.'),
    udp_connect_min_interval_health_monitor: option(integer(0, 86_400), 3, 'Shortest delay of health monitors of type UDP-CONNECT, seconds.'),
    tls_cipher_prohibit_list: option(list(string), [], 'OpenSSL ciphers that listeners and pools may not name.'),
    minimum_tls_version: option(choice('', ...TLS_VERSIONS), '', 'Oldest TLS version that listeners and pools may name; empty is any.'),
    default_listener_ciphers: option(string, STRONG_CIPHERS, 'Ciphers of TERMINATED_HTTPS listeners whose creators name none.'),
    default_listener_tls_versions: option(list(tlsVersion), ['TLSv1.2', 'TLSv1.3'], 'TLS versions of the same.'),
    default_listener_alpn_protocols: option(list(alpnProtocol), ['h2', 'http/1.1', 'http/1.0'], 'ALPN protocols of the same.'),
    default_pool_ciphers: option(string, STRONG_CIPHERS, 'Ciphers of pools with TLS whose creators name none.'),
    default_pool_tls_versions: option(list(tlsVersion), ['TLSv1.2', 'TLSv1.3'], 'TLS versions of the same.'),
    default_pool_alpn_protocols: option(list(alpnProtocol), ['h2', 'http/1.1', 'http/1.0'], 'ALPN protocols of the same.'),
    healthcheck_enabled: option(boolean, false, 'Answer on /load-balancer/healthcheck without a token.'),
  },
  networking: {
    allow_vip_port_id: option(boolean, true, 'Let creators of load balancers name a port for the VIP.'),
    allow_vip_network_id: option(boolean, true, 'Let them name a network.'),
    allow_vip_subnet_id: option(boolean, true, 'Let them name a subnet.'),
    valid_vip_networks: option(list(string), [], 'Networks that VIPs may be on; empty is all.'),
    denylist_vip_networks: option(list(string), [], 'Networks that VIPs may not be on.'),
    reserved_ips: option(list(ipAddress), ['169.254.169.254'], "Addresses that are nobody's VIP or member."),
  },
  identity: {
    admin_password: option(secret, '', 'Password of the user admin, set at every start; empty generates one at the first start and keeps it in state_path.'),
    token_expiration: option(integer(60, 2_592_000), 86_400, 'How long a token is valid, seconds.'),
    region: option(string, 'RegionOne', 'Region in the service catalog.'),
    token_key_rotation: option(integer(1, 3650), 30, 'Days after which new tokens are sealed with a new key; older tokens go on for the rest of their life.'),
    bootstrap_projects: option(list(string), ['admin'], 'Projects that exist after the first start and in which admin has the role admin.'),
  },
  application_credential: {
    user_limit: option(integer(-1, 1_000_000), 100, 'Application credentials that a user may have; -1 is no limit.'),
  },
  lb_provider: {
    provider: option(
      provider,
      'octavia',
      'Provider of load balancers whose creator names none: octavia and amphora are HAProxy in a namespace, openwrt is a gateway at a site, all others pretend.',
    ),
    enabled_providers: option(list(provider), ['amphora', 'octavia', 'openwrt'], 'Providers that a creator may name; the default provider always is.'),
  },
  key_manager: {
    mode: option(
      choice('embedded', 'unchecked'),
      'embedded',
      'embedded looks at the certificates that listeners and pools name; unchecked takes references at their word: for a Barbican that is elsewhere.',
    ),
  },
  quotas: {
    default_load_balancer_quota: quota('Load balancers'),
    default_listener_quota: quota('Listeners'),
    default_member_quota: quota('Members'),
    default_pool_quota: quota('Pools'),
    default_health_monitor_quota: quota('Health monitors'),
    default_l7policy_quota: quota('L7 policies'),
    default_l7rule_quota: quota('L7 rules'),
  },
  network: {
    mode: option(
      choice('embedded', 'unchecked'),
      'embedded',
      'embedded keeps networks, subnets and ports itself; unchecked leaves them to a Neutron elsewhere and takes any id at its word, which only providers that need no network can do.',
    ),
  },
  local_node: {
    enabled: option(boolean, true, 'Carry load balancers on this host. Without it the server needs no root, and its agents carry them all.'),
    bridge_mappings: option(
      list(bridgeMapping),
      [],
      'Physical networks and their bridges on this host. Networks without one get a bridge of their own inside a namespace. May be given several times.',
      true,
    ),
    haproxy_binary: option(path(), '/usr/sbin/haproxy', 'HAProxy, 2.6 or newer.'),
    keepalived_binary: option(path(), '/usr/sbin/keepalived', 'keepalived, 2.2.7 or newer: it moves the address of a balancer that two nodes carry.'),
    conntrackd_binary: option(
      path(),
      '/usr/sbin/conntrackd',
      'conntrackd, 1.4.6 or newer: with it the connections that the kernel carries outlive a takeover. Optional: where there is none, a pair does without.',
    ),
    vrrp_advert_int: option(
      decimal(0.05, 10),
      0.1,
      'Seconds between two adverts of the node that holds the address of a pair. After three and a half without one the other node takes over: 0.35 s with 0.1, 0.18 s with 0.05, 2.8 s with 1.',
    ),
  },
  agents: {
    bind_host: option(ipAddress, '0.0.0.0', 'Address to listen on.'),
    bind_port: option(integer(0, 65_535), 0, 'Port to listen on, 9879 for instance; 0 is none: then there are no other hosts.'),
    join_token_expiration: option(integer(60, 2_592_000), 86_400, 'How long a token to join with can be used, seconds.'),
  },
  agent: {
    server: option(
      serverAddress,
      { host: '', port: 0 },
      'Where the server waits for agents: a name or an address, a colon, and the port of its [agents] bind_port.',
    ),
  },
  haproxy_amphora: {
    connection_logging: option(
      boolean,
      true,
      'Log every request and connection, if there is a tenant_log_file or a tenant_log_target; a flavor with connection_logging decides for its own load balancers.',
    ),
    user_log_format: option(
      logFormat,
      '{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc',
      'A line of the format octavia.',
    ),
  },
  amphora_agent: {
    tenant_log_format: option(choice('octavia', 'ecs'), 'octavia', 'octavia writes user_log_format; ecs writes JSON in the Elastic Common Schema.'),
    tenant_log_file: option(path({ optional: true }), '', 'File that flows are logged to; empty is none. Opened anew when it was moved away, and on SIGUSR2.'),
    disable_local_log_storage: option(boolean, false, 'Write no tenant_log_file, whatever it says.'),
    tenant_log_targets: option(
      list(target),
      [],
      'Syslog receivers that flows are sent to. Over TCP the next one is tried when one fails; over UDP it is always the first.',
    ),
    log_protocol: option(choice('UDP', 'TCP'), 'UDP', 'How they are spoken to: RFC 5426, or RFC 6587 with octet counting.'),
    log_retry_count: option(integer(-1, 1_000_000), 5, 'Rounds of attempts to reach a receiver after which waiting lines are given up; -1 never gives up.'),
    log_retry_interval: option(integer(1, 3600), 2, 'Seconds between the first two rounds; later ones are further apart, up to a minute.'),
    log_queue_size: option(integer(1, 10_000_000), 10_000, 'Lines that wait for a receiver at most; further ones are lost, and counted.'),
    user_log_facility: option(integer(0, 7), 0, 'The syslog facility LOG_LOCAL that they carry.'),
  },
  controller_worker: {
    workers: option(integer(1, 256), 8, 'Load balancers worked on at the same time.'),
    pending_deadline: option(
      decimal(1, 86_400),
      60,
      'Seconds after which a load balancer that is still PENDING becomes ERROR with a reason. The work goes on all the same.',
    ),
    resync_interval: option(
      decimal(1, 86_400),
      4,
      'Seconds in which every load balancer is compared with what its nodes run, as long as there are few: at most ten are looked at in a second.',
    ),
    retry_max: option(decimal(1, 3600), 30, 'Longest wait before a failed delivery is tried again, seconds; the first waits are shorter.'),
  },
  health_manager: {
    read_interval: option(decimal(0.1, 3600), 0.5, 'Seconds between two readings of health.'),
    statistics_interval: option(decimal(0.1, 3600), 2, 'Seconds between two records of counters.'),
    failover_threshold: option(
      integer(0, 1_000_000),
      100,
      'When so many load balancers need a restart at the same time that nobody asked for, further ones are held back and tried one by one; 0 never holds back.',
    ),
    failover_window: option(decimal(1, 86_400), 60, 'Seconds within which that is the same time.'),
    failover_trial_interval: option(
      decimal(0.1, 3600),
      5,
      'Seconds between two that are tried. After three in a row that worked, and as long without another loss, all go on.',
    ),
  },
  gateways: {
    check_interval: option(
      decimal(1, 86_400),
      300,
      'Seconds between two looks at a gateway that answers. One that does not is asked sooner, with growing pauses.',
    ),
    checks_at_once: option(integer(1, 1000), 32, 'How many gateways are asked at the same time.'),
    read_interval: option(decimal(0.1, 3600), 5, 'Seconds between two readings of health and counters of a gateway that carries something.'),
    changes_at_once: option(integer(1, 5000), 300, 'How many gateways are changed at the same time. A change takes seconds, most of which is waiting.'),
    vrrp_advert_int: option(
      decimal(0.1, 40),
      0.2,
      'Seconds between two adverts of the active gateway of a pair: after about three without one the other takes over.',
    ),
    confirm_within: option(integer(10, 600), 60, 'Seconds after which a gateway takes back a change that nobody has said to be good.'),
  },
  audit: {
    days: option(integer(1, 36_500), 90, 'How long entries of the audit trail are kept, days.'),
  },
  events: {
    hours: option(integer(1, 8760), 24, 'How long notifications are kept for readers that were away, hours.'),
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
