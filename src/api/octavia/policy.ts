/**
 * Who may do what. Octavia's rules (`os_load-balancer_api:<resource>:<action>`) each belong to a group, and one of three
 * role sets says which roles a group takes (octavia-api reference §4). A rule is asked with the project that owns the
 * object: what belongs to nobody in particular is asked with the caller's own.
 */
import { fault } from '../../model/fault.ts';
import type { Resource } from '../../model/resource.ts';
import type { Caller } from '../identity/caller.ts';

type Group = 'read' | 'read-global' | 'read-service' | 'write' | 'read-quota' | 'read-quota-global' | 'write-quota' | 'admin';

export type RoleSet = 'keystone_default_roles' | 'advanced_rbac' | 'admin_or_owner';

const CRUD = { get_all: 'read', 'get_all-global': 'read-global', get_one: 'read', post: 'write', put: 'write', delete: 'write' } as const;
/** Read by everybody, written by the administrator: what all projects share. */
const SHARED = { get_all: 'read', get_one: 'read', post: 'admin', put: 'admin', delete: 'admin' } as const;
const ADMIN = { get_all: 'admin', get_one: 'admin', post: 'admin', put: 'admin', delete: 'admin' } as const;

/** Resource → action → group; the first two joined with a colon are Octavia's name of a rule. */
export const RULES = {
  loadbalancer: {
    ...CRUD,
    get_stats: 'read',
    get_status: 'read',
    put_failover: 'admin',
    put_reset: 'admin',
    'post:vip_sg_ids': 'write',
    'put:vip_sg_ids': 'write',
  },
  listener: { ...CRUD, get_stats: 'read' },
  pool: CRUD,
  // Other services look after members: Aodh's alarm on their health lists them.
  member: { ...CRUD, get_all: 'read-service' },
  healthmonitor: CRUD,
  l7policy: CRUD,
  l7rule: CRUD,
  quota: {
    get_all: 'read-quota',
    'get_all-global': 'read-quota-global',
    get_one: 'read-quota',
    put: 'write-quota',
    delete: 'write-quota',
    get_defaults: 'read-quota',
  },
  flavor: SHARED,
  'flavor-profile': ADMIN,
  'availability-zone': SHARED,
  'availability-zone-profile': ADMIN,
  provider: { get_all: 'read' },
  'provider-flavor': { get_all: 'admin' },
  'provider-availability-zone': { get_all: 'admin' },
  /** None of Octavia's: what only its own deployment tools know. */
  host: ADMIN,
  amphora: { ...ADMIN, get_stats: 'admin', put_config: 'admin', put_failover: 'admin' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Group>>>>;

type Rules = typeof RULES;
export type PolicyName = keyof Rules;
export type Rule = { [R in PolicyName]: `${R}:${Extract<keyof Rules[R], string>}` }[PolicyName];

/** Roles a group takes within the object's own project, and those it takes wherever the object is. */
interface Grant {
  readonly own: readonly string[];
  readonly anywhere: readonly string[];
}
type Grants = Readonly<Record<Group, Grant>>;

const NOBODY: readonly string[] = [];
/** Whoever has any role in the project owns what is in it. */
const ANY_ROLE: readonly string[] = ['*'];

function grant(own: readonly string[], anywhere: readonly string[] = NOBODY): Grant {
  return { own, anywhere };
}

const READERS = ['reader', 'member'];
const LB_OWNERS = ['load-balancer_observer', 'load-balancer_member'];
/** Keystone's role for OpenStack's own services, which asks for no project in any of the role sets. */
const SERVICES = ['service'];
const GLOBAL_OBSERVER = 'load-balancer_global_observer';
const QUOTA_ADMIN = 'load-balancer_quota_admin';

const ROLE_SETS: Readonly<Record<RoleSet, Grants>> = {
  keystone_default_roles: {
    read: grant(READERS),
    'read-global': grant(NOBODY),
    'read-service': grant(READERS, SERVICES),
    write: grant(['member']),
    'read-quota': grant(READERS),
    'read-quota-global': grant(NOBODY),
    'write-quota': grant(NOBODY),
    admin: grant(NOBODY),
  },
  advanced_rbac: {
    read: grant(LB_OWNERS, [GLOBAL_OBSERVER]),
    'read-global': grant(NOBODY, [GLOBAL_OBSERVER]),
    'read-service': grant(LB_OWNERS, [GLOBAL_OBSERVER, ...SERVICES]),
    write: grant(['load-balancer_member']),
    'read-quota': grant(LB_OWNERS, [GLOBAL_OBSERVER, QUOTA_ADMIN]),
    'read-quota-global': grant(NOBODY, [GLOBAL_OBSERVER, QUOTA_ADMIN]),
    'write-quota': grant(NOBODY, [QUOTA_ADMIN]),
    admin: grant(NOBODY),
  },
  admin_or_owner: {
    read: grant(ANY_ROLE),
    'read-global': grant(NOBODY),
    'read-service': grant(ANY_ROLE, SERVICES),
    write: grant(ANY_ROLE),
    'read-quota': grant(ANY_ROLE),
    'read-quota-global': grant(NOBODY),
    'write-quota': grant(NOBODY),
    admin: grant(NOBODY),
  },
};

/** Octavia's own administrator is one wherever Octavia's own roles are in use; Keystone's is one everywhere. */
const ADMINS: Readonly<Record<RoleSet, readonly string[]>> = {
  keystone_default_roles: ['admin'],
  advanced_rbac: ['admin', 'load-balancer_admin'],
  admin_or_owner: ['admin', 'load-balancer_admin'],
};

/** Who asks, and by which roles it is judged. */
export interface Asker {
  readonly caller: Caller;
  readonly options: { readonly roleSet: RoleSet };
}

export function isAdmin({ caller, options }: Asker): boolean {
  return caller.roles.some((role) => ADMINS[options.roleSet].includes(role));
}

export function may(asker: Asker, rule: Rule, projectId: string | null): boolean {
  if (isAdmin(asker)) return true;
  const { caller, options } = asker;
  const { own, anywhere } = ROLE_SETS[options.roleSet][groupOf(rule)];
  if (caller.roles.some((role) => anywhere.includes(role))) return true;
  const owns = caller.projectId !== null && caller.projectId === projectId;
  return owns && caller.roles.some((role) => own === ANY_ROLE || own.includes(role));
}

/** Throws 403 unless the caller may act on what the project owns. */
export function authorize(asker: Asker, rule: Rule, projectId: string | null): void {
  if (!may(asker, rule, projectId)) throw fault.forbidden();
}

function groupOf(rule: Rule): Group {
  const [resource = '', ...action] = rule.split(':');
  return (RULES as Readonly<Record<string, Readonly<Record<string, Group>>>>)[resource]?.[action.join(':')] ?? 'admin';
}

/** The project a list is confined to: the caller's, unless it may see all; null is all. */
export function listScope(asker: Asker, name: PolicyName, wanted: string | null): string | null {
  if (may(asker, `${name}:get_all-global` as Rule, wanted)) return wanted;
  const projectId = wanted ?? asker.caller.projectId;
  authorize(asker, `${name}:get_all` as Rule, projectId);
  return projectId;
}

/** Where Octavia's rule names differ from the names in bodies. */
const NAMES: Readonly<Record<string, PolicyName>> = {
  rule: 'l7rule',
  flavorprofile: 'flavor-profile',
  availability_zone: 'availability-zone',
  availability_zone_profile: 'availability-zone-profile',
};

export function policyName({ name }: Pick<Resource, 'name'>): PolicyName {
  return NAMES[name] ?? (name as PolicyName);
}

/** The rule for one of the actions every resource has. */
export function ruleOf(resource: Pick<Resource, 'name'>, action: 'get_one' | 'post' | 'put' | 'delete'): Rule {
  return `${policyName(resource)}:${action}` as Rule;
}
