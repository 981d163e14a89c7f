import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { HTTP_MONITOR_DEFAULTS, type HealthMonitor, healthMonitor, monitorsFor } from '../../model/health-monitor.ts';
import { type Pool, pool } from '../../model/pool.ts';
import { type CreateOf, parseCreate, parseNested, parseUpdate } from '../../model/resource.ts';
import { isDatagram } from '../../render/datagram.ts';
import { unsupportedMonitorOnGateway } from '../../render/gateway/support.ts';
import { unsupportedMonitorInPack } from '../../render/haproxy/pack-support.ts';
import { unsupportedMonitor } from '../../render/haproxy/support.ts';
import { markPending, markUnmonitored } from '../../store/pending.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId } from '../../store/rows.ts';
import type { AuditedTx } from '../../store/audit.ts';
import type { Tx } from '../../store/store.ts';
import type { Call, Collection } from './collection.ts';
import { refuseInPack, refuseOnGateway } from './engine.ts';
import { newRow } from './new-row.ts';
import type { Limits } from './limits.ts';
import type { Place } from './pools.ts';
import { refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { viewHealthMonitors } from './view.ts';
import { add, change, childFor, markPoolPending, parentBalancer, parentFor, raise, removeAll, write } from './write.ts';

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
  return write(call, async (tx) => {
    const parent = await parentFor(tx, pool, call, body.pool_id, 'healthmonitor:post');
    const balancer = await parentBalancer(tx, call, parent.loadbalancer_id ?? '', 'healthmonitor:post');
    await requireQuota(tx, call, parent.project_id, { healthmonitor: 1 });
    const generation = await raise(tx, balancer.id);
    const row = await insertMonitor(tx, call, body, parent, { balancer, generation });
    await markPoolPending(tx, parent, generation);
    return row;
  });
}

/** The monitor of a pool that is just being made. */
export async function addMonitor(tx: AuditedTx, call: Call, object: Record<string, unknown>, parent: Pool, place: Place): Promise<HealthMonitor> {
  return insertMonitor(tx, call, parseNested(healthMonitor, object), parent, place);
}

async function insertMonitor(
  tx: AuditedTx,
  call: Call,
  body: CreateOf<typeof healthMonitor>,
  parent: Pool,
  { balancer, generation }: Place,
): Promise<HealthMonitor> {
  const checked = withHttpDefaults(body);
  checkMonitor(checked);
  checkType(checked, parent, call.options.limits);
  refuseUncarried(call, balancer, unsupportedMonitor(checked));
  await refuseInPack(tx, call, balancer, unsupportedMonitorInPack(checked));
  refuseOnGateway(call, balancer, unsupportedMonitorOnGateway(checked));
  const row = newRow(healthMonitor, checked, {
    id: randomUUID(),
    project_id: parent.project_id,
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    created_at: octaviaTime(new Date()),
    updated_at: null,
    loadbalancer_id: balancer.id,
    pool_id: parent.id,
    generation,
    deleting: false,
  });
  await add(tx, healthMonitor, row, () => fault.duplicateMonitor());
  return row;
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
  const { domain_name: domain, http_version: version } = monitor;
  if (domain === null) return;
  if (version === null) throw fault.validation("'http_version' must be specified when 'domain_name' is provided.");
  if (version < 1.1) throw fault.invalidOption(`http_version ${version.toFixed(1)}`, 'health monitors HTTP 1.1 domain name health check');
}

const DATAGRAMS = 'UDP/SCTP';

function checkType({ type, delay }: Pick<HealthMonitor, 'type' | 'delay'>, { protocol }: Pool, limits: Limits): void {
  if (type === 'PING' && !limits.allowPingHealthMonitors) throw fault.disabledOption('type', type);
  if (!monitorsFor(protocol).includes(type)) throw fault.validation(mismatch(type, protocol));
  if (type === 'UDP-CONNECT' && delay < limits.udpConnectMinInterval) {
    throw fault.validation(`The request delay value ${delay} should be larger than ${limits.udpConnectMinInterval} for ${type} health monitor type.`);
  }
}

function mismatch(type: string, protocol: Pool['protocol']): string {
  if (!isDatagram(protocol)) return `The ${type} type is only supported for pools of type ${DATAGRAMS}.`;
  return `The associated pool protocol is ${DATAGRAMS}, so only a ${monitorsFor(protocol).join('/')} health monitor is supported.`;
}

async function modify(call: Call, id: string): Promise<HealthMonitor> {
  const parsed = parseUpdate(healthMonitor, call.body);
  return write(call, async (tx) => {
    const row = await childFor(tx, healthMonitor, call, id, 'put');
    const after = withHttpDefaults({ ...row, ...parsed });
    checkMonitor(after);
    const parent = await parentFor(tx, pool, call, row.pool_id, 'healthmonitor:put');
    checkType(after, parent, call.options.limits);
    await markWithPool(tx, row, await raise(tx, row.loadbalancer_id));
    const { http_method, url_path, expected_codes } = after;
    return change(tx, healthMonitor, row, { ...parsed, http_method, url_path, expected_codes });
  });
}

async function markWithPool(tx: Tx, row: HealthMonitor, generation: number): Promise<void> {
  await markPending(tx, 'health_monitor', [row.id], generation);
  const parent = await byId(tx.db, pool, row.pool_id);
  if (parent) await markPoolPending(tx, parent, generation);
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await childFor(tx, healthMonitor, call, id, 'delete');
    const generation = await raise(tx, row.loadbalancer_id);
    await markWithPool(tx, row, generation);
    await removeAll(tx, healthMonitor, [row], generation);
    await markUnmonitored(tx, row.pool_id);
  });
}
