/**
 * Domains, projects, users, roles and assignments, read-only. An administrator sees all; others themselves, their
 * domain and the projects they have a role in.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Domain, type Project, type User, domain, project, role, user } from '../../model/identity.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { type Assignment, allDomains, allProjects, allRoles, allUsers, assignments, projectsOf } from '../../store/identity.ts';
import { byId } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import type { Caller } from './caller.ts';
import { directoryList, directoryView } from './directory-view.ts';
import type { IdentityOptions } from './face.ts';
import { keystone } from './keystone-error.ts';
import { callerOf } from './token-routes.ts';

type View = Record<string, unknown>;

interface Directory<R extends Resource> {
  readonly resource: R;
  all(db: Db): Promise<RowOf<R>[]>;
  /** What callers who are no administrators may list; null: nothing at all. */
  readonly own: ((db: Db, caller: Caller) => Promise<RowOf<R>[]>) | null;
  /** Whether such a caller may see the one with this id. */
  mayShow(db: Db, caller: Caller, id: string): Promise<boolean>;
}

const domains: Directory<typeof domain> = { resource: domain, all: allDomains, own: null, mayShow: async (_db, { domainId }, id) => id === domainId };
const roles: Directory<typeof role> = { resource: role, all: allRoles, own: null, mayShow: async () => false };
const users: Directory<typeof user> = { resource: user, all: allUsers, own: null, mayShow: async (_db, { userId }, id) => id === userId };
const projects: Directory<typeof project> = {
  resource: project,
  all: allProjects,
  own: (db, { userId }) => projectsOf(db, userId),
  mayShow: async (db, { userId }, id) => (await projectsOf(db, userId)).some((row) => row.id === id),
};

export function directoryRoutes(app: FastifyInstance, options: IdentityOptions): void {
  register(app, options, domains);
  register(app, options, projects);
  register(app, options, users);
  register(app, options, roles);
  app.get('/v3/users/:id/projects', { exposeHeadRoute: true }, async (request) => {
    const id = idOf(request);
    requireAdmin(request, 'list_user_projects', callerOf(request).userId === id);
    return directoryList(project, await projectsOf(options.store.db, id), request, options.baseUrl(request), `/users/${encodeURIComponent(id)}/projects`);
  });
  app.get('/v3/role_assignments', { exposeHeadRoute: true }, async (request) => listAssignments(options, request));
}

function register<R extends Resource>(app: FastifyInstance, options: IdentityOptions, directory: Directory<R>): void {
  const { resource } = directory;
  const { db } = options.store;
  app.get(`/v3/${resource.collection}`, { exposeHeadRoute: true }, async (request) => {
    const caller = callerOf(request);
    requireAdmin(request, `list_${resource.collection}`, directory.own !== null);
    const rows = caller.isAdmin || !directory.own ? await directory.all(db) : await directory.own(db, caller);
    return directoryList(resource, rows, request, options.baseUrl(request), `/${resource.collection}`);
  });
  app.get(`/v3/${resource.collection}/:id`, { exposeHeadRoute: true }, async (request) => {
    const id = idOf(request);
    requireAdmin(request, `get_${resource.name}`, await directory.mayShow(db, callerOf(request), id));
    const row = await byId(db, resource, id);
    if (!row) throw keystone.notFound(resource.name, id);
    return { [resource.name]: directoryView(resource, row, options.baseUrl(request)) };
  });
}

function requireAdmin(request: FastifyRequest, action: string, otherwise: boolean): void {
  if (!callerOf(request).isAdmin && !otherwise) throw keystone.notAuthorized(action);
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

async function listAssignments({ store, baseUrl }: IdentityOptions, request: FastifyRequest): Promise<View> {
  requireAdmin(request, 'list_role_assignments', false);
  const query = request.query as Readonly<Record<string, string | string[] | undefined>>;
  const [userId, projectId, roleId] = [query['user.id'], query['scope.project.id'], query['role.id']].map((value) => [value].flat().at(-1) ?? null);
  const rows = await assignments(store.db, { userId: userId ?? null, projectId: projectId ?? null, roleId: roleId ?? null });
  const domainNames = new Map((await allDomains(store.db)).map((row): [string, Domain] => [row.id, row]));
  const base = baseUrl(request);
  const named = 'include_names' in query;
  return {
    role_assignments: rows.map((row) => assignmentView(row, named ? domainNames : null, base)),
    links: { next: null, self: `${base}/identity/v3/role_assignments`, previous: null },
  };
}

/** `domains` null: ids alone. */
function assignmentView({ user, project, role }: Assignment, domains: ReadonlyMap<string, Domain> | null, base: string): View {
  return {
    role: domains ? role : { id: role.id },
    user: domains ? withDomain(user, domains) : { id: user.id },
    scope: { project: domains ? withDomain(project, domains) : { id: project.id } },
    links: { assignment: `${base}/identity/v3/projects/${project.id}/users/${user.id}/roles/${role.id}` },
  };
}

function withDomain({ id, name, domain_id }: Pick<User | Project, 'id' | 'name' | 'domain_id'>, domains: ReadonlyMap<string, Domain>): View {
  return { id, name, domain: { id: domain_id, name: domains.get(domain_id)?.name } };
}
