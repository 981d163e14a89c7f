/** What a placed node should run, given the health of its members: what delivery brings there is what a dry run tells of. */
import type { NodeConfig } from '../model/node-config.ts';
import type { Topology } from '../model/topology.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { downMembers } from './down-members.ts';
import type { PlacedNode } from './place.ts';
import { renderNode } from './render-node.ts';

export async function wantedConfig(driver: NodeDriver, topology: Topology, node: PlacedNode): Promise<NodeConfig> {
  const { compute_id: host, id } = node.amphora;
  return renderNode(driver.at?.(host) ?? driver, topology, node, await downMembers(driver, topology, id));
}
