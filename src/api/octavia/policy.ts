/**
 * Who may do what: Octavia's default rules on Keystone's default roles (octavia-api reference §4). A reader sees its
 * project, a member writes in it, an admin does both everywhere.
 */
import { fault } from '../../model/fault.ts';
import type { Caller } from '../identity/caller.ts';

export type Action = 'read' | 'write';

const ROLES: Readonly<Record<Action, readonly string[]>> = {
  read: ['reader', 'member', 'admin'],
  write: ['member', 'admin'],
};

/** Throws 403 unless the caller may act on what the project owns. */
export function authorize(caller: Caller, action: Action, projectId: string | null): void {
  if (caller.isAdmin) return;
  const allowed = caller.projectId !== null && caller.projectId === projectId && caller.roles.some((role) => ROLES[action].includes(role));
  if (!allowed) throw fault.forbidden();
}

/** The project a list is confined to: the caller's, unless it may see all; null is all. */
export function listScope(caller: Caller, wanted: string | null): string | null {
  if (caller.isAdmin) return wanted;
  const projectId = wanted ?? caller.projectId;
  authorize(caller, 'read', projectId);
  return projectId;
}
