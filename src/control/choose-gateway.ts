/** Which gateway a new node goes to. Pure. */
import { gatewayFacts } from '../model/gateway-facts.ts';
import type { Topology } from '../model/topology.ts';
import { NodeError } from '../nodes/node.ts';
import { standingOf } from '../render/gateway/addresses.ts';
import type { GatewayPlace } from '../store/gateways.ts';

/**
 * Of the zone's gateways one that has the load balancer's networks, and none of its other nodes; one that answers before one that
 * does not; and of those the one with the fewest nodes. Throws a NodeError that says what was looked for when there is none.
 * @param places gateways that take something new, by name
 * @param taken gateways of the balancer's other nodes
 */
export function chooseGateway(places: readonly GatewayPlace[], topology: Topology, taken: ReadonlySet<string>): string {
  const inZone = places.filter(({ site }) => topology.zone === undefined || topology.zone === site);
  const free = inZone.filter(({ id, status }) => !taken.has(id) && status !== 'ERROR');
  const able = free.filter((place) => standingOf(topology.vip.address, gatewayFacts(place)) !== null);
  const rank = ({ status, nodes }: GatewayPlace): number => (status === 'ONLINE' ? 0 : 1_000_000) + nodes;
  const [best] = able.toSorted((a, b) => rank(a) - rank(b));
  if (best) return best.id;
  throw new NodeError(`no gateway can carry it: ${found(inZone, topology)}`);
}

function found(inZone: readonly GatewayPlace[], topology: Topology): string {
  const where = topology.zone === undefined ? 'there' : `at the site ${topology.zone}`;
  if (inZone.length === 0) return `${where} is none that takes something new`;
  return `${where} are ${inZone.map(wordsOf).join(', ')}; one is needed that is in the network of ${topology.vip.address}, and has none of its nodes`;
}

function wordsOf(place: GatewayPlace): string {
  const { name, status } = place;
  const networks = gatewayFacts(place).interfaces.flatMap(({ addresses }) => addresses);
  return `${name} (${status}${networks.length === 0 ? '' : `; ${networks.join(' ')}`})`;
}
