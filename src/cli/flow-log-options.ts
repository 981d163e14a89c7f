/** Flow logs as configured. */
import type { Config } from '../config/options.ts';
import { parseLogFormat } from '../model/log-format.ts';
import type { SyslogOptions } from '../nodes/flows/options.ts';
import type { LocalFlowLogOptions } from '../nodes/local/local-flow-logs.ts';

/** null: there is nowhere to log to. */
export function flowLogOptions({
  haproxy_amphora: proxy,
  amphora_agent: agent,
}: Pick<Config, 'haproxy_amphora' | 'amphora_agent'>): LocalFlowLogOptions | null {
  const file = agent.disable_local_log_storage || agent.tenant_log_file === '' ? null : agent.tenant_log_file;
  const syslog = syslogOptions(agent);
  if (file === null && syslog === null) return null;
  return { byDefault: proxy.connection_logging, format: agent.tenant_log_format, line: parseLogFormat(proxy.user_log_format), file, syslog };
}

function syslogOptions(agent: Config['amphora_agent']): SyslogOptions | null {
  if (agent.tenant_log_targets.length === 0) return null;
  return {
    targets: agent.tenant_log_targets,
    protocol: agent.log_protocol,
    facility: agent.user_log_facility,
    queueSize: agent.log_queue_size,
    retryCount: agent.log_retry_count,
    retryInterval: agent.log_retry_interval * 1000,
  };
}
