/**
 * Two gateways of a site that share a load balancer's addresses: sections for OpenWrt's keepalived. They speak VRRP from address to
 * address. Nobody preempts where one waits: the address moves when its gateway, or what serves it there, is gone.
 */
import { isIP } from 'node:net';
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewaySection } from '../../model/node-config.ts';
import { ownAddressFor, standingOf } from './addresses.ts';
import { GatewayCannotError } from './gateway-error.ts';
import { prefixOf, tableName } from './names.ts';

export interface GatewayPair {
  readonly role: 'MASTER' | 'BACKUP';
  /** Of the group that the two form: no other on their network has it, nor the one after it. */
  readonly group: number;
  /** Whether each has some of the addresses as long as both serve. */
  readonly bothServe: boolean;
  readonly peer: GatewayFacts;
  /** Milliseconds between two adverts. */
  readonly advertMs: number;
}

const PRIORITIES = { MASTER: 100, BACKUP: 90 } as const;

/** Where the script is that tells keepalived whether what serves is there. */
export const ALIVE = '/usr/libexec/edgeweir-alive';

/**
 * @param serves - what has to be there: `proxy`, or the share's table in the kernel
 * @returns sections of keepalived, and the rule that lets the two hear each other
 */
export function pairSections(nodeId: string, vips: readonly string[], facts: GatewayFacts, pair: GatewayPair, serves: 'proxy' | 'table'): GatewaySection[] {
  const [first = ''] = vips;
  if (vips.some((vip) => isIP(vip) !== isIP(first))) throw new GatewayCannotError('addresses of both families on a pair of gateways are not carried');
  for (const one of [facts, pair.peer]) requireKeepalived(one);
  const [own, peer] = [ownAddressFor(first, facts), ownAddressFor(first, pair.peer)];
  const device = standingOf(first, facts)?.device ?? '';
  const name = tableName(nodeId);
  const prefix = prefixOf(nodeId);
  const named = Number(pair.peer.release.split('.')[0]) >= NAMED_PEERS && Number(facts.release.split('.')[0]) >= NAMED_PEERS;
  const common = { own, peer: named ? `${name}_peer` : peer, device, script: `${name}_alive` };
  return [
    ...(named ? [keepalived(`${prefix}p`, 'peer', { name: `${name}_peer`, address: peer })] : []),
    keepalived(`${prefix}s`, 'vrrp_script', { name: `${name}_alive`, script: `${ALIVE} ${serves} ${name}`, interval: '1', fall: '1', rise: '2' }),
    ...groupsOf(vips, pair).flatMap((group, index) => instanceSections(nodeId, group, index, pair, common)),
    {
      config: 'firewall',
      name: `${prefix}vrrp`,
      type: 'rule',
      options: { name: 'Edgeweir VRRP', src: '*', src_ip: [peer], proto: ['112'], family: isIP(peer) === 6 ? 'ipv6' : 'ipv4', target: 'ACCEPT' },
    },
  ];
}

/** Addresses that move together: all of them, or, where both serve, every other one is the second gateway's. */
function groupsOf(vips: readonly string[], { bothServe }: GatewayPair): (readonly string[])[] {
  if (!bothServe) return [vips];
  if (vips.length < 2) throw new GatewayCannotError('two gateways that both serve need two addresses: the VIP, and one of additional_vips');
  return [0, 1].map((group) => vips.filter((_, index) => index % 2 === group));
}

interface Common {
  readonly own: string;
  /** As an instance names it. */
  readonly peer: string;
  readonly device: string;
  readonly script: string;
}

/** Seconds after which a gateway that is back takes its own addresses again. */
const HOME_AFTER = '3';

/** Where both serve, each is the first for its own addresses, and takes them again when it is back. */
function instanceSections(
  nodeId: string,
  vips: readonly string[],
  index: number,
  { role, group, bothServe, advertMs }: GatewayPair,
  common: Common,
): GatewaySection[] {
  const prefix = prefixOf(nodeId);
  const name = `${tableName(nodeId)}${index === 0 ? '' : `_${index}`}`;
  const isFirst = (role === 'MASTER') === (index === 0);
  const addresses = vips.map((vip, at) => ({ section: `${prefix}a${index}${at}`, name: `${name}_a${at}`, address: `${vip}/${isIP(vip) === 6 ? 128 : 32}` }));
  return [
    ...addresses.map(({ section, ...of }) => keepalived(section, 'ipaddress', { ...of, device: common.device, scope: 'global' })),
    keepalived(`${prefix}i${index}`, 'vrrp_instance', {
      name,
      state: 'BACKUP',
      interface: common.device,
      virtual_router_id: String(group + index),
      version: '3',
      priority: String(PRIORITIES[isFirst ? 'MASTER' : 'BACKUP']),
      advert_int: String(advertMs / 1000),
      ...(bothServe ? { preempt_delay: HOME_AFTER } : { nopreempt: '1' }),
      unicast_src_ip: common.own,
      unicast_peer: [common.peer],
      virtual_ipaddress: addresses.map((of) => of.name),
      track_script: [common.script],
    }),
  ];
}

/** The release from which on peers are sections of their own. */
const NAMED_PEERS = 23;

function keepalived(name: string, type: string, options: GatewaySection['options']): GatewaySection {
  return { config: 'keepalived', name, type, options };
}

function requireKeepalived({ name, programs, keepalivedOff }: GatewayFacts): void {
  if (!programs.has('keepalived')) throw new GatewayCannotError(`gateway ${name} has no keepalived, which a pair needs: its package is not installed`);
  if (keepalivedOff) throw new GatewayCannotError(`keepalived of gateway ${name} is switched off there: uci set keepalived.globals.enabled=1`);
}
