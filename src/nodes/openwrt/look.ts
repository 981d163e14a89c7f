/** What a gateway is, from one batch of questions. Whatever it answers is read by its shape. */
import { type Read, ShapeError, list, mapOf, objectWith, text, whole } from '../remote/shape.ts';
import { GatewayFault } from './ubus/fault.ts';
import type { UciPackage } from '../../render/uci/package.ts';
import type { GatewayClient } from './ubus/client.ts';
import type { Call, Data } from './ubus/rpc.ts';

export interface Look {
  /** For people and for the choice of an engine; texts, because they are shown as they are. */
  readonly facts: Readonly<Record<string, string>>;
  /** What tell the device from another one behind the same address: its MACs, the lowest first. */
  readonly identities: readonly [string, ...string[]];
}

/** What a load balancer may need, and where each is. */
const PROGRAMS = {
  haproxy: '/usr/sbin/haproxy',
  keepalived: '/usr/sbin/keepalived',
  dnsmasq: '/usr/sbin/dnsmasq',
  nft: '/usr/sbin/nft',
  iptables: '/usr/sbin/iptables',
  ipset: '/usr/sbin/ipset',
  ucode: '/usr/bin/ucode',
} as const;
/** Which generation of the firewall there is, and which manager of packages. */
const MARKS = { fw4: '/sbin/fw4', fw3: '/sbin/fw3', apk: '/usr/bin/apk', opkg: '/bin/opkg' } as const;

const FILES = Object.entries({ ...PROGRAMS, ...MARKS });

/** Its answer tells who it is. */
export const DEVICES: Call = { object: 'network.device', method: 'status', args: {} };

const QUESTIONS: readonly Call[] = [
  { object: 'system', method: 'board', args: {} },
  { object: 'system', method: 'info', args: {} },
  { object: 'network.interface', method: 'dump', args: {} },
  DEVICES,
];

/** Throws a GatewayFault, also for a right that it does not give. */
export async function lookAt(client: GatewayClient): Promise<Look> {
  const stats: Call[] = FILES.map(([, path]) => ({ object: 'file', method: 'stat', args: { path } }));
  const [board, info, dump, devices] = await client.all(QUESTIONS);
  const [uhttpd, keepalived] = await client.uciGetAll(['uhttpd', 'keepalived']);
  const there = await client.present(stats);
  const found = new Set(FILES.flatMap(([name], index) => (there[index] ? [name] : [])));
  return {
    facts: {
      ...boardFacts(board),
      ...infoFacts(info),
      ...programFacts(found),
      ...addressFacts(dump),
      taken_ports: takenPorts(uhttpd).join(' '),
      keepalived: keepalivedState(keepalived),
    },
    identities: identitiesOf(devices),
  };
}

const SHORT = text({ longest: 255 });
const NUMBER = whole(0, Number.MAX_SAFE_INTEGER);

function boardFacts(data: Data | null | undefined): Record<string, string> {
  const release = objectWith({}, { version: SHORT, target: SHORT, distribution: SHORT });
  const {
    hostname = '',
    model = '',
    board_name = '',
    kernel = '',
    release: of = {},
  } = shaped(data, objectWith({}, { hostname: SHORT, model: SHORT, board_name: SHORT, kernel: SHORT, release }), 'system board');
  return { hostname, model, board: board_name, kernel, distribution: of.distribution ?? '', release: of.version ?? '', target: of.target ?? '' };
}

function infoFacts(data: Data | null | undefined): Record<string, string> {
  const room = objectWith({}, { total: NUMBER, avail: NUMBER, available: NUMBER, free: NUMBER });
  const { uptime = 0, memory = {}, root = {} } = shaped(data, objectWith({}, { uptime: NUMBER, memory: room, root: room }), 'system info');
  const kib = (bytes: number | undefined): string => String(Math.floor((bytes ?? 0) / 1024));
  return {
    uptime_s: String(uptime),
    memory_kib: kib(memory.total),
    memory_available_kib: kib(memory.available ?? memory.free),
    flash_kib: String(root.total ?? 0),
    flash_free_kib: String(root.avail ?? root.free ?? 0),
  };
}

function programFacts(found: ReadonlySet<string>): Record<string, string> {
  const programs = Object.keys(PROGRAMS).filter((name) => found.has(name));
  return {
    firewall: found.has('fw4') ? 'fw4' : found.has('fw3') ? 'fw3' : 'none',
    packages: found.has('apk') ? 'apk' : found.has('opkg') ? 'opkg' : 'none',
    programs: programs.join(' '),
  };
}

const ADDRESS = objectWith({}, { address: SHORT, mask: whole(0, 128) });
const INTERFACE = objectWith(
  { interface: SHORT },
  { device: SHORT, l3_device: SHORT, 'ipv4-address': list(ADDRESS, 1000), 'ipv6-address': list(ADDRESS, 1000) },
);

/** `address_<interface>`, and `device_<interface>`. */
function addressFacts(data: Data | null | undefined): Record<string, string> {
  const { interface: interfaces = [] } = shaped(data, objectWith({}, { interface: list(INTERFACE, 1000) }), 'network.interface dump');
  return Object.fromEntries(
    interfaces.flatMap(({ interface: name, l3_device, device, 'ipv4-address': four = [], 'ipv6-address': six = [] }) => [
      [`device_${name}`, l3_device ?? device ?? ''],
      [`address_${name}`, [...four, ...six].map(({ address = '', mask = 0 }) => `${address}/${mask}`).join(' ')],
    ]),
  );
}

const EVERYWHERE = /^(?:0\.0\.0\.0:|\[::\]:|\*:|:)?(\d{1,5})$/;

/** Ports that its web server has on all addresses. */
function takenPorts(uhttpd: UciPackage | null | undefined): number[] {
  const listens = (uhttpd?.sections ?? []).flatMap(({ options }) => [options.get('listen_http') ?? [], options.get('listen_https') ?? []].flat());
  const ports = listens.flatMap((listen) => EVERYWHERE.exec(listen)?.[1] ?? []).map(Number);
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

/** `off` where its configuration says that it must not run; empty where there is none. */
function keepalivedState(keepalived: UciPackage | null | undefined): string {
  if (!keepalived) return '';
  return keepalived.sections.find(({ type }) => type === 'globals')?.options.get('enabled') === '0' ? 'off' : 'on';
}

const NO_MAC = '00:00:00:00:00:00';

/** Throws a GatewayFault where the answer to DEVICES tells of no device. */
export function identitiesOf(data: Data | null | undefined): [string, ...string[]] {
  const devices = shaped(data, mapOf(objectWith({}, { macaddr: SHORT })), 'network.device status');
  const [first, ...others] = Object.values(devices)
    .flatMap(({ macaddr }) => (macaddr === undefined || macaddr === NO_MAC ? [] : [macaddr.toLowerCase()]))
    .toSorted();
  if (first === undefined) throw new GatewayFault('nonsense', 'it has no network device with an address of its own');
  return [first, ...new Set(others)];
}

function shaped<T>(data: Data | null | undefined, read: Read<T>, what: string): T {
  try {
    return read(data ?? {}, what);
  } catch (error) {
    if (error instanceof ShapeError) throw new GatewayFault('nonsense', `its answer is not as it should be: ${error.message}`);
    throw error;
  }
}
