/**
 * The metrics of a PROMETHEUS listener, declared once: Octavia's names (octavia-api reference §9), the metric of HAProxy's
 * exporter that each is read from, and what it says. The Lua program (metrics-program.ts), docs/metrics.md and the tests
 * are made from this table.
 */
export type MetricScope = 'loadbalancer' | 'memory_pool' | 'listener' | 'pool' | 'member';

export interface Metric {
  readonly name: string;
  readonly scope: MetricScope;
  readonly type: 'counter' | 'gauge';
  /** Its name in HAProxy's exporter; null for the two that are worked out from others. */
  readonly source: string | null;
  readonly help: string;
  /** Labels of each of its samples, in their order. */
  readonly labels: readonly string[];
}

/** How HAProxy calls what Octavia calls by the scope's name. */
const SOURCES: Readonly<Record<MetricScope, string>> = {
  loadbalancer: 'process',
  memory_pool: 'process_pool',
  listener: 'frontend',
  pool: 'backend',
  member: 'server',
};

/** Octavia's names of HAProxy's labels: a backend is `<pool>:<listener>`, and so is the label's value, as in Octavia. */
export const LABELS: Readonly<Record<MetricScope, Readonly<Record<string, string>>>> = {
  loadbalancer: {},
  memory_pool: {},
  listener: { proxy: 'listener' },
  pool: { proxy: 'pool' },
  member: { proxy: 'pool', server: 'member' },
};

/** Names that are not HAProxy's with another word in front. */
const RENAMED: Readonly<Record<string, string>> = {
  octavia_pool_active_members: 'haproxy_backend_active_servers',
  octavia_pool_backup_members: 'haproxy_backend_backup_servers',
  octavia_pool_member_aborts_total: 'haproxy_backend_server_aborts_total',
};

/** HAProxy's share of its thread's idle time, from which the load is worked out. */
export const IDLE_SOURCE = 'haproxy_process_idle_time_percent';
export const CPU = 'octavia_loadbalancer_cpu';
export const MEMORY = 'octavia_loadbalancer_memory';

type Row = readonly [names: string, help: string];

const LOAD_BALANCER: readonly Row[] = [
  ['cpu', "Share of its thread's time that the load balancer's proxy was busy in the last moments, in percent"],
  ['memory', "Share of the host's memory that the load balancer's proxy occupies, in percent"],
  ['connections_total', 'Connections that the load balancer has opened or accepted'],
  ['requests_total', 'Requests that the load balancer has taken'],
  ['current_connections', 'Connections that are open now'],
  ['max_connections', 'Most connections that may be open at a time'],
  ['current_connection_rate', 'Connections in the last second'],
  ['limit_connection_rate', 'Most connections per second that are accepted; 0 is no limit'],
  ['max_connection_rate', 'Most connections that any second has seen'],
  ['current_session_rate', 'Sessions begun in the last second'],
  ['limit_session_rate', 'Most sessions per second that are begun; 0 is no limit'],
  ['max_session_rate', 'Most sessions that any second has begun'],
  ['current_ssl_connections', 'TLS connections that are open now'],
  ['max_ssl_connections', 'Most TLS connections that may be open at a time; 0 is no limit'],
  ['ssl_connections_total', 'TLS connections that the load balancer has opened or accepted'],
  ['current_ssl_rate', 'TLS sessions begun in the last second'],
  ['limit_ssl_rate', 'Most TLS sessions per second that are begun; 0 is no limit'],
  ['max_ssl_rate', 'Most TLS sessions that any second has begun'],
  ['current_frontend_ssl_key_rate', 'TLS keys computed towards clients in the last second'],
  ['max_frontend_ssl_key_rate', 'Most TLS keys computed towards clients in any second'],
  ['frontend_ssl_reuse', 'TLS sessions of clients that were resumed, in percent'],
  ['current_backend_ssl_key_rate', 'TLS keys computed towards members in the last second'],
  ['max_backend_ssl_key_rate', 'Most TLS keys computed towards members in any second'],
  ['ssl_cache_lookups_total', 'Lookups in the cache of TLS sessions'],
  ['ssl_cache_misses_total', 'Lookups in the cache of TLS sessions that found nothing'],
  ['http_comp_bytes_in_total', 'Bytes per second given to the compression of responses'],
  ['http_comp_bytes_out_total', 'Bytes per second that the compression of responses made of them'],
  ['limit_http_comp', 'Most bytes per second that compression may send; 0 is no limit'],
  ['listeners', 'Sockets that the load balancer listens on, its own for control included'],
  ['dropped_logs_total', 'Log messages that were dropped because nobody took them'],
];

const MEMORY_POOL: readonly Row[] = [
  ['allocated_bytes', 'Memory that the pools of the proxy hold'],
  ['used_bytes', 'Memory of the pools that is in use'],
  ['failures_total', 'Requests for memory that the pools could not fulfil'],
];

/** `{}` stands for the scope's word. */
const EVERYWHERE: readonly Row[] = [
  ['bytes_in_total', 'Bytes that the {} has received from clients'],
  ['bytes_out_total', 'Bytes that the {} has sent to clients'],
  ['current_sessions', 'Sessions that the {} has now'],
  ['max_sessions', 'Most sessions that the {} has had at a time'],
  ['limit_sessions', 'Most sessions that the {} may have at a time'],
  ['sessions_total', 'Sessions that the {} has had'],
  ['max_session_rate', 'Most sessions that the {} has begun in any second'],
  ['failed_header_rewriting_total', 'Headers that the {} failed to add or change'],
  ['http_responses_total', 'Responses of the {}, by the first digit of their code'],
  ['responses_denied_total', 'Responses of the {} that a rule refused'],
];

