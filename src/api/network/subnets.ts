import { randomUUID } from 'node:crypto';
import { fault } from '../../model/fault.ts';
import { type Subnet, subnet } from '../../model/network.ts';
import { type CreateOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { defaultGateway, defaultPools } from '../../store/address-range.ts';
import { networkById, neutronTime, subnetsOf, visibleSubnetIds } from '../../store/network.ts';
import { addressTaken, announceBalancersOn, subnetUse } from '../../store/network-use.ts';
import { insert, remove, update } from '../../store/rows.ts';
import { type Collection, type Write, mentions, viewRow, withProject } from './collection.ts';
import { neutron } from './neutron-error.ts';
import { owns, projectFor, requireWriter, visibleNetwork } from './policy.ts';
import { checkGateway, checkNetworkRange, checkPools, checkRoutes } from './subnet-rules.ts';

export const subnets: Collection<typeof subnet> = {
  resource: subnet,
  visible: async (db, { projectId }) => [{ column: 'id', anyOf: await visibleSubnetIds(db, projectId) }],
  sees: async (db, caller, row) => caller.isAdmin || owns(caller, row.project_id) || ((await networkById(db, row.network_id))?.shared ?? false),
  views: async (_db, _caller, rows) => rows.map((row) => viewRow(subnet, row, { tenant_id: row.project_id }, {})),
  create: createSubnet,
  update: updateSubnet,
  async remove({ tx, caller }, row) {
    requireWriter(caller, row.project_id, 'delete_subnet');
    const use = await subnetUse(tx.db, row.id);
    if (use !== null) throw neutron.subnetInUse(row.id, use);
    await remove(tx.db, subnet, row.id);
  },
};

async function createSubnet({ tx, caller, body }: Write): Promise<Subnet> {
  const checked = parseCreate(subnet, withProject('subnet', body));
  const network = await visibleNetwork(tx.db, caller, checked.network_id);
  requireWriter(caller, network.project_id, 'create_subnet');
  const project_id = projectFor(caller, checked.project_id, 'create_subnet');
  checkNetworkRange(checked, await subnetsOf(tx.db, network.id));
  const addressing = addressingOf(checked, body);
  const now = neutronTime();
  const server = {
    id: randomUUID(),
    subnetpool_id: null,
    service_types: [],
    tags: [],
    created_at: now,
    updated_at: now,
    revision_number: 0,
    allocation_cursor: null,
  };
  const row: Subnet = { ...checked, ...addressing, ...server, project_id };
  await insert(tx.db, subnet, row);
  return row;
}

/** Gateway and pools as given, or Neutron's choice; a gateway of null is none. */
function addressingOf(checked: CreateOf<typeof subnet>, body: unknown): Pick<Subnet, 'gateway_ip' | 'allocation_pools'> {
  const gateway_ip = mentions('subnet', body, 'gateway_ip') ? checked.gateway_ip : defaultGateway(checked.cidr);
  checkGateway(checked.cidr, gateway_ip);
  checkRoutes(checked.cidr, checked.host_routes);
  const pools = checked.allocation_pools ?? defaultPools(checked.cidr, gateway_ip);
  checkPools(checked.cidr, gateway_ip, pools);
  return { gateway_ip, allocation_pools: pools };
}

async function updateSubnet({ tx, caller, body }: Write, row: Subnet): Promise<Subnet> {
  requireWriter(caller, row.project_id, 'update_subnet');
  const changes = parseUpdate(subnet, body);
  const gateway = changes.gateway_ip === undefined ? row.gateway_ip : changes.gateway_ip;
  if (gateway !== row.gateway_ip) await checkNewGateway(tx.db, row, gateway);
  // null asks for the default again; a new gateway alone leaves the pools as they are.
  const pools = changes.allocation_pools === undefined ? row.allocation_pools : changes.allocation_pools;
  const allocation_pools = pools ?? defaultPools(row.cidr, gateway);
  checkPools(row.cidr, gateway, allocation_pools);
  checkRoutes(row.cidr, changes.host_routes ?? []);
  await announceBalancersOn(tx, row.network_id);
  const written = await update(tx.db, subnet, row.id, { ...changes, allocation_pools, updated_at: neutronTime(), revision_number: row.revision_number + 1 });
  return written ?? row;
}

async function checkNewGateway(db: Write['tx']['db'], row: Subnet, gateway: string | null): Promise<void> {
  checkGateway(row.cidr, gateway);
  if (gateway !== null && (await addressTaken(db, row.id, gateway))) throw fault.addressInUse(gateway, row.network_id);
}
