/** Health and counters of what the kernel carries on a node. */
import type { PacketConfig, PacketService } from '../../model/node-config.ts';
import type { ListenerReading, MemberReading, PoolReading, Reading } from '../../model/reading.ts';
import { counterName } from '../../render/nftables/argument.ts';
import { type Flow, flowsTo } from './packet-flows.ts';
import { type PacketPlace, filedPackets, listTable } from './packets.ts';
import type { Listed } from './packet-table.ts';

export interface PacketReading {
  readonly reading: Reading;
  readonly config: PacketConfig;
  /** False when somebody else changed the table: nobody knows what it does then. */
  readonly sound: boolean;
}

/** null when no table is wanted on the node, as far as its files tell. */
export async function readPacketReading(place: PacketPlace): Promise<PacketReading | null> {
  const config = await filedPackets(place);
  if (config === null) return null;
  const listed = await listTable(place, ['-a', '-t']);
  if (!listed) return { reading: NOTHING, config, sound: false };
  const flows = await flowsOf(place, config.services);
  const sound = listed.seal?.digest === config.digest && listed.seal.frame === listed.frame;
  return { reading: readingOfPackets(config, listed, flows), config, sound };
}

const NOTHING: Reading = { listeners: [], pools: [], members: [] };

async function flowsOf({ namespace }: PacketPlace, services: readonly PacketService[]): Promise<Flow[]> {
  const kinds = new Map(services.map((service) => [`${service.protocol} ${service.address}`, service]));
  return (await Promise.all([...kinds.values()].map(({ address, protocol }) => flowsTo(namespace, address, protocol)))).flat();
}

/** Members that are checked are the proxy's to tell about, and so are their pools. Pure. */
export function readingOfPackets({ services }: PacketConfig, listed: Listed, flows: readonly Flow[]): Reading {
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

/** Connections that are over and only remembered in case a packet comes late. */
const OVER: ReadonlySet<string | null> = new Set(['TIME_WAIT', 'CLOSE', 'LAST_ACK']);

function listenerReading({ listener, protocol, port, limit }: PacketService, { life, counters }: Listed, flows: readonly Flow[]): ListenerReading {
  const own = flows.filter((flow) => flow.protocol === protocol && flow.port === port && flow.mark !== 0 && !OVER.has(flow.state));
  return {
    id: listener,
    state: limit !== null && own.length >= limit ? 'full' : 'open',
    counters: [
      {
        worker: `table-${life}`,
        activeConnections: own.length,
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
  const { reading, config, sound } = packets;
  const outdated = !sound || (proxy !== null && config.services.some((service) => isOutdated(service, proxy.members)));
  if (!proxy) return { ...reading, outdated };
  const [served, told] = [new Set(reading.listeners.map(({ id }) => id)), new Set(proxy.members.map(({ id }) => id))];
  return {
    // A listener that has just moved from one to the other may still have connections in both.
    listeners: [...reading.listeners, ...proxy.listeners.filter(({ id }) => !served.has(id))],
    pools: byId([...reading.pools, ...proxy.pools]),
    members: [...reading.members.filter(({ id }) => !told.has(id)), ...proxy.members],
    outdated,
  };
}

/** Whether the table still sends flows to a member that is dead, or none to one that came back. */
function isOutdated({ pool, checked, members }: PacketService, readings: readonly MemberReading[]): boolean {
  if (!checked) return false;
  const states = new Map(readings.filter(({ poolId }) => poolId === pool).map(({ id, state }) => [id, state]));
  return members.some(({ id, state, keepsFlows }) => state !== 'maint' && states.has(id) && keepsFlows === (states.get(id) === 'down'));
}
