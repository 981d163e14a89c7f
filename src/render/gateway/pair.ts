/**
 * Two gateways of a site that share a load balancer's addresses: sections for OpenWrt's keepalived. They speak VRRP from address to
 * address, and nobody preempts: an address moves when its gateway, or what serves it there, is gone.
 */
import { isIP } from 'node:net';
import type { GatewayFacts } from '../../model/gateway-facts.ts';
import type { GatewaySection } from '../../model/node-config.ts';
import { ownAddressFor, standingOf } from './addresses.ts';
import { GatewayCannotError } from './gateway-error.ts';
import { prefixOf, tableName } from './names.ts';

export interface GatewayPair {
  readonly role: 'MASTER' | 'BACKUP';
  /** Of the group that the two form: no other on their network has it. */
  readonly group: number;
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
  const addresses = vips.map((vip, index) => ({
    section: `${prefix}a${index}`,
    options: { name: `${name}_${index}`, address: `${vip}/${isIP(vip) === 6 ? 128 : 32}`, device, scope: 'global' },
  }));
  const named = Number(pair.peer.release.split('.')[0]) >= NAMED_PEERS && Number(facts.release.split('.')[0]) >= NAMED_PEERS;
  return [
    ...addresses.map(({ section, options }) => keepalived(section, 'ipaddress', options)),
    ...(named ? [keepalived(`${prefix}p`, 'peer', { name: `${name}_peer`, address: peer })] : []),
    keepalived(`${prefix}s`, 'vrrp_script', { name: `${name}_alive`, script: `${ALIVE} ${serves} ${name}`, interval: '1', fall: '1', rise: '2' }),
    keepalived(`${prefix}i`, 'vrrp_instance', {
      name,
      state: 'BACKUP',
      interface: device,
      virtual_router_id: String(pair.group),
      version: '3',
      priority: String(PRIORITIES[pair.role]),
      advert_int: String(pair.advertMs / 1000),
      nopreempt: '1',
      unicast_src_ip: own,
      unicast_peer: [named ? `${name}_peer` : peer],
      virtual_ipaddress: addresses.map(({ options }) => options.name),
      track_script: [`${name}_alive`],
    }),
    {
      config: 'firewall',
      name: `${prefix}vrrp`,
      type: 'rule',
      options: { name: 'Edgeweir VRRP', src: '*', src_ip: [peer], proto: ['112'], family: isIP(peer) === 6 ? 'ipv6' : 'ipv4', target: 'ACCEPT' },
    },
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
