/** How a pool's members are checked, as the parts of a backend that say so. */
import type { ProxyFile } from '../../model/node-config.ts';
import type { PoolTopology } from '../../model/topology.ts';
import type { Argument } from './argument.ts';
import type { Directive } from './directive.ts';
import { checkDirectives, checkKeywords } from './monitor.ts';
import { checkProgram } from './udp-program.ts';

export interface PoolCheck {
  /** Lines of the backend. */
  readonly directives: readonly Directive[];
  /** Keywords of each server line. */
  readonly keywords: readonly Argument[];
  /** What HAProxy runs for each check; null where it asks by itself, or asks nobody. */
  readonly program: ProxyFile | null;
}

export function checkOf(pool: PoolTopology): PoolCheck {
  const program = checkProgram(pool);
  return { directives: checkDirectives(pool.monitor, program, pool.tls), keywords: checkKeywords(pool.monitor, pool.tls), program };
}
