/** Exchanges with real daemons of OpenWrt 24.10.8, and a virtual gateway that is as the real one was then. */
import { readFileSync } from 'node:fs';
import { printUci } from '../../render/uci/print.ts';
import type { UciSection } from '../../render/uci/package.ts';
import { SetClock } from './clock.ts';
import { Device } from './device.ts';
import type { Ran } from './file-object.ts';

export const RECORDINGS = ['01-session', '02-ubus-errors-superuser', '03-acl-file', '04-uci-edit', '05-uci-list-quirks', '06-apply-rollback'] as const;

export interface Exchange {
  readonly label: string;
  readonly request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  readonly status: number;
  readonly response: unknown;
}

export function exchangesOf(name: (typeof RECORDINGS)[number]): Exchange[] {
  return JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')) as Exchange[];
}

/** As `uci get` told it. */
type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function fileOf(name: string, values: Values): string {
  const sections = Object.values(values).map((one): UciSection => {
    const options = Object.entries(one).filter(([option]) => !option.startsWith('.'));
    return { name: one['.anonymous'] === true ? undefined : String(one['.name']), type: String(one['.type']), options: new Map(options as [string, string][]) };
  });
  return printUci({ name, sections });
}

function valuesIn(name: (typeof RECORDINGS)[number], label: string): Values {
  const exchange = exchangesOf(name).find((one) => one.label === label);
  if (!exchange) throw new Error(`nothing is recorded of ${label}`);
  const { result } = exchange.response as { result: [number, { values: Values }] };
  return result[1].values;
}

/** What was on it before, without what the recording had staged. */
function firewall(): Values {
  const values = Object.entries(valuesIn('04-uci-edit', 'get whole config')).filter(([, { '.type': type }]) => type !== 'redirect');
  return Object.fromEntries(values.map(([id, { log: _log, ...rest }]) => [id, rest]));
}

/** The group of the user `ctl`, as its rights were told. */
const CONTROLLER = {
  read: {
    ubus: {
      session: ['access', 'list', 'destroy'],
      system: ['board', 'info'],
      'luci-rpc': ['getHostHints'],
      'network.interface': ['dump'],
      'network.interface.*': ['status'],
      'network.device': ['status'],
      service: ['list'],
      rc: ['list'],
      log: ['read'],
      uci: ['configs', 'get', 'state', 'changes'],
      file: ['read', 'stat', 'list', 'md5', 'exec'],
    },
    uci: ['network', 'firewall', 'dhcp', 'system', 'keepalived', 'haproxy', 'uhttpd'],
    file: {
      '/etc/haproxy.cfg': ['read', 'list'],
      '/etc/nftables.d': ['list'],
      '/etc/nftables.d/*': ['read', 'list'],
      '/etc/openwrt_release': ['read', 'list'],
      '/tmp/hosts': ['list'],
      '/tmp/hosts/*': ['read', 'list'],
      '/sbin/fw4 check': ['exec'],
      '/sbin/fw4 print': ['exec'],
      '/bin/sleep *': ['exec'],
      '/usr/sbin/haproxy -c -f /etc/haproxy.cfg': ['exec'],
      '/usr/sbin/nft -j list ruleset': ['exec'],
    },
  },
  write: {
    ubus: {
      uci: ['add', 'set', 'delete', 'rename', 'order', 'revert', 'commit', 'apply', 'confirm', 'rollback'],
      file: ['write', 'remove'],
      rc: ['init'],
      service: ['event'],
    },
    uci: ['network', 'firewall', 'dhcp', 'system', 'keepalived', 'haproxy'],
    file: { '/etc/haproxy.cfg': ['write'], '/etc/nftables.d/*': ['write'], '/tmp/hosts/*': ['write'] },
  },
};

export function recordedDevice(): { readonly device: Device; readonly clock: SetClock } {
  const clock = new SetClock();
  const options = {
    hostname: 'OpenWrt',
    lanAddress: '192.168.1.1/24',
    wanAddress: '198.51.100.2/24',
    wanGateway: '198.51.100.1',
    serial: 'lab',
    rootPassword: 'labpass',
  };
  const device: Device = new Device({ ...options, release: '24.10', packages: ['keepalived'], clock, flash: 16_000_000, programs: programs(() => device) });
  const { files } = device;
  files.write('/etc/config/network', fileOf('network', valuesIn('01-session', 'wrong arg type')));
  files.write('/etc/config/firewall', fileOf('firewall', firewall()));
  files.write(
    '/etc/config/rpcd',
    `${files.text('/etc/config/rpcd')}\nconfig login\n\toption username 'ctl'\n\toption password 'plain:ctlpass'\n\tlist read 'lbctl'\n\tlist write 'lbctl'\n`,
  );
  files.write('/usr/share/rpcd/acl.d/lbctl.json', JSON.stringify({ lbctl: { description: 'LB controller', ...CONTROLLER } }));
  files.write('/etc/nftables.d/10-custom-filter-chains.nft', '#'.repeat(1139));
  files.write('/etc/nftables.d/README', '#'.repeat(197));
  return { device, clock };
}

/** Those that the recordings run. */
function programs(device: () => Device): Map<string, (args: readonly string[]) => Ran> {
  const sleep = ([seconds = '', stray]: readonly string[]): Ran => {
    if (stray !== undefined) return { code: 1, stderr: `sleep: invalid number '${stray}'\n` };
    return Number(seconds) > 30 ? { code: 0, killed: 'timeout' } : { code: 0 };
  };
  const sh = ([, script = '']: readonly string[]): Ran => {
    if (script.startsWith('head -c 300000')) device().files.write('/tmp/big', 'x'.repeat(300_000));
    if (script.includes('exit 7')) return { code: 7, stdout: 'out\n', stderr: 'err\n' };
    if (script.startsWith('kill')) return { code: 137, killed: 'signal' };
    if (script.startsWith('grep')) return { code: 0, stdout: grep(device().files.text('/etc/config/firewall') ?? '') };
    return { code: 0 };
  };
  const cat = ([path = '']: readonly string[]): Ran => ({ code: 0, stdout: device().files.text(path) ?? '' });
  return new Map([
    ['/bin/sleep', sleep],
    ['/bin/sh', sh],
    ['/bin/cat', cat],
    ['/bin/echo', (args: readonly string[]): Ran => ({ code: 0, stdout: `${args.join(' ')}\n` })],
  ]);
}

/** `grep -n -A12 "redirect .q."` */
function grep(text: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.includes("redirect 'q'"));
  const shown = lines.slice(at, -1).slice(0, 13);
  return shown.map((line, index) => `${at + index + 1}${index === 0 ? ':' : '-'}${line}\n`).join('');
}
