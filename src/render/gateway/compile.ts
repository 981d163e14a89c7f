/** Topology and a gateway's facts → the config of a node that is a share of that gateway. Pure. */
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import { EMPTY_NODE, type GatewayShare, type NodeConfig } from '../../model/node-config.ts';
import { type Topology, vipsOf } from '../../model/topology.ts';
import { CompileError } from '../haproxy/compile-error.ts';
import { addressSections } from './addresses.ts';
import { carriersOf } from './carriers.ts';
import { forwardRules, listenerRules } from './firewall.ts';
import { GatewayCannotError } from './gateway-error.ts';
import { pathOf, shareSection } from './names.ts';
import { packetShare } from './packets.ts';
import { type GatewayPair, pairSections } from './pair.ts';
import { proxyShare } from './proxy-share.ts';
import { unsupportedOnGateway } from './support.ts';

/**
 * Throws a GatewayCannotError, or a CompileError, for what cannot be carried there.
 * @param pair - the other gateway that shares the balancer's addresses; null where it has them alone
 */
export function renderGateway(topology: Topology, nodeId: string, facts: GatewayFacts, pair: GatewayPair | null = null): NodeConfig {
  const hindrance = unsupportedOnGateway(topology);
  if (hindrance !== null) throw new GatewayCannotError(`${hindrance} is not carried`);
  return { ...EMPTY_NODE, gateway: shareOf(topology, nodeId, facts, pair) };
}

/** Why the gateway cannot carry it, in words; null where it can. */
export function hindranceOn(topology: Topology, facts: GatewayFacts, pair: GatewayPair | null = null): string | null {
  try {
    // What the node is called decides nothing.
    renderGateway(topology, topology.id, facts, pair);
    return null;
  } catch (error) {
    if (error instanceof GatewayCannotError || error instanceof CompileError) return error.message;
    throw error;
  }
}

function shareOf(topology: Topology, nodeId: string, facts: GatewayFacts, pair: GatewayPair | null): GatewayShare {
  const carried = carriersOf(topology, facts);
  const proxy = proxyShare(topology, carried.proxied);
  const addresses = vipsOf(topology).map(({ address }) => address);
  return {
    proxy: proxy.text,
    packets: packetShare(topology, nodeId, carried.packets),
    files: proxy.files,
    sections: [
      mark(topology, nodeId, proxy.files.map(pathOf)),
      ...(pair ? pairSections(nodeId, addresses, facts, pair, proxy.text === '' ? 'table' : 'proxy') : addressSections(nodeId, addresses, facts)),
      ...carried.proxied.flatMap(({ listener, port }) => listenerRules(nodeId, { ...listener, port }, addresses)),
      ...carried.packets.flatMap((one) => forwardRules(nodeId, one)),
    ],
  };
}

/** Whose share it is, and which files are its own. */
function mark(topology: Topology, nodeId: string, files: readonly string[]): GatewayShare['sections'][number] {
  const options = { node: nodeId, balancer: topology.id, ...(files.length === 0 ? {} : { file: files }) };
  return { config: 'edgeweir', name: shareSection(nodeId), type: 'share', options };
}
