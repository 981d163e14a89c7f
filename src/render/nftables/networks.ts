/** Lists of networks as the kernel's interval sets take them: none within another. */
import ipaddr from 'ipaddr.js';
import { type Family, network } from './argument.ts';

/** Those of the family, each written from its first address, without those that another of them holds. */
export function disjoint(cidrs: readonly string[], family: Family): string[] {
  const own = cidrs.filter((cidr) => cidr.includes(':') === (family === 6)).map((cidr) => ipaddr.parseCIDR(network(cidr, family)));
  const widest = own.toSorted(([, a], [, b]) => a - b);
  const kept: typeof own = [];
  for (const [host, length] of widest) if (!kept.some((other) => host.match(other))) kept.push([host, length]);
  return kept.map(([host, length]) => `${firstOf(host, length)}/${length}`);
}

function firstOf(host: ipaddr.IPv4 | ipaddr.IPv6, length: number): string {
  const bytes = host.toByteArray().map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, length - index * 8))));
  return ipaddr.fromByteArray(bytes).toString();
}
