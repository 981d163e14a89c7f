/** What a freshly flashed gateway has: files, services and facts, by its release. */
import type { UciSection, UciValue } from '../../render/uci/package.ts';
import { printUci } from '../../render/uci/print.ts';
import type { DeviceService } from './services.ts';

/** Releases whose images differ in what matters here (openwrt reference §3). */
export const RELEASES = {
  '19.07': { version: '19.07.10', kernel: '4.14.275', firewall: 'fw3', packages: 'opkg', hasRc: false },
  '21.02': { version: '21.02.7', kernel: '5.4.238', firewall: 'fw3', packages: 'opkg', hasRc: true },
  '22.03': { version: '22.03.7', kernel: '5.10.221', firewall: 'fw4', packages: 'opkg', hasRc: true },
  '23.05': { version: '23.05.5', kernel: '5.15.167', firewall: 'fw4', packages: 'opkg', hasRc: true },
  '24.10': { version: '24.10.8', kernel: '6.6.119', firewall: 'fw4', packages: 'opkg', hasRc: true },
  '25.12': { version: '25.12.5', kernel: '6.12.63', firewall: 'fw4', packages: 'apk', hasRc: true },
} as const;
export type Release = keyof typeof RELEASES;

export interface ImageOptions {
  readonly release: Release;
  readonly hostname: string;
  /** Of its LAN, with a prefix length. */
  readonly lanAddress: string;
  readonly wanAddress: string;
  readonly wanGateway: string;
  readonly serial: string;
  /** Of root, as somebody set it at the first login. */
  readonly rootPassword: string;
  /** Whether haproxy, keepalived and the like are installed. */
  readonly packages: readonly string[];
}

export function imageFiles({
  release,
  hostname,
  lanAddress,
  wanAddress,
  wanGateway,
  rootPassword,
  serial,
  packages: installed,
}: ImageOptions): Record<string, string> {
  const { version, packages, firewall } = RELEASES[release];
  return {
    '/etc/openwrt_release': `DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='${version}'\n`,
    '/etc/shadow': `root:plain-${rootPassword}:0:0:99999:7:::\n`,
    '/etc/serial': `${serial}\n`,
    '/etc/config/system': file('system', [['system', undefined, { hostname, timezone: 'UTC', log_size: '128' }]]),
    '/etc/config/network': networkOf(release, lanAddress, wanAddress, wanGateway),
    '/etc/config/firewall': FIREWALL,
    '/etc/config/dhcp': file('dhcp', [
      ['dnsmasq', undefined, { domain: 'lan', leasefile: '/tmp/dhcp.leases' }],
      ['dhcp', 'lan', { interface: 'lan', start: '100', limit: '150' }],
    ]),
    '/etc/config/uhttpd': file('uhttpd', [
      [
        'uhttpd',
        'main',
        { listen_http: ['0.0.0.0:80'], listen_https: ['0.0.0.0:443'], home: '/www', ubus_prefix: '/ubus', max_connections: '100', script_timeout: '60' },
      ],
    ]),
    '/etc/config/rpcd': file('rpcd', [
      ['rpcd', undefined, { socket: '/var/run/ubus/ubus.sock', timeout: '30' }],
      ['login', undefined, { username: 'root', password: '$p$root', read: ['*'], write: ['*'] }],
    ]),
    '/usr/share/rpcd/acl.d/unauthenticated.json': JSON.stringify({
      unauthenticated: { description: 'Access controls for unauthenticated requests', read: { ubus: { session: ['access', 'login'] } } },
    }),
    '/usr/share/rpcd/acl.d/superuser.json': JSON.stringify({
      superuser: { description: 'Super user access role', read: EVERYTHING, write: EVERYTHING },
    }),
    ...(packages === 'apk' ? { '/usr/bin/apk': '' } : { '/bin/opkg': '' }),
    ...(firewall === 'fw4' ? { '/sbin/fw4': '', '/usr/sbin/nft': '', '/usr/bin/ucode': '' } : { '/sbin/fw3': '', '/usr/sbin/iptables': '' }),
    '/usr/sbin/dnsmasq': '',
    ...Object.fromEntries(installed.map((name) => [`/usr/sbin/${name}`, ''])),
  };
}

