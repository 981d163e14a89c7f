/**
 * The rules. They are few and hardly ever change: what differs from balancer to balancer stands in maps. A packet that a
 * client sent gets its service's number, is let in or not, is counted, and, when it is a flow's first, gets a member.
 */
import type { PacketChain } from '../../model/node-config.ts';
import type { Algorithm } from '../../model/pool.ts';
import { type Family, address, headerOf, integer, mark } from './argument.ts';
import { SLOT_COUNTS, type SlotCount } from './slots.ts';

/** The same on every node and after every change, so that a client's hash leads where it led before. */
const SEED = '0x77656972';
/** The link that the VIP's network is on. */
const VIP_LINK_NAME = 'eth0';
/** Octavia's, where a pool does not say (its LVS template). */
const PERSISTENCE_SECONDS = 360;
/** A year: nft takes no more than some decades, and nobody means them. */
const LONGEST_PERSISTENCE = 31_536_000;

/** The chain that chooses a slot for a service. */
export function algorithmChain(algorithm: Algorithm, { number, slotCount: count }: Turn): string {
  if (algorithm === 'SOURCE_IP') return `source_${count}`;
  return algorithm === 'SOURCE_IP_PORT' ? `flow_${count}` : `turn_${mark(number)}_${count}`;
}

/** A service whose members serve in turn. */
export interface Turn {
  readonly number: number;
  readonly slotCount: SlotCount;
}

/**
 * Whose turn it is, is the state of a rule: each service has its own. With one for all, two services that are asked by
 * turns would each see every other slot only.
 */
function turnChains(turns: readonly Turn[]): PacketChain[] {
  return turns.map((turn) => chooser(algorithmChain('ROUND_ROBIN', turn), `numgen inc mod ${turn.slotCount}`));
}

function hashChains(family: Family): PacketChain[] {
  const source = `${headerOf(family)} saddr`;
  return SLOT_COUNTS.flatMap((slotCount) => [
    chooser(algorithmChain('SOURCE_IP', { number: 0, slotCount }), `jhash ${source} mod ${slotCount} seed ${SEED}`),
    chooser(algorithmChain('SOURCE_IP_PORT', { number: 0, slotCount }), `jhash ${source} . th sport mod ${slotCount} seed ${SEED}`),
  ]);
}

function chooser(name: string, slot: string): PacketChain {
  return { name, hook: null, rules: [`ct mark set meta mark . ${slot} map @slots`] };
}

/** How long a client is remembered, and how much of its address counts. */
export interface Memory {
  readonly seconds: number;
  readonly mask: string;
}

export function memoryOf(
  { persistence_timeout: seconds, persistence_granularity: mask }: { persistence_timeout: number | null; persistence_granularity: string | null },
  family: Family,
): Memory {
  const whole = family === 6 ? 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' : '255.255.255.255';
  // A netmask of the other family says nothing about this VIP's clients.
  const fits = mask !== null && mask.includes(':') === (family === 6);
  return { seconds: Math.min(seconds || PERSISTENCE_SECONDS, LONGEST_PERSISTENCE), mask: address(fits ? mask : whole, family) };
}

export function recallChain({ mask }: Memory): string {
  return `recall_${plain(mask)}`;
}

export function rememberChain({ mask, seconds }: Memory): string {
  return `remember_${plain(mask)}_${seconds}`;
}

function plain(mask: string): string {
  return mask.replaceAll(/[.:]/g, '_');
}

/**
 * What a client is remembered by. An IPv6 address is hashed, because nft 1.0.6 writes the data of an update into the end of
 * a key longer than 16 bytes; should two clients share a hash, they share a member.
 */
export function clientKey(family: Family, mask: string): string {
  return family === 6 ? `jhash (ip6 saddr & ${mask}) mod 4294967295 seed ${SEED}` : `(ip saddr & ${mask})`;
}

function memoryChains(memory: Memory, family: Family): PacketChain[] {
  const client = clientKey(family, memory.mask);
  return [
    { name: recallChain(memory), hook: null, rules: [`ct mark set meta mark . ${client} map @sticky`] },
    {
      name: rememberChain(memory),
      hook: null,
      rules: [`update @sticky { meta mark . ${client} timeout ${integer(memory.seconds, 1, LONGEST_PERSISTENCE)}s : ct mark }`],
    },
  ];
}

/** @param shared - the addresses that the nodes of a pair share; none where a node is alone */
export function chainsFor(memories: readonly Memory[], turns: readonly Turn[], family: Family, shared: readonly string[] = []): PacketChain[] {
  const own = memories.flatMap((memory) => memoryChains(memory, family));
  const byName = new Map(own.map((chain) => [chain.name, chain]));
  return [...turnChains(turns), ...hashChains(family), ...byName.values(), ...baseChains(family, shared)];
}

/** On the VIP's link a pair's flows leave with the address they came to: the answers come to whoever has it, and so a flow can outlive its node. */
function asShared(family: Family, shared: readonly string[]): string[] {
  const ip = headerOf(family);
  return shared.map((vip) => `ct mark != 0 oifname "${VIP_LINK_NAME}" ct original ${ip} daddr ${address(vip, family)} snat ${ip} to ${address(vip, family)}`);
}

function baseChains(family: Family, shared: readonly string[]): PacketChain[] {
  const ip = headerOf(family);
  const toMember = `meta l4proto { tcp, udp, sctp } dnat ${ip} to meta mark . ct mark map @members`;
  return [
    {
      name: 'arrive',
      hook: 'type filter hook prerouting priority -150;',
      rules: [
        'meta mark set 0',
        'ct direction reply return',
        `meta mark set ${ip} daddr . meta l4proto . th dport map @services`,
        'meta mark 0 return',
        `meta mark @restricted meta mark . ${ip} saddr != @allowed drop`,
        // A client of TCP asks again, and gets in when there is room.
        'ct state new meta mark @limits drop',
        'counter name meta mark map @bytes_in',
        'ct mark != 0 meta mark vmap @remember',
      ],
    },
    {
      name: 'choose',
      hook: 'type nat hook prerouting priority -100;',
      rules: [
        'meta mark 0 return',
        // A remembered member that is gone is in no map, and the client is given another.
        'meta mark vmap @recall',
        `ct mark != 0 jump counted`,
        'meta mark vmap @algorithm',
        'ct mark != 0 jump counted',
      ],
    },
    { name: 'counted', hook: null, rules: ['meta mark vmap @remember', toMember] },
    // Passed once by each flow. Members need no route through the node: they answer to its own address, as to an amphora.
    {
      name: 'leave',
      hook: 'type nat hook postrouting priority 100;',
      rules: ['ct mark != 0 counter name meta mark map @connections', ...asShared(family, shared), 'ct mark != 0 masquerade'],
    },
    {
      name: 'answer',
      hook: 'type filter hook postrouting priority 300;',
      rules: [`ct direction reply counter name ${ip} saddr . meta l4proto . th sport map @bytes_out`],
    },
    /*
     * A packet of a service that is still for this host has no member. Refusing it here also makes the kernel forget the
     * flow: else it would stay without a member for as long as its client goes on sending.
     */
    {
      name: 'refuse',
      hook: 'type filter hook input priority 0;',
      rules: ['meta mark 0 accept', 'meta l4proto tcp reject with tcp reset', 'reject with icmpx port-unreachable'],
    },
    // The node forwards what it balances and is no router for anything else.
    { name: 'pass', hook: 'type filter hook forward priority 0; policy drop;', rules: ['ct status dnat accept'] },
  ];
}
