/** Counters per listener and amphora, summed from what the proxy's workers say. */
import type { ListenerReading, WorkerCounters } from '../model/reading.ts';
import type { ListenerStatistics } from './database.ts';
import type { Db, Tx } from './store.ts';

export interface Statistics {
  active_connections: number;
  bytes_in: number;
  bytes_out: number;
  request_errors: number;
  total_connections: number;
}

type Workers = ListenerStatistics['workers'];
type Counters = Workers[string];

/**
 * Workers that a reading left out are remembered up to this number: one that was only slow to answer must not be
 * counted again from zero, and those gone for good must not pile up.
 */
const ABSENT_WORKERS_KEPT = 8;
const SUMMED = ['active_connections', 'bytes_in', 'bytes_out', 'request_errors', 'total_connections'] as const;
const NOTHING: Counters = { bytesIn: 0, bytesOut: 0, requestErrors: 0, totalConnections: 0 };

/** Adds what each worker counted since the last reading. Listeners that are gone meanwhile are left out. */
export async function addReadings(tx: Tx, loadBalancerId: string, amphoraId: string, readings: readonly ListenerReading[]): Promise<void> {
  const known = await knownStatistics(tx.db, loadBalancerId, amphoraId);
  for (const { id, counters } of readings) {
    const before = known.get(id);
    if (before === undefined) continue;
    const after = added(before, counters);
    if (JSON.stringify(after) !== JSON.stringify(before)) await write(tx.db, after);
  }
}

/** By listener: its present sums, zeros for one without any. */
async function knownStatistics(db: Db, loadbalancer_id: string, amphora_id: string): Promise<Map<string, ListenerStatistics>> {
  const listeners = await db.selectFrom('listener').select('id').where('loadbalancer_id', '=', loadbalancer_id).execute();
  const rows = await db
    .selectFrom('listener_statistics')
    .selectAll()
    .where('loadbalancer_id', '=', loadbalancer_id)
    .where('amphora_id', '=', amphora_id)
    .execute();
  const byListener = new Map(rows.map((row) => [row.listener_id, row]));
  return new Map(listeners.map(({ id }) => [id, byListener.get(id) ?? none(id, amphora_id, loadbalancer_id)]));
}

function none(listener_id: string, amphora_id: string, loadbalancer_id: string): ListenerStatistics {
  return { listener_id, amphora_id, loadbalancer_id, active_connections: 0, bytes_in: 0, bytes_out: 0, request_errors: 0, total_connections: 0, workers: {} };
}

function added(before: ListenerStatistics, counters: readonly WorkerCounters[]): ListenerStatistics {
  const growth = counters.map((worker) => growthOf(before.workers[worker.worker] ?? NOTHING, worker));
  const total = (name: keyof Counters): number => growth.reduce((sum, one) => sum + one[name], 0);
  return {
    ...before,
    active_connections: counters.reduce((sum, worker) => sum + worker.activeConnections, 0),
    bytes_in: before.bytes_in + total('bytesIn'),
    bytes_out: before.bytes_out + total('bytesOut'),
    request_errors: before.request_errors + total('requestErrors'),
    total_connections: before.total_connections + total('totalConnections'),
    workers: remember(before.workers, counters),
  };
}

/** A counter that fell was cleared in between: all of it is new. */
function growthOf(before: Counters, now: Counters): Counters {
  const grown = (name: keyof Counters): number => (now[name] < before[name] ? now[name] : now[name] - before[name]);
  return { bytesIn: grown('bytesIn'), bytesOut: grown('bytesOut'), requestErrors: grown('requestErrors'), totalConnections: grown('totalConnections') };
}

/** Absent workers first, the longest absent in front, so that those are dropped first. */
function remember(before: Workers, counters: readonly WorkerCounters[]): Workers {
  const present = new Map(
    counters.map(({ worker, bytesIn, bytesOut, requestErrors, totalConnections }) => [worker, { bytesIn, bytesOut, requestErrors, totalConnections }]),
  );
  const absent = Object.entries(before).filter(([worker]) => !present.has(worker));
  return Object.fromEntries([...absent.slice(-ABSENT_WORKERS_KEPT), ...present]);
}

async function write(db: Db, row: ListenerStatistics): Promise<void> {
  const { listener_id: _listener, amphora_id: _amphora, ...sums } = row;
  await db
    .insertInto('listener_statistics')
    .values(row)
    .onConflict((conflict) => conflict.columns(['listener_id', 'amphora_id']).doUpdateSet(sums))
    .execute();
}

/** Sums over all amphorae of a balancer or of one listener; zeros when nothing was counted. */
export async function statisticsOf(db: Db, of: { loadBalancerId: string } | { listenerId: string }): Promise<Statistics> {
  const sums = db.selectFrom('listener_statistics').select((row) => SUMMED.map((name) => row.fn.coalesce(row.fn.sum<number>(name), row.lit(0)).as(name)));
  const chosen = 'listenerId' in of ? sums.where('listener_id', '=', of.listenerId) : sums.where('loadbalancer_id', '=', of.loadBalancerId);
  return chosen.executeTakeFirstOrThrow();
}
