/** Whose records a caller reads: who may list the balancers of a project may read what happened to them. */
import { fault } from '../../model/fault.ts';
import { type Asker, listScope, may } from './policy.ts';

export interface WantedScope {
  readonly projectId: string | null;
  /** True: of all projects; false: of the caller's own; null: of as many as the caller may read. */
  readonly allProjects: boolean | null;
}

/** The project the answer is confined to; null is all. Throws 403 when more is asked for than the caller may read. */
export function scopeOf(asker: Asker, { projectId, allProjects }: WantedScope): string | null {
  if (allProjects === true && !may(asker, 'loadbalancer:get_all-global', null)) throw fault.forbidden();
  const wanted = projectId ?? (allProjects === false ? asker.caller.projectId : null);
  // Without a project of its own a token is nobody's but an administrator's.
  if (allProjects === false && wanted === null) throw fault.forbidden();
  return listScope(asker, 'loadbalancer', wanted);
}
