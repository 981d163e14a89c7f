import { randomUUID } from 'node:crypto';
import { floatingIp } from '../../model/network-floating-ip.ts';
import { type Network, network, subnet } from '../../model/network.ts';
import { type UpdateOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { physicalNetworksOfHosts } from '../../store/hosts.ts';
import { idleFloatingIpsOn } from '../../store/network-floating-ips.ts';
import { carriesExternals } from '../../store/network-routers.ts';
import { announceBalancersOn, networkHasPorts, usedByOthers } from '../../store/network-use.ts';
import { neutronTime, subnetIdsOf, subnetsOf, visibleNetworkIds } from '../../store/network.ts';
import { insert, remove, update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import type { Caller } from '../identity/caller.ts';
import { type Neutral, objectIn, withProject, withoutNeutral } from './body.ts';
import { type Collection, type NetworkContext, type View, type Write, viewRow } from './collection.ts';
import { dropFloatingIp } from './floating-ips.ts';
import { neutron } from './neutron-error.ts';
import { projectFor, requireAdminFor, requireWriter, seesNetwork } from './policy.ts';

/** What Neutron shows besides and this installation has no use for; clients expect the names. */
const CONSTANTS: View = {
  qos_policy_id: null,
  availability_zone_hints: [],
  availability_zones: [],
  ipv4_address_scope: null,
  ipv6_address_scope: null,
};

const NEUTRAL: Neutral = {
  qos_policy_id: [null],
  availability_zone_hints: [[]],
  segments: [null, []],
  vlan_transparent: [null, false],
  'provider:segmentation_id': [null],
};

export const networks: Collection<typeof network> = {
  resource: network,
  quota: 'network',
  visible: async (db, { projectId }) => [{ column: 'id', anyOf: await visibleNetworkIds(db, projectId) }],
  sees: async (_db, caller, row) => seesNetwork(caller, row),
  async views(db, caller, rows) {
    const subnets = await subnetIdsOf(
      db,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => networkView(row, caller, subnets.get(row.id) ?? []));
  },
  create: createNetwork,
  update: updateNetwork,
  async remove({ tx, caller }, row) {
    requireWriter(caller, row.project_id, 'delete_network');
    await dropIdleFloatingIps(tx, row.id);
    if (await networkHasPorts(tx.db, row.id)) throw neutron.networkInUse(row.id);
    for (const gone of await subnetsOf(tx.db, row.id)) tx.record('delete', subnet, gone, null);
    await remove(tx.db, network, row.id);
  },
};

/** Those that stand for nothing keep no external network, as in Neutron. */
async function dropIdleFloatingIps(tx: Write['tx'], networkId: string): Promise<void> {
  for (const idle of await idleFloatingIpsOn(tx.db, networkId)) {
    await dropFloatingIp(tx, idle);
    tx.record('delete', floatingIp, idle, null);
  }
}

/** How a network is wired is the administrators' business. */
function networkView(row: Network, caller: Caller, subnets: readonly string[]): View {
  const view = viewRow(network, row, { tenant_id: row.project_id, subnets }, CONSTANTS);
  if (caller.isAdmin) return { ...view, 'provider:network_type': networkType(row['provider:physical_network']), 'provider:segmentation_id': null };
  delete view['provider:physical_network'];
  return view;
}

function networkType(physicalNetwork: string | null): string {
  return physicalNetwork === null ? 'local' : 'flat';
}

async function createNetwork({ tx, context, caller, body }: Write): Promise<Network> {
  const checked = parseCreate(network, withoutType(withoutNeutral('network', withProject('network', body), NEUTRAL)));
  const { shared, is_default, 'router:external': external, 'provider:physical_network': physical } = checked;
  requireAdminFor(caller, 'create_network', { shared, is_default, 'router:external': external, 'provider:physical_network': physical });
  await requirePhysical(tx.db, context, physical);
  const now = neutronTime();
  const project_id = projectFor(caller, checked.project_id, 'create_network');
  const row: Network = { ...checked, id: randomUUID(), project_id, status: 'ACTIVE', tags: [], created_at: now, updated_at: now, revision_number: 1 };
  await insert(tx.db, network, row);
  return row;
}

/** Creators may say the type; it follows from the rest, so only another one is an error. */
function withoutType(body: unknown): unknown {
  const object = objectIn('network', body);
  if (!object || !('provider:network_type' in object)) return body;
  const { 'provider:network_type': type, ...rest } = object;
  const fitting = networkType(typeof rest['provider:physical_network'] === 'string' ? rest['provider:physical_network'] : null);
  if (type !== fitting) throw neutron.invalid(`provider:network_type is flat with a physical network and local without`);
  return { ...(body as object), network: rest };
}

/** One that this host or another one has a bridge for. */
async function requirePhysical(db: Db, { physicalNetworks }: NetworkContext, name: string | null): Promise<void> {
  if (name === null || physicalNetworks === null || physicalNetworks.includes(name) || (await physicalNetworksOfHosts(db)).has(name)) return;
  throw neutron.invalid(`physical_network '${name}' unknown for flat provider network`);
}

async function updateNetwork({ tx, caller, body }: Write, row: Network): Promise<Network> {
  requireWriter(caller, row.project_id, 'update_network');
  const changes = parseUpdate(network, withoutNeutral('network', body, NEUTRAL));
  const { shared, is_default, 'router:external': external } = changes;
  requireAdminFor(caller, 'update_network', { shared, is_default, 'router:external': external });
  await requireUnused(tx.db, row, changes);
  await announceBalancersOn(tx, row.id);
  const written = await update(tx.db, network, row.id, { ...changes, updated_at: neutronTime(), revision_number: row.revision_number + 1 });
  return written ?? row;
}

/** Others on it would lose what they stand on. */
async function requireUnused(db: Write['tx']['db'], row: Network, changes: UpdateOf<typeof network>): Promise<void> {
  const { shared = row.shared, 'router:external': external = row['router:external'] } = changes;
  if (row.shared && !shared && (await usedByOthers(db, row.id, row.project_id))) throw neutron.sharedInUse(row.id);
  if (row['router:external'] && !external && (await carriesExternals(db, row.id))) throw neutron.externalInUse(row.id);
}
