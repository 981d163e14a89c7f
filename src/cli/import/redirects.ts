/** Redirects of OpenWrt's firewall → a load balancer with one member each: the same port forwarded, to which more members can be added. */
import { isIP } from 'node:net';
import type { UciSection } from '../../render/uci/package.ts';
import { type Found, type Proposal, listenerOf, memberOf, plainName, portIn } from './proposal.ts';
import { isSwitchedOff, listIn, textIn } from './uci-values.ts';

export function fromRedirects(sections: readonly UciSection[]): Found {
  const redirects = sections.filter(({ type }) => type === 'redirect');
  const outcomes = redirects.map((section, index) => fromRedirect(section, index + 1));
  return {
    proposals: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome])),
    remarks: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [outcome] : [])),
  };
}

/** What it becomes, or why nothing. */
function fromRedirect(section: UciSection, nth: number): Proposal | string {
  const label = textIn(section, 'name') ?? section.name ?? `redirect-${nth}`;
  const why = hindrance(section);
  if (why !== null) return `redirect ${label}: ${why}`;
  const port = portIn(textIn(section, 'src_dport')) ?? 0;
  const addresses = (textIn(section, 'dest_ip') ?? '').split(/\s+/).filter((address) => address !== '');
  const members = addresses.map((address) => memberOf(address, portIn(textIn(section, 'dest_port')) ?? port));
  const protocols = protocolsOf(section);
  return {
    name: plainName(label),
    address: textIn(section, 'src_dip') ?? null,
    listeners: protocols.map((protocol) => listenerOf({ protocol, port, members, allowedCidrs: listIn(section, 'src_ip').map(asNetwork) })),
    notes: [
      ...(addresses.length > 1 ? ['The firewall leaves out redirects to several addresses; here they share the work.'] : []),
      ...(textIn(section, 'ipset') === undefined ? [] : [`Its condition on the set ${textIn(section, 'ipset')} is not taken over.`]),
      'Members see the load balancer’s address and not the client’s.',
    ],
  };
}

function hindrance(section: UciSection): string | null {
  if (isSwitchedOff(section)) return 'switched off';
  if ((textIn(section, 'target') ?? 'DNAT').toUpperCase() !== 'DNAT') return `its target is ${textIn(section, 'target')}`;
  const destination = textIn(section, 'dest_ip');
  if (destination === undefined) return 'it leads to the router itself';
  if (destination.split(/\s+/).some((address) => isIP(address) === 0)) return `'${destination}' is no address`;
  if (portIn(textIn(section, 'src_dport')) === null) return 'it is for no single port (ranges cannot be taken over)';
  if (protocolsOf(section).length === 0) return 'its protocol is neither TCP nor UDP';
  return null;
}

/** Without any, TCP and UDP, as the firewall has it. */
function protocolsOf(section: UciSection): ('TCP' | 'UDP')[] {
  const said = listIn(section, 'proto').flatMap((text) => text.toLowerCase().split(/\s+/));
  const wanted = said.length === 0 ? ['tcp', 'udp'] : said.flatMap((one) => (one === 'tcpudp' || one === 'all' ? ['tcp', 'udp'] : [one]));
  return (['TCP', 'UDP'] as const).filter((protocol) => wanted.includes(protocol.toLowerCase()));
}

function asNetwork(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${isIP(address) === 6 ? 128 : 32}`;
}
