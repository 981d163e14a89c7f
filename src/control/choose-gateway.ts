/** Which gateway a new node goes to. Pure. */
import { gatewayFacts } from '../model/gateway-facts.ts';
import type { Topology } from '../model/topology.ts';
import { NodeError } from '../nodes/node.ts';
import { standingOf } from '../render/gateway/addresses.ts';
import { hindranceOn } from '../render/gateway/compile.ts';
import type { GatewayPair } from '../render/gateway/pair.ts';
import type { GatewayPlace } from '../store/gateways.ts';

/**
 * Of the zone's gateways one that has the load balancer's networks, and none of its other nodes; one that can carry all of it before
 * one that lacks something; one that answers before one that does not; and of those the one with the fewest nodes. Throws a NodeError that says what was looked for when there is none.
 * @param places gateways that take something new, by name
 * @param taken gateways of the balancer's other nodes
 */
export function chooseGateway(places: readonly GatewayPlace[], topology: Topology, taken: ReadonlySet<string>): string {
  const inZone = places.filter(({ site }) => topology.zone === undefined || topology.zone === site);
  const free = inZone.filter(({ id, status }) => !taken.has(id) && status !== 'ERROR');
  const able = free.filter((place) => standingOf(topology.vip.address, gatewayFacts(place)) !== null);
  const whole = able.filter((place) => hindranceOn(topology, gatewayFacts(place)) === null);
  // Where none can carry all of it, what one of them lacks becomes the reason.
  const [best] = (whole.length > 0 ? whole : able).toSorted((a, b) => rank(a) - rank(b));
  if (best) return best.id;
  throw new NodeError(`no gateway can carry it: ${found(inZone, topology)}`);
}

/** One that answers before one that does not, and of those the one with the fewest nodes. */
function rank({ status, nodes }: GatewayPlace): number {
  return (status === 'ONLINE' ? 0 : 1_000_000) + nodes;
}

/** How the node that leaves stands to the balancer's others. */
export interface Seat {
  /** Gateways of the balancer's other nodes. */
  readonly taken: ReadonlySet<string>;
  /** null where it carries the balancer alone. */
  readonly pair: GatewayPair | null;
}

/** Where a node goes that leaves its gateway; or why it stays, in words. */
export type NextPlace = { readonly place: GatewayPlace } | { readonly reason: string };

/**
 * Of a site's gateways one that a node can move to: one that answers, because a node that serves is not given up for one that
 * perhaps will.
 * @param places gateways of the site that take something new, by name
 */
export function nextGateway(places: readonly GatewayPlace[], topology: Topology, seat: Seat): NextPlace {
  const answers = places.map((place) => ({ place, reason: whyNot(place, topology, seat) }));
  const [best] = answers.flatMap(({ place, reason }) => (reason === null ? [place] : [])).toSorted((a, b) => rank(a) - rank(b));
  if (best) return { place: best };
  return { reason: answers.map(({ reason }) => reason).join('; ') || 'no other gateway of its site takes something new' };
}

function whyNot(place: GatewayPlace, topology: Topology, { taken, pair }: Seat): string | null {
  if (taken.has(place.id)) return `gateway ${place.name} carries another node of it`;
  if (place.status !== 'ONLINE') return `gateway ${place.name} is ${place.status}`;
  return hindranceOn(topology, gatewayFacts(place), pair);
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
