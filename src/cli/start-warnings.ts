/** What would keep load balancers from working, said when the server starts: some of the doctor's checks, those that cost next to nothing. */
import type { Config } from '../config/options.ts';
import type { Log } from '../model/log.ts';
import { bridgeChecks } from './doctor-bridges.ts';
import { haproxyCheck, userCheck } from './doctor-host.ts';
import { usesLocalNodes } from './drivers.ts';
import type { Finding } from './finding.ts';

/** Nothing is asked of a host that carries no load balancer. */
export async function startFindings(config: Config): Promise<Finding[]> {
  if (!usesLocalNodes(config)) return [];
  const found = [userCheck(), await haproxyCheck(config.local_node.haproxy_binary), ...(await bridgeChecks(config))];
  return found.filter(({ result }) => result !== 'ok');
}

export function warnOf(findings: readonly Finding[], log: Log): void {
  for (const { check, detail, remedy } of findings) {
    log.warn({ check, detail, remedy }, 'This host is not ready: load balancers may become ERROR. weir doctor says more');
  }
}
