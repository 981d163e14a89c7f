/** Arithmetic on addresses and ranges of both families. Pure; addresses are canonical text outside and numbers inside. */
import ipaddr from 'ipaddr.js';
import type { Subnet } from '../model/network.ts';

export type Family = 4 | 6;

/** Both ends belong to it. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export interface Pool {
  readonly start: string;
  readonly end: string;
}

const BITS = { 4: 32, 6: 128 } as const;

export function familyOf(address: string): Family {
  return ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6;
}

export function toNumber(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

export function toAddress(value: bigint, family: Family): string {
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, index) => Number((value >> BigInt(BITS[family] - 8 - index * 8)) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString();
}

/** Every address of a network in CIDR notation. */
export function networkRange(cidr: string): Range {
  const [base = '', length = ''] = cidr.split('/');
  const hostBits = BigInt(BITS[familyOf(base)] - Number(length));
  const first = (toNumber(base) >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}

/**
 * The addresses hosts may have: not the network's own, nor IPv4's broadcast. Networks of one or two addresses have
 * neither (RFC 3021, RFC 6164).
 */
export function hostRange(cidr: string): Range {
  const { first, last } = networkRange(cidr);
  if (last - first < 2n) return { first, last };
  return { first: first + 1n, last: familyOf(cidr.split('/')[0] ?? '') === 4 ? last - 1n : last };
}

export function contains(range: Range, value: bigint): boolean {
  return range.first <= value && value <= range.last;
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function isInside(cidr: string, address: string): boolean {
  return familyOf(cidr.split('/')[0] ?? '') === familyOf(address) && contains(networkRange(cidr), toNumber(address));
}

/** Neutron's choice: the first host of an IPv4 network, the routers' anycast address of an IPv6 one. */
export function defaultGateway(cidr: string): string | null {
  const network = networkRange(cidr);
  if (network.last - network.first < 2n) return null;
  const family = familyOf(cidr.split('/')[0] ?? '');
  return toAddress(family === 4 ? network.first + 1n : network.first, family);
}

/** All hosts but the gateway. */
export function defaultPools(cidr: string, gateway: string | null): Pool[] {
  const family = familyOf(cidr.split('/')[0] ?? '');
  const hosts = hostRange(cidr);
  const hole = gateway !== null && isInside(cidr, gateway) ? toNumber(gateway) : null;
  const parts =
    hole === null
      ? [hosts]
      : [
          { first: hosts.first, last: hole - 1n },
          { first: hole + 1n, last: hosts.last },
        ];
  const inside = parts.map((part) => ({ first: max(part.first, hosts.first), last: min(part.last, hosts.last) }));
  return inside.filter((part) => part.first <= part.last).map((part) => ({ start: toAddress(part.first, family), end: toAddress(part.last, family) }));
}

/** Where addresses of the subnet are taken from, in ascending order. */
export function poolRanges(subnet: Pick<Subnet, 'cidr' | 'gateway_ip' | 'allocation_pools'>): Range[] {
  const pools = subnet.allocation_pools ?? defaultPools(subnet.cidr, subnet.gateway_ip);
  return pools.map(rangeOf).toSorted((a, b) => (a.first < b.first ? -1 : 1));
}

export function rangeOf(pool: Pool): Range {
  return { first: toNumber(pool.start), last: toNumber(pool.end) };
}

export function sizeOf(ranges: readonly Range[]): bigint {
  return ranges.reduce((sum, range) => sum + range.last - range.first + 1n, 0n);
}

/** Every address of the ascending ranges once, beginning behind the cursor and going round. */
export function* roundFrom(ranges: readonly Range[], cursor: bigint | null): Generator<bigint> {
  const start = cursor === null ? 0n : cursor + 1n;
  for (const range of ranges) yield* count(max(range.first, start), range.last);
  for (const range of ranges) yield* count(range.first, min(range.last, start - 1n));
}

function* count(first: bigint, last: bigint): Generator<bigint> {
  for (let value = first; value <= last; value++) yield value;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
