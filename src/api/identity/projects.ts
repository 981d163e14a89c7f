/** Writing projects. They hang below their domain; there are no projects within projects. */
import type { FastifyRequest } from 'fastify';
import { type Project, project } from '../../model/identity.ts';
import { projectById } from '../../store/identity.ts';
import { removeProject } from '../../store/identity-removal.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { callerOf } from '../http/caller-of.ts';
import { type Body, changed, created } from './bodies.ts';
import { DEFAULT_DOMAIN } from './bootstrap.ts';
import { existingDomain } from './domains.ts';
import { keystone, shortened } from './keystone-error.ts';
import { newId } from './new-id.ts';
import type { Writer } from './writes.ts';

export const projectWriter: Writer<typeof project> = {
  resource: project,
  async draft(object, request) {
    const { parent, domainId } = place(object, request);
    const { values, extra } = created(project, { ...object, domain_id: domainId });
    const row: Project = { ...values, id: newId(), extra };
    return async (tx) => {
      if (parent !== null) await refuseParent(tx, parent, row.domain_id);
      const { enabled } = await existingDomain(tx, row.domain_id);
      if (!enabled) throw keystone.invalid(`cannot create a project in a branch containing a disabled project: ${row.domain_id}`);
      return row;
    };
  },
  async revise(object) {
    return async (_tx, row) => {
      const { parent_id: parent, is_domain: isDomain } = object;
      if (parent !== undefined && parent !== row.domain_id) throw keystone.refused('Update of `parent_id` is not allowed.');
      if (isDomain !== undefined && isDomain !== false) throw keystone.invalid('Update of `is_domain` is not allowed.');
      return changed(project, object, row);
    };
  },
  remove: removeProject,
  duplicate: ({ name }) => `it is not permitted to have two projects with the same name in the same domain : ${name}`,
};

/** The parent of a project is its domain; a client may say either, or both. */
function place(object: Body, request: FastifyRequest): { parent: string | null; domainId: unknown } {
  const { parent_id: parent = null, domain_id: domain = null, is_domain: isDomain = false } = object;
  if (isDomain !== false) throw keystone.notImplemented('a project that acts as a domain; create a domain');
  if (parent !== null && typeof parent !== 'string') throw keystone.invalid("Invalid input for field 'parent_id': it should be a string");
  return { parent, domainId: domain ?? parent ?? callerOf(request).scopeDomainId ?? DEFAULT_DOMAIN.id };
}

/** Keystone with a tree of depth one says the first. */
async function refuseParent(tx: AuditedTx, parent: string, domainId: string): Promise<void> {
  if (await projectById(tx.db, parent)) throw keystone.refused(`Max hierarchy depth reached for ${shortened(parent)} branch.`);
  if (parent !== domainId) throw keystone.invalid(`Cannot create project, since its domain ${shortened(domainId)} is not its parent ${shortened(parent)}.`);
}
