/** Handing out the addresses of a subnet, in the caller's transaction: never one twice, none lost. */
import { fault } from '../model/fault.ts';
import { ValueError, ipAddress } from '../model/field.ts';
import type { Subnet } from '../model/network.ts';
import { type Family, contains, hostRange, isInside, networkRange, poolRanges, roundFrom, sizeOf, toAddress, toNumber } from './address-range.ts';
import { elementsOf } from './elements.ts';
import type { Db, Tx } from './store.ts';

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
 * it gives the address to a port in the same transaction. Only a router's port may have the gateway's. Throws 400 for
 * one outside the subnet, 409 for one in use or when none is left.
 */
export async function allocateAddress(tx: Tx, row: Subnet, wanted?: string, asGateway = false): Promise<string> {
  if (wanted !== undefined) return claim(tx, row, wanted, asGateway);
  const address = await nextFree(tx.db, row);
  if (address === null) throw fault.noAddressLeft(row.network_id);
  await tx.db.updateTable('subnet').set({ allocation_cursor: address }).where('id', '=', row.id).execute();
  return address;
}

async function claim(tx: Tx, row: Subnet, wanted: string, asGateway: boolean): Promise<string> {
  const address = canonical(wanted);
  // A router may have any address of the range: IPv6's anycast one, too.
  const range = asGateway ? networkRange(row.cidr) : hostRange(row.cidr);
  if (!isInside(row.cidr, address) || !contains(range, toNumber(address))) {
    throw fault.invalidInput('ip_address', wanted, 'Value is not a valid IP address for the specified subnet.');
  }
  // The gateway belongs to a router, whether a port of ours says so or not.
  const taken = (address === row.gateway_ip && !asGateway) || (await usedAmong(tx.db, row.id, [address])).has(address);
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
