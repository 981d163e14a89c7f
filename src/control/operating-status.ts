/**
 * Reading → operating statuses, as Octavia maps them (octavia-api reference §3.2). Pure.
 */
import type { Listener } from '../model/listener.ts';
import type { Member } from '../model/member.ts';
import type { Pool } from '../model/pool.ts';
import type { ListenerReading, MemberReading, PoolReading, Reading } from '../model/reading.ts';
import type { OperatingStatus } from '../model/status.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { branchesOf } from './branches.ts';
import type { StatusChange } from '../store/readings.ts';
import { seenOf } from './status-reason.ts';

/**
 * Only what differs from the rows. `reading` is null when no proxy runs: a balancer without listeners.
 *
 * @param before the node's reading before that, which tells who saw a change
 */
export function statusChanges(tree: BalancerTree, reading: Reading | null, before: Reading | null = null): StatusChange[] {
  const monitored = new Set(tree.monitors.filter(({ admin_state_up, deleting }) => admin_state_up && !deleting).map(({ pool_id }) => pool_id));
  const branches = branchesOf(tree);
  const members = byId(reading?.members ?? []);
  const pools = byId(reading?.pools ?? []);
  const listeners = byId(reading?.listeners ?? []);
  const memberStatus = new Map(tree.members.map((row) => [row.id, ofMember(row, members.get(row.id), monitored.has(row.pool_id))]));
  const poolStatus = new Map(tree.pools.map((row) => [row.id, ofPool(row, pools.get(row.id), statusesIn(branches.membersOf(row.id), memberStatus))]));
  const listenerStatus = new Map(tree.listeners.map((row) => [row.id, ofListener(row, listeners.get(row.id), tree.balancer.admin_state_up)]));
  const balancer = ofBalancer(tree.balancer.admin_state_up, [...listenerStatus.values()], [...poolStatus.values()]);
  return [
    ...changed('load_balancer', [tree.balancer], new Map([[tree.balancer.id, balancer]])),
    ...changed('listener', tree.listeners, listenerStatus),
    ...changed('pool', tree.pools, poolStatus),
    ...changedMembers(tree, memberStatus, members, byId(before?.members ?? [])),
    ...changed('health_monitor', tree.monitors, new Map(tree.monitors.map(({ id, admin_state_up }) => [id, admin_state_up ? 'ONLINE' : 'OFFLINE']))),
  ];
}

function byId<T extends { id: string }>(readings: readonly T[]): Map<string, T> {
  return new Map(readings.map((reading) => [reading.id, reading]));
}

function changed(
  table: StatusChange['table'],
  rows: readonly { id: string; operating_status: OperatingStatus }[],
  statuses: ReadonlyMap<string, OperatingStatus>,
): StatusChange[] {
  return rows.flatMap(({ id, operating_status }) => {
    const status = statuses.get(id) ?? operating_status;
    return status === operating_status ? [] : [{ table, id, status }];
  });
}

function changedMembers(
  tree: BalancerTree,
  statuses: ReadonlyMap<string, OperatingStatus>,
  readings: ReadonlyMap<string, MemberReading>,
  before: ReadonlyMap<string, MemberReading>,
): StatusChange[] {
  const monitors = new Map(tree.monitors.map((monitor) => [monitor.pool_id, monitor]));
  return tree.members.flatMap((row) => {
    const status = statuses.get(row.id) ?? row.operating_status;
    const seen = seenOf(row, status, { reading: readings.get(row.id), before: before.get(row.id), monitor: monitors.get(row.pool_id) });
    return status === row.operating_status && seen.reason === row.status_reason ? [] : [{ table: 'member', id: row.id, status, seen }];
  });
}

function statusesIn(members: readonly Member[], statuses: ReadonlyMap<string, OperatingStatus>): OperatingStatus[] {
  return members.flatMap(({ id }) => statuses.get(id) ?? []);
}

const MEMBER_STATES: Readonly<Record<MemberReading['state'], OperatingStatus | null>> = {
  up: 'ONLINE',
  down: 'ERROR',
  drain: 'DRAINING',
  maint: 'OFFLINE',
  unchecked: 'NO_MONITOR',
  unknown: null,
};

function ofMember(member: Member, reading: MemberReading | undefined, monitored: boolean): OperatingStatus {
  if (!reading) return monitored || !member.admin_state_up ? 'OFFLINE' : 'NO_MONITOR';
  return MEMBER_STATES[reading.state] ?? member.operating_status;
}

function ofPool(pool: Pool, reading: PoolReading | undefined, members: readonly OperatingStatus[]): OperatingStatus {
  if (!pool.admin_state_up || !reading) return 'OFFLINE';
  if (reading.state === 'down') return 'ERROR';
  return members.includes('ERROR') ? 'DEGRADED' : 'ONLINE';
}

function ofListener(listener: Listener, reading: ListenerReading | undefined, balancerUp: boolean): OperatingStatus {
  // One that is being made is not there yet.
  const isDue = listener.provisioning_status === 'ACTIVE' || listener.provisioning_status === 'ERROR';
  if (!reading) return listener.admin_state_up && balancerUp && isDue ? 'ERROR' : 'OFFLINE';
  return reading.state === 'full' ? 'DEGRADED' : 'ONLINE';
}

function ofBalancer(enabled: boolean, listeners: readonly OperatingStatus[], pools: readonly OperatingStatus[]): OperatingStatus {
  if (!enabled) return 'OFFLINE';
  if (pools.includes('ERROR') || listeners.includes('ERROR')) return 'ERROR';
  return pools.includes('DEGRADED') || listeners.includes('DEGRADED') ? 'DEGRADED' : 'ONLINE';
}
