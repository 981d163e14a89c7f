/** The config of one placed node, for whatever its driver carries. Pure. */
import type { NodeConfig } from '../model/node-config.ts';
import type { Topology } from '../model/topology.ts';
import type { NodeDriver } from '../nodes/node.ts';
import { type NodePair, renderNamespace } from '../render/node/namespace.ts';
import { renderPretended } from '../render/node/pretend.ts';
import type { DownMembers } from '../render/nftables/service.ts';
import type { PlacedNode } from './place.ts';

export function renderNode(
  { pretends, advertMs, flowLogs, syncsFlows = false }: Pick<NodeDriver, 'pretends' | 'advertMs' | 'flowLogs' | 'syncsFlows'>,
  topology: Topology,
  node: PlacedNode,
  down: DownMembers,
): NodeConfig {
  if (pretends) return renderPretended(topology);
  const attachments = node.legs.flatMap(({ subnet, address }) => (address === null ? [] : [{ subnet, address }]));
  return renderNamespace(
    topology,
    attachments,
    down,
    pairOf(node, { advertMs, syncsFlows }),
    flowLogs !== undefined && (topology.connectionLogging ?? flowLogs === 'all'),
  );
}

/** As long as a node has no address of its own, or no peer, it cannot be rendered as one of a pair. */
function pairOf({ amphora: { id, role }, pair }: PlacedNode, by: Pick<NodePair, 'advertMs' | 'syncsFlows'>): NodePair | null {
  if (pair === null || role === 'STANDALONE') return null;
  const { own, peer } = pair;
  if (own === null || !peer || peer.address === null) throw new Error(`amphora ${id} has no peer or no address of its own`);
  return { name: id, role, own, peer: { name: peer.id, address: peer.address }, ...by };
}
