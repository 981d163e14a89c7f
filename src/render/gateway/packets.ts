/**
 * What a gateway's kernel balances for one share: a table of nftables of its own, and lines for edge/edgeweir-balance, which fills its
 * maps and keeps the dead out of them. Nothing is marked and nobody else's packet is touched: the gateway is first of all a router.
 */
import { isIP } from 'node:net';
import type { HealthMonitor } from '../../model/health-monitor.ts';
import type { ListenerTopology, MemberTopology, MonitorTopology, PoolTopology, Topology } from '../../model/topology.ts';
import { type Family, address, familyOf, headerOf, integer, network, port } from '../nftables/argument.ts';
import { disjoint } from '../nftables/networks.ts';
import { GatewayCannotError } from './gateway-error.ts';
import { checkedId, ofListener, tableName } from './names.ts';
import { requestOf } from './probe-request.ts';

/** A listener that the kernel carries, or sends to another port of the gateway where HAProxy listens for it. */
export interface PacketListener {
  readonly listener: ListenerTopology;
  /** Addresses that it is asked at, of one family. */
  readonly vips: readonly string[];
  readonly carrier: { readonly pool: PoolTopology | null } | { readonly localPort: number };
}

/** Checks that the script can do. */
export const PROBES: readonly HealthMonitor['type'][] = ['HTTP', 'TCP', 'PING'];

/** Empty without listeners. All are of the same address family. */
export function packetShare({ id }: Pick<Topology, 'id'>, nodeId: string, listeners: readonly PacketListener[]): string {
  const byFamily = Map.groupBy(listeners, ({ vips }) => familyOf(vips[0] ?? ''));
  if (byFamily.size > 1) throw new GatewayCannotError(`load balancer ${id}: addresses of both families where packets are balanced are not carried`);
  const [[family, own] = []] = [...byFamily];
  return family === undefined || own === undefined ? '' : tableOf(nodeId, family, own);
}

function tableOf(nodeId: string, family: Family, listeners: readonly PacketListener[]): string {
  const table = `${headerOf(family)} ${tableName(nodeId)}`;
  const services = listeners.map((one) => serviceOf(one, family));
  const chain = (name: string, hook: string, rules: readonly string[]): string[] => [
    `\tchain ${name} {`,
    `\t\ttype ${hook}; policy accept;`,
    ...rules.map((rule) => `\t\t${rule}`),
    '\t}',
  ];
  const rules = (of: keyof Rules): string[] => services.flatMap((service) => [...service.rules[of]]);
  return [
    // Made, so that there is something to delete: all of it is one transaction.
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    ...services.flatMap(({ declared }) => declared.map((line) => `\t${line}`)),
    ...chain('arrive', 'filter hook prerouting priority -150', rules('arrive')),
    ...chain('choose', 'nat hook prerouting priority -105', rules('choose')),
    // What the gateway itself sends.
    ...chain('own', 'nat hook output priority -105', rules('choose')),
    ...chain('leave', 'nat hook postrouting priority 95', rules('leave')),
    ...chain('refuse', 'filter hook input priority -5', rules('refuse')),
    '}',
    `@table ${table}`,
    ...services.flatMap(({ lines }) => lines),
    '',
  ].join('\n');
}

interface Rules {
  readonly arrive: readonly string[];
  readonly choose: readonly string[];
  readonly leave: readonly string[];
  readonly refuse: readonly string[];
}

interface Service {
  readonly declared: readonly string[];
  readonly rules: Rules;
  readonly lines: readonly string[];
}

const NO_RULES: Rules = { arrive: [], choose: [], leave: [], refuse: [] };

function serviceOf({ listener, vips, carrier }: PacketListener, family: Family): Service {
  const asked = wordsFor(vips, listener, family);
  if ('localPort' in carrier)
    return { declared: [], lines: [], rules: { ...NO_RULES, choose: vips.map((vip) => toLocalPort(vip, listener, carrier.localPort, family)) } };
  const { pool } = carrier;
  const [counterIn, counterOut, counterNew, map, chain] = (['in', 'out', 'new', 'm', 'l'] as const).map((kind) => ofListener(kind, listener.id));
  const slots = pool ? slotsFor(firstAsked(pool.members)) : 1;
  const ip = headerOf(family);
  const members = pool?.members ?? [];
  return {
    declared: [
      ...[counterIn, counterOut, counterNew].map((name) => `counter ${name} { }`),
      `map ${map} { typeof numgen inc mod ${slots} : ${ip} daddr . ${protocolOf(listener)} dport; }`,
      `chain ${chain} { counter name ${counterNew} meta l4proto ${protocolOf(listener)} dnat ${ip} to ${choice(pool, slots, ip)} map @${map}; }`,
    ],
    rules: {
      arrive: [
        ...admission(listener, asked, family),
        `${asked.there} counter name ${counterIn}`,
        `ct direction reply ${asked.back} counter name ${counterOut}`,
      ],
      choose: [`${asked.there} jump ${chain}`],
      // Members need no route through the gateway, and may be in the client's own network.
      leave: [`ct status dnat ${asked.back} masquerade`],
      // What is still for the gateway itself has no member.
      refuse: [protocolOf(listener) === 'tcp' ? `${asked.there} reject with tcp reset` : `${asked.there} reject`],
    },
    lines: [
      `@service ${checkedId(listener.id)} ${pool ? checkedId(pool.id) : '-'} ${map} ${slots} ${address(vips[0] ?? '', family)} ${port(listener.port)}`,
      ...(pool?.monitor ? monitorLines(pool.monitor, members) : []),
      ...members.map((member) => memberLine(member, family)),
    ],
  };
}

