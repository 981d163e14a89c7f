/** What rendering has to know of the nodes: which members are dead. */
import type { Topology } from '../model/topology.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { packetListeners } from '../render/nftables/engine.ts';
import { type DownMembers, downKey } from '../render/nftables/service.ts';

/**
 * Members that a node's own checks found dead: what the kernel balances has to leave them out, and it cannot look itself.
 * Asked only where that matters.
 */
export async function downMembers(driver: NodeDriver, topology: Topology, nodeId: string): Promise<DownMembers> {
  if (driver.carries === 'anything' || packetListeners(topology).length === 0) return new Set();
  const members = (await driver.read(nodeId))?.members ?? [];
  return new Set(members.filter(({ state }) => state === 'down').map(({ id, poolId }) => downKey(poolId, id)));
}
