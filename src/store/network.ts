/**
 * Networks, subnets and ports: finding them, handing out addresses, making and removing ports. Everything that writes
 * runs in the caller's transaction, so an address is never handed out twice and never lost.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { fault } from '../model/fault.ts';
import { macOf } from '../model/mac.ts';
import { type Network, type Port, type Subnet, network, port, subnet } from '../model/network.ts';
import { elementsOf } from './elements.ts';
import { allocateAddress } from './network-addresses.ts';
import { releaseFloatingIps } from './network-floating-ips.ts';
import { neutronTime } from './network-time.ts';
import { byId, insert, remove } from './rows.ts';
import type { Db, Tx } from './store.ts';

export { allocateAddress, freeAddresses, hasFreeAddress } from './network-addresses.ts';
export { neutronTime } from './network-time.ts';

export interface NewPort {
  readonly networkId: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly deviceOwner: string;
  readonly deviceId: string;
  /** In order; the first address gives the MAC. Without `address` the next free one is taken. */
  readonly fixedIps: readonly WantedAddress[];
  /** Derived from the first address if not given. */
  readonly mac?: string;
  /** Further attributes of the row. */
  readonly attributes?: Partial<Omit<Port, 'id' | 'network_id' | 'mac_address' | 'fixed_ips' | 'device_id' | 'device_owner' | 'project_id'>>;
}

/** Without `address` the next free one. Only a router's port may have the gateway's. */
export interface WantedAddress {
  readonly subnetId: string;
  readonly address?: string;
  readonly asGateway?: boolean;
}

export function networkById(db: Db, id: string): Promise<Network | undefined> {
  return byId(db, network, id);
}

export function subnetById(db: Db, id: string): Promise<Subnet | undefined> {
  return byId(db, subnet, id);
}

export function portById(db: Db, id: string): Promise<Port | undefined> {
  return byId(db, port, id);
}

export function portsById(db: Db, ids: readonly string[]): Promise<Port[]> {
  return db.selectFrom('port').selectAll().where('id', 'in', elementsOf(ids)).execute();
}

/** In order of creation. */
export function subnetsOf(db: Db, networkId: string): Promise<Subnet[]> {
  return db
    .selectFrom('subnet')
    .selectAll()
    .where('network_id', '=', networkId)
    .orderBy('created_at')
    .orderBy(sql`rowid`)
    .execute();
}

/** Network id → ids of its subnets in order of creation; one query for any number of networks. */
export async function subnetIdsOf(db: Db, networkIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db
    .selectFrom('subnet')
    .select(['id', 'network_id'])
    .where('network_id', 'in', elementsOf(networkIds))
    .orderBy('created_at')
    .orderBy(sql`rowid`)
    .execute();
  const groups = Map.groupBy(rows, (row) => row.network_id);
  return new Map([...groups].map(([networkId, subnets]) => [networkId, subnets.map(({ id }) => id)]));
}

/**
 * A subnet by its id or, failing that, its name, among those the project sees: its own and those of shared networks.
 * null sees all. Throws 400 if the name fits more than one.
 */
export async function findSubnet(db: Db, idOrName: string, projectId: string | null): Promise<Subnet | undefined> {
  const visible = db
    .selectFrom('subnet')
    .innerJoin('network', 'network.id', 'subnet.network_id')
    .selectAll('subnet')
    .$if(projectId !== null, (query) => query.where((test) => test.or([test('subnet.project_id', '=', projectId), test('network.shared', '=', true)])));
  const byItsId = await visible.where('subnet.id', '=', idOrName).executeTakeFirst();
  if (byItsId) return byItsId;
  const [found, ...others] = await visible.where('subnet.name', '=', idOrName).limit(2).execute();
  if (others.length > 0) throw fault.validation(`More than one subnet is named '${idOrName}': use its id.`);
  return found;
}

/** Ids of the networks a project sees: its own, the shared and the external ones. */
export async function visibleNetworkIds(db: Db, projectId: string | null): Promise<string[]> {
  const rows = await db
    .selectFrom('network')
    .select('id')
    .where((test) => test.or([test('project_id', '=', projectId), test('shared', '=', true), test('router:external', '=', true)]))
    .execute();
  return rows.map(({ id }) => id);
}

/** Ids of the subnets a project sees: its own and those of shared networks; of an external one it sees no more than that. */
export async function visibleSubnetIds(db: Db, projectId: string | null): Promise<string[]> {
  const rows = await db
    .selectFrom('subnet')
    .innerJoin('network', 'network.id', 'subnet.network_id')
    .select('subnet.id as id')
    .where((test) => test.or([test('subnet.project_id', '=', projectId), test('network.shared', '=', true)]))
    .execute();
  return rows.map(({ id }) => id);
}

