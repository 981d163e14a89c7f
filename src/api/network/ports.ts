import { fault } from '../../model/fault.ts';
import { type Network, type Port, type Subnet, port } from '../../model/network.ts';
import { type CreateOf, parseCreate, parseUpdate } from '../../model/resource.ts';
import { isInside } from '../../store/address-range.ts';
import { type NewPort, createPort, deletePort, hasFreeAddress, neutronTime, portIdsAt, subnetsOf } from '../../store/network.ts';
import { isAmphora, portUse } from '../../store/network-use.ts';
import { update } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import type { RawQuery } from '../http/list-query.ts';
import type { Caller } from '../identity/caller.ts';
import { type Collection, type Conditions, type View, type Write, mentions, viewRow, withProject } from './collection.ts';
import { neutron } from './neutron-error.ts';
import { owns, projectFor, requireWriter, visibleNetwork } from './policy.ts';

type Wanted = CreateOf<typeof port>;

const CONSTANTS: View = { allowed_address_pairs: [], extra_dhcp_opts: [], port_security_enabled: false, qos_policy_id: null };
/** Owners that mean something to the network itself; others are labels. */
const TRUSTED_OWNER = /^(network:|octavia$)/i;
/** What derived MACs begin with: chosen by hand, one could stand in the way of a balancer to come. */
const DERIVED_MAC = /^(02:00|06):/i;

export const ports: Collection<typeof port> = {
  resource: port,
  visible: async (_db, { projectId }) => [{ column: 'project_id', anyOf: projectId === null ? [] : [projectId] }],
  sees: async (_db, caller, row) => caller.isAdmin || owns(caller, row.project_id),
  filters: addressFilter,
  views: async (_db, _caller, rows) => rows.map((row) => viewRow(port, row, { tenant_id: row.project_id }, CONSTANTS)),
  create: createFromBody,
  update: updatePort,
  async remove({ tx, caller }, row) {
    requireWriter(caller, row.project_id, 'delete_port');
    await requireFree(tx.db, row);
    await deletePort(tx, row.id);
  },
};

/** `fixed_ips=ip_address=192.0.2.1`, `fixed_ips=subnet_id=…`: values of one kind are alternatives, the kinds must both hold. */
async function addressFilter(db: Db, query: RawQuery): Promise<{ rest: RawQuery; where: Conditions }> {
  const { fixed_ips: wanted, ...rest } = query;
  if (wanted === undefined) return { rest, where: [] };
  const pairs = [wanted].flat().map((text) => /^(ip_address|subnet_id)=(.+)$/.exec(text));
  if (pairs.includes(null)) throw fault.invalidFilter();
  const valuesOf = (kind: string): string[] => pairs.flatMap((pair) => (pair?.[1] === kind ? [pair[2] as string] : []));
  return { rest, where: [{ column: 'id', anyOf: await portIdsAt(db, valuesOf('ip_address'), valuesOf('subnet_id')) }] };
}

async function createFromBody({ tx, caller, body }: Write): Promise<Port> {
  const wanted = parseCreate(port, withProject('port', body));
  const network = await visibleNetwork(tx.db, caller, wanted.network_id);
  const projectId = projectFor(caller, wanted.project_id, 'create_port');
  requireNetworkOwner(caller, network, wanted);
  await refuseAmphora(tx.db, wanted.device_id);
  const { name, device_owner: deviceOwner, device_id: deviceId, mac_address: mac } = wanted;
  const attributes = {
    description: wanted.description,
    admin_state_up: wanted.admin_state_up,
    security_groups: wanted.security_groups,
    'binding:vnic_type': wanted['binding:vnic_type'],
  };
  const fixedIps = await fixedIpsOf(tx.db, wanted, mentions('port', body, 'fixed_ips'));
  return createPort(tx, { networkId: network.id, projectId, name, deviceOwner, deviceId, fixedIps, attributes, ...(mac === null ? {} : { mac }) });
}

