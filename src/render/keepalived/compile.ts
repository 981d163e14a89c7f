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
  /** Whether both nodes serve, each at its own of the VIPs; absent is no. */
  readonly bothServe?: boolean;
}

/** Octavia's numbers. The role only decides who comes first when both start at once: nobody preempts. */
export const PRIORITIES: Readonly<Record<PairRole, number>> = { MASTER: 100, BACKUP: 90 };
/** Adverts go to one address each, so that pairs on a network do not hear one another: all have the same numbers: this one, and the next for a second group of VIPs. */
export const VRRP_GROUP = 1;
/** The link that VRRP is spoken on: the VIP's. */
export const VRRP_LINK = 'eth0';
/** The interfaces that hold the VIPs, one of each group. Made by keepalived; they are there on both nodes, an address on one. */
export const VIP_LINKS = ['vip0', 'vip1'] as const;
/** Beside the configuration: anything but 0 in it means that this node cannot serve. */
export const FAULT_FILE = 'proxy.down';
/**
 * A node that is back takes its own address again so many seconds later: it has been told of clients by then, and one that comes and
 * goes costs them less.
 */
const HOME_AFTER_S = 3;

/** How long after a death of the active node the other one is sure to have taken over, in adverts (RFC 5798 §6.1: 3 and a skew below 1). */
export const TAKEOVER_ADVERTS = 4;

interface Block {
  readonly head: readonly Argument[];
  readonly body: readonly (readonly Argument[] | Block)[];
}

type SharedVip = Pick<Vip, 'address' | 'mac'>;

/** The first of the VIPs gives the MAC, and its family is the one that the nodes' own addresses are of. */
export function renderVrrp(vips: readonly SharedVip[], member: PairMember): VrrpConfig {
  const instances = groupsOf(vips, member).map((group, index) => instance(group, index, member));
  return { text: [globals(), faultFile(), ...instances].map((block) => `${encodeBlock(block, '').join('\n')}\n`).join('\n') };
}

/** The VIPs that move together. Where both nodes serve, every other one of the first's family is the second node's; those of the other family go in turn with them. */
function groupsOf(vips: readonly SharedVip[], { bothServe = false }: PairMember): SharedVip[][] {
  if (!bothServe) return [[...vips]];
  const [first] = vips;
  const family = isIP(first?.address ?? '');
  const ordered = [...vips.filter((vip) => isIP(vip.address) === family), ...vips.filter((vip) => isIP(vip.address) !== family)];
  const groups = [0, 1].map((group) => ordered.filter((_, index) => index % 2 === group));
  if (groups.some(([lead]) => isIP(lead?.address ?? '') !== family)) throw new KeepalivedError('list of VIPs of two nodes that both serve', vips);
  return groups;
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

/** Interfaces that keepalived makes by this configuration. */
export function sharedLinks({ text }: VrrpConfig): string[] {
  return [...text.matchAll(/^ {4}use_vmac (\S+)/gm)].map(([, name]) => name ?? '');
}

/** Of a group of VIPs the node that it is at home on has the higher priority: the first group's is the MASTER. */
function priorityOf(role: PairRole, group: number): number {
  const home: PairRole = group === 0 ? 'MASTER' : 'BACKUP';
  return role === home ? PRIORITIES.MASTER : PRIORITIES.BACKUP;
}

function instance(vips: readonly SharedVip[], group: number, { role, own, peer, advertMs, bothServe = false }: PairMember): Block {
  const [first, ...further] = vips;
  if (!first) throw new KeepalivedError('list of VIPs', vips);
  const excluded = further.filter(({ address: vip }) => isIP(vip) !== isIP(first.address));
  return {
    head: [word('vrrp_instance'), word(group === 0 ? 'vip' : 'vip1')],
    body: [
      // Both start as backup, and the one that is active stays so when a better one comes back; but where both serve, each takes its own again.
      [word('state'), word('BACKUP')],
      bothServe ? [word('preempt_delay'), integer(HOME_AFTER_S, 0, 1000)] : [word('nopreempt')],
      [word('interface'), word(VRRP_LINK)],
      [word('use_vmac'), word(VIP_LINKS[group] ?? ''), mac(first.mac)],
      [word('vmac_xmit_base')],
      [word('virtual_router_id'), integer(VRRP_GROUP + group, 1, 255)],
      [word('priority'), integer(priorityOf(role, group), 1, 254)],
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