/** Ids of the ports with any of the addresses and in any of the subnets; an empty list asks nothing. */
export async function portIdsAt(db: Db, addresses: readonly string[], subnetIds: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('address')
    .select('port_id')
    .distinct()
    .$if(addresses.length > 0, (query) => query.where('ip_address', 'in', elementsOf(addresses)))
    .$if(subnetIds.length > 0, (query) => query.where('subnet_id', 'in', elementsOf(subnetIds)))
    .execute();
  return rows.map(({ port_id }) => port_id);
}

/** Throws 404 for an unknown network, 400 for a subnet of another one, and what `allocateAddress` throws. */
export async function createPort(tx: Tx, wanted: NewPort): Promise<Port> {
  const network = await networkById(tx.db, wanted.networkId);
  if (!network) throw fault.notFound('Network', wanted.networkId);
  const id = randomUUID();
  const fixedIps: Port['fixed_ips'] = [];
  for (const address of wanted.fixedIps) fixedIps.push(await takeAddress(tx, id, wanted.networkId, address));
  const row = newPort(id, wanted, network, fixedIps, await macFor(tx, wanted, fixedIps[0]?.ip_address ?? null));
  await insert(tx.db, port, row);
  return row;
}

/**
 * Gives a port these addresses in place of those it has; what it keeps is named with its address. Returns them for the
 * port's row, which the caller writes. Throws what `createPort` throws.
 */
export async function replaceAddresses(tx: Tx, row: Port, wanted: readonly WantedAddress[]): Promise<Port['fixed_ips']> {
  await tx.db.deleteFrom('address').where('port_id', '=', row.id).execute();
  const fixedIps: Port['fixed_ips'] = [];
  for (const address of wanted) fixedIps.push(await takeAddress(tx, row.id, row.network_id, address));
  return fixedIps;
}

/** The subnet is read anew each time: a second address of the same one starts behind the first. */
async function takeAddress(tx: Tx, portId: string, networkId: string, wanted: WantedAddress): Promise<Port['fixed_ips'][number]> {
  const { subnetId } = wanted;
  const row = await subnetById(tx.db, subnetId);
  if (row?.network_id !== networkId) throw fault.invalidInput('fixed_ips', subnetId, `Subnet is not on network ${networkId}.`);
  const address = await allocateAddress(tx, row, wanted.address, wanted.asGateway);
  await tx.db.insertInto('address').values({ subnet_id: subnetId, ip_address: address, port_id: portId }).execute();
  return { subnet_id: subnetId, ip_address: address };
}

/** A derived MAC that somebody already chose by hand, or a port without address, gets a random one. */
async function macFor(tx: Tx, { mac, networkId }: NewPort, address: string | null): Promise<string> {
  const wanted = (mac ?? (address === null ? randomMac() : macOf(address))).toLowerCase();
  if (!(await macHolder(tx.db, networkId, wanted))) return wanted;
  if (mac !== undefined) throw fault.inUse('network', networkId, `The mac address ${wanted} is in use.`);
  return randomMac();
}

/** Id of the port on the network that has the MAC. */
export async function macHolder(db: Db, networkId: string, mac: string): Promise<string | undefined> {
  const row = await db.selectFrom('port').select('id').where('network_id', '=', networkId).where('mac_address', '=', mac.toLowerCase()).executeTakeFirst();
  return row?.id;
}

/** Locally administered unicast, outside the ranges of derived ones. */
function randomMac(): string {
  return ['0a', ...Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The network's own ports, a router's among them, are nobody's to filter. */
export function isTrustedOwner(deviceOwner: string): boolean {
  return deviceOwner.toLowerCase().startsWith('network:');
}

function newPort(id: string, wanted: NewPort, network: Network, fixedIps: Port['fixed_ips'], mac: string): Port {
  const now = neutronTime();
  return {
    id,
    name: wanted.name,
    description: '',
    project_id: wanted.projectId,
    network_id: wanted.networkId,
    admin_state_up: true,
    mac_address: mac,
    fixed_ips: fixedIps,
    device_id: wanted.deviceId,
    device_owner: wanted.deviceOwner,
    status: wanted.deviceId === '' ? 'DOWN' : 'ACTIVE',
    security_groups: [],
    port_security_enabled: network.port_security_enabled && !isTrustedOwner(wanted.deviceOwner),
    allowed_address_pairs: [],
    'binding:vnic_type': 'normal',
    'binding:host_id': '',
    'binding:profile': {},
    tags: [],
    created_at: now,
    updated_at: now,
    revision_number: 1,
    ...wanted.attributes,
  };
}

/** Its addresses are free again with the commit; floating IPs stand for it no longer. Silent if there is no such port. */
export async function deletePort(tx: Tx, id: string): Promise<void> {
  await releaseFloatingIps(tx, id);
  await remove(tx.db, port, id);
}
