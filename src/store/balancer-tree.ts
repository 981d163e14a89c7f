/** One balancer with every row that delivery needs, as of one moment. */
import { type SqlBool, sql } from 'kysely';
import type { Amphora } from '../model/amphora.ts';
import type { ProfileData } from '../model/capability.ts';
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { L7Policy } from '../model/l7-policy.ts';
import type { L7Rule } from '../model/l7-rule.ts';
import type { Listener } from '../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../model/load-balancer.ts';
import type { Member } from '../model/member.ts';
import { type Network, type Port, type Subnet, port } from '../model/network.ts';
import type { Pool } from '../model/pool.ts';
import { elementsOf } from './elements.ts';
import { flavorDataOf, zoneDataOf } from './flavors.ts';
import { byId } from './rows.ts';
import type { Db } from './store.ts';
import { anyTable } from './table.ts';

/** Lists are in order of creation, and hold what is to be deleted too. */
export interface BalancerTree {
  readonly balancer: LoadBalancer;
  readonly listeners: readonly Listener[];
  readonly pools: readonly Pool[];
  readonly members: readonly Member[];
  readonly monitors: readonly HealthMonitor[];
  /** Their turn is their position within their listener; one that is to be deleted may share it. */
  readonly policies: readonly L7Policy[];
  readonly rules: readonly L7Rule[];
  readonly amphorae: readonly Amphora[];
  /** Holds the VIP's MAC; null when the port is gone. */
  readonly vipPort: Port | null;
  /** The VIPs' and those that members name, as far as they exist. */
  readonly subnets: readonly Subnet[];
  /** The networks of those subnets. */
  readonly networks: readonly Network[];
  readonly neighbours: readonly TreeNeighbour[];
  /** What the balancer's flavor says. */
  readonly flavor: ProfileData;
  /** What its availability zone says. */
  readonly zone: ProfileData;
}

/** A member's address that a port of ours holds, in the subnet the member names or else in the VIP's. */
export interface TreeNeighbour {
  readonly subnet_id: string;
  readonly network_id: string;
  readonly ip_address: string;
  readonly mac_address: string;
}

/** undefined when there is no such balancer. Outside a transaction it makes its own, for one consistent view. */
export async function balancerTree(db: Db, id: string): Promise<BalancerTree | undefined> {
  if (db.isTransaction) return readTree(db, id);
  return db
    .transaction()
    .setAccessMode('read only')
    .execute((view) => readTree(view, id));
}

async function readTree(db: Db, id: string): Promise<BalancerTree | undefined> {
  const balancer = await byId(db, loadBalancer, id);
  if (balancer === undefined) return undefined;
  const listeners = await childrenOf(db, 'listener', id);
  const policies = listeners.length > 0 ? await childrenOf(db, 'l7_policy', id) : [];
  const pools = await childrenOf(db, 'pool', id);
  const members = pools.length > 0 ? await childrenOf(db, 'member', id) : [];
  const subnets = await subnetsOf(db, balancer, members);
  return {
    balancer,
    listeners,
    pools,
    members,
    monitors: pools.length > 0 ? await childrenOf(db, 'health_monitor', id) : [],
    policies,
    rules: policies.length > 0 ? await childrenOf(db, 'l7_rule', id) : [],
    amphorae: await childrenOf(db, 'amphora', id),
    vipPort: balancer.vip_port_id === null ? null : ((await byId(db, port, balancer.vip_port_id)) ?? null),
    subnets,
    networks: await networksOf(db, subnets),
    neighbours: members.length > 0 ? await neighboursOf(db, balancer) : [],
    flavor: await flavorDataOf(db, balancer.flavor_id),
    zone: await zoneDataOf(db, balancer.availability_zone),
  };
}

interface ChildRows {
  listener: Listener;
  pool: Pool;
  member: Member;
  health_monitor: HealthMonitor;
  l7_policy: L7Policy;
  l7_rule: L7Rule;
  amphora: Amphora;
}

/** Rows read in one statement: some milliseconds' work. */
const PAGE = 500;

/** By rowid, for rows made within one second must keep their order: an unchanged balancer renders to unchanged bytes. */
async function childrenOf<T extends keyof ChildRows>(db: Db, table: T, id: string): Promise<ChildRows[T][]> {
  const found: ChildRows[T][] = [];
  for (let page: ChildRows[T][] | null = null; page === null || page.length === PAGE;) {
    page = await pageOf(db, table, id, found.at(-1)?.id ?? null);
    found.push(...page);
  }
  return found;
}

async function pageOf<T extends keyof ChildRows>(db: Db, table: T, id: string, last: string | null): Promise<ChildRows[T][]> {
  const rows = await anyTable(db)
    .selectFrom<string>(table)
    .selectAll()
    .where('loadbalancer_id', '=', id)
    .$if(last !== null, (query) => query.where(sql<SqlBool>`rowid > (select rowid from ${sql.table(table)} where id = ${last})`))
    .orderBy(sql`rowid`)
    .limit(PAGE)
    .execute();
  return rows as ChildRows[T][];
}

async function subnetsOf(db: Db, balancer: LoadBalancer, members: readonly Member[]): Promise<Subnet[]> {
  const vips = [balancer.vip_subnet_id, ...balancer.additional_vips.map(({ subnet_id }) => subnet_id)];
  const ids = [...new Set([...vips, ...members.map((member) => member.subnet_id)])].filter((id) => id !== null);
  return db
    .selectFrom('subnet')
    .selectAll()
    .where('id', 'in', elementsOf(ids))
    .orderBy(sql`rowid`)
    .execute();
}

async function networksOf(db: Db, subnets: readonly Subnet[]): Promise<Network[]> {
  const ids = subnets.map((subnet) => subnet.network_id);
  return db
    .selectFrom('network')
    .selectAll()
    .where('id', 'in', elementsOf(ids))
    .orderBy(sql`rowid`)
    .execute();
}

async function neighboursOf(db: Db, balancer: LoadBalancer): Promise<TreeNeighbour[]> {
  return (
    db
      .selectFrom('member')
      .innerJoin('address', (join) =>
        join
          .onRef('address.ip_address', '=', 'member.host')
          .on('address.subnet_id', '=', (row) => row.fn.coalesce('member.subnet_id', row.val(balancer.vip_subnet_id))),
      )
      .innerJoin('port', 'port.id', 'address.port_id')
      // Further VIPs of a balancer are not always at its port's MAC: those have to be asked for.
      .leftJoin('load_balancer as owner', (join) => join.on(sql<SqlBool>`owner.id = substr(port.device_id, 4)`))
      .where((row) => row.or([row('owner.id', 'is', null), row('owner.vip_address', '=', row.ref('address.ip_address'))]))
      .select(['address.subnet_id', 'port.network_id', 'address.ip_address', 'port.mac_address'])
      .distinct()
      .where('member.loadbalancer_id', '=', balancer.id)
      .where('port.mac_address', 'is not', null)
      .orderBy('address.subnet_id')
      .orderBy('address.ip_address')
      .$narrowType<{ mac_address: string }>()
      .execute()
  );
}
