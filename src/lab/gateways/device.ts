/** One virtual gateway: its files, sessions, services and knobs, and what its ubus answers. */
import { createHash } from 'node:crypto';
import { BALANCE_SERVICE, adoptedFiles, adoptedPrograms } from './adopted.ts';
import type { Clock } from './clock.ts';
import { DeviceFiles } from './files.ts';
import { type DevicePrograms, FileObject, type Ran } from './file-object.ts';
import { GUARD, Guard } from './guard.ts';
import { type ImageOptions, RELEASES, imageFiles, imageServices } from './image.ts';
import { type ServiceHooks, Services } from './services.ts';
import { NOBODY, type Session, Sessions, grant, mayDo } from './sessions.ts';
import { type Answer, UciObject } from './uci-object.ts';
import { parseUciLeniently } from '../../render/uci/parse.ts';
import { type UciValue, section } from '../../render/uci/package.ts';
import { printUci } from '../../render/uci/print.ts';
import { isPlainObject } from '../../model/field.ts';

type Args = Readonly<Record<string, unknown>>;

export interface DeviceOptions extends ImageOptions {
  readonly clock: Clock;
  /** Bytes of flash for files of its own. */
  readonly flash: number;
  readonly hooks?: ServiceHooks;
  /** Further programs, by path. */
  readonly programs?: DevicePrograms;
}

/** What is wrong with it at the moment. */
export interface Knobs {
  /** Milliseconds before each answer, and up to as many more. */
  latency: number;
  jitter: number;
  /** Of a hundred requests, those that are never answered. */
  loss: number;
  /** Milliseconds that each write to flash takes. */
  slowFlash: number;
  trouble: 'none' | 'silent' | 'html' | 'half' | 'cut' | 'endless' | 'refuses';
}

const METHOD_NOT_FOUND = 3;
/** As the package comes. */
const KEEPALIVED = printUci({ name: 'keepalived', sections: [section('globals', 'globals', { enabled: '0' })] });
const NOTHING: ServiceHooks = { onAction: () => {}, onSignal: () => {} };

export class Device {
  readonly files: DeviceFiles;
  readonly sessions: Sessions;
  readonly uci: UciObject;
  readonly services: Services;
  readonly knobs: Knobs = { latency: 0, jitter: 0, loss: 0, slowFlash: 0, trouble: 'none' };
  readonly #options: DeviceOptions;
  readonly #file: FileObject;
  readonly #guard: Guard;
  #bootedAt: number;

