/**
 * Networks, subnets and ports: finding them, handing out addresses, making and removing ports. Everything that writes
 * runs in the caller's transaction, so an address is never handed out twice and never lost.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Expression, sql } from 'kysely';
import { fault } from '../model/fault.ts';
import { ValueError, ipAddress } from '../model/field.ts';
import { macOf } from '../model/mac.ts';
import { type Network, type Port, type Subnet, network, port, subnet } from '../model/network.ts';
import { type Family, contains, hostRange, isInside, poolRanges, roundFrom, sizeOf, toAddress, toNumber } from './address-range.ts';
import { byId, insert, remove } from './rows.ts';
import type { Db, Tx } from './store.ts';

export interface NewPort {
  readonly networkId: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly deviceOwner: string;
  readonly deviceId: string;
  /** In order; the first address gives the MAC. Without `address` the next free one is taken. */
  readonly fixedIps: readonly { readonly subnetId: string; readonly address?: string }[];
  /** Derived from the first address if not given. */
  readonly mac?: string;
  /** Further attributes of the row. */
  readonly attributes?: Partial<Pick<Port, 'description' | 'admin_state_up' | 'security_groups' | 'binding:vnic_type'>>;
}

/** Neutron's time: UTC, whole seconds, with its zone. */
export function neutronTime(date: Date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`;
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

/** Ids of the networks a project sees: its own and the shared ones. */
export async function visibleNetworkIds(db: Db, projectId: string | null): Promise<string[]> {
  const rows = await db
    .selectFrom('network')
    .select('id')
    .where((test) => test.or([test('project_id', '=', projectId), test('shared', '=', true)]))
    .execute();
  return rows.map(({ id }) => id);
}

/** Ids of the subnets a project sees: its own and those of shared networks. */
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

/** One statement for any number of values. */
function elementsOf(values: readonly string[]): Expression<string> {
  return sql<string>`(select value from json_each(${JSON.stringify(values)}))`;
}

/** Addresses still to be had from the subnet's pools, at most 2⁵³−1. */
export async function freeAddresses(db: Db, row: Subnet): Promise<number> {
  const ranges = poolRanges(row);
  const used = await db.selectFrom('address').select('ip_address').where('subnet_id', '=', row.id).execute();
  const taken = used.filter(({ ip_address }) => ranges.some((range) => contains(range, toNumber(ip_address)))).length;
  const free = sizeOf(ranges) - BigInt(taken);
  return Number(free > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : free);
}

/** Whether there is one at all; counts without looking at the addresses as long as there is plenty. */
export async function hasFreeAddress(db: Db, row: Subnet): Promise<boolean> {
  const { used } = await db
    .selectFrom('address')
    .select((expression) => expression.fn.countAll<number>().as('used'))
    .where('subnet_id', '=', row.id)
    .executeTakeFirstOrThrow();
  return BigInt(used) < sizeOf(poolRanges(row)) || (await freeAddresses(db, row)) > 0;
}

/**
 * An address of the subnet that nobody has: the wanted one, or the next behind the one handed out last. Whoever calls
 * it gives the address to a port in the same transaction. Throws 400 for one outside the subnet, 409 for one in use
 * or when none is left.
 */
export async function allocateAddress(tx: Tx, row: Subnet, wanted?: string): Promise<string> {
  if (wanted !== undefined) return claim(tx, row, wanted);
  const address = await nextFree(tx.db, row);
  if (address === null) throw fault.noAddressLeft(row.network_id);
  await tx.db.updateTable('subnet').set({ allocation_cursor: address }).where('id', '=', row.id).execute();
  return address;
}

async function claim(tx: Tx, row: Subnet, wanted: string): Promise<string> {
  const address = canonical(wanted);
  if (!isInside(row.cidr, address) || !contains(hostRange(row.cidr), toNumber(address))) {
    throw fault.invalidInput('ip_address', wanted, 'Value is not a valid IP address for the specified subnet.');
  }
  // The gateway belongs to a router, whether a port of ours says so or not.
  const taken = address === row.gateway_ip || (await usedAmong(tx.db, row.id, [address])).has(address);
  if (taken) throw fault.addressInUse(address, row.network_id);
  return address;
}

function canonical(address: string): string {
  try {
    return ipAddress.parse(address);
  } catch (error) {
    throw error instanceof ValueError ? fault.invalidInput('ip_address', address, error.reason) : error;
  }
}

/** Addresses asked about at a time: mostly the first is free; behind a crowded stretch the steps grow. */
const STEPS = [1, 8, 64, 512] as const;

async function nextFree(db: Db, row: Subnet): Promise<string | null> {
  const cursor = row.allocation_cursor === null ? null : toNumber(row.allocation_cursor);
  const candidates = roundFrom(poolRanges(row), cursor);
  const family = row.ip_version as Family;
  for (let step = 0; ; step++) {
    const batch = next(candidates, STEPS[Math.min(step, STEPS.length - 1)] as number).map((value) => toAddress(value, family));
    if (batch.length === 0) return null;
    const used = await usedAmong(db, row.id, batch);
    const free = batch.find((address) => !used.has(address));
    if (free !== undefined) return free;
  }
}

/** Iterator helpers would close the generator behind the first few. */
function next(candidates: Iterator<bigint>, count: number): bigint[] {
  const taken: bigint[] = [];
  for (let { done, value } = candidates.next(); !done; { done, value } = candidates.next()) {
    taken.push(value as bigint);
    if (taken.length === count) break;
  }
  return taken;
}

async function usedAmong(db: Db, subnetId: string, addresses: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom('address').select('ip_address').where('subnet_id', '=', subnetId).where('ip_address', 'in', elementsOf(addresses)).execute();
  return new Set(rows.map((row) => row.ip_address));
}

/** Throws 404 for an unknown network, 400 for a subnet of another one, and what `allocateAddress` throws. */
export async function createPort(tx: Tx, wanted: NewPort): Promise<Port> {
  if (!(await networkById(tx.db, wanted.networkId))) throw fault.notFound('Network', wanted.networkId);
  const id = randomUUID();
  const fixedIps: Port['fixed_ips'] = [];
  for (const { subnetId, address } of wanted.fixedIps) fixedIps.push(await takeAddress(tx, id, wanted.networkId, subnetId, address));
  const row = newPort(id, wanted, fixedIps, await macFor(tx, wanted, fixedIps[0]?.ip_address ?? null));
  await insert(tx.db, port, row);
  return row;
}

/** The subnet is read anew each time: a second address of the same one starts behind the first. */
async function takeAddress(tx: Tx, portId: string, networkId: string, subnetId: string, wanted: string | undefined): Promise<Port['fixed_ips'][number]> {
  const row = await subnetById(tx.db, subnetId);
  if (row?.network_id !== networkId) throw fault.invalidInput('fixed_ips', subnetId, `Subnet is not on network ${networkId}.`);
  const address = await allocateAddress(tx, row, wanted);
  await tx.db.insertInto('address').values({ subnet_id: subnetId, ip_address: address, port_id: portId }).execute();
  return { subnet_id: subnetId, ip_address: address };
}

/** A derived MAC that somebody already chose by hand, or a port without address, gets a random one. */
async function macFor(tx: Tx, { mac, networkId }: NewPort, address: string | null): Promise<string> {
  const wanted = (mac ?? (address === null ? randomMac() : macOf(address))).toLowerCase();
  const holder = await tx.db.selectFrom('port').select('id').where('network_id', '=', networkId).where('mac_address', '=', wanted).executeTakeFirst();
  if (!holder) return wanted;
  if (mac !== undefined) throw fault.inUse('network', networkId, `The mac address ${wanted} is in use.`);
  return randomMac();
}

/** Locally administered unicast, outside the ranges of derived ones. */
function randomMac(): string {
  return ['0a', ...Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function newPort(id: string, wanted: NewPort, fixedIps: Port['fixed_ips'], mac: string): Port {
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
    'binding:vnic_type': 'normal',
    tags: [],
    created_at: now,
    updated_at: now,
    revision_number: 1,
    ...wanted.attributes,
  };
}

/** Its addresses are free again with the commit. Silent if there is no such port. */
export async function deletePort(tx: Tx, id: string): Promise<void> {
  await remove(tx.db, port, id);
}
