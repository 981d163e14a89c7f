/** Quotas of projects, as `openstack quota` and Neutron's clients ask for them. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isPlainObject } from '../../model/field.ts';
import { NETWORK_QUOTA_NAMES, type NetworkQuota, networkQuota } from '../../model/network-quota.ts';
import { parseUpdate } from '../../model/resource.ts';
import { audited } from '../../store/audit.ts';
import { networkLimits, networkQuotaOf, networkUsage } from '../../store/network-quotas.ts';
import { insert, list, remove, update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf } from '../http/caller-of.ts';
import { objectIn } from './body.ts';
import type { NetworkContext, View } from './collection.ts';
import { NeutronFault, neutron } from './neutron-error.ts';

export function registerQuotas(app: FastifyInstance, context: NetworkContext): void {
  const { db } = context.store;
  app.get('/quotas', { exposeHeadRoute: true }, async (request) => {
    requireAdmin(request, 'Only admin can get quotas of all projects');
    return { quotas: (await allQuotas(db)).map((row) => ({ ...networkLimits(row), project_id: row.project_id, tenant_id: row.project_id })) };
  });
  app.get('/quotas/:project', { exposeHeadRoute: true }, async (request) => ({ quota: await limitsView(db, readable(request)) }));
  app.put('/quotas/:project', async (request) => ({ quota: await writeQuota(context, request) }));
  app.delete('/quotas/:project', async (request, reply) => {
    await resetQuota(context, request);
    return reply.code(204).send();
  });
  for (const name of ['default', 'default.json']) {
    app.get(`/quotas/:project/${name}`, { exposeHeadRoute: true }, async (request) => {
      readable(request);
      return { quota: networkLimits(undefined) };
    });
  }
  for (const name of ['details', 'details.json']) {
    app.get(`/quotas/:project/${name}`, { exposeHeadRoute: true }, async (request) => ({ quota: await details(db, readable(request)) }));
  }
}

async function allQuotas(db: Db): Promise<NetworkQuota[]> {
  return list(db, networkQuota, { where: [], sort: [], limit: null, marker: null, reverse: false });
}

async function limitsView(db: Db, projectId: string): Promise<View> {
  return { ...networkLimits(await networkQuotaOf(db, projectId)) };
}

/** Objects in reserve do not exist here: a transaction makes them or does not. */
async function details(db: Db, projectId: string): Promise<View> {
  const limits = networkLimits(await networkQuotaOf(db, projectId));
  const entries = NETWORK_QUOTA_NAMES.map(async (name) => [name, { limit: limits[name], used: await networkUsage(db, projectId, name), reserved: 0 }]);
  return Object.fromEntries(await Promise.all(entries)) as View;
}

function requireAdmin(request: FastifyRequest, reason: string): void {
  if (!callerOf(request).isAdmin) throw neutron.adminRequired(reason);
}

/** The project of the path, if the caller may look at its quota: everybody at their own. */
function readable(request: FastifyRequest): string {
  const projectId = projectIn(request);
  if (callerOf(request).projectId !== projectId) requireAdmin(request, 'Only admin is authorized to access quotas for another tenant');
  return projectId;
}

const LONGEST_ID = 36;

function projectIn({ params }: FastifyRequest): string {
  const id = (params as { project: string }).project.replace(/\.json$/, '');
  if (id.length > LONGEST_ID) throw neutron.invalid(`a project's id has at most ${LONGEST_ID} characters`);
  return id;
}

async function writeQuota(context: NetworkContext, request: FastifyRequest): Promise<View> {
  const projectId = projectIn(request);
  requireAdmin(request, 'Only admin can update or delete quotas of a project');
  const { changes, checkLimit } = quotaIn(request.body);
  return audited(context.store, actorOf(request), async (tx) => {
    if (checkLimit) await requireAbove(tx.db, projectId, changes);
    const before = await networkQuotaOf(tx.db, projectId);
    const after = { ...(before ?? blank(projectId)), ...changes };
    if (before) await update(tx.db, networkQuota, projectId, changes);
    else await insert(tx.db, networkQuota, after);
    tx.record(before ? 'update' : 'create', networkQuota, before ?? null, after);
    return { ...networkLimits(after) };
  });
}

type Changes = ReturnType<typeof parseUpdate<typeof networkQuota>>;

/** `check_limit` asks to refuse limits below what is there; `force`, its opposite, is what happens anyway. */
function quotaIn(body: unknown): { changes: Changes; checkLimit: boolean } {
  const object = objectIn('quota', body);
  if (!object) return { changes: parseUpdate(networkQuota, isPlainObject(body) ? { network_quota: body['quota'] } : body), checkLimit: false };
  const { check_limit = false, force: _, tenant_id: _tenant, project_id: _project, ...limits } = object;
  return { changes: parseUpdate(networkQuota, { network_quota: limits }), checkLimit: check_limit === true };
}

async function requireAbove(db: Db, projectId: string, changes: Changes): Promise<void> {
  for (const name of NETWORK_QUOTA_NAMES) {
    const limit = changes[name] ?? -1;
    const used = limit < 0 ? 0 : await networkUsage(db, projectId, name);
    if (used > limit && limit >= 0) throw neutron.invalidQuota(name, limit, used);
  }
}

function blank(projectId: string): NetworkQuota {
  const limits = Object.fromEntries(NETWORK_QUOTA_NAMES.map((name) => [name, null])) as Record<(typeof NETWORK_QUOTA_NAMES)[number], null>;
  return { id: projectId, project_id: projectId, ...limits };
}

async function resetQuota(context: NetworkContext, request: FastifyRequest): Promise<void> {
  const projectId = projectIn(request);
  requireAdmin(request, 'Only admin can update or delete quotas of a project');
  await audited(context.store, actorOf(request), async (tx) => {
    const before = await networkQuotaOf(tx.db, projectId);
    if (!before) throw new NeutronFault('TenantQuotaNotFound', 404, `Quota for tenant ${projectId} could not be found.`);
    await remove(tx.db, networkQuota, projectId);
    tx.record('delete', networkQuota, before, null);
  });
}
