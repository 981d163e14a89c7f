/** The answer to a fully populated create: the balancer with whole objects where lists of references are otherwise. */
import type { LoadBalancer } from '../../model/load-balancer.ts';
import { balancerTree } from '../../store/balancer-tree.ts';
import type { Store } from '../../store/store.ts';
import { inTurns } from '../http/turns.ts';
import { viewPolicyTrees } from './l7-tree.ts';
import { type View, viewHealthMonitors, viewListeners, viewLoadBalancers, viewMembers, viewPools } from './view.ts';

export async function viewTree(db: Store['db'], row: LoadBalancer): Promise<View> {
  const [balancer = {}] = await viewLoadBalancers(db, [row]);
  if (isBare(balancer)) return balancer;
  const tree = await balancerTree(db, row.id);
  // The loop may be quicker than the answer: what was asked for is shown as it was accepted.
  if (!tree) return balancer;
  const policies = await viewPolicyTrees(
    db,
    tree.listeners.map(({ id }) => id),
  );
  const members = Map.groupBy(await viewMembers(db, tree.members), (_view, index) => tree.members[index]?.pool_id ?? '');
  const monitors = Map.groupBy(await viewHealthMonitors(db, tree.monitors), (_view, index) => tree.monitors[index]?.pool_id ?? '');
  const listeners = await viewListeners(db, tree.listeners);
  const pools = await viewPools(db, tree.pools);
  return {
    ...balancer,
    listeners: await inTurns(listeners, (view) => ({ ...view, l7policies: policies.get(String(view['id'])) ?? [] })),
    pools: await inTurns(pools, (view) => {
      const id = String(view['id']);
      return { ...view, members: members.get(id) ?? [], healthmonitor: monitors.get(id)?.[0] ?? null };
    }),
  };
}

/** Nothing was asked for below it, which is what most ask: no tree is read then. */
function isBare({ listeners, pools }: View): boolean {
  return [listeners, pools].flat().length === 0;
}
