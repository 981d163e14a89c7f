/** GET /loadbalancers/{id}/status: the tree of statuses (octavia-api reference §1.4). */
import type { HealthMonitor } from '../../model/health-monitor.ts';
import type { Listener } from '../../model/listener.ts';
import { loadBalancer } from '../../model/load-balancer.ts';
import type { Member } from '../../model/member.ts';
import type { Pool } from '../../model/pool.ts';
import { type BalancerTree, balancerTree } from '../../store/balancer-tree.ts';
import { type Branches, branchesOf } from '../../control/branches.ts';
import { fault } from '../../model/fault.ts';
import { inTurns } from '../http/turns.ts';
import { type Call, rowFor } from './collection.ts';
import type { View } from './view.ts';

export async function statusTree(call: Call): Promise<View> {
  const { id } = await rowFor(loadBalancer, call, call.params['id'] ?? '', 'loadbalancer:get_status');
  const tree = await balancerTree(call.options.store.db, id);
  if (!tree) throw fault.notFound(loadBalancer.title, id);
  return { statuses: { loadbalancer: await ofBalancer(tree) } };
}

async function ofBalancer(tree: BalancerTree): Promise<View> {
  const { balancer } = tree;
  const branches = branchesOf(tree);
  // Each once: a thousand listeners may send to one pool of thousands.
  const pools = new Map(await inTurns(tree.pools, (pool) => [pool.id, ofPool(pool, branches)] as const));
  return {
    ...common(balancer),
    // Octavia has no place for it; clients that print the tree show it, others pass it over.
    ...(balancer.status_reason === null ? {} : { status_reason: balancer.status_reason }),
    listeners: await inTurns(tree.listeners, (listener) => ofListener(listener, pools, branches)),
  };
}

function common({ id, name, operating_status, provisioning_status }: Pick<Listener, 'id' | 'name' | 'operating_status' | 'provisioning_status'>): View {
  return { id, name, operating_status, provisioning_status };
}

function ofListener(listener: Listener, pools: ReadonlyMap<string, View>, branches: Branches): View {
  const redirects = branches.policiesOf(listener.id).map(({ redirect_pool_id }) => redirect_pool_id);
  const reached = [...new Set([listener.default_pool_id, ...redirects])].flatMap((id) => pools.get(id ?? '') ?? []);
  return { ...common(listener), pools: reached };
}

function ofPool(pool: Pool, branches: Branches): View {
  const [monitor] = branches.monitorsOf(pool.id);
  return {
    ...common(pool),
    ...(monitor ? { health_monitor: ofMonitor(monitor) } : {}),
    members: branches.membersOf(pool.id).map(ofMember),
  };
}

function ofMonitor(monitor: HealthMonitor): View {
  return { ...common(monitor), type: monitor.type };
}

function ofMember(member: Member): View {
  return { ...common(member), address: member.address, protocol_port: member.protocol_port };
}
