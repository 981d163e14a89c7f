import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type Listener, listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { POOLS_FOR_LISTENER, type Pool, pool } from '../../model/pool.ts';
import { type CreateOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { unsupportedPool } from '../../render/haproxy/support.ts';
import { markDeleting, markPending } from '../../store/pending.ts';
import { childrenOf } from '../../store/references.ts';
import { insert, update } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import { type Call, type Collection, rowFor } from './collection.ts';
import { timestamp } from './context.ts';
import { newRow } from './new-row.ts';
import { checkPool } from './pool-rules.ts';
import { refuseUnsupported } from './provider.ts';
import { viewPools } from './view.ts';
import { change, childFor, listenersUsing, markPoolPending, parentBalancer, raise } from './write.ts';

export const pools: Collection<typeof pool> = {
  resource: pool,
  path: '/pools',
  view: viewPools,
  create,
  update: modify,
  remove,
};

async function create(call: Call): Promise<Pool> {
  const body = parseCreate(pool, call.body);
  checkPool(body);
  return call.options.store.transaction(async (tx) => {
    const { balancer, forListener } = await parents(tx, call, body);
    refuseUnsupported(balancer, unsupportedPool(body));
    const generation = await raise(tx, balancer.id);
    const row = newRow(pool, body, {
      id: randomUUID(),
      provisioning_status: 'PENDING_CREATE',
      operating_status: 'OFFLINE',
      project_id: balancer.project_id ?? '',
      created_at: timestamp(),
      updated_at: null,
      loadbalancer_id: balancer.id,
      generation,
      deleting: false,
    });
    await insert(tx.db, pool, row);
    if (forListener) await becomeDefault(tx, row, forListener, generation);
    return row;
  });
}

/** The balancer, named directly or through the listener the pool will serve. */
async function parents(tx: Tx, call: Call, body: CreateOf<typeof pool>): Promise<{ balancer: LoadBalancer; forListener: Listener | null }> {
  const { listener_id, loadbalancer_id } = body;
  if (listener_id === null) {
    if (loadbalancer_id === null) throw fault.validation('Must provide at least one of: loadbalancer_id, listener_id');
    return { balancer: await parentBalancer(tx, call, loadbalancer_id), forListener: null };
  }
  const forListener = await childFor(tx, listener, call, listener_id);
  if (loadbalancer_id !== null && loadbalancer_id !== forListener.loadbalancer_id)
    throw fault.validation(`Listener ${listener_id} is not on load balancer ${loadbalancer_id}.`);
  checkProtocol(body, forListener);
  return { balancer: await rowFor(loadBalancer, call, forListener.loadbalancer_id, 'write', [], tx.db), forListener };
}

function checkProtocol({ protocol }: Pick<Pool, 'protocol'>, { protocol: listenerProtocol, default_pool_id }: Listener): void {
  if (!POOLS_FOR_LISTENER[listenerProtocol].includes(protocol)) {
    throw fault.validation(`The pool protocol '${protocol}' is invalid while the listener protocol is '${listenerProtocol}'.`);
  }
  if (default_pool_id !== null) throw fault.defaultPoolTaken();
}

async function becomeDefault(tx: Tx, row: Pool, { id }: Listener, generation: number): Promise<void> {
  await update(tx.db, listener, id, { default_pool_id: row.id });
  await markPending(tx, 'listener', [id], generation);
}

async function modify(call: Call, id: string): Promise<Pool> {
  return call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, pool, call, id);
    const changes = parseUpdate(pool, call.body);
    const after = { ...row, ...changes };
    checkPool(after);
    refuseUnsupported(await parentBalancer(tx, call, row.loadbalancer_id ?? ''), unsupportedPool(after));
    await markPoolPending(tx, row, await raise(tx, row.loadbalancer_id ?? ''));
    return change(tx, pool, id, changes);
  });
}

/** A deleted pool takes its members and monitor with it, and listeners stop sending to it. */
async function remove(call: Call, id: string): Promise<void> {
  await call.options.store.transaction(async (tx) => {
    const row = await childFor(tx, pool, call, id);
    const generation = await raise(tx, row.loadbalancer_id ?? '');
    const users = await listenersUsing(tx, id);
    for (const user of users) await update(tx.db, listener, user.id, { default_pool_id: null });
    await markPending(
      tx,
      'listener',
      users.map((user) => user.id),
      generation,
    );
    for (const table of ['member', 'health_monitor'] as const) {
      const children = (await childrenOf(tx.db, table, [id])).get(id) ?? [];
      await markDeleting(
        tx,
        table,
        children.map((child) => child.id),
        generation,
      );
    }
    await markDeleting(tx, 'pool', [id], generation);
  });
}
