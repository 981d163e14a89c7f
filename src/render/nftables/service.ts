/** Listener → what the table must hold for it. */
import type { PacketMember, PacketService } from '../../model/node-config.ts';
import { type ListenerTopology, type MemberTopology, type PoolTopology, type Topology, vipsOf } from '../../model/topology.ts';
import { shown } from '../shown.ts';
import { type Family, address, counterName } from './argument.ts';
import { PacketError } from './compile-error.ts';
import { type SlotCount, assignSlots, slotCount, takeTurns } from './slots.ts';
import { unsupportedByPackets, unsupportedOnVips } from './support.ts';

/** Members that checks found dead: `<pool>/<member>`. */
export type DownMembers = ReadonlySet<string>;

export function downKey(poolId: string, memberId: string): string {
  return `${poolId}/${memberId}`;
}

export interface Service {
  /** The mark of its packets. */
  readonly number: number;
  readonly listener: ListenerTopology;
  readonly public: PacketService;
  /** null when nothing serves it. */
  readonly pool: PoolTopology | null;
  readonly slots: readonly string[];
  readonly slotCount: SlotCount;
  /** Where flows may go, new ones and old. */
  readonly targets: readonly { readonly number: number; readonly address: string; readonly port: number }[];
  readonly counters: { readonly in: string; readonly out: string; readonly new: string };
}

export interface ServiceContext {
  readonly topology: Topology;
  readonly family: Family;
  readonly numbers: ReadonlyMap<string, number>;
  readonly down: DownMembers;
}

export function serviceOf(listener: ListenerTopology, context: ServiceContext): Service {
  const pool = poolOf(listener, context.topology);
  const members = pool?.members ?? [];
  const count = slotCount(members.length);
  return {
    number: numberOf(listener.id, context),
    listener,
    pool,
    slots: pool ? slotsOf(pool, count, context) : [],
    slotCount: count,
    targets: pool ? members.filter((member) => keepsFlows(pool, member, context)).map((member) => target(member, context)) : [],
    counters: { in: counterName(listener.id, 'in'), out: counterName(listener.id, 'out'), new: counterName(listener.id, 'new') },
    public: publicOf(listener, pool, context),
  };
}

function poolOf({ defaultPool }: ListenerTopology, { pools }: Topology): PoolTopology | null {
  if (defaultPool === null) return null;
  const pool = pools.find(({ id }) => id === defaultPool);
  if (!pool) throw new PacketError(`the topology has no pool ${shown(defaultPool)}`);
  if (!pool.enabled) return null;
  const unsupported = unsupportedByPackets({
    protocol: pool.protocol,
    lb_algorithm: pool.algorithm,
    session_persistence: pool.persistence,
    tls_enabled: pool.tls !== undefined,
  });
  if (unsupported !== null) throw new PacketError(`pool ${shown(pool.id)}: ${unsupported} is not carried`);
  return pool;
}

function slotsOf(pool: PoolTopology, count: SlotCount, { down }: ServiceContext): string[] {
  const members = usable(pool, down);
  return pool.algorithm === 'ROUND_ROBIN' ? takeTurns(members, count) : assignSlots(members, count);
}

/** Who takes new flows: backup members only while no other can. */
function usable(pool: PoolTopology, down: DownMembers): MemberTopology[] {
  const alive = pool.members.filter((member) => member.enabled && member.weight > 0 && !down.has(downKey(pool.id, member.id)));
  const primary = alive.filter(({ backup }) => !backup);
  return primary.length > 0 ? primary : alive;
}

/** A drained member finishes what it has; one that is dead or switched off has nothing to finish. */
function keepsFlows(pool: PoolTopology, member: MemberTopology, { down }: ServiceContext): boolean {
  return member.enabled && !down.has(downKey(pool.id, member.id));
}

function target(member: MemberTopology, context: ServiceContext): Service['targets'][number] {
  return { number: numberOf(member.id, context), address: address(member.address, context.family), port: member.port };
}

function numberOf(id: string, { numbers }: ServiceContext): number {
  const number = numbers.get(id);
  if (number === undefined) throw new PacketError(`${shown(id)} has no number`);
  return number;
}

const PROTOCOLS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

function publicOf(listener: ListenerTopology, pool: PoolTopology | null, context: ServiceContext): PacketService {
  const { protocol } = listener;
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
    throw new PacketError(`a listener of protocol ${shown(protocol)} is not carried by packets`);
  return {
    listener: listener.id,
    ...addresses(listener, context),
    protocol: PROTOCOLS[protocol],
    port: listener.port,
    limit: listener.connectionLimit,
    pool: pool?.id ?? null,
    checked: pool?.monitor != null,
    members: pool ? pool.members.map((member) => publicMember(pool, member, context)) : [],
  };
}

/** Where clients ask; none further is not written, so that such a table is what it was before there could be any. */
function addresses({ id }: ListenerTopology, { topology, family }: ServiceContext): Pick<PacketService, 'address' | 'furtherAddresses'> {
  const vips = vipsOf(topology).map((vip) => vip.address);
  const unsupported = unsupportedOnVips(vips);
  if (unsupported !== null) throw new PacketError(`listener ${shown(id)}: ${unsupported} is not carried`);
  const [first = '', ...further] = vips.map((vip) => address(vip, family));
  return { address: first, ...(further.length > 0 ? { furtherAddresses: further } : {}) };
}

function publicMember(pool: PoolTopology, member: MemberTopology, context: ServiceContext): PacketMember {
  const state = !member.enabled ? 'maint' : member.weight === 0 ? 'drain' : 'unchecked';
  return { id: member.id, number: numberOf(member.id, context), state, keepsFlows: keepsFlows(pool, member, context) };
}
