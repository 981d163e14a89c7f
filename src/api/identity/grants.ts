/** Roles given to users in projects and domains: one by one, and the list of all. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Domain, domain, project, role, user } from '../../model/identity.ts';
import { type Assignment, type Target, assignments, grantRole, revokeRole, rolesOf } from '../../store/identity-assignments.ts';
import { allDomains } from '../../store/identity.ts';
import { byId } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import type { RawQuery } from '../http/list-query.ts';
import { requireAdmin } from './access.ts';
import { writeAsBearer } from './bearer.ts';
import { type View, directoryView, listLinks } from './directory-view.ts';
import type { IdentityOptions } from './face.ts';
import { keystone } from './keystone-error.ts';

interface Grant {
  readonly target: Target;
  readonly userId: string;
  readonly roleId: string;
}

export function grantRoutes(app: FastifyInstance, options: IdentityOptions): void {
  targetRoutes(app, options, 'project');
  targetRoutes(app, options, 'domain');
  app.get('/v3/role_assignments', { exposeHeadRoute: true }, async (request) => listAssignments(options, request));
}

function targetRoutes(app: FastifyInstance, options: IdentityOptions, kind: Target['kind']): void {
  const { store, baseUrl } = options;
  const list = `/v3/${kind}s/:targetId/users/:userId/roles`;
  const one = `${list}/:roleId`;
  app.get(list, { exposeHeadRoute: true }, async (request) => {
    requireAdmin(request, 'list_grants');
    const { target, userId } = grantIn(request, kind);
    await mustExist(store.db, target, userId, null);
    const roles = (await rolesOf(store.db, userId, target)).map((row) => directoryView(role, row, baseUrl(request)));
    return { roles, ...listLinks(baseUrl(request), `/${kind}s/${encodeURIComponent(target.id)}/users/${encodeURIComponent(userId)}/roles`) };
  });
  app.get(one, { exposeHeadRoute: true }, async (request, reply) => {
    requireAdmin(request, 'check_grant');
    const { target, userId, roleId } = grantIn(request, kind);
    await mustExist(store.db, target, userId, roleId);
    const held = await rolesOf(store.db, userId, target);
    if (!held.some(({ id }) => id === roleId)) throw keystone.noAssignment(roleId, userId, target.id);
    return reply.code(204).send();
  });
  app.put(one, async (request, reply) => {
    requireAdmin(request, 'create_grant');
    const { target, userId, roleId } = grantIn(request, kind);
    await writeAsBearer(options, request, { action: 'create_grant' }, async (tx) => {
      await mustExist(tx.db, target, userId, roleId);
      await grantRole(tx, userId, target, roleId);
    });
    return reply.code(204).send();
  });
  app.delete(one, async (request, reply) => {
    requireAdmin(request, 'revoke_grant');
    const { target, userId, roleId } = grantIn(request, kind);
    const held = await writeAsBearer(options, request, { action: 'revoke_grant' }, (tx) => revokeRole(tx, userId, target, roleId));
    if (!held) throw keystone.noAssignment(roleId, userId, target.id);
    return reply.code(204).send();
  });
}

function grantIn(request: FastifyRequest, kind: Target['kind']): Grant {
  const { targetId, userId, roleId = '' } = request.params as { targetId: string; userId: string; roleId?: string };
  return { target: { kind, id: targetId }, userId, roleId };
}

/** Throws 404 for the first that is not there. */
async function mustExist(db: Db, { kind, id }: Target, userId: string, roleId: string | null): Promise<void> {
  if (!(await byId(db, kind === 'project' ? project : domain, id))) throw keystone.notFound(kind, id);
  if (roleId !== null && !(await byId(db, role, roleId))) throw keystone.notFound('role', roleId);
  if (!(await byId(db, user, userId))) throw keystone.notFound('user', userId);
}

async function listAssignments({ store, baseUrl }: IdentityOptions, request: FastifyRequest): Promise<View> {
  requireAdmin(request, 'list_role_assignments');
  const query = request.query as RawQuery;
  refuseContradictions(query);
  const [userId, roleId] = [last(query, 'user.id'), last(query, 'role.id')];
  const rows = matchesNothing(query) ? [] : await assignments(store.db, { userId, roleId, target: targetIn(query) });
  const names = flag(query, 'include_names') ? new Map((await allDomains(store.db)).map((row) => [row.id, row])) : null;
  const base = baseUrl(request);
  return { role_assignments: rows.map((row) => assignmentView(row, names, base)), ...listLinks(base, '/role_assignments') };
}

/** Keystone's pairs that cannot be meant. */
function refuseContradictions(query: RawQuery): void {
  const has = (name: string): boolean => last(query, name) !== null;
  if (has('scope.domain.id') && has('scope.project.id')) throw keystone.invalid('Specify a domain or project, not both');
  if (has('scope.domain.id') && has('scope.system')) throw keystone.invalid('Specify system or domain, not both');
  if (has('scope.project.id') && has('scope.system')) throw keystone.invalid('Specify system or project, not both');
  if (has('user.id') && has('group.id')) throw keystone.invalid('Specify a user or group, not both');
  if (flag(query, 'effective') && has('group.id')) throw keystone.invalid('Combining effective and group filter will always result in an empty list.');
  if (flag(query, 'include_subtree') && !has('scope.project.id'))
    throw keystone.invalid('scope.project.id must be specified if include_subtree is also specified');
}

/** There are no groups, no roles in the system and none that are inherited. So `effective` changes nothing either. */
function matchesNothing(query: RawQuery): boolean {
  return last(query, 'group.id') !== null || last(query, 'scope.system') !== null || last(query, 'scope.OS-INHERIT:inherited_to') === 'projects';
}

function targetIn(query: RawQuery): Target | null {
  const [projectId, domainId] = [last(query, 'scope.project.id'), last(query, 'scope.domain.id')];
  if (projectId !== null) return { kind: 'project', id: projectId };
  return domainId === null ? null : { kind: 'domain', id: domainId };
}

function last(query: RawQuery, name: string): string | null {
  return [query[name]].flat().at(-1) || null;
}

/** `?name`, `?name=1`, `?name=True`; only 0 means no. */
function flag(query: RawQuery, name: string): boolean {
  return Object.hasOwn(query, name) && [query[name]].flat().at(-1) !== '0';
}

/** `domains` null: ids alone. */
function assignmentView(row: Assignment, domains: ReadonlyMap<string, Domain> | null, base: string): View {
  const place = row.project ?? row.domain;
  const kind = row.project ? 'project' : 'domain';
  return {
    role: domains ? row.role : { id: row.role.id },
    user: domains ? withDomain(row.user, domains) : { id: row.user.id },
    scope: { [kind]: domains ? (row.project ? withDomain(row.project, domains) : row.domain) : { id: place?.id } },
    links: { assignment: `${base}/identity/v3/${kind}s/${place?.id}/users/${row.user.id}/roles/${row.role.id}` },
  };
}

function withDomain({ id, name, domain_id }: Assignment['user'], domains: ReadonlyMap<string, Domain>): View {
  return { id, name, domain: { id: domain_id, name: domains.get(domain_id)?.name } };
}
