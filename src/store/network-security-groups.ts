/** Security groups: finding them, a project's default one, and who names them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type Ethertype, type SecurityGroup, type SecurityGroupRule, securityGroup, securityGroupRule } from '../model/network-security-group.ts';
import type { AuditedTx } from './audit.ts';
import { elementsOf } from './elements.ts';
import { neutronTime } from './network-time.ts';
import { insert } from './rows.ts';
import type { Db } from './store.ts';

export const DEFAULT_GROUP = 'default';

export function securityGroupsById(db: Db, ids: readonly string[]): Promise<SecurityGroup[]> {
  return db.selectFrom('security_group').selectAll().where('id', 'in', elementsOf(ids)).execute();
}

export function defaultSecurityGroupOf(db: Db, projectId: string): Promise<SecurityGroup | undefined> {
  return db.selectFrom('security_group').selectAll().where('project_id', '=', projectId).where('is_default', '=', true).executeTakeFirst();
}

/** The project's default group, made now if there is none: everything out, from each other in. */
export async function ensureDefaultSecurityGroup(tx: AuditedTx, projectId: string): Promise<SecurityGroup> {
  const known = await defaultSecurityGroupOf(tx.db, projectId);
  if (known) return known;
  const group = newSecurityGroup(projectId, { name: DEFAULT_GROUP, description: 'Default security group', is_default: true });
  await addSecurityGroup(tx, group, [
    ...egressRules(group),
    ...families.map((ethertype) => newRule(group, { ethertype, direction: 'ingress', remote_group_id: group.id })),
  ]);
  return group;
}

const families: readonly Ethertype[] = ['IPv4', 'IPv6'];

/** The rules every new group begins with. */
export function egressRules(group: SecurityGroup): SecurityGroupRule[] {
  return families.map((ethertype) => newRule(group, { ethertype, direction: 'egress' }));
}

export async function addSecurityGroup(tx: AuditedTx, group: SecurityGroup, rules: readonly SecurityGroupRule[]): Promise<void> {
  await insert(tx.db, securityGroup, group);
  tx.record('create', securityGroup, null, group);
  for (const rule of rules) {
    await insert(tx.db, securityGroupRule, rule);
    tx.record('create', securityGroupRule, null, rule);
  }
}

export function newSecurityGroup(projectId: string, changes: Partial<SecurityGroup>): SecurityGroup {
  const now = neutronTime();
  const times = { created_at: now, updated_at: now, revision_number: 1 };
  return { id: randomUUID(), name: '', description: '', project_id: projectId, stateful: true, tags: [], is_default: false, ...times, ...changes };
}

/** A rule belongs to its group's project. */
export function newRule(group: SecurityGroup, changes: Partial<SecurityGroupRule> & Pick<SecurityGroupRule, 'direction' | 'ethertype'>): SecurityGroupRule {
  const now = neutronTime();
  return {
    id: randomUUID(),
    project_id: group.project_id,
    security_group_id: group.id,
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    description: '',
    created_at: now,
    updated_at: now,
    revision_number: 0,
    ...changes,
  };
}

/** Rules of the groups, in order of creation; one query for any number of groups. */
export function rulesOf(db: Db, groupIds: readonly string[]): Promise<SecurityGroupRule[]> {
  return db
    .selectFrom('security_group_rule')
    .selectAll()
    .where('security_group_id', 'in', elementsOf(groupIds))
    .orderBy('created_at')
    .orderBy(sql`rowid`)
    .execute();
}

/** Rules that go when the group goes: its own, and those of others that name it. */
export function rulesFallingWith(db: Db, groupId: string): Promise<SecurityGroupRule[]> {
  return db
    .selectFrom('security_group_rule')
    .selectAll()
    .where((test) => test.or([test('security_group_id', '=', groupId), test('remote_group_id', '=', groupId)]))
    .execute();
}

/** Ids of the ports that name any of the groups. */
export async function portIdsWithGroups(db: Db, groupIds: readonly string[]): Promise<string[]> {
  const named = sql<boolean>`exists (select 1 from json_each(port.security_groups) where value in ${elementsOf(groupIds)})`;
  const rows = await db.selectFrom('port').select('id').where(named).execute();
  return rows.map(({ id }) => id);
}

export async function isNamedByPorts(db: Db, groupId: string): Promise<boolean> {
  const named = sql<boolean>`exists (select 1 from json_each(port.security_groups) where value = ${groupId})`;
  return (await db.selectFrom('port').select('id').where(named).limit(1).executeTakeFirst()) !== undefined;
}