/** How packets of a listener are told: on their way to it, and of the flows that went there. */
function wordsFor(vips: readonly string[], listener: ListenerTopology, family: Family): { readonly there: string; readonly back: string } {
  const ip = headerOf(family);
  const to = vips.map((vip) => address(vip, family)).join(', ');
  const at = port(listener.port);
  const protocol = protocolOf(listener);
  return {
    there: `${ip} daddr { ${to} } ${protocol} dport ${at}`,
    back: `meta l4proto ${protocol} ct original ${ip} daddr { ${to} } ct original proto-dst ${at}`,
  };
}

function protocolOf({ protocol }: ListenerTopology): 'tcp' | 'udp' {
  return protocol === 'UDP' ? 'udp' : 'tcp';
}

function toLocalPort(vip: string, listener: ListenerTopology, localPort: number, family: Family): string {
  const { there } = wordsFor([vip], listener, family);
  const at = address(vip, family);
  return `${there} dnat to ${family === 6 ? `[${at}]` : at}:${port(localPort)}`;
}

/** An empty list is no list, as in Octavia. */
function admission({ allowedCidrs, connectionLimit }: ListenerTopology, { there }: { readonly there: string }, family: Family): string[] {
  const cidrs = disjoint(allowedCidrs ?? [], family).map((cidr) => network(cidr, family));
  const strangers =
    (allowedCidrs ?? []).length === 0 ? [] : cidrs.length === 0 ? [`${there} drop`] : [`${there} ${headerOf(family)} saddr != { ${cidrs.join(', ')} } drop`];
  const crowd = connectionLimit === null ? [] : [`${there} ct state new ct count over ${integer(connectionLimit, 0, 0x7fff_ffff)} drop`];
  return [...strangers, ...crowd];
}

/** The same on every gateway and after every change, so that a client's hash leads where it led before. */
const SEED = '0x77656972';

function choice(pool: PoolTopology | null, slots: number, ip: string): string {
  const byClient = pool?.algorithm === 'SOURCE_IP' || pool?.persistence?.type === 'SOURCE_IP';
  if (byClient) return `jhash ${ip} saddr mod ${slots} seed ${SEED}`;
  if (pool?.algorithm === 'SOURCE_IP_PORT') return `jhash ${ip} saddr . th sport mod ${slots} seed ${SEED}`;
  return `numgen inc mod ${slots}`;
}

/** So many that each weight has its share, and that the slots of a dead member can be spread among the others. */
const ENOUGH_SLOTS = 64;
const MOST_SLOTS = 256;

export function slotsFor(members: readonly Pick<MemberTopology, 'weight'>[]): number {
  const weights = members.map(({ weight }) => weight).filter((weight) => weight > 0);
  const divisor = weights.reduce((a, b) => greatestCommonDivisor(a, b), 0) || 1;
  const sum = weights.reduce((total, weight) => total + weight / divisor, 0) || 1;
  return sum > MOST_SLOTS ? MOST_SLOTS : sum * Math.max(1, Math.min(Math.ceil(ENOUGH_SLOTS / sum), Math.floor(MOST_SLOTS / sum)));
}

/** Whose weights count as long as all is well: backup members where there are no others. */
function firstAsked(members: readonly MemberTopology[]): readonly MemberTopology[] {
  const primary = members.filter(({ backup }) => !backup);
  return primary.length > 0 ? primary : members;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function memberLine({ id, address: at, port: on, weight, backup, enabled, monitorAddress, monitorPort }: MemberTopology, family: Family): string {
  const target = [address(at, family), port(on), address(monitorAddress ?? at, isIP(monitorAddress ?? at) === 6 ? 6 : 4), port(monitorPort ?? on)];
  return `@member ${checkedId(id)} ${target.join(' ')} ${integer(weight, 0, 256)} ${backup ? 'b' : 'p'} ${enabled ? 'up' : 'maint'}`;
}

/** One check at a time: it may take no longer than the pause between two. */
function monitorLines(monitor: MonitorTopology, members: readonly MemberTopology[]): string[] {
  const { type, delay, timeout, rise, fall, http } = monitor;
  if (!PROBES.includes(type)) throw new GatewayCannotError(`the health monitor type ${type} where packets are balanced on a gateway is not carried`);
  const seconds = [Math.max(1, delay), Math.max(1, Math.min(timeout, delay)), rise, fall].map((value) => integer(value, 1, 86_400));
  const requests = type === 'HTTP' ? members.map((member) => `@request ${checkedId(member.id)} ${requestOf(http, member)}`) : [];
  return [`@monitor ${type} ${seconds.join(' ')} ${type === 'HTTP' ? codesOf(http?.expectedCodes ?? '200') : '-'}`, ...requests];
}

/** Ranges as the codes in them: the script only compares. */
function codesOf(text: string): string {
  const codes = text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.trim().split('-');
    const [from, to] = [Number(first), Number(last)];
    if (![from, to].every((code) => Number.isInteger(code) && code >= 100 && code <= 599))
      throw new GatewayCannotError(`codes that are none of HTTP: ${JSON.stringify(text).slice(0, 60)}`);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String(from + index));
  });
  return codes.join(',');
}
