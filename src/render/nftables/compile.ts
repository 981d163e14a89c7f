/**
 * Topology → the node's table of nftables. Pure: the same topology and the same dead members give the same bytes. Names
 * and descriptions that people gave never get into it; everything else of theirs passes argument.ts.
 */
import type { PacketConfig } from '../../model/node-config.ts';
import { type Topology, vipsOf } from '../../model/topology.ts';
import { packetListeners } from '../engine.ts';
import { type Family, familyOf, integer, mark, port } from './argument.ts';
import { type Memory, algorithmChain, chainsFor, memoryOf, recallChain, rememberChain } from './chains.ts';
import { disjoint } from './networks.ts';
import { numbersOf } from './numbers.ts';
import { type DownMembers, type Service, serviceOf } from './service.ts';
import { packetConfig } from './table.ts';

/** The longest list of connections the kernel is asked to keep. */
const MOST_CONNECTIONS = 2_147_483_647;

/** null when the kernel carries no listener. Throws a PacketError when something cannot be carried or written. */
export function renderPackets(topology: Topology, down: DownMembers = new Set()): PacketConfig | null {
  const listeners = packetListeners(topology);
  if (listeners.length === 0) return null;
  const family = familyOf(topology.vip.address);
  const numbers = numbersOf([...topology.listeners.map(({ id }) => id), ...topology.pools.flatMap(({ members }) => members.map(({ id }) => id))]);
  const services = listeners.map((listener) => serviceOf(listener, { topology, family, numbers, down }));
  return packetConfig(family, {
    chains: chainsFor(
      services.flatMap((service) => memory(service, family) ?? []),
      services.filter(({ pool }) => pool?.algorithm === 'ROUND_ROBIN'),
      family,
      topology.redundancy === 'SINGLE' ? [] : vipsOf(topology).flatMap((vip) => (familyOf(vip.address) === family ? [vip.address] : [])),
    ),
    counters: services.flatMap(({ counters }) => [counters.in, counters.out, counters.new]),
    elements: elementsOf(services, family),
    services: services.map((service) => service.public),
  });
}

type Entry = readonly [key: string, value: string | null];

function elementsOf(services: readonly Service[], family: Family): PacketConfig['elements'] {
  const of = (entries: (service: Service) => readonly Entry[]): Record<string, string> =>
    Object.fromEntries(services.flatMap(entries).map(([key, value]) => [key, value === null ? key : `${key} : ${value}`]));
  return {
    services: of((service) => places(service).map((place): Entry => [place, mark(service.number)])),
    algorithm: of((service) => (service.pool ? [[mark(service.number), `jump ${algorithmChain(service.pool.algorithm, service)}`]] : [])),
    slots: of(slots),
    members: of(members),
    restricted: of((service) => (isRestricted(service) ? [[mark(service.number), null]] : [])),
    allowed: of((service) => disjoint(service.listener.allowedCidrs ?? [], family).map((cidr): Entry => [`${mark(service.number)} . ${cidr}`, null])),
    limits: limits(services),
    recall: of((service) => remembered(service, family, recallChain)),
    remember: of((service) => remembered(service, family, rememberChain)),
    bytes_in: of(({ number, counters }) => [[mark(number), `"${counters.in}"`]]),
    bytes_out: of((service) => places(service).map((place): Entry => [place, `"${service.counters.out}"`])),
    connections: of(({ number, counters }) => [[mark(number), `"${counters.new}"`]]),
  };
}

/** Of the packets that clients send it, whichever of its addresses they use. */
function places({ public: { address, furtherAddresses = [], protocol, port: number } }: Service): string[] {
  return [address, ...furtherAddresses].map((vip) => `${vip} . ${protocol} . ${port(number)}`);
}

function slots({ number, slots: owners, public: { members: known } }: Service): Entry[] {
  const numberOf = new Map(known.map(({ id, number: own }) => [id, own]));
  return owners.map((id, slot): Entry => [`${mark(number)} . ${integer(slot, 0, 65_535)}`, mark(numberOf.get(id) ?? 0)]);
}

function members({ number, targets }: Service): Entry[] {
  return targets.map((target): Entry => [`${mark(number)} . ${mark(target.number)}`, `${target.address} . ${port(target.port)}`]);
}

/** An empty list is no list, as in Octavia. */
function isRestricted({ listener: { allowedCidrs } }: Service): boolean {
  return (allowedCidrs ?? []).length > 0;
}

/** The number belongs to the element and not to its key: a limit that stays keeps what it has counted. */
function limits(services: readonly Service[]): Record<string, string> {
  const limited = services.filter(({ listener }) => listener.connectionLimit !== null);
  return Object.fromEntries(
    limited.map(({ number, listener }) => [
      mark(number),
      `${mark(number)} ct count over ${integer(Math.min(listener.connectionLimit ?? 0, MOST_CONNECTIONS), 0, MOST_CONNECTIONS)}`,
    ]),
  );
}

function remembered(service: Service, family: Family, chain: (of: Memory) => string): Entry[] {
  const found = memory(service, family);
  return found ? [[mark(service.number), `jump ${chain(found)}`]] : [];
}

function memory({ pool }: Service, family: Family): Memory | null {
  return pool?.persistence ? memoryOf(pool.persistence, family) : null;
}
