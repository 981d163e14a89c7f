/**
 * Notifications: Octavia's three about load balancers (octavia-api reference §3.5), and some of our own. Each is a row written in the
 * transaction that makes it true, so that there is exactly one however the process ends.
 */
import { randomUUID } from 'node:crypto';
import { type OperandExpression, type Selectable, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { LoadBalancer } from '../model/load-balancer.ts';
import type { Database, EventRow } from './database.ts';
import { childrenOf } from './references.ts';
import type { Db, Tx } from './store.ts';

export type StoredEvent = Selectable<EventRow>;
export type BalancerEnd = 'create' | 'update' | 'delete';

/** Which notifications somebody reads; null does not confine. */
export interface EventFilter {
  readonly projectId: string | null;
  /** How the type begins. */
  readonly type: string | null;
  readonly loadBalancerId: string | null;
}

/** What the table holds: the first row that is kept, and the newest number ever given, which stays when its row goes. */
export interface EventBounds {
  /** The newest plus one when no row is kept. */
  readonly oldest: number;
  /** 0 before the first. */
  readonly newest: number;
}

/** Writes the end of what somebody asked of the balancer itself. The row is given as it is now, or was at the last. */
export async function announceEnd(tx: Tx, action: BalancerEnd, balancer: LoadBalancer, now: Date): Promise<void> {
  const row = {
    id: randomUUID(),
    at: now.toISOString(),
    type: `octavia.loadbalancer.${action}.end`,
    project_id: balancer.project_id,
    resource_id: balancer.id,
    payload: await balancerPayload(tx.db, balancer),
  };
  await tx.db.insertInto('event').values(row).execute();
  tx.events.add(row.type);
}

/** Writes that a node was found to run something else than it was given, and whether that was put right. */
export async function announceDrift(tx: Tx, { id, name, project_id }: LoadBalancer, drift: object, now: Date): Promise<void> {
  const payload = { id, loadbalancer_id: id, name, project_id, ...drift };
  const row = { id: randomUUID(), at: now.toISOString(), type: DRIFT, project_id, resource_id: id, payload };
  await tx.db.insertInto('event').values(row).execute();
  tx.events.add(row.type);
}

/** Not Octavia's. */
const DRIFT = 'edgeweir.loadbalancer.drift';
const BREAKER = 'edgeweir.breaker';

/** What operators are told when restarts that nobody asked for begin or cease to be held back. Of no project: it is the installation's. */
export interface BreakerNews {
  readonly open: boolean;
  /** Load balancers that are not right, of which is known. */
  readonly lost: number;
  /** `[health_manager] failover_threshold` */
  readonly threshold: number;
  readonly reason: string;
}

export async function announceBreaker(tx: Tx, instance: string, news: BreakerNews, now: Date): Promise<void> {
  const type = `${BREAKER}.${news.open ? 'opened' : 'closed'}`;
  const row = { id: randomUUID(), at: now.toISOString(), type, project_id: null, resource_id: instance, payload: { ...news } };
  await tx.db.insertInto('event').values(row).execute();
  tx.events.add(type);
}

/** Whether the last that was told of it is that it opened. */
export async function isBreakerSaidOpen(db: Db, instance: string): Promise<boolean> {
  const last = await db.selectFrom('event').select('type').where('resource_id', '=', instance).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return last?.type === `${BREAKER}.opened`;
}

/**
 * The balancer as Octavia has sent it in two shapes, both at once: with `id`, `enabled` and `vip` as its administrators'
 * guide shows it, and with `loadbalancer_id` and flat `vip_…` as its present worker sends it.
 */
export async function balancerPayload(db: Db, balancer: LoadBalancer): Promise<Record<string, unknown>> {
  const { id } = balancer;
  return {
    ...ownAttributes(balancer),
    vip: {
      ip_address: balancer.vip_address,
      network_id: balancer.vip_network_id,
      port_id: balancer.vip_port_id,
      qos_policy_id: balancer.vip_qos_policy_id,
      subnet_id: balancer.vip_subnet_id,
    },
    listeners: (await childrenOf(db, 'listener', [id])).get(id) ?? [],
    pools: (await childrenOf(db, 'pool', [id])).get(id) ?? [],
  };
}

function ownAttributes(balancer: LoadBalancer): Record<string, unknown> {
  const { id, admin_state_up: enabled } = balancer;
  return {
    id,
    loadbalancer_id: id,
    name: balancer.name,
    description: balancer.description,
    project_id: balancer.project_id,
    provisioning_status: balancer.provisioning_status,
    operating_status: balancer.operating_status,
    enabled,
    admin_state_up: enabled,
    created_at: balancer.created_at,
    updated_at: balancer.updated_at,
    vip_address: balancer.vip_address,
    vip_network_id: balancer.vip_network_id,
    vip_port_id: balancer.vip_port_id,
    vip_subnet_id: balancer.vip_subnet_id,
    vip_qos_policy_id: balancer.vip_qos_policy_id,
    vip_sg_ids: balancer.vip_sg_ids,
    additional_vips: balancer.additional_vips,
    provider: balancer.provider,
    flavor_id: balancer.flavor_id,
    availability_zone: balancer.availability_zone,
    tags: balancer.tags,
  };
}

/** Notifications behind `after`, the oldest first. */
export function eventsAfter(db: Db, after: number, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  return filtered(db, filter).where('seq', '>', after).orderBy('seq').limit(limit).execute();
}

/** The last notifications, the oldest of them first. */
export async function lastEvents(db: Db, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  return (await filtered(db, filter).orderBy('seq', 'desc').limit(limit).execute()).toReversed();
}

type Query = SelectQueryBuilder<Database, 'event', StoredEvent>;

function filtered(db: Db, { projectId, type, loadBalancerId }: EventFilter): Query {
  return db
    .selectFrom('event')
    .selectAll()
    .$if(projectId !== null, (query) => query.where('project_id', '=', projectId))
    .$if(loadBalancerId !== null, (query) => query.where('resource_id', '=', loadBalancerId))
    .$if(type !== null, (query) => query.where(beginsWith(type ?? '')));
}

function beginsWith(prefix: string): OperandExpression<SqlBool> {
  return sql<SqlBool>`substr(type, 1, length(${prefix})) = ${prefix}`;
}

/** The same filter for a row already read. */
export function matchesFilter(row: StoredEvent, { projectId, type, loadBalancerId }: EventFilter): boolean {
  if (projectId !== null && row.project_id !== projectId) return false;
  if (loadBalancerId !== null && row.resource_id !== loadBalancerId) return false;
  return type === null || row.type.startsWith(type);
}

/** One statement, so that both are of one moment. */
export async function eventBounds(db: Db): Promise<EventBounds> {
  const { rows } = await sql<{ oldest: number | null; newest: number | null }>`
    select (select min(seq) from event) as oldest, (select seq from sqlite_sequence where name = 'event') as newest`.execute(db);
  const newest = rows[0]?.newest ?? 0;
  return { oldest: rows[0]?.oldest ?? newest + 1, newest };
}
