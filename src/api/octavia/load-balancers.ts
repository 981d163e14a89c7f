import { randomUUID } from 'node:crypto';
import type { ProfileData } from '../../model/capability.ts';
import { fault } from '../../model/fault.ts';
import { healthMonitor } from '../../model/health-monitor.ts';
import { l7Policy } from '../../model/l7-policy.ts';
import { l7Rule } from '../../model/l7-rule.ts';
import { listener } from '../../model/listener.ts';
import { type LoadBalancer, loadBalancer } from '../../model/load-balancer.ts';
import { member } from '../../model/member.ts';
import { pool } from '../../model/pool.ts';
import { type CreateOf, type Resource, nestedIn, parseCreate, parseUpdate } from '../../model/resource.ts';
import { redundancyNamed } from '../../model/topology.ts';
import { unsupportedLoggingInPack, unsupportedPairInPack } from '../../render/haproxy/pack-support.ts';
import { unsupportedByPair } from '../../render/keepalived/support.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { balancerTree } from '../../store/balancer-tree.ts';
import { touch } from '../../store/balancers.ts';
import { markTreeDeleting } from '../../store/pending.ts';
import { flavorDataOf } from '../../store/flavors.ts';
import { childrenOf } from '../../store/references.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { update } from '../../store/rows.ts';
import type { Tx } from '../../store/store.ts';
import { switchIn } from '../http/switch-in.ts';
import { checkNewCertificates } from './certificates.ts';
import { type Call, type Collection, targetFor } from './collection.ts';
import { newRow } from './new-row.ts';
import { type Rule, authorize } from './policy.ts';
import { chooseProvider, refuseUncarried } from './provider.ts';
import { requireQuota } from './quota-limit.ts';
import { resolveNames } from './subnet-name.ts';
import { addTree } from './tree.ts';
import { countTree, hoistPools } from './tree-pools.ts';
import { viewTree } from './tree-view.ts';
import { uncheckedVip } from './unchecked-vip.ts';
import { viewLoadBalancers } from './view.ts';
import { type Vip, checkVipRequest, claimVip } from './vip.ts';
import { putOnPort, requireSecurityGroups } from './vip-security-groups.ts';
import { add, change, write } from './write.ts';

type Body = CreateOf<typeof loadBalancer>;

export const loadBalancers: Collection<typeof loadBalancer> = {
  resource: loadBalancer,
  path: '/loadbalancers',
  view: viewLoadBalancers,
  viewCreated: viewTree,
  create,
  update: modify,
  remove,
};

async function create(call: Call): Promise<LoadBalancer> {
  const { store, network } = call.options;
  const body = parseCreate(loadBalancer, await resolveNames(store.db, call.caller, call.body));
  const projectId = owner(call, body);
  checkVipRequest(call.options, body);
  const tree = hoistPools(nestedIn(body, 'listeners'), nestedIn(body, 'pools'));
  await checkNewCertificates(call, tree, async () => authorize(call, 'loadbalancer:post', projectId));
  return write(call, async (tx) => {
    const provider = await chooseProvider(tx.db, call.options, body);
    const flavor = await flavorDataOf(tx.db, body.flavor_id);
    const { sriov_vip: direct, loadbalancer_topology: topology } = flavor;
    refuseUncarried(call, { provider }, unsupported(body) ?? unsupportedInPack(flavor));
    if (network === 'unchecked' && call.options.providers.get(provider)?.carries !== 'gateway')
      refuseUncarried(call, { provider }, 'a VIP on a network that this server does not know');
    await requireQuota(tx, call, projectId, { loadbalancer: 1, ...countTree(tree) });
    await requireReferences(tx, call, body, projectId);
    const id = randomUUID();
    const vip = network === 'unchecked' ? uncheckedVip(body, id) : await claimVip(tx, call, body, id, projectId);
    const row = { ...newBalancer(body, id, vip, provider, projectId), vip_vnic_type: direct === true ? ('direct' as const) : ('normal' as const) };
    refuseUncarried(call, { provider }, unsupportedByPair(redundancyNamed(topology), addressesOf(row)));
    await add(tx, loadBalancer, row);
    await addTree(tx, call, row, tree);
    tx.changed.add(id);
    return row;
  });
}

function unsupportedInPack({ packed, loadbalancer_topology: topology, connection_logging: logs }: ProfileData): string | null {
  return packed === true ? (unsupportedPairInPack(redundancyNamed(topology)) ?? unsupportedLoggingInPack(logs)) : null;
}

function addressesOf({ vip_address, additional_vips }: Vip): string[] {
  return [vip_address, ...additional_vips.map(({ ip_address }) => ip_address)].filter((address) => address !== null);
}

function newBalancer(body: Body, id: string, vip: Vip, provider: string, projectId: string): LoadBalancer {
  return newRow(loadBalancer, body, { ...vip, ...initial(id), provider, project_id: projectId });
}

/** The project it is created for: another than the caller's only by an admin. */
function owner(call: Call, body: Body): string {
  const alias = (body as { tenant_id?: string | null }).tenant_id ?? null;
  const projectId = body.project_id ?? alias ?? call.caller.projectId;
  if (projectId === null) throw fault.validation('Missing project ID in request where one is required.');
  authorize(call, 'loadbalancer:post', projectId);
  if (body.vip_sg_ids.length > 0) authorize(call, 'loadbalancer:post:vip_sg_ids', projectId);
  return projectId;
}

