/** What a placed node should run, given the health of its members: what delivery brings there is what a dry run tells of. */
import type { NodeConfig } from '../model/node-config.ts';
import type { Topology } from '../model/topology.ts';
import { type NodeDriver, NodeError } from '../nodes/node.ts';
import { downMembers } from './down-members.ts';
import type { PlacedNode } from './place.ts';
import type { GatewayFacts } from '../model/gateway-facts.ts';
import { renderGateway } from '../render/gateway/compile.ts';
import type { GatewayPair } from '../render/gateway/pair.ts';
import { renderNode } from './render-node.ts';

export async function wantedConfig(driver: NodeDriver, topology: Topology, node: PlacedNode): Promise<NodeConfig> {
  const { compute_id: host, gateway_id: gateway, id } = node.amphora;
  if (gateway !== null) return renderGateway(topology, id, await factsOf(driver, gateway), await pairOf(driver, topology.redundancy === 'ACTIVE_ACTIVE', node));
  return renderNode(driver.at?.(host) ?? driver, topology, node, await downMembers(driver, topology, id));
}

async function factsOf(driver: NodeDriver, gatewayId: string): Promise<GatewayFacts> {
  const facts = await driver.gateway?.(gatewayId);
  if (!facts) throw new NodeError(`gateway ${gatewayId} is gone`);
  return facts;
}

/** The peer is what its gateway is. As long as there is none it cannot be rendered as one of a pair. */
async function pairOf(driver: NodeDriver, bothServe: boolean, { amphora: { role, vrrp_id: group }, pair }: PlacedNode): Promise<GatewayPair | null> {
  if (pair === null || role === 'STANDALONE') return null;
  const gatewayId = pair.peer?.gatewayId ?? null;
  if (gatewayId === null || group === null) throw new NodeError('there is no second gateway yet');
  return { role, group, peer: await factsOf(driver, gatewayId), advertMs: driver.advertMs, bothServe };
}