  constructor(options: DeviceOptions) {
    const { clock, flash, hooks = NOTHING } = options;
    this.#options = options;
    this.files = new DeviceFiles({ size: flash, now: () => clock.now() });
    this.sessions = new Sessions(this.files, clock);
    this.services = new Services(imageServices(options.packages), clock, hooks);
    this.uci = new UciObject(this.files, clock, { changed: (packages) => this.services.changed(packages) });
    this.#guard = new Guard(this.files, clock, { restored: (services) => this.#restored(services) });
    this.#file = new FileObject(
      this.files,
      new Map([...this.#ownPrograms(), ...adoptedPrograms(this.files, (name) => this.services.get(name)?.running === true), ...(options.programs ?? [])]),
    );
    this.#bootedAt = clock.now();
    this.#flash();
  }

  /** As after the script of `weir gateway adopt`. */
  adopt(): void {
    adoptedFiles(this.files);
    if (this.#options.packages.includes('keepalived')) this.files.write('/etc/config/keepalived', KEEPALIVED.replace("enabled '0'", "enabled '1'"));
    this.services.add(BALANCE_SERVICE);
  }

  /** Loses all that is in memory: sessions, what is staged, and the timer that would take a change back. */
  reboot(): void {
    this.uci.forget();
    this.sessions.clear();
    this.files.forgetMemory();
    this.#bootedAt = this.#options.clock.now();
    // An init script of its own, before anything else starts.
    this.#guard.boot();
    this.services.boot();
  }

  /** `reload_config` tells procd of every package whose file is another one now. */
  #restored(services: readonly string[]): void {
    this.services.changed(this.files.list('/etc/config'));
    for (const name of services) this.services.rc('init', { name, action: 'reload' });
  }

  factoryReset(): void {
    this.files.clear();
    this.#flash();
    this.reboot();
  }

  #flash(): void {
    for (const [path, text] of Object.entries(imageFiles(this.#options))) this.files.write(path, text);
    if (this.#options.packages.includes('keepalived')) this.files.write('/etc/config/keepalived', KEEPALIVED);
    if (this.#options.packages.includes('haproxy')) this.files.write('/etc/haproxy.cfg', 'global\n\tmaxconn 32000\n');
  }

  /** Names of ubus objects. */
  objects(): string[] {
    const interfaces = this.#sections('network', 'interface').map(({ name }) => `network.interface.${name}`);
    const rc = RELEASES[this.#options.release].hasRc ? ['rc'] : [];
    return ['file', 'log', 'network', 'network.device', 'network.interface', ...interfaces, ...rc, 'service', 'session', 'system', 'uci'].toSorted();
  }

  /** A status, or data. */
  async call(session: Session, object: string, method: string, args: Args): Promise<Answer> {
    switch (object) {
      case 'session':
        return this.#session(session, method, args);
      case 'uci':
        return this.uci.call(session, method, args);
      case 'file':
        return this.#file.call(session, method, args);
      case 'rc':
        return this.services.rc(method, args);
      case 'service':
        return this.services.service(method, args);
      case 'system':
        return method === 'board' ? this.#board() : method === 'info' ? this.#info() : METHOD_NOT_FOUND;
      case 'log':
        return method === 'read' ? { log: [] } : METHOD_NOT_FOUND;
      case 'network.device':
        return method === 'status' ? this.#deviceStatus(args) : METHOD_NOT_FOUND;
      default:
        return this.#interfaces(object, method, args);
    }
  }

  #session(session: Session, method: string, args: Args): Answer {
    const { username, password, timeout, scope, object, function: functionName } = args;
    switch (method) {
      case 'login': {
        if (typeof username !== 'string' || typeof password !== 'string') return 2;
        const found = this.sessions.login(username, password, typeof timeout === 'number' ? timeout : undefined, this.uci.pendingSession);
        return found ? viewOf(found) : 6;
      }
      case 'access': {
        if (typeof object !== 'string' && typeof scope !== 'string') return aclsOf(session);
        return { access: mayDo(session, typeof scope === 'string' ? scope : 'ubus', String(object), String(functionName)) };
      }
      case 'list':
        return viewOf(session);
      case 'create':
        return viewOf(this.sessions.create(typeof timeout === 'number' ? timeout : 300));
      case 'grant':
        for (const pair of Array.isArray(args['objects']) ? args['objects'] : [])
          if (Array.isArray(pair)) grant(session.rights, String(scope), String(pair[0]), [String(pair[1])]);
        return 0;
      case 'destroy':
        this.sessions.destroy(session.id);
        return 0;
      default:
        return METHOD_NOT_FOUND;
    }
  }

  #board(): Answer {
    const { version, kernel } = RELEASES[this.#options.release];
    const [system] = this.#sections('system', 'system');
    return {
      kernel,
      hostname: String(system?.options.get('hostname') ?? 'OpenWrt'),
      system: 'virtual',
      model: 'Virtual gateway',
      board_name: 'edgeweir,virtual',
      rootfs_type: 'squashfs',
      release: { distribution: 'OpenWrt', version, revision: 'r0', target: 'x86/64', description: `OpenWrt ${version}`, builddate: '0' },
    };
  }

  #info(): Answer {
    const now = this.#options.clock.now();
    const size = Math.floor(this.#options.flash / 1024);
    const used = Math.floor(this.files.used() / 1024);
    const root = { total: size, free: size - used, used, avail: size - used };
    const memory = { total: 134_217_728, free: 67_108_864, shared: 0, buffered: 0, available: 83_886_080, cached: 16_777_216 };
    return {
      localtime: Math.floor(now / 1000),
      uptime: Math.floor((now - this.#bootedAt) / 1000),
      load: [0, 0, 0],
      memory,
      root,
      tmp: root,
      swap: { total: 0, free: 0 },
    };
  }

  #interfaces(object: string, method: string, { interface: wanted }: Args): Answer {
    const all = this.#sections('network', 'interface').map(({ name = '', options }) => interfaceOf(name, options));
    if (object === 'network.interface' && method === 'dump') return { interface: all };
    const name = object === 'network.interface' ? wanted : object.slice('network.interface.'.length);
    const found = method === 'status' ? all.find((one) => one.interface === name) : undefined;
    if (method !== 'status') return METHOD_NOT_FOUND;
    if (!found) return 4;
    const { interface: _name, ...status } = found;
    return status;
  }

  /** Of one device, or of all by their names. */
  #deviceStatus({ name }: Args): Answer {
    const named = this.#sections('network', 'interface').map(({ options }) => String(options.get('device') ?? options.get('ifname') ?? ''));
    // An alias is on another interface's device.
    const names = named.filter((one) => !one.startsWith('@'));
    const devices = Object.fromEntries([...new Set(names)].map((one, index) => [one, this.#deviceView(one, index)]));
    if (typeof name !== 'string') return devices;
    return devices[name] ?? 4;
  }

  /** The MAC follows from the serial number: another device has another one. */
  #deviceView(name: string, index: number): Record<string, unknown> {
    const digest = createHash('sha256').update(this.#options.serial).digest();
    const bytes = [0x02, ...digest.subarray(0, 4), name === 'lo' ? 0 : (digest[4] ?? 0) ^ index];
    const macaddr = name === 'lo' ? '00:00:00:00:00:00' : bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    return { external: false, present: true, type: 'Network device', up: true, carrier: true, mtu: 1500, macaddr, statistics: { rx_bytes: 0, tx_bytes: 0 } };
  }

  #sections(config: string, type: string): readonly { readonly name: string | undefined; readonly options: ReadonlyMap<string, UciValue> }[] {
    return parseUciLeniently(config, this.files.text(`/etc/config/${config}`) ?? '').package.sections.filter((section) => section.type === type);
  }

  #ownPrograms(): Map<string, (args: readonly string[]) => Ran> {
    const init = (args: readonly string[], name: string): Ran => ({ code: this.services.rc('init', { name, action: args[0] }) === 0 ? 0 : 1 });
    const scripts = imageServices(this.#options.packages).map(({ name }) => [`/etc/init.d/${name}`, (args: readonly string[]) => init(args, name)] as const);
    const fw4 = RELEASES[this.#options.release].firewall === 'fw4' ? [['/sbin/fw4', (args: readonly string[]) => this.#fw4(args)] as const] : [];
    return new Map([...fw4, [GUARD, (args: readonly string[]) => this.#guard.run(args)] as const, ...scripts]);
  }

  /** A redirect to two addresses is left out with a warning, and the code says that all is well (openwrt reference §5). */
  #fw4([action]: readonly string[]): Ran {
    if (action === 'print') return { code: 0, stdout: 'table inet fw4\nflush table inet fw4\n' };
    if (action !== 'check') return { code: 1 };
    const bad = this.#sections('firewall', 'redirect').filter(({ options }) => String(options.get('dest_ip') ?? '').includes(' '));
    const stderr = bad.map(({ name }) => `[!] Section ${name ?? ''} option 'dest_ip' must not be a list, skipping section\n`).join('');
    return { code: 0, stdout: 'Ruleset passes nftables check.\n', stderr };
  }
}

function aclsOf({ rights }: Session): Record<string, unknown> {
  return Object.fromEntries([...rights].map(([scope, objects]) => [scope, Object.fromEntries(objects)]));
}

function viewOf(session: Session): Record<string, unknown> {
  const { id, timeout, username } = session;
  return { ubus_rpc_session: id, timeout, expires: timeout, acls: id === NOBODY ? {} : aclsOf(session), data: username === null ? {} : { username } };
}

function interfaceOf(name: string, options: ReadonlyMap<string, UciValue>): Record<string, unknown> & { readonly interface: string } {
  const device = String(options.get('device') ?? options.get('ifname') ?? '');
  const addresses = options.get('ipaddr') ?? [];
  const mask = String(options.get('netmask') ?? '255.255.255.0')
    .split('.')
    .reduce((sum, part) => sum + Number(part).toString(2).replaceAll('0', '').length, 0);
  const v4 = (typeof addresses === 'string' ? [addresses] : addresses).map((one) => ({ address: one.split('/')[0], mask: Number(one.split('/')[1] ?? mask) }));
  const gateway = options.get('gateway');
  return {
    interface: name,
    up: true,
    pending: false,
    available: true,
    autostart: true,
    dynamic: false,
    l3_device: device,
    proto: String(options.get('proto') ?? 'none'),
    device,
    metric: 0,
    'ipv4-address': v4,
    'ipv6-address': [],
    route: typeof gateway === 'string' ? [{ target: '0.0.0.0', mask: 0, nexthop: gateway, source: '0.0.0.0/0' }] : [],
    'dns-server': [],
    data: {},
  };
}

/** For readers of bodies. */
export function isArgs(value: unknown): value is Args {
  return isPlainObject(value);
}
