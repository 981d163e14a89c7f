/** What a freshly flashed gateway has: files, services and facts, by its release. */
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

export function imageFiles({ release, hostname, lanAddress, wanAddress, wanGateway, rootPassword, serial }: ImageOptions): Record<string, string> {
  const { version, packages, firewall } = RELEASES[release];
  return {
    '/etc/openwrt_release': `DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='${version}'\n`,
    '/etc/shadow': `root:plain-${rootPassword}:0:0:99999:7:::\n`,
    '/etc/serial': `${serial}\n`,
    '/etc/config/system': `\nconfig system\n\toption hostname '${hostname}'\n\toption timezone 'UTC'\n\toption log_size '128'\n\n`,
    '/etc/config/network': networkOf(release, lanAddress, wanAddress, wanGateway),
    '/etc/config/firewall': FIREWALL,
    '/etc/config/dhcp':
      "\nconfig dnsmasq\n\toption domain 'lan'\n\toption leasefile '/tmp/dhcp.leases'\n\nconfig dhcp 'lan'\n\toption interface 'lan'\n\toption start '100'\n\toption limit '150'\n\n",
    '/etc/config/uhttpd':
      "\nconfig uhttpd 'main'\n\tlist listen_http '0.0.0.0:80'\n\tlist listen_https '0.0.0.0:443'\n\toption home '/www'\n\toption ubus_prefix '/ubus'\n\toption max_requests '3'\n\toption max_connections '100'\n\toption script_timeout '60'\n\n",
    '/etc/config/rpcd':
      "\nconfig rpcd\n\toption socket '/var/run/ubus/ubus.sock'\n\toption timeout '30'\n\nconfig login\n\toption username 'root'\n\toption password '$p$root'\n\tlist read '*'\n\tlist write '*'\n\n",
    '/usr/share/rpcd/acl.d/unauthenticated.json': JSON.stringify({
      unauthenticated: { description: 'Access controls for unauthenticated requests', read: { ubus: { session: ['access', 'login'] } } },
    }),
    '/usr/share/rpcd/acl.d/superuser.json': JSON.stringify({
      superuser: { description: 'Super user access role', read: EVERYTHING, write: EVERYTHING },
    }),
    ...(packages === 'apk' ? { '/usr/bin/apk': '' } : { '/bin/opkg': '' }),
    ...(firewall === 'fw4' ? { '/sbin/fw4': '' } : { '/sbin/fw3': '' }),
  };
}

const EVERYTHING = { ubus: { '*': ['*'] }, uci: ['*'], file: { '*': ['*'] }, 'cgi-io': ['*'] };

function networkOf(release: Release, lan: string, wan: string, gateway: string): string {
  const [address = '', length = '24'] = lan.split('/');
  const mask = maskOf(Number(length));
  const link = release === '19.07' ? "\toption ifname 'eth0'\n\toption type 'bridge'\n" : "\toption device 'eth0'\n";
  const lanAddress = release === '25.12' ? `\tlist ipaddr '${lan}'\n` : `\toption ipaddr '${address}'\n\toption netmask '${mask}'\n`;
  const wanLink = release === '19.07' ? "\toption ifname 'eth1'\n" : "\toption device 'eth1'\n";
  return `\nconfig interface 'loopback'\n\toption device 'lo'\n\toption proto 'static'\n\toption ipaddr '127.0.0.1'\n\toption netmask '255.0.0.0'\n\nconfig interface 'lan'\n${link}\toption proto 'static'\n${lanAddress}\nconfig interface 'wan'\n${wanLink}\toption proto 'static'\n\tlist ipaddr '${wan}'\n\toption gateway '${gateway}'\n\n`;
}

function maskOf(length: number): string {
  return [0, 1, 2, 3].map((index) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - index * 8)))).join('.');
}

const FIREWALL = `
config defaults
	option syn_flood '1'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'

config zone
	option name 'lan'
	list network 'lan'
	option input 'ACCEPT'
	option output 'ACCEPT'
	option forward 'ACCEPT'

config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option masq '1'
	option mtu_fix '1'

config forwarding
	option src 'lan'
	option dest 'wan'

config rule
	option name 'Allow-Ping'
	option src 'wan'
	option proto 'icmp'
	option icmp_type 'echo-request'
	option family 'ipv4'
	option target 'ACCEPT'

`;

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
