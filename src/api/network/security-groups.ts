import type { FastifyRequest } from 'fastify';
import { type SecurityGroup, securityGroup, securityGroupRule } from '../../model/network-security-group.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { audited } from '../../store/audit.ts';
import { projectById } from '../../store/identity.ts';
import {
  DEFAULT_GROUP,
  defaultSecurityGroupOf,
  egressRules,
  ensureDefaultSecurityGroup,
  isNamedByPorts,
  newSecurityGroup,
  rulesFallingWith,
  rulesOf,
} from '../../store/network-security-groups.ts';
import { neutronTime } from '../../store/network.ts';
import { insert, insertMany, remove, update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { type RawQuery, lastOf } from '../http/list-query.ts';
import { withProject } from './body.ts';
import { type Collection, type NetworkContext, type View, type Write, viewRow } from './collection.ts';
import { ownRows, projectFor, requireWriter, seesOwn } from './policy.ts';
import { securityError } from './security-error.ts';
import { ruleView } from './security-rule-view.ts';

export const securityGroups: Collection<typeof securityGroup> = {
  resource: securityGroup,
  quota: 'security_group',
  prepare: prepareDefault,
  visible: ownRows,
  sees: seesOwn,
  views: groupViews,
  create: createGroup,
  update: updateGroup,
  remove: removeGroup,
};

/** Every project has its default group from the first look on; who looks at another project's makes that one's. */
export async function prepareDefault({ store }: NetworkContext, request: FastifyRequest): Promise<void> {
  const projectId = await projectLookedAt(store.db, request);
  if (projectId === null || (await defaultSecurityGroupOf(store.db, projectId))) return;
  await audited(store, actorOf(request), (tx) => ensureDefaultSecurityGroup(tx, projectId));
}

async function projectLookedAt(db: Db, request: FastifyRequest): Promise<string | null> {
  const caller = callerOf(request);
  const { project_id, tenant_id } = request.query as RawQuery;
  const asked = lastOf(project_id) ?? lastOf(tenant_id);
  if (asked === undefined || asked === caller.projectId || !caller.isAdmin) return caller.projectId;
  return (await projectById(db, asked)) ? asked : null;
}

async function groupViews(db: Db, _caller: unknown, rows: readonly SecurityGroup[]): Promise<View[]> {
  const rules = await rulesOf(
    db,
    rows.map(({ id }) => id),
  );
  const byGroup = Map.groupBy(rules, ({ security_group_id }) => security_group_id);
  return rows.map((row) => {
    const own = (byGroup.get(row.id) ?? []).map(ruleView);
    return viewRow(securityGroup, row, { tenant_id: row.project_id, security_group_rules: own }, { shared: false });
  });
}

async function createGroup({ tx, caller, body }: Write): Promise<SecurityGroup> {
  const checked = parseCreate(securityGroup, withProject('security_group', body));
  const projectId = projectFor(caller, checked.project_id, 'create_security_group');
  await ensureDefaultSecurityGroup(tx, projectId);
  if (checked.name === DEFAULT_GROUP) throw securityError.defaultExists();
  const { name, description, stateful } = checked;
  const row = newSecurityGroup(projectId, { name, description, stateful });
  const rules = egressRules(row);
  await insert(tx.db, securityGroup, row);
  await insertMany(tx.db, securityGroupRule, rules);
  for (const rule of rules) tx.record('create', securityGroupRule, null, rule);
  return row;
}

async function updateGroup({ tx, caller, body }: Write, row: SecurityGroup): Promise<SecurityGroup> {
  requireWriter(caller, row.project_id, 'update_security_group');
  const changes = parseUpdate(securityGroup, body);
  const renamed = changes.name !== undefined && changes.name !== row.name;
  if (renamed && row.is_default) throw securityError.cannotUpdateDefault();
  if (renamed && changes.name === DEFAULT_GROUP) throw securityError.defaultExists();
  const written = await update(tx.db, securityGroup, row.id, { ...changes, updated_at: neutronTime(), revision_number: row.revision_number + 1 });
  return written ?? row;
}

/** What names it falls with it; what ports name stays. */
async function removeGroup({ tx, caller }: Write, row: SecurityGroup): Promise<void> {
  requireWriter(caller, row.project_id, 'delete_security_group');
  if (row.is_default && !caller.isAdmin) throw securityError.cannotRemoveDefault();
  if (await isNamedByPorts(tx.db, row.id)) throw securityError.groupInUse(row.id);
  for (const rule of await rulesFallingWith(tx.db, row.id)) tx.record('delete', securityGroupRule, rule, null);
  await remove(tx.db, securityGroup, row.id);
}
