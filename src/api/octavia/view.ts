/**
 * Rows → what clients see: the declared attributes in the declared order, with the references other rows give.
 * A page of rows costs one query per kind of reference, not one per row.
 */
import { type HealthMonitor, healthMonitor } from '../../model/health-monitor.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { type Member, member } from '../../model/member.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { childrenOf, listenersOfPools } from '../../store/references.ts';
import { inTurns } from '../http/turns.ts';
import type { Store } from '../../store/store.ts';
import { type View, viewer } from './viewer.ts';

export type { View } from './viewer.ts';
type Db = Store['db'];

const viewOf = {
  loadBalancer: viewer(loadBalancer),
  listener: viewer(listener),
  pool: viewer(pool),
  member: viewer(member),
  healthMonitor: viewer(healthMonitor),
};

export async function viewLoadBalancers(db: Db, rows: readonly LoadBalancer[]): Promise<View[]> {
  const ids = rows.map(({ id }) => id);
  const [listeners, pools] = [await childrenOf(db, 'listener', ids), await childrenOf(db, 'pool', ids)];
  return inTurns(rows, (row) =>
    viewOf.loadBalancer(row, { listeners: listeners.get(row.id) ?? [], pools: pools.get(row.id) ?? [], tenant_id: row.project_id }),
  );
}

export async function viewListeners(db: Db, rows: readonly Listener[]): Promise<View[]> {
  const policies = await childrenOf(
    db,
    'l7_policy',
    rows.map(({ id }) => id),
  );
  return inTurns(rows, (row) =>
    viewOf.listener(row, { loadbalancers: [{ id: row.loadbalancer_id }], l7policies: policies.get(row.id) ?? [], tenant_id: row.project_id }),
  );
}

export async function viewPools(db: Db, rows: readonly Pool[]): Promise<View[]> {
  const ids = rows.map(({ id }) => id);
  const [listeners, members, monitors] = [await listenersOfPools(db, ids), await childrenOf(db, 'member', ids), await childrenOf(db, 'health_monitor', ids)];
  return inTurns(rows, (row) =>
    viewOf.pool(row, {
      loadbalancers: [{ id: row.loadbalancer_id }],
      listeners: listeners.get(row.id) ?? [],
      members: members.get(row.id) ?? [],
      // Absent, not null, when there is none: so Octavia does.
      healthmonitor_id: monitors.get(row.id)?.[0]?.id,
      tenant_id: row.project_id,
    }),
  );
}

export async function viewMembers(_db: Db, rows: readonly Member[]): Promise<View[]> {
  return inTurns(rows, (row) => viewOf.member(row, { tenant_id: row.project_id }));
}

export async function viewHealthMonitors(_db: Db, rows: readonly HealthMonitor[]): Promise<View[]> {
  return inTurns(rows, (row) => viewOf.healthMonitor(row, { pools: [{ id: row.pool_id }], tenant_id: row.project_id }));
}

/** Only the attributes asked for. */
export function select(shown: View, fields: readonly string[] | null): View {
  if (fields === null) return shown;
  return Object.fromEntries(fields.flatMap((name) => (shown[name] === undefined ? [] : [[name, shown[name]]])));
}