const EVERYTHING = { ubus: { '*': ['*'] }, uci: ['*'], file: { '*': ['*'] }, 'cgi-io': ['*'] };

type Sketch = readonly [type: string, name: string | undefined, options: Readonly<Record<string, UciValue>>];

function file(name: string, sketches: readonly Sketch[]): string {
  return printUci({ name, sections: sketches.map(([type, of, options]): UciSection => ({ name: of, type, options: new Map(Object.entries(options)) })) });
}

function networkOf(release: Release, lan: string, wan: string, gateway: string): string {
  const [ipaddr = '', length = '24'] = lan.split('/');
  const lanLink = release === '19.07' ? { ifname: 'eth0', type: 'bridge' } : { device: 'eth0' };
  const lanAddress = release === '25.12' ? { ipaddr: [lan] } : { ipaddr, netmask: maskOf(Number(length)) };
  const wanLink = release === '19.07' ? { ifname: 'eth1' } : { device: 'eth1' };
  return file('network', [
    ['interface', 'loopback', { device: 'lo', proto: 'static', ipaddr: '127.0.0.1', netmask: '255.0.0.0' }],
    ['interface', 'lan', { ...lanLink, proto: 'static', ...lanAddress }],
    ['interface', 'wan', { ...wanLink, proto: 'static', ipaddr: [wan], gateway }],
  ]);
}

function maskOf(length: number): string {
  return [0, 1, 2, 3].map((index) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - index * 8)))).join('.');
}

const FIREWALL = file('firewall', [
  ['defaults', undefined, { syn_flood: '1', input: 'REJECT', output: 'ACCEPT', forward: 'REJECT' }],
  ['zone', undefined, { name: 'lan', network: ['lan'], input: 'ACCEPT', output: 'ACCEPT', forward: 'ACCEPT' }],
  ['zone', undefined, { name: 'wan', network: ['wan', 'wan6'], input: 'REJECT', output: 'ACCEPT', forward: 'REJECT', masq: '1', mtu_fix: '1' }],
  ['forwarding', undefined, { src: 'lan', dest: 'wan' }],
  ['rule', undefined, { name: 'Allow-Ping', src: 'wan', proto: 'icmp', icmp_type: 'echo-request', family: 'ipv4', target: 'ACCEPT' }],
]);

/** Init scripts, by the packages that bring them. */
export function imageServices(packages: readonly string[]): DeviceService[] {
  const always: DeviceService[] = [
    { name: 'boot', start: 10, stop: 90, enabled: true, running: null, command: [], triggers: [] },
    { name: 'sysctl', start: 11, enabled: true, running: null, command: [], triggers: [] },
    { name: 'log', start: 12, stop: 89, enabled: true, running: true, command: ['/sbin/logd'], triggers: ['system'] },
    { name: 'firewall', start: 19, enabled: true, running: null, command: [], triggers: ['firewall'] },
    { name: 'dnsmasq', start: 19, enabled: true, running: true, command: ['/usr/sbin/dnsmasq'], triggers: ['dhcp'] },
    { name: 'network', start: 20, stop: 90, enabled: true, running: true, command: ['/sbin/netifd'], triggers: ['network'] },
    { name: 'rpcd', start: 12, enabled: true, running: true, command: ['/sbin/rpcd'], triggers: ['rpcd'] },
    { name: 'uhttpd', start: 50, enabled: true, running: true, command: ['/usr/sbin/uhttpd', '-f'], triggers: ['uhttpd'] },
  ];
  const more: Readonly<Record<string, DeviceService>> = {
    haproxy: {
      name: 'haproxy',
      start: 99,
      stop: 10,
      enabled: true,
      running: false,
      command: ['/usr/sbin/haproxy', '-q', '-W', '-db', '-f', '/etc/haproxy.cfg'],
      triggers: [],
    },
    keepalived: {
      name: 'keepalived',
      start: 70,
      stop: 1,
      enabled: true,
      running: false,
      command: ['/usr/sbin/keepalived', '-n', '-f', '/tmp/keepalived.conf'],
      triggers: ['keepalived'],
    },
  };
  return [...always, ...packages.flatMap((name) => more[name] ?? [])];
}
