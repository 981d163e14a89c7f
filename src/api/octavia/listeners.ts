import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type Listener, listener } from '../../model/listener.ts';
import type { LoadBalancer } from '../../model/load-balancer.ts';
import { POOLS_FOR_LISTENER, pool } from '../../model/pool.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { unsupportedListener } from '../../render/haproxy/support.ts';
import { markDeleting, markPending } from '../../store/pending.ts';
import { byId, insert, isUniqueViolation } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import type { Call, Collection } from './collection.ts';
import { timestamp } from './context.ts';
import { checkListener } from './listener-rules.ts';
import { newRow } from './new-row.ts';
import { refuseUnsupported } from './provider.ts';
import { viewListeners } from './view.ts';
import { change, childFor, parentBalancer, raise } from './write.ts';

export const listeners: Collection<typeof listener> = {
  resource: listener,
  path: '/listeners',
  view: viewListeners,
  create,
  update: modify,
  remove,
};

async function create(call: Call): Promise<Listener> {
  const body = parseCreate(listener, call.body);
  return call.options.store.transaction(async (tx) => {
    const balancer = await parentBalancer(tx, call, body.loadbalancer_id);
    const generation = await raise(tx, balancer.id);
    const row = newRow(listener, body, {
      id: randomUUID(),
      provisioning_status: 'PENDING_CREATE',
      operating_status: 'OFFLINE',
      project_id: balancer.project_id ?? '',
      created_at: timestamp(),
      updated_at: null,
      generation,
      deleting: false,
    });
    await check(tx, row, balancer);
    await insertUnique(tx, row);
    return row;
  });
}

async function check(tx: Tx, row: Listener, balancer: LoadBalancer): Promise<void> {
  checkListener(row, balancer.vip_address ?? '');
  refuseUnsupported(balancer, unsupportedListener(row));
  await checkDefaultPool(tx, row);
}

async function checkDefaultPool(tx: Tx, { default_pool_id: id, loadbalancer_id, protocol }: Listener): Promise<void> {
  if (id === null) return;
  const found = await byId(tx.db, pool, id);
  if (!found || found.deleting || found.loadbalancer_id !== loadbalancer_id) throw fault.notFound(pool.title, id);
  if (!POOLS_FOR_LISTENER[protocol].includes(found.protocol)) {
    throw fault.validation(`The pool protocol '${found.protocol}' is invalid while the listener protocol is '${protocol}'.`);
  }
}

async function insertUnique(tx: Tx, row: Listener): Promise<void> {
  try {
    await insert(tx.db, listener, row);
  } catch (error) {
    throw isUniqueViolation(error) ? fault.duplicateListener(row.protocol, row.protocol_port) : error;
  }
}

async function modify(call: Call, id: string): Promise<Listener> {
  return call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, listener, call, id);
    const changes = parseUpdate(listener, call.body);
    const balancer = await parentBalancer(tx, call, row.loadbalancer_id);
    await check(tx, { ...row, ...changes }, balancer);
    const generation = await raise(tx, row.loadbalancer_id);
    await markPending(tx, 'listener', [id], generation);
    // The pools it leaves and joins are read with it.
    const pools = 'default_pool_id' in changes ? [row.default_pool_id, changes.default_pool_id] : [];
    await markPending(
      tx,
      'pool',
      pools.filter((pool_id) => typeof pool_id === 'string'),
      generation,
    );
    return change(tx, listener, id, changes);
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, listener, call, id);
    await markDeleting(tx, 'listener', [id], await raise(tx, row.loadbalancer_id));
  });
}
