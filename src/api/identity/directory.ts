/**
 * Domains, projects, users and roles. An administrator sees and writes all; others see themselves, their domain and the
 * projects they have a role in.
 */
import type { FastifyInstance } from 'fastify';
import { domain, project, role, user } from '../../model/identity.ts';
import type { Resource, RowOf } from '../../model/resource.ts';
import { allDomains, allProjects, allRoles, allUsers, projectsOf } from '../../store/identity.ts';
import { byId } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { callerOf } from '../http/caller-of.ts';
import { requireAdmin } from './access.ts';
import type { Caller } from './caller.ts';
import { directoryList, directoryView, listLinks } from './directory-view.ts';
import { domainWriter } from './domains.ts';
import type { IdentityContext, IdentityOptions } from './face.ts';
import type { HashQueue } from './hash-queue.ts';
import { keystone } from './keystone-error.ts';
import { projectWriter } from './projects.ts';
import { roleWriter } from './roles.ts';
import { userWriter } from './users.ts';
import { type Writer, idOf, writeRoutes } from './writes.ts';

interface Directory<R extends Resource> {
  readonly resource: R;
  readonly writer: Writer<R>;
  all(db: Db): Promise<RowOf<R>[]>;
  /** What callers who are no administrators may list; null: nothing at all. */
  readonly own: ((db: Db, caller: Caller) => Promise<RowOf<R>[]>) | null;
  /** Whether such a caller may see the one with this id. */
  mayShow(db: Db, caller: Caller, id: string): Promise<boolean>;
}

const domains: Directory<typeof domain> = {
  resource: domain,
  writer: domainWriter,
  all: allDomains,
  own: null,
  mayShow: async (_db, { domainId, scopeDomainId }, id) => id === domainId || id === scopeDomainId,
};
const roles: Directory<typeof role> = { resource: role, writer: roleWriter, all: allRoles, own: null, mayShow: async () => false };
const usersWith = (hashes: HashQueue): Directory<typeof user> => ({
  resource: user,
  writer: userWriter(hashes),
  all: allUsers,
  own: null,
  mayShow: async (_db, { userId }, id) => id === userId,
});
const projects: Directory<typeof project> = {
  resource: project,
  writer: projectWriter,
  all: allProjects,
  own: (db, { userId }) => projectsOf(db, userId),
  mayShow: async (db, { userId }, id) => (await projectsOf(db, userId)).some((row) => row.id === id),
};

export function directoryRoutes(app: FastifyInstance, options: IdentityContext): void {
  register(app, options, domains);
  register(app, options, projects);
  register(app, options, usersWith(options.hashes));
  register(app, options, roles);
  app.get('/v3/users/:id/projects', { exposeHeadRoute: true }, async (request) => {
    const id = idOf(request);
    requireAdmin(request, 'list_user_projects', callerOf(request).userId === id);
    return directoryList(project, await projectsOf(options.store.db, id), request, options.baseUrl(request), `/users/${encodeURIComponent(id)}/projects`);
  });
  groupRoutes(app, options);
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
  writeRoutes(app, options, directory.writer);
}

/** There are no groups; clients ask for them all the same. */
function groupRoutes(app: FastifyInstance, { store, baseUrl }: IdentityOptions): void {
  app.get('/v3/groups', { exposeHeadRoute: true }, async (request) => {
    requireAdmin(request, 'list_groups');
    return { groups: [], ...listLinks(baseUrl(request), '/groups') };
  });
  app.get('/v3/groups/:id', { exposeHeadRoute: true }, async (request) => {
    requireAdmin(request, 'get_group');
    throw keystone.notFound('group', idOf(request));
  });
  app.get('/v3/users/:id/groups', { exposeHeadRoute: true }, async (request) => {
    const id = idOf(request);
    requireAdmin(request, 'list_groups_for_user', callerOf(request).userId === id);
    if (!(await byId(store.db, user, id))) throw keystone.notFound('user', id);
    return { groups: [], ...listLinks(baseUrl(request), `/users/${encodeURIComponent(id)}/groups`) };
  });
}
