/** Where a load balancer's address is on a gateway: on one of its networks, or an address that the gateway has already. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewaySection } from '../../model/node-config.ts';
import { networkParts } from '../address.ts';
import { GatewayCannotError } from './gateway-error.ts';
import { sectionName } from './names.ts';

/** The interface that gives the address its network. `own`: the address is the gateway's, and needs nothing. */
export interface Standing {
  readonly interface: string;
  readonly device: string;
  /** The gateway's own address in that network. */
  readonly address: string;
  readonly own: boolean;
}

/** null where the gateway is in no network that the address is of. */
export function standingOf(address: string, { interfaces }: Pick<GatewayFacts, 'interfaces'>): Standing | null {
  const wanted = ipaddr.parse(address);
  for (const { name, device, addresses } of interfaces) {
    const parts = addresses.flatMap((one) => networkParts(one) ?? []);
    const own = parts.some((part) => ipaddr.parse(part.address).toString() === wanted.toString());
    const near = parts.find((part) => {
      const base = ipaddr.parse(part.address);
      return base.kind() === wanted.kind() && wanted.match(base, part.length);
    });
    if (near) return { interface: name, device, address: near.address, own };
  }
  return null;
}

/** Throws a GatewayCannotError where the gateway is in no network that the address is of, or has that address for itself. */
export function ownAddressFor(address: string, facts: GatewayFacts): string {
  const standing = standingOf(address, facts);
  if (!standing) throw outside(address, facts);
  if (standing.own) throw new GatewayCannotError(`gateway ${facts.name} has ${address} for itself: a pair cannot share it`);
  return standing.address;
}

function outside(address: string, facts: GatewayFacts): GatewayCannotError {
  return new GatewayCannotError(`gateway ${facts.name} is in no network that ${address} is of: ${networksOf(facts)}`);
}

/**
 * Sections that put the addresses on the gateway. Throws a GatewayCannotError where the first is of none of its networks; further
 * ones, of other subnets of the same network, go where that one is.
 */
export function addressSections(nodeId: string, addresses: readonly string[], facts: GatewayFacts): GatewaySection[] {
  const [first = ''] = addresses;
  const elsewhere = standingOf(first, facts);
  if (!elsewhere) throw outside(first, facts);
  return addresses.flatMap((address, index) => {
    const standing = standingOf(address, facts) ?? { ...elsewhere, own: false };
    return standing.own ? [] : [interfaceSection(sectionName(nodeId, 'v', String(index)), address, standing.interface, facts)];
  });
}

/** An alias: an interface on another one's device. It is in that one's zone of the firewall, because zones go by device. */
function interfaceSection(name: string, address: string, on: string, { release }: GatewayFacts): GatewaySection {
  const isSix = isIP(address) === 6;
  // 21.02 calls it `device`.
  const link = release.startsWith('19.') ? { ifname: `@${on}` } : { device: `@${on}` };
  const options = { ...link, proto: 'static', ...(isSix ? { ip6addr: [`${address}/128`] } : { ipaddr: [`${address}/32`] }) };
  return { config: 'network', name, type: 'interface', options };
}

function networksOf({ interfaces }: GatewayFacts): string {
  const known = interfaces.flatMap(({ name, addresses }) => addresses.map((address) => `${name} ${address}`));
  return known.length === 0 ? 'it has told of none' : `it has ${known.join(', ')}`;
}
