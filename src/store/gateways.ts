/** What the server itself writes down of gateways: their answers, and under which key their passwords are. */
import type { Amphora } from '../model/amphora.ts';
import type { Gateway } from '../model/gateway.ts';
import { gateway } from '../model/gateway.ts';
import { byId, update } from './rows.ts';
import type { Db, Tx } from './store.ts';

export async function gatewaysBySite(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('gateway')
    .select((of) => ['site_id', of.fn.countAll<number>().as('gateways')])
    .groupBy('site_id')
    .execute();
  return new Map(rows.map(({ site_id, gateways }) => [site_id, gateways]));
}

/** Names of all sites, by their ids. */
export async function siteNames(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom('site').select(['id', 'name']).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** By name. */
export function gatewaysAt(db: Db, siteId: string): Promise<Gateway[]> {
  return db.selectFrom('gateway').selectAll().where('site_id', '=', siteId).orderBy('name').execute();
}

/** Those that are asked: switched on. */
export function watchedGateways(db: Db): Promise<Gateway[]> {
  return db.selectFrom('gateway').selectAll().where('enabled', '=', true).orderBy('id').execute();
}

export type Answered = Pick<Gateway, 'status' | 'status_reason' | 'checked_at'> & Partial<Pick<Gateway, 'facts' | 'last_seen_at' | 'identity'>>;

/** What of a gateway decides who answers. */
const ASKED_BY = ['url', 'username', 'sealed', 'tls_pin', 'enabled'] as const;

/** False where the gateway has been changed since it was asked: the answer is another one's then. */
export async function recordAnswer(tx: Tx, asked: Gateway, answer: Answered): Promise<boolean> {
  const row = await byId(tx.db, gateway, asked.id);
  if (!row || ASKED_BY.some((name) => row[name] !== asked[name])) return false;
  await update(tx.db, gateway, asked.id, answer);
  return true;
}

/** Some of those whose password is under this key. */
export function gatewaysOfKey(db: Db, number: number, limit: number): Promise<Pick<Gateway, 'id' | 'key_number' | 'sealed'>[]> {
  return db.selectFrom('gateway').select(['id', 'key_number', 'sealed']).where('key_number', '=', number).limit(limit).execute();
}

export async function replaceSealed(db: Db, { id, key_number, sealed }: Pick<Gateway, 'id' | 'key_number' | 'sealed'>): Promise<void> {
  await db.updateTable('gateway').set({ key_number, sealed }).where('id', '=', id).execute();
}

/** Where a node may be put, and how many are there. */
export interface GatewayPlace extends Pick<Gateway, 'id' | 'name' | 'status' | 'facts' | 'last_seen_at'> {
  readonly site: string;
  readonly nodes: number;
}

/**
 * Those that take something new.
 * @param siteId - only those of this site
 */
export function gatewayPlaces(db: Db, siteId?: string): Promise<GatewayPlace[]> {
  return db
    .selectFrom('gateway')
    .innerJoin('site', 'site.id', 'gateway.site_id')
    .select(['gateway.id', 'gateway.name', 'gateway.status', 'gateway.facts', 'gateway.last_seen_at', 'site.name as site'])
    .select((of) => of.selectFrom('amphora').select(of.fn.countAll<number>().as('nodes')).whereRef('amphora.gateway_id', '=', 'gateway.id').as('nodes'))
    .where('gateway.enabled', '=', true)
    .where('gateway.draining', '=', false)
    .$if(siteId !== undefined, (query) => query.where('gateway.site_id', '=', siteId ?? ''))
    .orderBy('gateway.name')
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, nodes: row.nodes ?? 0 })));
}

/** The gateway that a node is on; undefined where it is on none. */
export async function gatewayOfNode(db: Db, amphoraId: string): Promise<string | undefined> {
  const row = await db.selectFrom('amphora').select('gateway_id').where('id', '=', amphoraId).executeTakeFirst();
  return row?.gateway_id ?? undefined;
}

/** Nodes on a gateway, those that are on their way out included. */
export function amphoraeOnGateway(db: Db, gatewayId: string): Promise<Amphora[]> {
  return db.selectFrom('amphora').selectAll().where('gateway_id', '=', gatewayId).orderBy('id').execute();
}

/** Ids of the nodes that a gateway is to have. */
export async function nodesOfGateway(db: Db, gatewayId: string): Promise<string[]> {
  return (await amphoraeOnGateway(db, gatewayId)).map(({ id }) => id);
}

/** Ids of the gateways that carry something. */
export async function carryingGateways(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('amphora').select('gateway_id').distinct().where('gateway_id', 'is not', null).execute();
  return rows.flatMap(({ gateway_id: id }) => id ?? []);
}

/** Numbers of VRRP groups that we give: those below are for people. */
const GROUPS = { first: 20, last: 255 } as const;

/** A number that no group at the gateway's site has, nor the one after it, which is for a second group of the same two. Throws when all are given. */
export async function freeVrrpGroup(db: Db, gatewayId: string): Promise<number> {
  const rows = await db
    .selectFrom('amphora')
    .innerJoin('gateway', 'gateway.id', 'amphora.gateway_id')
    .select('amphora.vrrp_id')
    .distinct()
    .where('gateway.site_id', '=', (of) => of.selectFrom('gateway as this').select('this.site_id').where('this.id', '=', gatewayId))
    .where('amphora.vrrp_id', 'is not', null)
    .execute();
  const taken = new Set(rows.map(({ vrrp_id: group }) => group));
  for (let group: number = GROUPS.first; group < GROUPS.last; group += 2) if (!taken.has(group)) return group;
  throw new Error('all numbers of VRRP groups at the site are taken');
}
