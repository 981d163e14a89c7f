/**
 * One node's part of a pair → keepalived.conf for keepalived 2.2.7. Pure: the same values give the same bytes.
 *
 * VRRP version 3 (RFC 5798), because only that counts time in hundredths; unicast between the two nodes' own addresses on
 * the VIP's link. The VIP lives on an interface of keepalived's own with the MAC that a node alone would have: it moves
 * between the nodes together with its MAC, so no neighbour has to learn anything, and permanent entries stay true.
 */
import type { VrrpConfig } from '../../model/node-config.ts';
import type { Vip } from '../../model/topology.ts';
import { isIP } from 'node:net';
import { type Argument, KeepalivedError, address, encode, host, integer, mac, seconds, word } from './argument.ts';

export type PairRole = 'MASTER' | 'BACKUP';

export interface PairMember {
  readonly role: PairRole;
  /** Own address in the VIP's subnet, and the other node's. */
  readonly own: string;
  readonly peer: string;
  /** Milliseconds between two adverts. */
  readonly advertMs: number;
}

/** Octavia's numbers. The role only decides who comes first when both start at once: nobody preempts. */
export const PRIORITIES: Readonly<Record<PairRole, number>> = { MASTER: 100, BACKUP: 90 };
/** Adverts go to one address each, so that pairs on a network do not hear one another: all have the same number. */
export const VRRP_GROUP = 1;
/** The link that VRRP is spoken on: the VIP's. */
export const VRRP_LINK = 'eth0';
/** The interface that holds the VIP. Made by keepalived; it is there on both nodes, the address on one. */
export const VIP_LINK = 'vip0';
/** Beside the configuration: anything but 0 in it means that this node cannot serve. */
export const FAULT_FILE = 'proxy.down';
/** How long after a death of the active node the other one is sure to have taken over, in adverts (RFC 5798 §6.1: 3 and a skew below 1). */
export const TAKEOVER_ADVERTS = 4;

interface Block {
  readonly head: readonly Argument[];
  readonly body: readonly (readonly Argument[] | Block)[];
}

type SharedVip = Pick<Vip, 'address' | 'mac'>;

/** The first of the VIPs gives the MAC, and its family is the one that the nodes' own addresses are of. */
export function renderVrrp(vips: readonly SharedVip[], member: PairMember): VrrpConfig {
  return { text: [globals(), faultFile(), instance(vips, member)].map((block) => `${encodeBlock(block, '').join('\n')}\n`).join('\n') };
}

/** Addresses that the node of this configuration holds while it is the active one. */
export function sharedAddresses({ text }: VrrpConfig): string[] {
  const blocks = [...text.matchAll(/^ {4}virtual_ipaddress(?:_excluded)? \{\n([^}]*)\}/gm)].map(([, block]) => block ?? '');
  return blocks.flatMap((block) => [...block.matchAll(/([0-9a-f.:]+)\/\d+/g)].map(([, found]) => found ?? ''));
}

function globals(): Block {
  return {
    head: [word('global_defs')],
    body: [
      [word('router_id'), word('weir')],
      [word('vrrp_version'), integer(3, 3, 3)],
      // Nobody but the peer, and nobody from behind a router, can take the VIP away: version 3 has no passwords.
      [word('vrrp_check_unicast_src')],
      // Between the same two, only the first advert needs its addresses compared.
      [word('vrrp_skip_check_adv_addr')],
      // Adverts that are late because the host is busy are a takeover for nothing; then keepalived asks for more priority.
      [word('max_auto_priority'), integer(20, 1, 99)],
      [word('vrrp_garp_master_delay'), integer(1, 0, 60)],
      [word('vrrp_garp_master_repeat'), integer(3, 1, 10)],
      // The VIP's MAC sends hardly anything else, and a switch forgets where a silent one is.
      // A standby whose interface comes up may teach a switch that the shared MAC is there, until the active node says something.
      [word('vrrp_garp_master_refresh'), integer(1, 1, 300)],
      [word('vrrp_garp_master_refresh_repeat'), integer(1, 1, 10)],
    ],
  };
}

/** A watched process would need the kernel's process connector, which is refused outside the first namespace. */
function faultFile(): Block {
  return {
    head: [word('track_file'), word('proxy')],
    body: [
      [word('file'), word(FAULT_FILE)],
      [word('weight'), integer(0, 0, 0)],
    ],
  };
}

function instance(vips: readonly SharedVip[], { role, own, peer, advertMs }: PairMember): Block {
  const [first, ...further] = vips;
  if (!first) throw new KeepalivedError('list of VIPs', vips);
  const excluded = further.filter(({ address: vip }) => isIP(vip) !== isIP(first.address));
  return {
    head: [word('vrrp_instance'), word('vip')],
    body: [
      // Both start as backup, and the one that is active stays so when a better one comes back.
      [word('state'), word('BACKUP')],
      [word('nopreempt')],
      [word('interface'), word(VRRP_LINK)],
      [word('use_vmac'), word(VIP_LINK), mac(first.mac)],
      [word('vmac_xmit_base')],
      [word('virtual_router_id'), integer(VRRP_GROUP, 1, 255)],
      [word('priority'), integer(PRIORITIES[role], 1, 254)],
      [word('advert_int'), seconds(advertMs)],
      [word('unicast_ttl'), integer(255, 255, 255)],
      [word('unicast_src_ip'), address(own)],
      { head: [word('unicast_peer')], body: [[address(peer), word('min_ttl'), integer(255, 0, 255), word('max_ttl'), integer(255, 0, 255)]] },
      { head: [word('virtual_ipaddress')], body: vips.filter((vip) => !excluded.includes(vip)).map(({ address: vip }) => [host(vip)]) },
      // An advert holds addresses of one family; these go with them.
      ...(excluded.length > 0 ? [{ head: [word('virtual_ipaddress_excluded')], body: excluded.map(({ address: vip }) => [host(vip)]) }] : []),
      { head: [word('track_file')], body: [[word('proxy')]] },
    ],
  };
}

function encodeBlock({ head, body }: Block, indent: string): string[] {
  const inner = `${indent}    `;
  const lines = body.flatMap((line) => ('head' in line ? encodeBlock(line, inner) : [inner + line.map(encode).join(' ')]));
  return [`${indent}${head.map(encode).join(' ')} {`, ...lines, `${indent}}`];
}