function unsupported(body: Partial<Body>): string | null {
  if ((body.vip_qos_policy_id ?? null) !== null) return 'vip_qos_policy_id';
  return (body.vip_sg_ids ?? []).length > 0 ? 'vip_sg_ids' : null;
}

/** Things outside the tree that a balancer names must be there, unless somebody else knows of them. */
async function requireReferences(tx: Tx, call: Call, body: Partial<Body>, projectId: string): Promise<void> {
  if (call.options.network === 'unchecked') return;
  const { vip_qos_policy_id: policy, vip_sg_ids: groups } = body;
  // The network face has no QoS policies, so none of them exists.
  if (typeof policy === 'string') throw fault.subresourceNotFound('qos_policy', policy);
  await requireSecurityGroups(tx.db, call, groups ?? [], projectId);
}

function initial(id: string): Omit<LoadBalancer, keyof Body> {
  const now = new Date();
  return {
    id,
    provisioning_status: 'PENDING_CREATE',
    operating_status: 'OFFLINE',
    created_at: octaviaTime(now),
    updated_at: null,
    vip_vnic_type: 'normal',
    generation: 1,
    delivered_generation: 0,
    pending_since: now.toISOString(),
    deleting: false,
    announce: 'create',
    status_reason: null,
  };
}

async function modify(call: Call, id: string): Promise<LoadBalancer> {
  const changes = parseUpdate(loadBalancer, call.body);
  return write(call, async (tx) => {
    const row = await writable(tx, call, id, 'loadbalancer:put');
    if (changes.vip_sg_ids !== undefined) authorize(call, 'loadbalancer:put:vip_sg_ids', row.project_id);
    refuseUncarried(call, row, unsupported(changes));
    await requireReferences(tx, call, changes, row.project_id ?? '');
    if ((changes.vip_sg_ids ?? []).length > 0) await refuseCidrs(tx, id);
    if (changes.vip_sg_ids !== undefined) await putOnPort(tx, call, row.vip_port_id, changes.vip_sg_ids);
    await touch(tx, id, new Date());
    return change(tx, loadBalancer, row, { ...changes, announce: row.announce ?? 'update' });
  });
}

async function remove(call: Call, id: string): Promise<void> {
  const cascade = switchIn(call.query, 'cascade');
  await write(call, async (tx) => {
    const row = await targetFor(loadBalancer, call, id, 'loadbalancer:delete', [], tx.db);
    if (row.deleting) return again(tx, row);
    if (!cascade && (await hasChildren(tx, id))) throw fault.validation(`Cannot delete Load Balancer ${id} - it has children`);
    const { generation } = await touch(tx, id, new Date());
    await recordTree(tx, id);
    await markTreeDeleting(tx, id, generation);
    await update(tx.db, loadBalancer, id, { deleting: true, provisioning_status: 'PENDING_DELETE' });
    tx.record('delete', loadBalancer, row, null);
  });
}

export async function writable(tx: Tx, call: Call, id: string, rule: Rule): Promise<LoadBalancer> {
  const row = await targetFor(loadBalancer, call, id, rule, [], tx.db);
  if (row.deleting) throw fault.invalidState(row.provisioning_status, 'loadbalancer', id);
  return row;
}

/** Two ways of saying who may come in would contradict each other (octavia-api reference §3.4). */
async function refuseCidrs(tx: Tx, id: string): Promise<void> {
  const { listeners = [] } = (await balancerTree(tx.db, id)) ?? {};
  if (listeners.some(({ deleting, allowed_cidrs }) => !deleting && (allowed_cidrs ?? []).length > 0))
    throw fault.validation('Allowed CIDRs are not allowed when using custom VIP Security Groups.');
}

/** What goes with the balancer is put on record too. */
async function recordTree(tx: AuditedTx, id: string): Promise<void> {
  const tree = await balancerTree(tx.db, id);
  if (!tree) return;
  const { rules, policies, monitors, members, pools, listeners } = tree;
  const kinds: [Resource, readonly { deleting: boolean }[]][] = [
    [l7Rule, rules],
    [l7Policy, policies],
    [healthMonitor, monitors],
    [member, members],
    [listener, listeners],
    [pool, pools],
  ];
  for (const [resource, rows] of kinds) for (const row of rows) if (!row.deleting) tx.record('delete', resource, row, null);
}

/** A deletion that failed may be asked for once more; one that is going on may not, as in Octavia. */
async function again(tx: Tx, { id, provisioning_status }: LoadBalancer): Promise<void> {
  if (provisioning_status !== 'ERROR') throw fault.invalidState(provisioning_status, 'loadbalancer', id);
  await update(tx.db, loadBalancer, id, { provisioning_status: 'PENDING_DELETE', pending_since: new Date().toISOString() });
  tx.changed.add(id);
}

async function hasChildren(tx: Tx, id: string): Promise<boolean> {
  const [listeners, pools] = [await childrenOf(tx.db, 'listener', [id], { wanted: true }), await childrenOf(tx.db, 'pool', [id], { wanted: true })];
  return listeners.size > 0 || pools.size > 0;
}
