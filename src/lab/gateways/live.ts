/**
 * A virtual gateway that lives: what its init scripts would start really runs, in a namespace of its own, so that packets go through
 * it. Addresses are those of its /etc/config/network; HAProxy is the host's, with the gateway's file. Nothing of the zones of its
 * firewall is there.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { namespacePath } from '../../nodes/local/names.ts';
import { DIRECTORY } from '../../render/gateway/names.ts';
import { BALANCE } from '../../render/gateway/balance-file.ts';
import { PROXY } from '../../render/gateway/proxy-file.ts';
import { BALANCER, STATUS } from '../../nodes/openwrt/status.ts';
import { ALIVE } from '../../render/gateway/pair.ts';
import type { UciSection, UciValue } from '../../render/uci/package.ts';
import { parseUciLeniently } from '../../render/uci/parse.ts';
import { Device, type DeviceOptions } from './device.ts';
import type { Ran } from './file-object.ts';
import { keepalivedConf } from './keepalived-init.ts';
import type { ServiceAction } from './services.ts';

const EDGE = fileURLToPath(new URL('../../../edge/', import.meta.url));

export interface LiveOptions extends Omit<DeviceOptions, 'hooks' | 'programs'> {
  /** It is there, with links named as the gateway's configuration names its devices. */
  readonly namespace: string;
  /** Short, because sockets lie below it. */
  readonly directory: string;
}

/** Where a file of the gateway names what is elsewhere here. */
const MOVED: readonly (readonly [from: string, to: string])[] = [
  [DIRECTORY, 'haproxy'],
  ['/var/run/weir-haproxy.sock', 'haproxy.sock'],
];

export class LiveGateway {
  readonly device: Device;
  readonly #options: LiveOptions;
  #proxy: ChildProcess | null = null;
  #balance: ChildProcess | null = null;
  #vrrp: ChildProcess | null = null;
  #addresses: ReadonlySet<string> = new Set();
  /** What is being done, one after the other. */
  #work: Promise<void> = Promise.resolve();
  readonly errors: unknown[] = [];