const LISTENER_AND_POOL: readonly Row[] = [
  ['status', 'Whether the {} is in the state that the label names: 1 for yes'],
  ['http_requests_total', 'HTTP requests that the {} has taken'],
  ['requests_denied_total', 'Requests to the {} that a rule refused'],
  ['http_cache_hits_total', 'Requests to the {} answered from the cache'],
  ['http_cache_lookups_total', 'Lookups in the cache for the {}'],
  ['http_comp_bytes_bypassed_total', 'Bytes of the {} that were not compressed to spare the processor or the network'],
  ['http_comp_bytes_in_total', 'Bytes of the {} given to compression'],
  ['http_comp_bytes_out_total', 'Bytes of the {} that compression has made'],
  ['http_comp_responses_total', 'Responses of the {} that were compressed'],
];

const LISTENER: readonly Row[] = [
  ['connections_rate_max', 'Most connections to the listener in any second'],
  ['connections_total', 'Connections to the listener'],
  ['denied_connections_total', 'Connections to the listener that a rule refused, such as those from outside the allowed networks'],
  ['denied_sessions_total', 'Sessions of the listener that a rule refused'],
  ['http_requests_rate_max', 'Most HTTP requests to the listener in any second'],
  ['intercepted_requests_total', 'Requests that the listener answered by itself'],
  ['limit_session_rate', 'Most sessions per second that the listener begins; 0 is no limit'],
  ['request_errors_total', 'Requests to the listener that could not be understood'],
];

const POOL_AND_MEMBER: readonly Row[] = [
  ['check_last_change_seconds', 'Seconds since the {} last went up or down'],
  ['check_up_down_total', 'How often the {} went from up to down'],
  ['downtime_seconds_total', 'Seconds that the {} has been down'],
  ['client_aborts_total', 'Transfers from the {} that the client broke off'],
  ['connection_attempts_total', 'Connections that were opened, or tried, to the {}'],
  ['connection_errors_total', 'Connections to the {} that failed'],
  ['connection_reuses_total', 'Requests to the {} that went over a connection that was there'],
  ['current_queue', 'Requests that wait for the {} now'],
  ['max_queue', 'Most requests that have waited for the {} at a time'],
  ['last_session_seconds', 'Seconds since the {} was last given a session; -1 if it never was'],
  ['loadbalanced_total', 'How often balancing has chosen the {}'],
  ['queue_time_average_seconds', 'Time that a request waited for the {}, mean of the last 1024'],
  ['connect_time_average_seconds', 'Time that connecting to the {} took, mean of the last 1024'],
  ['response_time_average_seconds', 'Time that a response of the {} took to begin, mean of the last 1024'],
  ['total_time_average_seconds', 'Time that a session of the {} took, mean of the last 1024'],
  ['max_queue_time_seconds', 'Longest time that a request waited for the {}'],
  ['max_connect_time_seconds', 'Longest time that connecting to the {} took'],
  ['max_response_time_seconds', 'Longest time that a response of the {} took to begin'],
  ['max_total_time_seconds', 'Longest time that a session of the {} took'],
  ['redispatch_warnings_total', 'Requests to the {} that were given to another member instead'],
  ['response_errors_total', 'Responses of the {} that broke off or could not be understood'],
  ['retry_warnings_total', 'Connections to the {} that were tried again'],
];

const POOL: readonly Row[] = [
  ['active_members', 'Members of the pool that are up and no backups'],
  ['backup_members', 'Backup members of the pool that are up'],
  ['member_aborts_total', 'Transfers that a member of the pool broke off'],
];

const MEMBER: readonly Row[] = [
  ['status', 'Whether the member is in the state that the label names: 1 for yes'],
  ['check_failures_total', 'Checks that failed while the member was up'],
  ['current_throttle', 'Share of its weight that the member has while it is brought in slowly, in percent'],
  ['idle_connections_current', 'Idle connections to the member that are kept for reuse'],
  ['idle_connections_limit', 'Most idle connections to the member that are kept'],
  ['queue_limit', 'Most requests that may wait for the member; 0 is no limit'],
  ['server_aborts_total', 'Transfers that the member broke off'],
  ['weight', 'Weight of the member; 0 drains it'],
];

/** Labels that HAProxy adds to those of the scope. */
const FURTHER_LABELS: Readonly<Record<string, string>> = { status: 'state', http_responses_total: 'code' };

/** All 144, by scope. */
export const METRICS: readonly Metric[] = [
  ...metricsOf('loadbalancer', LOAD_BALANCER),
  ...metricsOf('memory_pool', MEMORY_POOL),
  ...metricsOf('listener', [...EVERYWHERE, ...LISTENER_AND_POOL, ...LISTENER]),
  ...metricsOf('pool', [...EVERYWHERE, ...LISTENER_AND_POOL, ...POOL_AND_MEMBER, ...POOL]),
  ...metricsOf('member', [...EVERYWHERE, ...POOL_AND_MEMBER, ...MEMBER]),
];

function metricsOf(scope: MetricScope, rows: readonly Row[]): Metric[] {
  return rows.map(([suffix, help]) => {
    const name = `octavia_${scope}_${suffix}`;
    const further = FURTHER_LABELS[suffix];
    return {
      name,
      scope,
      // Both exporters follow Prometheus's rule for names.
      type: suffix.endsWith('_total') ? 'counter' : 'gauge',
      source: name === CPU || name === MEMORY ? null : (RENAMED[name] ?? `haproxy_${SOURCES[scope]}_${suffix}`),
      help: `${help.replace('{}', scope)}.`,
      labels: [...Object.values(LABELS[scope]), ...(further === undefined ? [] : [further])],
    };
  });
}
