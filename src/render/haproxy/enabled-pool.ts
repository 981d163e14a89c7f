/** A pool that a listener or a policy names. */
import type { PoolTopology } from '../../model/topology.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';

/** null when it is switched off. Throws a CompileError when there is no such pool. */
export function enabledPool(id: string, pools: ReadonlyMap<string, PoolTopology>): PoolTopology | null {
  const pool = pools.get(id);
  if (!pool) throw new CompileError(`the topology has no pool ${shown(id)}`);
  return pool.enabled ? pool : null;
}
