/** `show stat` of a node's workers → reading. Pure; columns from HAProxy's management guide, §9.1. */
import type { ListenerReading, MemberReading, PoolReading, Reading, WorkerCounters } from '../../model/reading.ts';
import { EXPORTER } from '../../render/haproxy/metrics-program.ts';
import { poolIdOf } from '../../render/haproxy/names.ts';
import { checkStatus, checkWords, isObservation } from './check-words.ts';
import type { Row } from './proxy-answers.ts';

export interface WorkerStat {
  /** Process id and start. */
  readonly worker: string;
  readonly rows: readonly Row[];
}

const FRONTEND = '0';
const BACKEND = '1';
const SERVER = '2';

/** Worst first: a pool behind several listeners is in several backends, and a member is as bad as its worst reading. */
const WORST_FIRST: readonly MemberReading['state'][] = ['down', 'unknown', 'maint', 'drain', 'up', 'unchecked'];

/** @param old - workers of before a reload: only their counters count */
export function readingOf(current: WorkerStat, old: readonly WorkerStat[]): Reading {
  const ofType = (type: string): Row[] => current.rows.filter((row) => row['type'] === type);
  return {
    listeners: ofType(FRONTEND)
      .filter(isListener)
      .map((row) => listenerReading(row, [current, ...old])),
    pools: poolReadings(ofType(BACKEND)),
    members: memberReadings(ofType(SERVER)),
  };
}

/** The exporter's frontend is nobody's. */
function isListener(row: Row): boolean {
  return row['pxname'] !== EXPORTER;
}

function listenerReading(row: Row, workers: readonly WorkerStat[]): ListenerReading {
  const id = row['pxname'] ?? '';
  const limit = number(row, 'slim');
  const full = row['status'] === 'FULL' || (limit > 0 && number(row, 'scur') >= limit);
  return { id, state: full ? 'full' : 'open', counters: workers.flatMap((worker) => countersOf(worker, id)) };
}

function countersOf({ worker, rows }: WorkerStat, id: string): WorkerCounters[] {
  const own = rows.filter((row) => row['type'] === FRONTEND && row['pxname'] === id);
  return own.map((row) => ({
    worker,
    activeConnections: number(row, 'scur'),
    bytesIn: number(row, 'bin'),
    bytesOut: number(row, 'bout'),
    requestErrors: number(row, 'ereq'),
    totalConnections: number(row, 'stot'),
  }));
}

function number(row: Row, column: string): number {
  return Number(row[column] ?? 0);
}

function poolOf(row: Row): string {
  return poolIdOf(row['pxname'] ?? '');
}

function poolReadings(backends: readonly Row[]): PoolReading[] {
  const byPool = Map.groupBy(backends, poolOf);
  return [...byPool].map(([id, rows]) => ({ id, state: rows.every((row) => (row['status'] ?? '').startsWith('UP')) ? 'up' : 'down' }));
}

function memberReadings(servers: readonly Row[]): MemberReading[] {
  const byMember = Map.groupBy(servers.map(memberReading), ({ poolId, id }) => `${poolId}/${id}`);
  return [...byMember.values()].map((readings) => readings.reduce(worse));
}

function worse(a: MemberReading, b: MemberReading): MemberReading {
  const worst = WORST_FIRST.indexOf(b.state) < WORST_FIRST.indexOf(a.state) ? b : a;
  const failures = [a, b].flatMap(({ observedFailures }) => observedFailures ?? []);
  return failures.length === 0 ? worst : { ...worst, observedFailures: failures.reduce((sum, count) => sum + count, 0) };
}

function memberReading(row: Row): MemberReading {
  return { id: row['svname'] ?? '', poolId: poolOf(row), state: stateOf(row), reason: checkWords(row), ...observation(row) };
}

/** A status may be followed by how far it is from the next: `UP 1/3` is up, `DOWN 1/2` still down. */
function stateOf(row: Row): MemberReading['state'] {
  const [word] = (row['status'] ?? '').split(/[ (]/);
  switch (word) {
    case 'DOWN':
      return 'down';
    case 'MAINT':
      return 'maint';
    // Answers checks, but asks for no new sessions.
    case 'NOLB':
    case 'DRAIN':
      return 'drain';
    case 'no':
      return row['uweight'] === '0' ? 'drain' : 'unchecked';
    default:
      return upState(row);
  }
}

function upState(row: Row): MemberReading['state'] {
  if (checkStatus(row) === 'INI') return 'unknown';
  return row['uweight'] === '0' ? 'drain' : 'up';
}

/** Which failures traffic has met is told only where it is watched. */
function observation(row: Row): Partial<MemberReading> {
  return {
    ...(isObservation(row) ? { observed: true } : {}),
    ...(row['hanafail'] === '' || row['hanafail'] === undefined ? {} : { observedFailures: number(row, 'hanafail') }),
  };
}
