/** What a placed node should run, given the health of its members: what delivery brings there is what a dry run tells of. */
import type { NodeConfig } from '../model/node-config.ts';
import type { Topology } from '../model/topology.ts';
import { type NodeDriver, NodeError } from '../nodes/node.ts';
import { downMembers } from './down-members.ts';
import type { PlacedNode } from './place.ts';
import type { GatewayFacts } from '../model/gateway-facts.ts';
import { renderGateway } from '../render/gateway/compile.ts';
import { renderNode } from './render-node.ts';

export async function wantedConfig(driver: NodeDriver, topology: Topology, node: PlacedNode): Promise<NodeConfig> {
  const { compute_id: host, gateway_id: gateway, id } = node.amphora;
  if (gateway !== null) return renderGateway(topology, id, await factsOf(driver, gateway));
  return renderNode(driver.at?.(host) ?? driver, topology, node, await downMembers(driver, topology, id));
}

async function factsOf(driver: NodeDriver, gatewayId: string): Promise<GatewayFacts> {
  const facts = await driver.gateway?.(gatewayId);
  if (!facts) throw new NodeError(`gateway ${gatewayId} is gone`);
  return facts;
}