/** On somebody else's network nobody chooses addresses, MACs or an owner that means something. */
function requireNetworkOwner(caller: Caller, network: Network, { fixed_ips, mac_address, device_owner }: Wanted): void {
  if (caller.isAdmin) return;
  if (mac_address !== null && DERIVED_MAC.test(mac_address)) throw neutron.notAllowed('create_port:mac_address');
  if (/^octavia$/i.test(device_owner)) throw neutron.notAllowed('create_port:device_owner');
  if (owns(caller, network.project_id)) return;
  if (mac_address !== null) throw neutron.notAllowed('create_port:mac_address');
  if (fixed_ips.some(({ ip_address }) => ip_address !== null)) throw neutron.notAllowed('create_port:fixed_ips:ip_address');
  if (TRUSTED_OWNER.test(device_owner)) throw neutron.notAllowed('create_port:device_owner');
}

/** Who names an amphora would have the port taken for one of its own. */
async function refuseAmphora(db: Db, deviceId: string): Promise<void> {
  if (await isAmphora(db, deviceId)) throw neutron.invalid(`device_id ${deviceId} is an amphora, whose ports are made by the load balancer service`);
}

async function fixedIpsOf(db: Db, { network_id, fixed_ips }: Wanted, mentioned: boolean): Promise<NewPort['fixedIps']> {
  const subnets = await subnetsOf(db, network_id);
  if (!mentioned) return onePerFamily(db, network_id, subnets);
  return fixed_ips.map(({ subnet_id, ip_address }) => {
    if (subnet_id !== null) return ip_address === null ? { subnetId: subnet_id } : { subnetId: subnet_id, address: ip_address };
    if (ip_address === null) throw neutron.invalid('fixed_ips entries need a subnet_id or an ip_address');
    const holder = subnets.find((row) => isInside(row.cidr, ip_address));
    if (!holder) throw neutron.invalid(`IP address ${ip_address} is not a valid IP for any of the subnets on the specified network`);
    return { subnetId: holder.id, address: ip_address };
  });
}

/** An address of each family the network has, from the first subnet with room. */
async function onePerFamily(db: Db, networkId: string, subnets: readonly Subnet[]): Promise<NewPort['fixedIps']> {
  const chosen: { subnetId: string }[] = [];
  for (const family of [4, 6]) {
    const candidates = subnets.filter((row) => row.ip_version === family);
    const found = await firstWithRoom(db, candidates);
    if (found) chosen.push({ subnetId: found.id });
    else if (candidates.length > 0) throw fault.noAddressLeft(networkId);
  }
  return chosen;
}

async function firstWithRoom(db: Db, subnets: readonly Subnet[]): Promise<Subnet | undefined> {
  for (const row of subnets) if (await hasFreeAddress(db, row)) return row;
  return undefined;
}

async function updatePort({ tx, caller, body }: Write, row: Port): Promise<Port> {
  requireWriter(caller, row.project_id, 'update_port');
  const changes = parseUpdate(port, body);
  const moved = (changes.device_id ?? row.device_id) !== row.device_id || (changes.device_owner ?? row.device_owner) !== row.device_owner;
  if (moved) await checkDevice(tx.db, caller, row, changes);
  const status = (changes.device_id ?? row.device_id) === '' ? 'DOWN' : 'ACTIVE';
  const written = await update(tx.db, port, row.id, { ...changes, status, updated_at: neutronTime(), revision_number: row.revision_number + 1 });
  return written ?? row;
}

async function checkDevice(db: Db, caller: Caller, row: Port, { device_id, device_owner }: { device_id?: string; device_owner?: string }): Promise<void> {
  await requireFree(db, row);
  if (device_id !== undefined) await refuseAmphora(db, device_id);
  if (!caller.isAdmin && device_owner !== undefined && TRUSTED_OWNER.test(device_owner)) throw neutron.notAllowed('update_port:device_owner');
}

async function requireFree(db: Db, row: Port): Promise<void> {
  const use = await portUse(db, row);
  if (use !== null) throw neutron.portInUse(row.id, use);
}
