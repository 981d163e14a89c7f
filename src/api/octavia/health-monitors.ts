import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { HTTP_MONITOR_DEFAULTS, type HealthMonitor, healthMonitor, monitorsFor } from '../../model/health-monitor.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { unsupportedMonitor } from '../../render/haproxy/support.ts';
import { markDeleting, markPending } from '../../store/pending.ts';
import { byId, insert, isUniqueViolation } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import type { Call, Collection } from './collection.ts';
import { timestamp } from './context.ts';
import { newRow } from './new-row.ts';
import { refuseUnsupported } from './provider.ts';
import { viewHealthMonitors } from './view.ts';
import { change, childFor, markPoolPending, parentBalancer, raise } from './write.ts';

export const healthMonitors: Collection<typeof healthMonitor> = {
  resource: healthMonitor,
  path: '/healthmonitors',
  view: viewHealthMonitors,
  create,
  update: modify,
  remove,
};

const HTTP_ONLY = ['http_method', 'url_path', 'expected_codes', 'http_version', 'domain_name'] as const;

async function create(call: Call): Promise<HealthMonitor> {
  const body = parseCreate(healthMonitor, call.body);
  const checked = withHttpDefaults(body);
  checkMonitor(checked);
  return call.options.store.transaction(async (tx) => {
    const parent = await childFor(tx, pool, call, body.pool_id);
    checkType(checked, parent);
    refuseUnsupported(await parentBalancer(tx, call, parent.loadbalancer_id ?? ''), unsupportedMonitor(checked));
    const generation = await raise(tx, parent.loadbalancer_id ?? '');
    const row = newRow(healthMonitor, checked, {
      id: randomUUID(),
      project_id: parent.project_id,
      provisioning_status: 'PENDING_CREATE',
      operating_status: 'OFFLINE',
      created_at: timestamp(),
      updated_at: null,
      loadbalancer_id: parent.loadbalancer_id ?? '',
      generation,
      deleting: false,
    });
    await insertUnique(tx, row);
    await markPoolPending(tx, parent, generation);
    return row;
  });
}

function isHttp({ type }: Pick<HealthMonitor, 'type'>): boolean {
  return type === 'HTTP' || type === 'HTTPS';
}

function withHttpDefaults<M extends Pick<HealthMonitor, 'type' | (typeof HTTP_ONLY)[number]>>(monitor: M): M {
  if (!isHttp(monitor)) return monitor;
  const given = Object.fromEntries(
    Object.keys(HTTP_MONITOR_DEFAULTS).flatMap((name) => (monitor[name as keyof M] === null ? [] : [[name, monitor[name as keyof M]]])),
  );
  return { ...monitor, ...HTTP_MONITOR_DEFAULTS, ...given };
}

function checkMonitor(monitor: Pick<HealthMonitor, 'type' | (typeof HTTP_ONLY)[number]>): void {
  const stray = isHttp(monitor) ? undefined : HTTP_ONLY.find((name) => monitor[name] !== null);
  if (stray !== undefined) throw fault.invalidOption(stray, `health monitors of type ${monitor.type}`);
  if (monitor.domain_name !== null && monitor.http_version !== 1.1)
    throw fault.invalidOption('http_version', 'health monitors with a domain_name: it must be 1.1');
}

function checkType({ type }: Pick<HealthMonitor, 'type'>, { protocol }: Pool): void {
  const allowed = monitorsFor(protocol);
  if (!allowed.includes(type))
    throw fault.validation(`The associated pool protocol is ${protocol}, so only a ${allowed.join(', ')} health monitor is supported.`);
}

async function insertUnique(tx: Tx, row: HealthMonitor): Promise<void> {
  try {
    await insert(tx.db, healthMonitor, row);
  } catch (error) {
    throw isUniqueViolation(error) ? fault.duplicateMonitor() : error;
  }
}

async function modify(call: Call, id: string): Promise<HealthMonitor> {
  return call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, healthMonitor, call, id);
    const parsed = parseUpdate(healthMonitor, call.body);
    const after = withHttpDefaults({ ...row, ...parsed });
    checkMonitor(after);
    await markWithPool(tx, row, await raise(tx, row.loadbalancer_id));
    return change(tx, healthMonitor, id, { ...parsed, http_method: after.http_method, url_path: after.url_path, expected_codes: after.expected_codes });
  });
}

async function markWithPool(tx: Tx, row: HealthMonitor, generation: number): Promise<void> {
  await markPending(tx, 'health_monitor', [row.id], generation);
  const parent = await byId(tx.db, pool, row.pool_id);
  if (parent) await markPoolPending(tx, parent, generation);
}

async function remove(call: Call, id: string): Promise<void> {
  await call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, healthMonitor, call, id);
    const generation = await raise(tx, row.loadbalancer_id);
    await markWithPool(tx, row, generation);
    await markDeleting(tx, 'health_monitor', [id], generation);
  });
}
