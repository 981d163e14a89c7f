/** Which host a new node goes to. Pure. */
import type { SubnetTopology, Topology } from '../model/topology.ts';
import { NodeError } from '../nodes/node.ts';

export interface Candidate {
  /** null: the server's own host. */
  readonly id: string | null;
  readonly name: string;
  readonly physicalNetworks: ReadonlySet<string>;
  readonly zone: string | null;
  /** How many nodes it has. */
  readonly nodes: number;
}

/**
 * Of those that can carry the balancer the one with the fewest nodes, and one that none of its other nodes is on before all
 * others. Throws a NodeError that says what was looked for when there is none.
 * @param taken hosts of the balancer's other nodes
 */
export function chooseHost(candidates: readonly Candidate[], topology: Topology, taken: ReadonlySet<string | null>): string | null {
  const able = candidates.filter((candidate) => canCarry(candidate, topology));
  const rank = ({ id, nodes, name }: Candidate): [number, number, string] => [taken.has(id) ? 1 : 0, nodes, name];
  const [best] = able.toSorted((a, b) => compare(rank(a), rank(b)));
  if (!best) throw new NodeError(`no host can carry it: ${lookedFor(topology)}; ${found(candidates)}`);
  return best.id;
}

function canCarry({ id, physicalNetworks, zone }: Candidate, topology: Topology): boolean {
  if (topology.zone !== undefined && topology.zone !== zone) return false;
  // A network without a physical one is a bridge on the server's own host, and nowhere else.
  return networksOf(topology).every((network) => (network === null ? id === null : physicalNetworks.has(network)));
}

function networksOf({ vip, additionalVips = [], memberSubnets }: Topology): (string | null)[] {
  const subnets: readonly SubnetTopology[] = [vip.subnet, ...additionalVips.map(({ subnet }) => subnet), ...memberSubnets];
  return [...new Set(subnets.map(({ physicalNetwork }) => physicalNetwork))];
}

function lookedFor(topology: Topology): string {
  const networks = networksOf(topology).map((network) => (network === null ? 'a network of the server’s own host' : `the physical network ${network}`));
  const zone = topology.zone === undefined ? [] : [`the compute zone ${topology.zone}`];
  return `it needs ${[...networks, ...zone].join(', ')}`;
}

function found(candidates: readonly Candidate[]): string {
  return candidates.length === 0 ? 'no host that takes nodes is connected' : `connected are ${candidates.map(({ name }) => name).join(', ')}`;
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  const [left, right] = [a[at] ?? 0, b[at] ?? 0];
  return left === right ? 0 : left < right ? -1 : 1;
}
