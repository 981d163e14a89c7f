/** What rendering has to know of the nodes: which members are dead. */
import type { MemberReading, Reading } from '../model/reading.ts';
import type { Topology } from '../model/topology.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { packetListeners } from '../render/engine.ts';
import { type DownMembers, downKey } from '../render/nftables/service.ts';

/**
 * Members that a node's own checks found dead: what the kernel balances has to leave them out, and it cannot look itself.
 * Asked only where that matters.
 */
export async function downMembers(driver: NodeDriver, topology: Topology, nodeId: string): Promise<DownMembers> {
  if (driver.pretends || packetListeners(topology).length === 0) return new Set();
  const monitored = new Set(topology.pools.filter(({ monitor }) => monitor !== null).map(({ id }) => id));
  const down = downIn((await driver.read(nodeId)) ?? NOTHING).filter(({ poolId }) => monitored.has(poolId));
  return new Set(down.map(({ id, poolId }) => downKey(poolId, id)));
}

const NOTHING: Reading = { listeners: [], pools: [], members: [] };

/** Where no check has told anything yet, or nobody checks at this moment, dead is who was dead when the table was made. */
function downIn({ members, leftOut = [] }: Reading): Pick<MemberReading, 'id' | 'poolId'>[] {
  const told = new Set(members.filter(({ state }) => state !== 'unknown').map(({ id, poolId }) => downKey(poolId, id)));
  return [...members.filter(({ state }) => state === 'down'), ...leftOut.filter(({ id, poolId }) => !told.has(downKey(poolId, id)))];
}
