/** Health and counters of what the kernel carries on a node. */
import { type PacketConfig, type PacketService, STRANGE_PACKETS } from '../../model/node-config.ts';
import type { ListenerReading, MemberReading, PoolReading, Reading } from '../../model/reading.ts';
import { counterName } from '../../render/nftables/argument.ts';
import type { FlowCounter, FlowCounts } from './flow-counter.ts';
import { serviceKey } from './packet-flows.ts';
import { type PacketPlace, listTable } from './packets.ts';
import type { Listed } from './packet-table.ts';

export interface PacketReading {
  readonly reading: Reading;
  readonly config: PacketConfig;
  /** False when somebody else changed the table: nobody knows what it does then. */
  readonly sound: boolean;
}

/** null when no table is wanted on the node, as far as its files tell. */
export async function readPacketReading(place: PacketPlace, counter: FlowCounter): Promise<PacketReading | null> {
  const filed = await place.filed.read(place.files.packets);
  if (filed === null) return null;
  const config = filed.config ?? STRANGE_PACKETS;
  const listed = await listTable(place, ['-a', '-t']);
  if (!listed) return { reading: NOTHING, config, sound: false };
  const flows = await counter.count(place.namespace, config.services);
  const sound = listed.seal?.digest === config.digest && listed.seal.frame === listed.frame;
  return { reading: readingOfPackets(config, listed, flows), config, sound };
}

const NOTHING: Reading = { listeners: [], pools: [], members: [] };

/** Members that are checked are the proxy's to tell about, and so are their pools. Pure. */
export function readingOfPackets({ services }: PacketConfig, listed: Listed, flows: FlowCounts): Reading {
  const unchecked = services.filter(({ pool, checked }) => pool !== null && !checked);
  return {
    listeners: services.map((service) => listenerReading(service, listed, flows)),
    pools: byId(unchecked.map(({ pool }): PoolReading => ({ id: pool ?? '', state: 'up' }))),
    members: byId(unchecked.flatMap(({ pool, members }) => members.map(({ id, state }): MemberReading => ({ id, poolId: pool ?? '', state, reason: '' })))),
  };
}

/** A pool may serve several listeners. */
function byId<T extends { readonly id: string }>(readings: readonly T[]): T[] {
  return [...new Map(readings.map((reading) => [reading.id, reading])).values()];
}

function listenerReading(service: PacketService, { life, counters }: Listed, flows: FlowCounts): ListenerReading {
  const { listener, limit } = service;
  const underWay = flows.get(serviceKey(service)) ?? 0;
  return {
    id: listener,
    state: limit !== null && underWay >= limit ? 'full' : 'open',
    counters: [
      {
        worker: `table-${life}`,
        activeConnections: underWay,
        bytesIn: counters.get(counterName(listener, 'in'))?.bytes ?? 0,
        bytesOut: counters.get(counterName(listener, 'out'))?.bytes ?? 0,
        requestErrors: 0,
        totalConnections: counters.get(counterName(listener, 'new'))?.packets ?? 0,
      },
    ],
  };
}

/** Of proxy and kernel together; null when neither carries anything. Pure. */
export function combined(proxy: Reading | null, packets: PacketReading | null): Reading | null {
  if (!packets) return proxy;
  const { config, sound } = packets;
  const reading = { ...packets.reading, leftOut: config.services.flatMap(leftOutOf) };
  const outdated = !sound || (proxy !== null && config.services.some((service) => isOutdated(service, proxy.members)));
  if (!proxy) return { ...reading, outdated };
  const [served, told] = [new Set(reading.listeners.map(({ id }) => id)), new Set(proxy.members.map(({ id }) => id))];
  return {
    // A listener that has just moved from one to the other may still have connections in both.
    listeners: [...reading.listeners, ...proxy.listeners.filter(({ id }) => !served.has(id))],
    pools: byId([...reading.pools, ...proxy.pools]),
    members: [...reading.members.filter(({ id }) => !told.has(id)), ...proxy.members],
    outdated,
    leftOut: reading.leftOut,
  };
}

function leftOutOf({ pool, checked, members }: PacketService): Pick<MemberReading, 'id' | 'poolId'>[] {
  const dead = checked ? members.filter(({ state, keepsFlows }) => state !== 'maint' && !keepsFlows) : [];
  return dead.map(({ id }) => ({ id, poolId: pool ?? '' }));
}

/** Whether the table still sends flows to a member that is dead, or none to one that came back. Without an answer yet it says neither. */
function isOutdated({ pool, checked, members }: PacketService, readings: readonly MemberReading[]): boolean {
  if (!checked) return false;
  const states = new Map(readings.filter(({ poolId, state }) => poolId === pool && state !== 'unknown').map(({ id, state }) => [id, state]));
  return members.some(({ id, state, keepsFlows }) => state !== 'maint' && states.has(id) && keepsFlows === (states.get(id) === 'down'));
}
