/** The identity face's rows: Keystone v3's nouns, as much as tokens for a balancer's clients need. */
import { boolean, text, time } from './field.ts';
import { type RowOf, defaulted, internal, kept, optional, required, resource } from './resource.ts';

const id = kept(text({ max: 64 }), 'Identifier');
const name = required(text({ max: 255, min: 1 }), 'Name');
const description = defaulted(text({ max: 255 }), '', 'Description');
const enabled = defaulted(boolean, true, 'False refuses all use');

export const domain = resource({
  name: 'domain',
  collection: 'domains',
  title: 'Domain',
  argument: 'domain',
  table: 'domain',
  doc: 'A set of users and projects.',
  fields: { id, name, description, enabled },
});
export type Domain = RowOf<typeof domain>;

export const project = resource({
  name: 'project',
  collection: 'projects',
  title: 'Project',
  argument: 'project',
  table: 'project',
  doc: 'What owns load balancers; a tenant.',
  fields: { id, name, description, enabled, domain_id: required(text({ max: 64 }), 'Domain', { settable: 'create' }) },
});
export type Project = RowOf<typeof project>;

export const user = resource({
  name: 'user',
  collection: 'users',
  title: 'User',
  argument: 'user',
  table: 'user_account',
  doc: 'Somebody who can log in.',
  fields: {
    id,
    name,
    description,
    enabled,
    domain_id: required(text({ max: 64 }), 'Domain', { settable: 'create' }),
    default_project_id: optional(text({ max: 64 }), 'Project a token is scoped to when the client names none'),
    password_hash: internal<string | null>(text({ max: 255 }), 'argon2id, PHC string'),
    created_at: internal(time, 'When it was created'),
    /** Tokens issued before it are refused: set when the password changes or the user is disabled. ISO time. */
    tokens_valid_after: internal<string | null>(time, 'Earlier tokens are refused'),
  },
});
export type User = RowOf<typeof user>;

export const role = resource({
  name: 'role',
  collection: 'roles',
  title: 'Role',
  argument: 'role',
  table: 'role',
  doc: 'What a user may do in a project.',
  fields: { id, name, description },
});
export type Role = RowOf<typeof role>;

/** A user's role in a project. */
export interface RoleAssignment {
  user_id: string;
  project_id: string;
  role_id: string;
}

/** A revoked token, by its audit id; kept until it would have expired. */
export interface RevokedToken {
  audit_id: string;
  expires_at: string;
}

/** Roles every installation has: Keystone's defaults and Octavia's own. */
export const ROLES = [
  'admin',
  'member',
  'reader',
  'load-balancer_admin',
  'load-balancer_member',
  'load-balancer_observer',
  'load-balancer_global_observer',
  'load-balancer_quota_admin',
] as const;
