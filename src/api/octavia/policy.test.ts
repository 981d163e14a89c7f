import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../identity/caller.ts';
import { RULES, type RoleSet, type Rule, may } from './policy.ts';

const ACTIONS = Object.entries(RULES).flatMap(([resource, actions]) => Object.keys(actions).map((action) => `${resource}:${action}` as Rule));

function allowed(roleSet: RoleSet, roles: readonly string[], projectId: string): Rule[] {
  const caller: Caller = {
    userId: 'u',
    userName: 'u',
    projectId: 'mine',
    projectName: 'mine',
    domainId: 'default',
    roles,
    isAdmin: roles.includes('admin'),
    auditId: 'a',
    expiresAt: 0,
  };
  return ACTIONS.filter((rule) => may({ caller, options: { roleSet } }, rule, projectId));
}

const isRead = (rule: Rule): boolean => /:get_(all|one|stats|status|defaults)$/.test(rule);
const ADMIN_ONLY = /^(amphora|host|flavor-profile|availability-zone-profile|provider-flavor|provider-availability-zone):/;
/** Octavia's read group: what is not for administrators alone. */
const READS = ACTIONS.filter((rule) => isRead(rule) && !ADMIN_ONLY.test(rule));
const WRITES = ACTIONS.filter(
  (rule) => !rule.includes(':get_') && !ADMIN_ONLY.test(rule) && !/^(quota|flavor|availability-zone):|:put_(failover|reset)$/.test(rule),
);

test('the administrator may everything, anywhere; nobody else writes flavors or fails over', () => {
  assert.deepEqual(allowed('keystone_default_roles', ['admin'], 'theirs'), ACTIONS);
  for (const role of ['admin', 'load-balancer_admin']) assert.deepEqual(allowed('advanced_rbac', [role], 'theirs'), ACTIONS);
  assert.deepEqual(allowed('admin_or_owner', ['admin'], 'theirs'), ACTIONS);
});

test("Keystone's default roles: a reader reads and a member also writes, in their own project only", () => {
  assert.deepEqual(allowed('keystone_default_roles', ['reader'], 'mine'), READS);
  assert.deepEqual(new Set(allowed('keystone_default_roles', ['member'], 'mine')), new Set([...READS, ...WRITES]));
  for (const role of ['reader', 'member', 'load-balancer_admin', 'load-balancer_global_observer'])
    assert.deepEqual(allowed('keystone_default_roles', [role], 'theirs'), [], role);
});

test("Octavia's own roles: each its own, and Keystone's mean nothing", () => {
  assert.deepEqual(allowed('advanced_rbac', ['load-balancer_observer'], 'mine'), READS);
  assert.deepEqual(new Set(allowed('advanced_rbac', ['load-balancer_member'], 'mine')), new Set([...READS, ...WRITES]));
  const globalReads = ACTIONS.filter((rule) => !ADMIN_ONLY.test(rule) && (isRead(rule) || rule.endsWith('get_all-global')));
  assert.deepEqual(allowed('advanced_rbac', ['load-balancer_global_observer'], 'theirs'), globalReads);
  assert.deepEqual(
    allowed('advanced_rbac', ['load-balancer_quota_admin'], 'theirs'),
    ACTIONS.filter((rule) => rule.startsWith('quota:')),
  );
  for (const role of ['reader', 'member']) assert.deepEqual(allowed('advanced_rbac', [role], 'mine'), [], role);
});

test('services of OpenStack list members anywhere, and may nothing else', () => {
  for (const roleSet of ['keystone_default_roles', 'advanced_rbac', 'admin_or_owner'] as const)
    assert.deepEqual(allowed(roleSet, ['service'], 'theirs'), ['member:get_all'], roleSet);
  for (const roleSet of ['keystone_default_roles', 'advanced_rbac'] as const)
    assert.deepEqual(allowed(roleSet, ['service'], 'mine'), ['member:get_all'], roleSet);
});

test('admin or owner: any role in the project is enough', () => {
  assert.deepEqual(new Set(allowed('admin_or_owner', ['anything'], 'mine')), new Set([...READS, ...WRITES]));
  assert.deepEqual(allowed('admin_or_owner', ['anything'], 'theirs'), []);
  assert.deepEqual(allowed('admin_or_owner', [], 'mine'), []);
});