  constructor(options: LiveOptions) {
    this.#options = options;
    this.device = new Device({
      ...options,
      hooks: { onAction: (name, action) => this.#act(name, action), onSignal: () => {} },
      programs: new Map([
        ['/usr/sbin/haproxy', (args: readonly string[]) => this.#lint(args)],
        [STATUS, () => this.#run([...ASH, join(EDGE, 'edgeweir-status')])],
        [BALANCER, (args: readonly string[]) => this.#balancer(args)],
      ]),
    });
    this.device.adopt();
  }

  async start(): Promise<void> {
    // BusyBox's own, which is all that a gateway has.
    await mkdir(this.#path('bin'), { recursive: true });
    for (const applet of APPLETS) await symlink('/usr/bin/busybox', this.#path(join('bin', applet)));
    await this.#run(['ip', 'link', 'set', 'dev', 'lo', 'up']);
    // A router.
    await this.#run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    this.device.services.boot();
    await this.settled();
  }

  /** Resolves when all that was ordered is done. */
  async settled(): Promise<void> {
    for (let work = this.#work; ; work = this.#work) {
      await work;
      if (work === this.#work) return;
    }
  }

  async stop(): Promise<void> {
    await this.settled();
    await this.#endProxy();
    await this.#endVrrp();
    await this.#endBalancer();
    await rm(this.#options.directory, { recursive: true, force: true });
  }

  /** Process of its HAProxy, if that runs. */
  get proxyPid(): number | undefined {
    return this.#proxy?.exitCode === null && this.#proxy.signalCode === null ? this.#proxy.pid : undefined;
  }

  #act(name: string, action: ServiceAction): void {
    const does = ACTS[name];
    if (does === undefined || action === 'enable' || action === 'disable') return;
    this.#work = this.#work.then(() => this[does](action)).catch((error: unknown) => void this.errors.push(error));
  }

  /** As netifd does: addresses that the configuration names are there, others of before are not. */
  async network(): Promise<void> {
    const wanted = new Set(this.#interfaces().flatMap(({ device, addresses }) => addresses.map((address) => `${device} ${address}`)));
    for (const one of this.#addresses) if (!wanted.has(one)) await this.#address('del', one);
    for (const one of wanted) if (!this.#addresses.has(one)) await this.#address('replace', one);
    this.#addresses = wanted;
  }

  async #address(action: 'del' | 'replace', one: string): Promise<void> {
    const [device = '', address = ''] = one.split(' ');
    await this.#run(['ip', 'address', action, address, 'dev', device]);
  }

  async haproxy(action: ServiceAction): Promise<void> {
    if (action === 'stop') return this.#endProxy();
    await this.#materialise();
    if (!existsSync(this.#path('haproxy.cfg'))) return;
    if (action === 'reload' && this.proxyPid !== undefined) {
      this.#proxy?.kill('SIGUSR2');
      return pause(RELOAD_MS);
    }
    await this.#endProxy();
    this.#proxy = spawn('nsenter', [...this.#enter(), 'haproxy', '-q', '-W', '-db', '-f', this.#path('haproxy.cfg')], { stdio: 'ignore' });
    await once(this.#proxy, 'spawn');
    await pause(RELOAD_MS);
  }

  async #endProxy(): Promise<void> {
    const proxy = this.#proxy;
    this.#proxy = null;
    if (proxy?.exitCode !== null || proxy.signalCode !== null) return;
    const ended = once(proxy, 'exit');
    proxy.kill('SIGTERM');
    await Promise.race([ended, pause(2000)]);
    proxy.kill('SIGKILL');
  }

  /** The gateway's files as files here. */
  async #materialise(): Promise<void> {
    await mkdir(this.#path('haproxy'), { recursive: true });
    for (const path of this.device.files.paths().filter((one) => one.startsWith(`${DIRECTORY}/`)))
      await this.#write(join('haproxy', path.slice(DIRECTORY.length + 1)), this.device.files.text(path) ?? '');
    const text = this.device.files.text(PROXY.path);
    if (text === null) await rm(this.#path('haproxy.cfg'), { force: true });
    else await this.#write('haproxy.cfg', this.#moved(text));
  }

  async #write(name: string, content: string): Promise<void> {
    await mkdir(dirname(this.#path(name)), { recursive: true });
    await writeFile(this.#path(name), content);
  }

  #moved(text: string): string {
    return MOVED.reduce((moved, [from, to]) => moved.replaceAll(from, this.#path(to)), text);
  }

  async #lint(args: readonly string[]): Promise<Ran> {
    await this.#materialise();
    await this.#write('candidate.cfg', this.#moved(this.device.files.text(args.at(-1) ?? '') ?? ''));
    return this.#run(['haproxy', '-c', '-f', this.#path('candidate.cfg')]);
  }

  /** As edge/edgeweir.init does. */
  async edgeweir(action: ServiceAction): Promise<void> {
    if (action === 'stop') return this.#endBalancer();
    const text = this.device.files.text(BALANCE.path);
    if (text === null || text === '') return;
    await this.#write('balance', text);
    if (action === 'reload' && this.#isRunning(this.#balance)) return void this.#balance?.kill('SIGHUP');
    await this.#endBalancer();
    this.#balance = spawn('nsenter', [...this.#enter(), ...ASH, join(EDGE, 'edgeweir-balance'), 'run'], { stdio: 'ignore', env: this.#environment() });
    await once(this.#balance, 'spawn');
  }

  async #endBalancer(): Promise<void> {
    const balance = this.#balance;
    this.#balance = null;
    if (!balance || !this.#isRunning(balance)) return;
    const ended = once(balance, 'exit');
    balance.kill('SIGTERM');
    await Promise.race([ended, pause(2000)]);
    await this.#run([...ASH, join(EDGE, 'edgeweir-balance'), 'unload']);
  }

  /** As OpenWrt's init script does. */
  async keepalived(action: ServiceAction): Promise<void> {
    const conf = action === 'stop' ? null : keepalivedConf(this.#package('keepalived'));
    if (conf === null) return this.#endVrrp();
    const alive = this.#path('alive');
    await this.#write('alive', `#!/bin/sh\nPATH=${this.#environment()['PATH']} exec ${[...ASH, join(EDGE, 'edgeweir-alive')].join(' ')} "$@"\n`);
    await chmod(alive, 0o755);
    await this.#write('keepalived.conf', conf.replaceAll(ALIVE, alive));
    if (action === 'reload' && this.#isRunning(this.#vrrp)) return void this.#vrrp?.kill('SIGHUP');
    await this.#endVrrp();
    const pids = ['--pid', this.#path('keepalived.pid'), '--vrrp_pid', this.#path('vrrp.pid'), '--checkers_pid', this.#path('checkers.pid')];
    this.#vrrp = spawn('nsenter', [...this.#enter(), 'keepalived', '-n', '-P', '-f', this.#path('keepalived.conf'), ...pids], { stdio: 'ignore' });
    await once(this.#vrrp, 'spawn');
  }

  async #endVrrp(): Promise<void> {
    const vrrp = this.#vrrp;
    this.#vrrp = null;
    if (!vrrp || !this.#isRunning(vrrp)) return;
    const ended = once(vrrp, 'exit');
    vrrp.kill('SIGTERM');
    await Promise.race([ended, pause(3000)]);
    vrrp.kill('SIGKILL');
  }

  #isRunning(child: ChildProcess | null): boolean {
    return child?.exitCode === null && child.signalCode === null;
  }

  #environment(): NodeJS.ProcessEnv {
    const path = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
    return { PATH: `${this.#path('bin')}:${path}`, EDGEWEIR_BALANCE: this.#path('balance'), EDGEWEIR_RUN: this.#path('balancing') };
  }

  async #balancer([action = '', path = '']: readonly string[]): Promise<Ran> {
    await this.#write('candidate', this.device.files.text(path) ?? '');
    return this.#run([...ASH, join(EDGE, 'edgeweir-balance'), action, this.#path('candidate')]);
  }

  #interfaces(): { readonly device: string; readonly addresses: readonly string[] }[] {
    const sections = this.#package('network');
    const byName = new Map(sections.flatMap(({ name, type, options }) => (type === 'interface' && name !== undefined ? [[name, options] as const] : [])));
    return [...byName.values()].flatMap((options) => {
      const device = deviceOf(options, byName);
      return device === '' || device === 'lo' ? [] : [{ device, addresses: addressesOf(options) }];
    });
  }

  #package(name: string): readonly UciSection[] {
    return parseUciLeniently(name, this.device.files.text(`/etc/config/${name}`) ?? '').package.sections;
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }

  #enter(): string[] {
    return [`--net=${namespacePath(this.#options.namespace)}`, '--'];
  }

  /** A program in its namespace. */
  #run([program = '', ...args]: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      execFile('nsenter', [...this.#enter(), program, ...args], { timeout: 10_000, env: this.#environment() }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
      );
    });
  }
}

/** What scripts find on a gateway in this form. */
const APPLETS = ['awk', 'cat', 'cmp', 'cut', 'date', 'grep', 'head', 'ls', 'mkdir', 'mkfifo', 'mv', 'nc', 'rm', 'sed', 'sleep', 'tr', 'wget'];
/** Milliseconds until a master has a new worker. */
const RELOAD_MS = 100;
const ACTS: Readonly<Record<string, 'network' | 'haproxy' | 'edgeweir' | 'keepalived'>> = {
  network: 'network',
  haproxy: 'haproxy',
  edgeweir: 'edgeweir',
  keepalived: 'keepalived',
};
/** The shell of a gateway. */
const ASH = ['busybox', 'ash'];

type Options = ReadonlyMap<string, UciValue>;

/** `@lan` is the device of the interface `lan`. */
function deviceOf(options: Options, byName: ReadonlyMap<string, Options>, depth = 0): string {
  const named = String(options.get('device') ?? options.get('ifname') ?? '');
  const other = named.startsWith('@') ? byName.get(named.slice(1)) : undefined;
  return other && depth < 3 ? deviceOf(other, byName, depth + 1) : named;
}

function addressesOf(options: Options): string[] {
  const mask = String(options.get('netmask') ?? '255.255.255.0')
    .split('.')
    .reduce((sum, part) => sum + Number(part).toString(2).replaceAll('0', '').length, 0);
  const four = [options.get('ipaddr') ?? []].flat().map((address) => (address.includes('/') ? address : `${address}/${mask}`));
  const six = [options.get('ip6addr') ?? []].flat();
  return [...four, ...six];
}
