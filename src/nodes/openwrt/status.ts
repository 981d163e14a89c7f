/** What edge/edgeweir-status prints → readings of shares. */
import type { Reading } from '../../model/reading.ts';
import { STATUS as FRONTEND } from '../../render/gateway/proxy-file.ts';
import { poolIdOf } from '../../render/haproxy/names.ts';
import { sectionsOf } from '../../render/haproxy/pack.ts';
import { parseStat } from '../local/proxy-answers.ts';
import { COLUMNS } from '../local/proxy-reading.ts';
import { readingOf } from '../local/reading.ts';

/** Where it is on a gateway. */
export const STATUS = '/usr/libexec/edgeweir-status';

const WORKER = /^proxy ([0-9]{1,20}-[0-9]{1,20})\n/;

/** Of all shares together; null where HAProxy does not run. Throws a NodeError for what is none of the script's words. */
export function readingIn(output: string): Reading | null {
  const [head = '', worker] = WORKER.exec(output) ?? [];
  if (worker === undefined) return null;
  const rows = parseStat(output.slice(head.length), COLUMNS).filter(({ pxname }) => pxname !== FRONTEND);
  return readingOf({ worker, rows }, []);
}

/** @param proxy - the share's sections of haproxy.cfg */
export function shareReading(all: Reading, proxy: string): Reading {
  const { frontends, backends } = sectionsOf(proxy);
  const pools = new Set([...backends].map(poolIdOf));
  return {
    listeners: all.listeners.filter(({ id }) => frontends.has(id)),
    pools: all.pools.filter(({ id }) => pools.has(id)),
    members: all.members.filter(({ poolId }) => pools.has(poolId)),
  };
}
