import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type Listener, listener } from '../../model/listener.ts';
import type { LoadBalancer } from '../../model/load-balancer.ts';
import { type CreateOf, nestedIn, parseCreate, parseUpdate } from '../../model/resource.ts';
import { isDatagram } from '../../render/datagram.ts';
import { unsupportedListenerOnGateway } from '../../render/gateway/support.ts';
import { unsupportedListenerInPack } from '../../render/haproxy/pack-support.ts';
import { unsupportedListener } from '../../render/haproxy/support.ts';
import { unsupportedListenerByPackets, unsupportedOnVips } from '../../render/nftables/support.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { markPending } from '../../store/pending.ts';
import { octaviaTime } from '../../store/row-time.ts';
import type { Tx } from '../../store/store.ts';
import { checkChangedCertificates, checkNewCertificates, unreadableListener } from './certificates.ts';
import type { Call, Collection } from './collection.ts';
import { refuseByEngine, refuseInPack, refuseOnGateway } from './engine.ts';
import { addPolicies } from './l7-tree.ts';
import { tlsFilled } from './limits.ts';
import { unsupportedCiphers } from './known-ciphers.ts';
import { checkListener } from './listener-rules.ts';
import { newRow } from './new-row.ts';
import { removePolicies } from './policy-removal.ts';
import { requirePool } from './pool-choice.ts';
import { addPool } from './pools.ts';
import { refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { countTree, hoistPools } from './tree-pools.ts';
import { resolveNames } from './subnet-name.ts';
import { viewListeners } from './view.ts';
import { type Readable, add, change, childFor, parentBalancer, raise, removeAll, write } from './write.ts';

export const listeners: Collection<typeof listener> = {
  resource: listener,
  path: '/listeners',
  view: viewListeners,
  create,
  update: modify,
  remove,
};

/** A listener to be: what its creator said of it, its default pool made already. */
export type NewListener = CreateOf<typeof listener>;

async function create(call: Call): Promise<Listener> {
  const body = parseCreate(listener, await resolveNames(call.options.store.db, call.caller, call.body));
  const {
    listeners: [raw = {}],
    pools,
  } = hoistPools([nestedOf(body)], []);
  const parent = (tx: Readable): Promise<LoadBalancer> => parentBalancer(tx, call, body.loadbalancer_id, 'listener:post');
  await checkNewCertificates(call, { listeners: [body], pools }, () => parent(call.options.store));
  return write(call, async (tx) => {
    const balancer = await parent(tx);
    const projectId = balancer.project_id ?? '';
    await requireQuota(tx, call, projectId, countTree({ listeners: [raw], pools }));
    const generation = await raise(tx, balancer.id);
    const poolIds = new Map<string, string>();
    for (const object of pools) {
      const made = await addPool(tx, call, object, { balancer, generation });
      poolIds.set(made.name, made.id);
    }
    const default_pool_id = poolIds.get(raw.default_pool?.name ?? '') ?? body.default_pool_id;
    const row = await addListener(tx, call, { ...body, default_pool_id }, { balancer, generation });
    await addPolicies(tx, call, { listener: row, balancer, generation }, raw.l7policies ?? [], poolIds);
    return row;
  });
}

/** The children in a body, in the form a tree has them. */
function nestedOf(body: NewListener): Record<string, unknown> {
  return { default_pool: body.default_pool, l7policies: nestedIn(body, 'l7policies') };
}

/** The listener alone, checked; `balancer` is the caller's and takes writes. */
export async function addListener(
  tx: AuditedTx,
  call: Call,
  body: NewListener,
  { balancer, generation }: { balancer: LoadBalancer; generation: number },
): Promise<Listener> {
  const row = newRow(listener, withTlsDefaults(call, body), {
    id: randomUUID(),
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    project_id: balancer.project_id ?? '',
    loadbalancer_id: balancer.id,
    created_at: octaviaTime(new Date()),
    updated_at: null,
    generation,
    deleting: false,
  });
  await check(tx, call, row, balancer);
  await add(tx, listener, row, () => fault.duplicateListener(row.protocol, row.protocol_port));
  return row;
}

function withTlsDefaults<L extends Pick<Listener, 'protocol' | 'tls_ciphers' | 'tls_versions' | 'alpn_protocols'>>({ options }: Call, row: L): L {
  return tlsFilled(row, options.limits.listenerTls, row.protocol === 'TERMINATED_HTTPS');
}

async function check(tx: Tx, call: Call, row: Listener, balancer: LoadBalancer): Promise<void> {
  const vips = [balancer.vip_address, ...balancer.additional_vips.map(({ ip_address }) => ip_address)].filter((address) => address !== null);
  checkListener(row, vips, call.options.limits);
  if (row.allowed_cidrs !== null && balancer.vip_sg_ids.length > 0)
    throw fault.validation('Allowed CIDRs are not allowed when using custom VIP Security Groups.');
  refuseUncarried(call, balancer, unsupportedListener(row) ?? (isDatagram(row.protocol) ? unsupportedOnVips(vips) : null));
  refuseUncarried(call, balancer, unsupportedCiphers(row) ?? unreadableListener(call, row));
  await refuseByEngine(tx, call, balancer, unsupportedListenerByPackets(row) ?? unsupportedOnVips(vips));
  await refuseInPack(tx, call, balancer, unsupportedListenerInPack(row));
  refuseOnGateway(call, balancer, unsupportedListenerOnGateway(row));
  await requirePool(tx, row.default_pool_id, row);
}

async function modify(call: Call, id: string): Promise<Listener> {
  const changes = parseUpdate(listener, call.body);
  await checkChangedCertificates(call, 'listener', changes, () => childFor(call.options.store, listener, call, id, 'put'));
  return write(call, async (tx) => {
    const row = await childFor(tx, listener, call, id, 'put');
    const balancer = await parentBalancer(tx, call, row.loadbalancer_id, 'listener:put');
    const after = withTlsDefaults(call, { ...row, ...changes });
    await check(tx, call, after, balancer);
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
    const { tls_ciphers, tls_versions, alpn_protocols } = after;
    return change(tx, listener, row, { ...changes, tls_ciphers, tls_versions, alpn_protocols });
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await childFor(tx, listener, call, id, 'delete');
    const generation = await raise(tx, row.loadbalancer_id);
    await removePolicies(tx, id, generation);
    await removeAll(tx, listener, [row], generation);
  });
}
